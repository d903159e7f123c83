"""A node that has a fault, or means harm: what it says of rooms touches no call but its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from relay.cluster.messages import (
    Accepted,
    Declined,
    Flowing,
    Linked,
    Missing,
    NotSaid,
    Offer,
    Parted,
    Person,
    Said,
)
from relay.matching import State
from relay.protocol.messages import (
    Blocked,
    ChatDelivery,
    ChatReceived,
    Connected,
    EchoState,
    Error,
    MediaState,
    OfferAgain,
    PartnerBlurred,
    PartnerConnection,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    Pong,
    ReportOutcome,
    ReportReceived,
    Resumed,
    ServerMessage,
    Shown,
    Typing,
    WaitingForPartner,
    Warned,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.signaling.guest import MAX_SAID_CHARS, MAX_TOLD_CHARS
from tests.support.nodes import FakeCluster
from tests.support.parties import Parties
from tests.support.party import User

ROOM = "0123456789abcdef01234567"


async def call_and_stranger() -> tuple[Parties, User, User, FakeCluster, str]:
    """Ann at a and bob at b are in a call; and there is a node that does as it likes."""
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    stranger = parties.between.node("c")
    assert ann.session.call is not None
    return parties, ann, bob, stranger, ann.session.call.room.room_id


def everything(room_id: str) -> list[object]:
    chat = ChatDelivery(text="I am bob", id="1", sent_at=0).encode()
    return [
        Said(room_id, chat),
        NotSaid(room_id, "7"),
        Linked(room_id, "something"),
        Flowing(room_id),
        Missing(room_id, True),
        Parted(room_id),
    ]


@pytest.mark.parametrize("place", range(6))
async def test_what_a_third_node_says_of_a_room_touches_nobody_in_it(place: int) -> None:
    parties, ann, bob, stranger, room_id = await call_and_stranger()
    told = dict(parties["a"].plane.told)
    message = everything(room_id)[place]
    stranger.tell("a", message)
    await parties.settle()
    assert (ann.hear(), bob.hear()) == ([], [])
    assert (ann.partner, ann.state, parties["a"].plane.told) == ("bob", State.MATCHED, told)
    assert ann.session.call is not None
    assert ann.session.call.guest is not None
    assert not ann.session.call.guest.is_away
    answers = [(by, to, what) for by, to, what in parties.between.said if by == "a"]
    is_parted = isinstance(message, Parted)
    assert answers == ([] if is_parted else [("a", "c", Parted(room_id))])


@pytest.mark.parametrize("room_id", [ROOM, "", "x", "0" * 23 + "G", "0" * 100_000, "room\n"])
async def test_of_a_room_that_is_not_there_nothing_is_taken(room_id: str) -> None:
    parties, ann, bob, stranger, _ = await call_and_stranger()
    for message in everything(room_id):
        stranger.tell("a", message)
    assert (ann.hear(), bob.hear()) == ([], [])
    assert parties["a"].lobby.tally.not_taken["no_room"] == 5
    answers = parties.told(Parted).count(("a", "c"))
    assert answers == (5 if room_id == ROOM else 0), "with a name that is none there is no answer"


async def test_what_is_over_is_remembered_only_so_far() -> None:
    parties, _, _, stranger, _ = await call_and_stranger()
    for number in range(3000):
        stranger.tell("a", Parted(f"{number:024x}"))
    abroad = parties["a"].lobby._meetings._abroad
    assert abroad is not None
    assert len(abroad._over) == 1024


NEVER: list[ServerMessage] = [
    Connected(user_id="ann", ice_servers=[], media_mode="relay"),
    Resumed(user_id="ann", resume_token="x", received=0, missed=0, state="connected"),
    Pong(),
    WaitingForPartner(),
    PartnerFound(room_id=ROOM, is_initiator=True, media_mode="relay"),
    WebrtcOffer(sdp="theirs"),
    WebrtcAnswer(sdp="theirs"),
    PartnerLeft(),
    PartnerDisconnected(),
    EchoState(on=True),
    ReportReceived(report_id="1", room_id=ROOM, is_stored=True),
    Blocked(block_id="1", room_id=ROOM),
    ReportOutcome(report_id="1", reason="spam", at=0, outcome="banned"),
    Warned(reason="spam"),
    OfferAgain(reason="why not"),
    Error(code="internal", message="all is lost"),
]


@pytest.mark.parametrize("message", NEVER, ids=lambda message: message.type)
async def test_a_partner_never_says_what_only_the_users_own_node_says(
    message: ServerMessage,
) -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    parties.between.nodes["b"].tell("a", Said(room_id, message.encode()))
    await parties.settle()
    assert ann.hear() == []
    assert (ann.partner, ann.state) == ("bob", State.MATCHED)
    assert parties["a"].lobby.tally.not_taken["no_message"] == 1


@pytest.mark.parametrize(
    "said",
    [
        "",
        "no JSON",
        "[]",
        '{"type": "chat_message"}',
        '{"type": "typing", "active": "perhaps"}',
        ChatDelivery(text="x" * 2001, id="1", sent_at=0).encode(),
        ChatDelivery(text="x", id="1" * 65, sent_at=0).encode(),
        ChatDelivery(text="x" * MAX_SAID_CHARS, id="1", sent_at=0).encode(),
        ChatReceived.model_construct(type="chat_received", id="1" * 65).encode(),
        '{"type": "partner_blurred", "why": "nudity", "score": NaN}',
        '{"type": "partner_blurred", "why": "nudity", "score": 1e999}',
        '{"type": "partner_blurred", "why": "nudity", "score": -1}',
        '{"type": "chat_message", "text": "\\ud800", "id": "1", "sentAt": 0}',
        "[" * 10_000,
    ],
)
async def test_what_is_no_message_is_dropped_and_counted(said: str) -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    parties.between.nodes["b"].tell("a", Said(room_id, said))
    assert ann.hear() == []
    assert ann.partner == "bob"
    assert parties["a"].lobby.tally.not_taken["no_message"] == 1


async def test_what_is_told_of_a_link_is_bounded() -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    told = dict(parties["a"].plane.told)
    parties.between.nodes["b"].tell("a", Linked(room_id, "x" * (MAX_TOLD_CHARS + 1)))
    assert parties["a"].plane.told == told
    assert parties["a"].lobby.tally.not_taken["no_message"] == 1
    assert ann.partner == "bob"


async def test_what_was_never_sent_is_not_shown() -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    parties.between.nodes["b"].tell("a", Said(room_id, ChatReceived(id="7").encode()))
    assert ann.hear() == []


async def test_the_time_of_a_message_is_this_nodes() -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    for sent_at in (0, 10**400):
        said = ChatDelivery(text="hello", id="1", sent_at=sent_at).encode()
        parties.between.nodes["b"].tell("a", Said(room_id, said))
    assert ann.hear() in (["chat_message: hello"] * 2, ["chat_message: hello"])


@pytest.mark.parametrize(
    "message",
    [PartnerConnection(interrupted=True), MediaState(audio=True, video=True), Typing(active=True)],
    ids=lambda message: message.type,
)
async def test_a_node_that_says_too_much_does_not_cost_the_user_its_socket(
    message: ServerMessage,
) -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    for _ in range(10_000):
        parties.between.nodes["b"].tell("a", Said(room_id, message.encode()))
    assert ann.session.outbox.closing is None
    assert parties["a"].lobby.tally.not_taken["too_many"] > 9_000
    assert ann.partner == "bob"


async def test_nor_does_it_by_saying_that_nothing_was_said() -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    for number in range(10_000):
        parties.between.nodes["b"].tell("a", NotSaid(room_id, str(number) * 100))
    assert ann.session.outbox.closing is None
    assert ann.partner == "bob"


# offers


BOB = Person("bob")


def offer(**fields: Any) -> Offer:
    known: dict[str, Any] = {"room_id": ROOM, "first": "ann", "second": "bob", "person": BOB}
    return Offer(**known | fields)


async def test_a_good_offer_is_accepted() -> None:
    parties = Parties("a")
    ann = parties["a"].come("ann")
    await ann.find("tea")
    node = parties.between.node("b")
    assert await node.ask("a", offer()) == Accepted(Person("ann", interests={"tea": "tea"}))
    assert ann.partner == "bob"
    node.tell("a", Parted(ROOM, "no farewell"))
    assert ann.hear() == ["partner_found, not initiator", "partner_disconnected"]


BAD = {
    "no room's name": offer(room_id="my room"),
    "a long one": offer(room_id="0" * 1000),
    "nobody here": offer(first="eve"),
    "no user of theirs": offer(person=Person("eve")),
    "both the same": offer(second="ann"),
    "the user itself": offer(person=Person("ann"), second="ann"),
    "two of this node": offer(second="cid", person=Person("cid")),
    "without a name": offer(second="", person=Person("")),
    "with a long name": offer(second="b" * 65, person=Person("b" * 65)),
    "a long visitor": offer(person=Person("bob", visitor="v" * 65)),
    "many addresses": offer(person=Person("bob", addresses=["1"] * 5)),
    "a long address": offer(person=Person("bob", addresses=["1" * 129])),
    "many interests": offer(person=Person("bob", interests={str(n): "x" for n in range(11)})),
    "a long interest": offer(person=Person("bob", interests={"x": "x" * 33})),
    "a long key": offer(person=Person("bob", interests={"x" * 97: "x"})),
}


@pytest.mark.parametrize("bad", BAD)
async def test_an_offer_that_is_no_good_is_declined(bad: str) -> None:
    parties = Parties("a")
    ann, cid = parties["a"].come("ann"), parties["a"].come("cid")
    await ann.find()
    assert await parties.between.node("b").ask("a", BAD[bad]) == Declined()
    assert (ann.partner, cid.partner) == (None, None)
    assert ann.hear() == []


async def test_a_room_that_there_is_already_is_not_offered_again() -> None:
    parties, ann, bob, stranger, room_id = await call_and_stranger()
    dan = parties["a"].come("dan")
    await dan.find()
    again = offer(room_id=room_id, first="dan", second="eve", person=Person("eve"))
    assert await stranger.ask("a", again) == Declined()
    same_number = offer(room_id=room_id[:12] + "0" * 12, first="dan")
    assert await stranger.ask("a", same_number) == Declined(), "the media would get mixed up"
    assert (ann.partner, bob.partner, dan.partner) == ("bob", "ann", None)


async def test_nobody_is_a_guest_twice() -> None:
    """Whatever another node says of it: the media of the first call would end."""
    parties, ann, bob, stranger, _ = await call_and_stranger()
    dan = parties["a"].come("dan")
    await dan.find()
    paired = dict(parties["a"].plane.across)
    assert await stranger.ask("a", offer(first="dan")) == Declined()
    assert await parties.between.nodes["b"].ask("a", offer(first="dan")) == Declined()
    assert parties["a"].plane.across == paired
    assert (ann.partner, bob.partner, dan.partner) == ("bob", "ann", None)
    await bob.stop()
    assert isinstance(await stranger.ask("a", offer(first="dan")), Accepted)


async def test_nor_when_the_other_node_accepts() -> None:
    parties, ann, bob, stranger, _ = await call_and_stranger()

    async def accepts(_: str, __: Offer) -> object:
        return Accepted(BOB)

    stranger.serve(Offer, accepts)
    meetings = parties["b"].lobby._meetings
    waiter = replace(meetings._waiter(bob.session, 1.0, 1.0), node="c")
    await parties.store.leave_room("bob")
    await parties.store.enter(waiter)
    dan = parties["a"].come("dan")
    assert await dan.find() == ["waiting_for_partner"]
    assert parties.told(Offer) == parties.told(Parted) == [("a", "c")]
    assert (ann.partner, bob.partner, dan.partner) == ("bob", "ann", None)


@pytest.mark.parametrize(
    "answer",
    [
        Accepted(Person("eve")),
        Accepted(Person("ann", visitor="v" * 1000)),
        Flowing("what?"),
    ],
    ids=["of somebody else", "of somebody large", "of another kind"],
)
async def test_an_answer_that_is_no_good_is_none(answer: object) -> None:
    parties = Parties("b")
    node = parties.between.node("a")

    async def answers(_: str, __: Offer) -> object:
        return answer

    node.serve(Offer, answers)
    bob = parties["b"].come("bob")
    ann = Parties("a")["a"].come("ann")  # as far as she is needed to wait
    meetings = ann.party.lobby._meetings
    await parties.store.enter(meetings._waiter(ann.session, 1.0, 1.0))
    assert await bob.find() == ["waiting_for_partner"]
    assert not bob.session.is_engaged
    assert [type(what) for *_, what in parties.between.said] == [Offer, Parted]
    assert parties["b"].plane.pairs == {}


async def test_who_tells_much_before_the_answer_gets_no_room() -> None:
    parties = Parties("b")
    node = parties.between.node("a")

    async def answers(_: str, offered: Offer) -> object:
        for number in range(1000):
            node.tell("b", Missing(offered.room_id, number % 2 == 0))
        return Accepted(Person("ann"))

    node.serve(Offer, answers)
    bob = parties["b"].come("bob")
    ann = Parties("a")["a"].come("ann")
    meetings = ann.party.lobby._meetings
    await parties.store.enter(meetings._waiter(ann.session, 1.0, 1.0))
    assert await bob.find() == ["waiting_for_partner"]
    assert bob.partner is None
    assert parties.told(Parted) == [("b", "a")]


async def test_shown_is_for_either_to_say() -> None:
    parties, ann, _, _, room_id = await call_and_stranger()
    parties.between.nodes["b"].tell("a", Said(room_id, Shown().encode()))
    blurred = PartnerBlurred(why="nudity", score=1.0)
    parties.between.nodes["b"].tell("a", Said(room_id, blurred.encode()))
    assert ann.hear() == ["shown", "partner_blurred"]
