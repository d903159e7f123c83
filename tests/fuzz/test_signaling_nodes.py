"""Whatever another node tells of rooms, no call of others is touched, and users hear messages."""

import asyncio
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tests.support.parties import Parties

HERS, THEIRS, NOBODYS = "hers", "theirs", "0" * 24
"""Rooms: ann's with the telling node, one with another node, and none."""

texts = st.text(max_size=9)
rooms = st.sampled_from([HERS, HERS, HERS, THEIRS, NOBODYS]) | texts
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner),
    max_leaves=6,
)
kinds = st.sampled_from(
    [
        "chat_message",
        "chat_received",
        "typing",
        "media_state",
        "partner_connection",
        "shown",
        "partner_blurred",
        "connected",
        "error",
        "partner_found",
        "webrtc_offer",
        "partner_left",
    ]
)
frames = st.fixed_dictionaries(
    {"type": kinds},
    optional={
        "text": texts | json_values,
        "id": texts | json_values,
        "sentAt": st.integers() | json_values,
        "active": st.booleans() | json_values,
        "audio": st.booleans() | json_values,
        "video": st.booleans() | json_values,
        "interrupted": st.booleans() | json_values,
        "why": st.just("nudity") | json_values,
        "score": st.floats() | json_values,
    },
).map(json.dumps)
names = st.sampled_from(["ann", "bob", "cid", "dan", "eve", ""]) | texts
people = st.builds(
    Person,
    names,
    texts,
    st.lists(texts, max_size=6),
    st.dictionaries(texts, texts, max_size=12),
    st.booleans(),
)
told = st.one_of(
    st.builds(Said, rooms, frames | texts),
    st.builds(NotSaid, rooms, texts),
    st.builds(Linked, rooms, texts),
    st.builds(Flowing, rooms),
    st.builds(Missing, rooms, st.booleans()),
    st.builds(Parted, st.sampled_from([THEIRS, NOBODYS]) | texts, texts),
    st.builds(Offer, st.just("1" * 24) | rooms, names, names, people),
)


@given(st.lists(told, max_size=12))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_node_that_tells_anything(story: list[object]) -> None:
    asyncio.run(tell(story))


async def tell(story: list[object]) -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    third = parties.between.node("c")
    node = parties.between.nodes["b"]
    dan = parties["a"].come("dan")
    await dan.find()
    assert ann.session.call is not None
    real = {HERS: ann.session.call.room.room_id, THEIRS: "2" * 24}
    fay = parties["a"].come("fay")
    await fay.find("chess")
    offer = Offer(real[THEIRS], "fay", "gil", Person("gil"))
    assert isinstance(await third.ask("a", offer), Accepted)
    await parties["a"].settle()
    fay.hear()
    for message in story:
        room_id = real.get(message.room_id, message.room_id)  # type: ignore[attr-defined]
        fields = {name: getattr(message, name) for name in message.__slots__}  # type: ignore[attr-defined]
        meant = type(message)(**fields | {"room_id": room_id})
        if isinstance(meant, Offer):
            assert isinstance(await node.ask("a", meant), Accepted | Declined)
        else:
            node.tell("a", meant)
        await parties["a"].settle()
        ann.hear()  # all of them are messages
        assert fay.hear() == []
        assert (ann.partner, bob.partner, fay.partner) == ("bob", "ann", "gil")
        assert ann.session.outbox.closing is None
    assert (dan.partner is None) is (len(parties["a"].lobby.standing()) == 2)
