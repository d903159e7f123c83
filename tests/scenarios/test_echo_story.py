"""A user has its own media come back to it, and then does something else."""

import pytest

from relay.matching import State
from relay.protocol.messages import NextPartner, StopChat
from relay.signaling.echo import ECHO_S, ECHOES_BURST
from tests.support.party import Party, User, taken


async def linked(party: Party, name: str, *, can_resume: bool = False) -> User:
    """A user whose link is up; nothing unheard."""
    user = party.come(name, can_resume=can_resume)
    await user.offer()
    await user.come_up()
    return user


async def test_a_users_own_media_comes_back_to_it_for_a_while() -> None:
    party = Party()
    ann = await linked(party, "ann")
    ann.put_echo()
    await party.settle()
    (said,) = taken(ann.session.outbox)
    assert said.model_dump() == {"type": "echo", "on": True, "seconds": ECHO_S}
    assert party.plane.pairs == {"ann": "ann"}
    party.plane.flow("ann")
    await party.settle()
    assert ann.state is State.CONNECTED
    await party.pass_time(ECHO_S - 1)
    assert (ann.hear(), party.plane.pairs) == ([], {"ann": "ann"})
    await party.pass_time(1)
    assert (ann.hear(), party.plane.pairs) == (["echo: off"], {})
    await party.pass_time(ECHO_S)
    assert ann.hear() == []
    assert party.lobby.counts().rooms == 0
    assert party.lobby.tally.matches == 0


async def test_it_ends_when_the_user_says_so_once() -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    assert await ann.echo(on=False) == ["echo: off"]
    assert party.plane.pairs == {}
    assert await ann.echo(on=False) == []


async def test_once_more_begins_its_time_anew_and_leaves_the_media_alone() -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    await party.pass_time(ECHO_S - 1)
    assert await ann.echo() == ["echo: on"]
    await party.pass_time(ECHO_S - 1)
    assert (ann.hear(), party.plane.asked("pair")) == ([], [("ann", "ann")])


async def test_it_ends_before_a_partner_is_met() -> None:
    party = Party()
    ann, bob = await linked(party, "ann"), await linked(party, "bob")
    await bob.find()
    await ann.echo()
    assert await ann.find() == ["echo: off", "partner_found, initiator"]
    assert party.plane.pairs == {"ann": "bob", "bob": "ann"}
    assert party.plane.paired_anew == []
    await party.pass_time(ECHO_S)
    assert party.plane.pairs == {"ann": "bob", "bob": "ann"}


async def test_it_ends_with_next_and_with_stop() -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    assert await ann.say(NextPartner()) == ["echo: off", "waiting_for_partner"]
    await ann.say(StopChat())
    await ann.offer()
    await ann.come_up()
    await ann.echo()
    assert await ann.say(StopChat()) == ["echo: off"]
    assert party.plane.pairs == {}


async def test_one_link_after_the_other_is_tried() -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    assert await ann.offer("another") == ["webrtc_answer: answer to another", "echo: off"]
    assert party.plane.pairs == {}
    assert await ann.echo() == ["echo: on"], "as soon as it is up"
    await ann.come_up()
    assert party.plane.pairs == {"ann": "ann"}


async def test_a_renegotiation_of_its_link_leaves_it_alone() -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    assert await ann.offer("again") == ["webrtc_answer: answer to again"]
    await ann.offer("bad")
    assert party.plane.pairs == {"ann": "ann"}


@pytest.mark.parametrize("reason", ["closed", "silent", "restarted"])
async def test_it_ends_with_its_link(reason: str) -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    assert "echo: off" in await ann.lose_link(reason)
    assert party.plane.pairs == {}


async def test_a_link_that_does_not_come_up_ends_it() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.echo()
    await party.pass_time(party.limits.link_timeout_s)
    assert ann.hear() == ["error: media_failed", "echo: off"]
    assert party.plane.pairs == {}


async def test_it_ends_when_the_socket_is_away_and_is_told_of_later() -> None:
    party = Party()
    ann = await linked(party, "ann", can_resume=True)
    await ann.echo()
    await ann.lose_socket()
    assert party.plane.pairs == {}
    assert await ann.come_back() == ["echo: off"]


async def test_nothing_is_left_of_it_when_its_user_is_gone() -> None:
    party = Party()
    ann = await linked(party, "ann")
    await ann.echo()
    await ann.vanish()
    assert party.plane.pairs == {}


async def test_there_is_none_without_a_link_nor_while_the_user_does_something_else() -> None:
    party = Party()
    ann = party.come("ann")
    assert await ann.echo() == ["error: wrong_state"]
    await ann.offer()
    await ann.come_up()
    await ann.find()
    assert await ann.echo() == ["error: wrong_state"]
    await ann.lose_link("silent")
    assert await ann.echo() == ["error: wrong_state"]
    assert party.plane.pairs == {}


async def test_there_is_none_in_mode_direct() -> None:
    party = Party(media_mode="direct")
    assert await party.come("ann").echo() == ["error: wrong_state"]


async def test_who_echoes_again_and_again_has_to_wait() -> None:
    party = Party()
    ann = await linked(party, "ann")
    for _ in range(ECHOES_BURST):
        assert await ann.echo() == ["echo: on"]
        await ann.echo(on=False)
    assert await ann.echo() == ["error: rate_limited"]
    assert party.plane.pairs == {}
    await party.pass_time(10)
    assert await ann.echo() == ["echo: on"]
    assert await ann.echo() == ["error: rate_limited"]
    assert party.plane.pairs == {"ann": "ann"}, "the one that there is goes on"
