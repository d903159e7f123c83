"""Two exchange pictures, when both have agreed; and show each other what they feel."""

import pytest

from relay.protocol.messages import PictureRefused, Reaction
from relay.signaling.pictures import NOT_KEPT, PICTURES_BURST, PICTURES_PER_S
from relay.signaling.talk import REACTIONS_BURST
from tests.support.parties import Parties
from tests.support.party import Party, User


async def agreed() -> tuple[User, User]:
    ann, bob = await Party().pair("ann", "bob")
    await ann.agree()
    await bob.agree()
    ann.hear()
    bob.hear()
    return ann, bob


async def test_no_picture_passes_before_both_have_agreed() -> None:
    ann, bob = await Party().pair("ann", "bob")
    assert await ann.show_part(0, 1) == ["error: pictures_not_agreed, chat p"]
    await ann.agree()
    assert bob.hear() == ["pictures: yes"]
    assert await ann.show_part(0, 1) == ["error: pictures_not_agreed, chat p"]
    await bob.agree()
    assert ann.hear() == ["pictures: yes"]
    assert await ann.show_part(0, 1) == []
    assert bob.hear() == ["picture_part: p, 0 of 1"]
    assert await bob.has_part(0) == []
    assert ann.hear() == ["picture_received: p, 0"]


async def test_who_has_agreed_may_think_better_of_it() -> None:
    ann, bob = await agreed()
    await ann.show_part(0, 2)
    assert await bob.agree(allowed=False) == ["picture_part: p, 0 of 2"]
    assert ann.hear() == ["pictures: no"]
    assert await ann.show_part(1, 2) == ["error: pictures_not_agreed, chat p"]
    await ann.agree(allowed=False)
    assert await bob.agree(allowed=False) == ["pictures: no"]
    assert ann.hear() == [], "that is no news"


async def test_a_no_is_told_to_who_has_asked() -> None:
    ann, bob = await Party().pair("ann", "bob")
    await bob.agree(allowed=False)
    assert ann.hear() == []
    await ann.agree()
    await bob.agree(allowed=False)
    assert ann.hear() == ["pictures: no"]


async def test_what_was_agreed_is_for_one_partner() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.agree()
    await bob.agree()
    cid = party.come("cid")
    await cid.find()
    await ann.next()
    cid.hear()
    await cid.agree()
    assert ann.hear()[-1] == "pictures: yes"
    assert await cid.show_part(0, 1) == ["error: pictures_not_agreed, chat p"]


async def test_one_part_is_under_way_at_a_time() -> None:
    ann, bob = await agreed()
    assert await ann.show_part(0, 2) == []
    assert await ann.show_part(1, 2) == ["error: bad_message, chat p"]
    assert await bob.has_part(1) == ["picture_part: p, 0 of 2"]
    await bob.has_part(0, "q")
    assert ann.hear() == []
    await bob.has_part(0)
    await bob.has_part(0)
    assert ann.hear() == ["picture_received: p, 0"], "once for each"
    assert await ann.show_part(0, 2, "q") == [], "another one takes its place"
    assert await ann.show_part(1, 2) == ["error: bad_message, chat p"]


@pytest.mark.parametrize("data", ["PHN2", "iVBO", "R0lG", "AAAA"])
async def test_what_does_not_begin_as_a_jpeg_goes_nowhere(data: str) -> None:
    ann, bob = await agreed()
    assert await ann.show_part(0, 1, data=data) == ["error: bad_message, chat p"]
    assert bob.hear() == []


async def test_who_cannot_show_it_says_so_once() -> None:
    ann, bob = await agreed()
    await ann.show_part(0, 2)
    await bob.say(PictureRefused(id="q"))
    assert ann.hear() == []
    await bob.say(PictureRefused(id="p"))
    await bob.say(PictureRefused(id="p"))
    assert ann.hear() == ["picture_refused: p"]
    assert await ann.show_part(1, 2) == ["error: bad_message, chat p"]


async def test_a_few_pictures_at_once_and_then_one_now_and_then() -> None:
    ann, bob = await agreed()
    for number in range(PICTURES_BURST):
        assert await ann.show_part(0, 1, str(number)) == []
        await bob.has_part(0, str(number))
        ann.hear()
    assert await ann.show_part(0, 1, "more") == ["error: rate_limited, chat more"]
    ann.party.now += 1 / PICTURES_PER_S
    assert await ann.show_part(0, 1, "more") == []


async def test_a_partner_whose_connection_is_slow_gets_no_more_of_it() -> None:
    ann, bob = await agreed()
    bob.session.outbox.unsent_bytes = bob.session.limits.max_unsent_remarks_bytes
    assert await ann.show_part(0, 1) == ["error: rate_limited, chat p"]


async def test_nobody_is_there_any_more() -> None:
    ann, bob = await agreed()
    await bob.stop()
    ann.hear()
    assert await ann.show_part(0, 1) == []
    assert await ann.say(Reaction(name="wave")) == []


async def test_reactions_are_shown_a_few_at_a_time() -> None:
    ann, bob = await Party().pair("ann", "bob")
    for _ in range(50):
        assert await ann.say(Reaction(name="heart")) == []
    assert bob.hear() == ["reaction: heart"] * REACTIONS_BURST


async def test_a_report_says_that_there_was_a_picture() -> None:
    party = Party(keeps_evidence=True)
    ann, bob = await party.pair("ann", "bob")
    await ann.agree()
    await bob.agree()
    await ann.show_part(0, 2)
    call = ann.session.call
    assert call is not None
    assert call.chat is not None
    assert not call.chat.lines
    await bob.has_part(0)
    await ann.show_part(1, 2)
    (line,) = call.chat.lines
    assert (line.user_id, line.text, line.id) == ("ann", NOT_KEPT, "p")


async def test_two_of_different_nodes_exchange_them_as_well() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    await ann.agree()
    assert bob.hear() == ["pictures: yes"]
    assert await ann.show_part(0, 2) == ["error: pictures_not_agreed, chat p"]
    await bob.agree()
    assert ann.hear() == ["pictures: yes"]
    await ann.show_part(0, 2)
    assert bob.hear() == ["picture_part: p, 0 of 2"]
    await bob.has_part(1)
    await bob.has_part(0)
    assert ann.hear() == ["picture_received: p, 0"], "only what was sent"
    await ann.say(Reaction(name="clap"))
    assert bob.hear() == ["reaction: clap"]


async def test_a_node_that_passes_what_was_not_agreed_is_told_so() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    await ann.agree()
    await bob.agree()
    ann.hear()
    bob.session.talk.exchange.turn(allows=False)  # and its word is still on its way
    assert await ann.show_part(0, 1) == ["error: rate_limited, chat p"]
    assert "picture_part" not in " ".join(bob.hear())
