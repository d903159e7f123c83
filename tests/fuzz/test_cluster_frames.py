"""Bytes from whoever has the port: no frame, greeting or lease makes anything but a clear error."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from relay.cluster.greeting import REASONS, NotWelcome, introduced
from relay.cluster.interface import Node
from relay.cluster.messages import VOCABULARY
from relay.errors import NotUnderstood

HERE = Node("paris", "1", "0.1.0", "192.0.2.1", 7900, 2)
NAMES = st.sampled_from(["Hello", "Offer", "Said", "Resuming", "TrunkKey", "Done", "Novelty"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    body = draw(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
    number = draw(st.integers(-1, 10**25) | st.text(max_size=4))
    return f"{draw(NAMES)} {number} ".encode() + body


@given(st.binary(max_size=200) | frames())
def test_a_message_is_one_or_not_understood(frame: bytes) -> None:
    try:
        message, number = VOCABULARY.read(frame)
    except NotUnderstood:
        return
    assert number >= 0
    assert message is None or VOCABULARY.read(VOCABULARY.write(message))[0] == message


@given(st.binary(max_size=200) | frames())
def test_a_greeting_is_a_node_or_a_reason(frame: bytes) -> None:
    try:
        told = introduced(frame, HERE).name
    except NotWelcome as refused:
        told = str(refused)
    assert told in REASONS
