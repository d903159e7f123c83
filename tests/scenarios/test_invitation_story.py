"""Two who know each other meet by an invitation, and two who have met meet again."""

import pytest

from relay.matching import State
from relay.protocol.messages import Block, FindPartner, Invite, MeetAgain, NextPartner, Report
from relay.safety import Identity
from relay.safety.codes import AGAIN_S, INVITATION_S
from relay.signaling.session import FORMER_S
from relay.signaling.trysts import INVITATIONS_BURST, TRIES_BURST, TRIES_PER_S
from tests.support.parties import Parties
from tests.support.party import Party, User


async def ready(party: Party, *names: str) -> list[User]:
    """Users whose links are up, and who are known by a cookie."""
    users = [party.come(name, can_resume=True, identity=Identity(name)) for name in names]
    for user in users:
        await user.offer()
        await user.come_up()
        user.hear()
    return users


async def test_two_meet_by_an_invitation_and_no_stranger_comes_between() -> None:
    party = Party()
    ann, bob, cid, dan = await ready(party, "ann", "bob", "cid", "dan")
    mine, theirs = await ann.invite()
    await cid.find()
    assert await ann.find_by(mine) == ["waiting_for_partner"]
    await party.pass_time(60)
    assert (ann.partner, cid.partner) == (None, None)
    assert await bob.find_by(theirs) == ["partner_found, initiator, by code"]
    assert "partner_found, not initiator, by code" in ann.hear()
    await dan.find()
    assert (ann.partner, cid.partner) == ("bob", "dan")
    assert party.lobby.tally.codes_made == {"invitation": 1, "again": 0}
    assert party.lobby.tally.codes_met == {"invitation": 1, "again": 0}


async def test_a_guest_may_come_first() -> None:
    party = Party()
    ann, bob = await ready(party, "ann", "bob")
    mine, theirs = await ann.invite()
    assert await bob.find_by(theirs) == ["waiting_for_partner"]
    assert await ann.find_by(mine) == ["partner_found, initiator, by code"]


async def test_two_who_have_chosen_different_modes_meet_all_the_same() -> None:
    party = Party()
    ann, bob, cid = await ready(party, "ann", "bob", "cid")
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await cid.say(FindPartner(mode="voice"))
    found = await bob.say(FindPartner(mode="voice", code=theirs))
    assert found == ["partner_found, initiator, by code"]
    assert ann.session.call is not None
    assert ann.session.call.agreement.mode == "voice"
    assert (ann.partner, cid.partner) == ("bob", None)


async def test_an_invitation_serves_once() -> None:
    party = Party()
    ann, bob, cid, dan = await ready(party, "ann", "bob", "cid", "dan")
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await bob.find_by(theirs)
    assert await cid.find_by(theirs) == ["error: code_used"]
    assert cid.state is State.CONNECTED
    assert await bob.say(NextPartner(code=theirs)) == ["error: code_used"]
    assert await dan.find() == ["waiting_for_partner"]
    assert await cid.find() == ["partner_found, initiator"]
    assert party.lobby.tally.codes_refused["used"] == 2


async def test_who_waits_with_the_same_invitation_is_told_that_it_was_used() -> None:
    party = Party()
    ann, bob, cid = await ready(party, "ann", "bob", "cid")
    mine, theirs = await ann.invite()
    await bob.find_by(theirs)
    await cid.find_by(theirs)
    await ann.find_by(mine)
    assert ann.partner == "bob"
    await party.pass_time(1)
    assert "error: code_used" in cid.hear()


async def test_who_opens_the_own_link_does_not_meet_oneself() -> None:
    party = Party()
    ann, again = await ready(party, "ann", "ann, in another tab")
    mine, _ = await ann.invite()
    await ann.find_by(mine)
    assert await again.find_by(mine) == ["waiting_for_partner"]


async def test_an_invitation_ends_after_an_hour_also_for_who_waits() -> None:
    party = Party()
    ann, bob = await ready(party, "ann", "bob")
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await party.pass_time(INVITATION_S)
    assert ann.hear()[-1] == "error: code_over"
    assert ann.state is State.CONNECTED
    assert await bob.find_by(theirs) == ["error: code_over"]
    assert await party.waiting() == 0
    assert party.lobby.tally.codes_refused["over"] == 2


async def test_who_is_done_with_waiting_meets_strangers() -> None:
    party = Party()
    ann, bob, cid = await ready(party, "ann", "bob", "cid")
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await cid.find()
    assert await ann.find() == ["partner_found, initiator"]
    assert ann.partner == "cid"
    assert await bob.find_by(theirs) == ["waiting_for_partner"]
    assert (await ann.say(NextPartner(code=mine)))[0] == "partner_found, initiator, by code"


@pytest.mark.parametrize("code", ["", "A" * 40, "x", "../../etc"])
async def test_a_code_that_is_made_up_changes_nothing(code: str) -> None:
    party = Party()
    ann, _bob = await party.pair("ann", "bob")
    assert await ann.say(NextPartner(code=code)) == ["error: code_unknown"]
    assert ann.partner == "bob"
    assert party.lobby.tally.codes_refused["unknown"] == 1


async def test_guessing_is_paid_for_and_costs_others_nothing() -> None:
    party = Party()
    ann, bob, cid = await ready(party, "ann", "bob", "cid")
    for _ in range(TRIES_BURST):
        assert await bob.find_by("A" * 40) == ["error: code_unknown"]
    mine, theirs = await ann.invite()
    assert await bob.find_by(theirs) == ["error: rate_limited"], "right or wrong"
    assert await ann.find_by(mine) == ["waiting_for_partner"]
    again = party.come("bob, anew", identity=Identity("bob"))
    assert await again.find_by("A" * 40) == ["error: rate_limited"], "a new session is nobody new"
    await party.pass_time(1 / TRIES_PER_S)
    assert await cid.find_by(theirs) == ["partner_found, initiator, by code"]
    assert party.lobby.tally.codes_refused["too_many"] == 2


async def test_invitations_are_paid_for() -> None:
    party = Party()
    (ann,) = await ready(party, "ann")
    for _ in range(INVITATIONS_BURST):
        await ann.invite()
    assert await ann.say(Invite()) == ["error: rate_limited"]


async def test_who_has_blocked_somebody_does_not_meet_it_by_a_code() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    await bob.say(Block())
    bob.hear(), ann.hear()
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    assert await bob.find_by(theirs) == ["waiting_for_partner"], "as if nobody came"
    await party.pass_time(30)
    assert (ann.partner, bob.partner) == (None, None)


async def test_text_only_and_a_lost_socket_are_as_for_everybody() -> None:
    party = Party()
    ann, bob = await ready(party, "ann", "bob")
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await ann.lose_socket()
    assert await bob.find_by(theirs, mode="text") == ["waiting_for_partner"]
    assert (await ann.come_back())[-1] == "media_state: audio off, video off"
    assert (ann.partner, bob.partner) == ("bob", "ann")


async def test_haste_does_not_keep_friends_apart() -> None:
    party = Party()
    ann, bob = await ready(party, "ann", "bob")
    for _ in range(10):
        party.lobby._meetings._haste.left(ann.session.counts_as, 0.1, party.now)
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await bob.find_by(theirs)
    assert ann.partner == "bob"


async def test_two_of_different_nodes_meet_by_an_invitation() -> None:
    parties = Parties("a", "b")
    (ann,), (bob, cid) = await ready(parties["a"], "ann"), await ready(parties["b"], "bob", "cid")
    mine, theirs = await ann.invite()
    await ann.find_by(mine)
    await cid.find()
    await parties.pass_time(5)
    assert (ann.partner, cid.partner) == (None, None)
    assert await bob.find_by(theirs) == ["partner_found, initiator, by code"]
    await parties.settle()
    assert ann.partner == "bob"
    assert await cid.find_by(theirs) == ["error: code_used"]


# again


async def test_two_who_both_want_to_meet_again_can() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    assert await ann.want_again() is None
    assert bob.hear() == [], "nobody learns what the other wants"
    theirs = await bob.want_again()
    mine = ann.again_code()
    assert mine
    assert theirs
    assert mine != theirs
    await ann.stop()
    bob.hear()
    for _ in range(2):  # as often as they like
        assert await ann.find_by(mine) == ["waiting_for_partner"]
        assert await bob.find_by(theirs) == ["partner_found, initiator, by code"]
        await ann.stop()
        bob.hear(), ann.hear()
    assert party.lobby.tally.codes_met["again"] == 2
    party.now += AGAIN_S
    assert await ann.find_by(mine) == ["error: code_over"]


async def test_it_may_be_wanted_for_a_minute_after() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    await ann.want_again()
    await ann.stop()
    await party.pass_time(FORMER_S - 1)
    assert await bob.want_again()
    assert ann.again_code()
    await party.pass_time(2)
    assert bob.hear() == [], "the code has been heard"
    assert await bob.say(MeetAgain()) == ["error: nobody_to_meet"]


async def test_wanting_it_twice_is_wanting_it_once() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    assert [await ann.want_again() for _ in range(3)] == [None] * 3
    assert await bob.want_again()
    assert await bob.want_again() is None
    assert len(ann.hear()) == 1


@pytest.mark.parametrize("message", [Block(), Report(reason="spam")])
async def test_who_is_reported_or_blocked_gets_no_code(message: Block | Report) -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    await bob.want_again()
    await bob.say(message)
    assert await ann.want_again() is None


async def test_a_block_ends_codes_that_were_given() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    await ann.want_again()
    theirs = await bob.want_again()
    mine = ann.again_code()
    await bob.say(Block())
    assert mine
    assert theirs
    ann.hear()
    await ann.find_by(mine)
    await bob.find_by(theirs)
    await party.pass_time(10)
    assert (ann.partner, bob.partner) == (None, None)


async def test_who_is_gone_is_not_met_again() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    await bob.want_again()
    await bob.vanish()
    assert await ann.want_again() is None


@pytest.mark.parametrize("is_over", [False, True])
async def test_two_of_different_nodes_meet_again(is_over: bool) -> None:
    parties = Parties("a", "b")
    (ann,), (bob,) = await ready(parties["a"], "ann"), await ready(parties["b"], "bob")
    await ann.find()
    await bob.find()
    assert ann.partner == "bob"
    if is_over:
        await ann.stop()
        await parties.settle()
    for user in (ann, bob):
        user.hear()
    assert await ann.want_again() is None
    await parties.settle()
    assert bob.hear() == []
    theirs = await bob.want_again()
    await parties.settle()
    mine = ann.again_code()
    assert mine
    assert theirs
    await ann.stop()
    await parties.settle()
    await ann.find_by(mine)
    bob.hear()
    assert await bob.find_by(theirs) == ["partner_found, initiator, by code"]


async def test_a_block_on_another_node_takes_a_wish_back() -> None:
    parties = Parties("a", "b")
    (ann,), (bob,) = await ready(parties["a"], "ann"), await ready(parties["b"], "bob")
    await ann.find()
    await bob.find()
    await bob.want_again()
    await bob.say(Block())
    await parties.settle()
    assert await ann.want_again() is None
    await parties.settle()
    assert bob.again_code() is None
