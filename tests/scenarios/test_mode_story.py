"""Three ways to talk: who meets whom, and how two change theirs."""

import pytest

from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import (
    AnswerMode,
    AskMode,
    FindPartner,
    NextPartner,
    PartnerFound,
    WaitingForPartner,
)
from tests.support.parties import Parties
from tests.support.party import Party, User, taken

OFF = "media_state: audio off, video off"


async def find(user: User, mode: str, *languages: str) -> list[str]:
    message = {"type": "find_partner", "mode": mode, "languages": list(languages)}
    return await user.say(FindPartner.model_validate(message))


async def test_each_meets_those_who_talk_like_that() -> None:
    party = Party()
    for mode in ("video", "voice", "text"):
        assert await find(party.come(f"{mode} 1"), mode) == ["waiting_for_partner"]
    for mode in ("text", "voice", "video"):
        await find(party.come(f"{mode} 2"), mode)
        assert party.users[f"{mode} 2"].partner == f"{mode} 1"
        found = taken(party.users[f"{mode} 1"].session.outbox)
        assert [m.mode for m in found if isinstance(m, PartnerFound)] == [mode]
    assert party.lobby.tally.met_in == {"video": 2, "voice": 2, "text": 2}


async def test_nobody_waits_so_long_that_it_meets_somebody_who_talks_otherwise() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await find(ann, "text")
    await find(bob, "video")
    await party.pass_time(600)
    assert (ann.state, bob.state) == (State.WAITING, State.WAITING)


async def test_who_writes_needs_no_link_and_is_offered_none() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    assert await find(ann, "text") == ["waiting_for_partner"]
    assert ann.link is LinkState.NONE
    assert await find(bob, "text") == ["partner_found, initiator", OFF]
    assert ann.hear() == ["partner_found, not initiator", OFF]
    await party.pass_time(60)
    assert party.plane.asked("offer") == []
    assert (ann.partner, bob.partner) == ("bob", "ann")


async def test_who_does_without_media_meets_those_who_write_and_those_who_would_be_seen() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    without = FindPartner(without_media=True)
    await find(bob, "text")
    await ann.say(without)
    assert (ann.partner, bob.partner) == ("bob", "ann")
    await bob.stop()
    await ann.say(without)
    await find(cid, "video")
    assert ann.partner == "cid"


async def test_who_writes_is_found_by_one_who_does_without_media_within_a_second() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.say(FindPartner(without_media=True))
    await find(bob, "text")
    await party.pass_time(1)
    assert ann.partner == "bob"


async def test_who_has_written_and_wants_to_be_seen_again_waits_for_its_link() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await find(ann, "text")
    await find(bob, "text")
    await bob.offer()
    ann.hear()
    await bob.say(NextPartner())
    assert await find(ann, "video") == ["partner_left", "waiting_for_partner"]
    assert bob.state is State.WAITING, "its link is not up yet"
    await bob.come_up()
    assert bob.partner is None or bob.partner == "ann"


async def test_who_changes_its_mind_while_it_waits_meets_others() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await find(ann, "voice")
    await find(ann, "text")
    await find(bob, "voice")
    assert bob.state is State.WAITING
    await find(bob, "text")
    assert (ann.partner, bob.partner) == ("bob", "ann")


async def met(where: str) -> tuple[User, User]:
    if where == "one node":
        return await Party().pair("ann", "bob")
    return await Parties("a", "b").pair("ann", "bob")


@pytest.mark.parametrize("where", ["one node", "two nodes"])
async def test_the_partner_is_asked_before_anything_changes(where: str) -> None:
    ann, bob = await met(where)
    assert await ann.say(AskMode(mode="text")) == []
    assert bob.hear() == ["mode_asked: text"]
    assert (ann.link, bob.link) == (LinkState.UP, LinkState.UP)
    assert await bob.say(AnswerMode(mode="text", accept=False)) == []
    assert ann.hear() == ["mode_declined: text"]
    assert (ann.link, bob.link) == (LinkState.UP, LinkState.UP)
    await ann.say(AskMode(mode="text"))
    assert bob.hear() == ["mode_asked: text"]
    told = await bob.say(AnswerMode(mode="text", accept=True))
    assert told == ["mode_changed: text", OFF]
    assert ann.hear() == ["mode_changed: text", OFF]
    assert (ann.link, bob.link) == (LinkState.NONE, LinkState.NONE)
    await ann.chat("hello")
    assert bob.hear() == ["chat_message: hello"]


@pytest.mark.parametrize("where", ["one node", "two nodes"])
async def test_from_writing_to_a_picture(where: str) -> None:
    ann, bob = await met(where)
    await ann.say(AskMode(mode="text"))
    await bob.say(AnswerMode(mode="text", accept=True))
    await bob.say(AskMode(mode="video"))
    await ann.say(AnswerMode(mode="video", accept=True))
    ann.hear(), bob.hear()
    for user in (ann, bob):
        await user.offer()
        await user.come_up()
    assert ann.hear()[-1] == "media_state: audio on, video on"
    assert (ann.link, bob.link) == (LinkState.UP, LinkState.UP)
    assert (ann.partner, bob.partner) == ("bob", "ann")


@pytest.mark.parametrize("where", ["one node", "two nodes"])
async def test_what_nobody_has_asked_for_changes_nothing(where: str) -> None:
    ann, bob = await met(where)
    assert await ann.say(AnswerMode(mode="text", accept=True)) == []
    assert await ann.say(AskMode(mode="video")) == []
    await bob.stop()
    assert ann.hear() == ["partner_left"]
    assert await ann.say(AskMode(mode="text")) == []
    assert await ann.say(AnswerMode(mode="text", accept=True)) == []


async def test_who_asks_over_and_over_is_slowed() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for _ in range(3):
        await ann.say(AskMode(mode="text"))
        assert bob.hear() == ["mode_asked: text"]
        await bob.say(AnswerMode(mode="text", accept=False))
        assert ann.hear() == ["mode_declined: text"]
    assert await ann.say(AskMode(mode="text")) == ["error: rate_limited"]
    assert bob.hear() == []
    await party.pass_time(10)
    assert await ann.say(AskMode(mode="text")) == []
    assert bob.hear() == ["mode_asked: text"]


def told(user: User) -> list[tuple[int | None, str | None]]:
    heard = taken(user.session.outbox)
    return [(m.looking, m.scope) for m in heard if isinstance(m, WaitingForPartner)]


async def test_who_waits_hears_of_whom_it_meets_by_now_and_how_many_others_look() -> None:
    party = Party()
    ann = party.come("ann")
    interested = FindPartner(interests=["tea"], languages=["en-GB"])
    ann.put(interested)
    await party.settle()
    assert told(ann) == [(0, "alike")]
    await party.pass_time(5)
    assert told(ann) == [(0, "language")]
    await party.pass_time(4)
    bob = party.come("bob")
    await find(bob, "text")
    assert (told(bob), told(ann)) == ([], [])
    await party.pass_time(1)
    assert told(ann) == [(0, "any")], "who looks for something else is not counted"
    cid = party.come("cid")
    cid.session.avoids = ann.session.names
    await find(cid, "video", "pt")
    await party.pass_time(5)
    assert told(ann) == [(1, "any")]


async def test_two_of_one_language_meet_and_hear_which() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    await find(ann, "voice", "pt-BR", "en")
    await find(bob, "voice", "de")
    assert bob.state is State.WAITING
    await find(cid, "voice", "en-US", "pt")
    assert cid.partner == "ann"
    found = [m for m in taken(ann.session.outbox) if isinstance(m, PartnerFound)]
    assert [m.languages for m in found] == [["pt", "en"]]


async def test_two_of_two_nodes_hear_which_language_they_share() -> None:
    parties = Parties("a", "b")
    ann, bob = parties["a"].come("ann"), parties["b"].come("bob")
    await find(ann, "text", "pt", "en")
    await find(bob, "text", "en")
    found = [m for m in taken(ann.session.outbox) if isinstance(m, PartnerFound)]
    assert [(m.mode, m.languages) for m in found] == [("text", ["en"])]
