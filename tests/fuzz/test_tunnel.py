"""Whatever comes over TCP: read as what it is, or refused; nothing grows with it."""

from __future__ import annotations

import struct
from collections import Counter

from aioice import stun as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.errors import MalformedPacket
from relay.framing import MAX_FRAME_BYTES, datagrams, messages
from relay.tunnel import credentials, stun
from relay.tunnel.turn import MAX_PEERS, Turn

steady = settings(derandomize=True, deadline=None, max_examples=400)

OWN = [("198.51.100.1", 7882), ("198.51.100.2", 7882)]
NAME, PASSWORD = credentials.made(b"secret", "user", 0)
KEY = credentials.key_of(NAME, "relay", PASSWORD)
pieces = st.lists(st.binary(max_size=40), max_size=12)


def split_as_it_comes(split: object, stream: list[bytes]) -> tuple[list[tuple[int, bytes]], bytes]:
    """All frames of a stream that comes in pieces, and what is left."""
    found, rest = [], b""
    for piece in stream:
        data = rest + piece
        frames, at = split(memoryview(data), len(data))  # type: ignore[operator]
        found += [(f.channel, data[f.start : f.start + f.size]) for f in frames]
        rest = data[at:]
        assert len(rest) <= MAX_FRAME_BYTES + 24
    return found, rest


@steady
@given(pieces)
def test_pieces_do_not_matter(stream: list[bytes]) -> None:
    for split in (datagrams, messages):
        try:
            whole = split_as_it_comes(split, [b"".join(stream)])
        except MalformedPacket:
            continue
        assert split_as_it_comes(split, stream) == whole


@steady
@given(st.lists(st.binary(max_size=60), max_size=8), st.data())
def test_framed_datagrams_come_out_as_they_went_in(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(struct.pack("!H", len(each)) + each for each in sent)
    cut = data.draw(st.integers(0, len(stream)))
    found, rest = split_as_it_comes(datagrams, [stream[:cut], stream[cut:]])
    assert [payload for _, payload in found] == sent
    assert rest == b""


attributes = st.lists(
    st.tuples(st.sampled_from([*stun.Attribute, 0x0024, 0x8022]), st.binary(max_size=24)),
    max_size=6,
)
kinds = st.sampled_from([stun.REQUEST, stun.INDICATION, stun.SUCCESS, stun.ERROR])


@steady
@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda b: b"\x00\x03" + b))
def test_nonsense_is_no_message(data: bytes) -> None:
    message = stun.read(data)
    if message is not None:
        reference.parse_message(data)  # what is read here is read there


@steady
@given(st.lists(st.tuples(kinds, st.sampled_from(list(stun.Method)), attributes), max_size=12))
def test_a_server_answers_anything_and_keeps_its_bounds(
    asked: list[tuple[int, stun.Method, list[tuple[int, bytes]]]],
) -> None:
    turn = Turn(credentials.Gate(b"secret", "relay"), ("203.0.113.9", 5), OWN, 0.0, Counter())
    for index, (kind, method, found) in enumerate(asked):
        named = [
            (stun.Attribute.USERNAME, NAME.encode()),
            (stun.Attribute.REALM, b"relay"),
            (stun.Attribute.NONCE, turn.nonce),
        ]
        skipped = {stun.Attribute.MESSAGE_INTEGRITY, stun.Attribute.FINGERPRINT}
        mine = [(a, v) for a, v in found if a not in skipped]
        data = stun.write(kind, method, bytes(12), [*named, *mine], KEY)  # type: ignore[list-item]
        answer, relayed = turn.take(data, float(index))
        assert bool(answer) == (kind == stun.REQUEST)
        assert len(answer) < 200
        assert relayed is None or relayed[0] in OWN
        assert set(turn.peer_of.values()) <= set(OWN)
        assert len(turn.peer_of) <= MAX_PEERS
        turn.look(float(index))


@steady
@given(st.binary(min_size=8, max_size=20), st.booleans())
def test_only_own_addresses_are_peers(value: bytes, own: bool) -> None:
    turn = Turn(credentials.Gate(b"secret", "relay"), ("203.0.113.9", 5), OWN, 0.0, Counter())

    def ask(method: stun.Method, *more: tuple[stun.Attribute, bytes]) -> bytes:
        named = (
            (stun.Attribute.USERNAME, NAME.encode()),
            (stun.Attribute.REALM, b"relay"),
            (stun.Attribute.NONCE, turn.nonce),
        )
        return turn.take(stun.write(stun.REQUEST, method, bytes(12), [*named, *more], KEY), 1.0)[0]

    ask(stun.Method.ALLOCATE, (stun.Attribute.REQUESTED_TRANSPORT, b"\x11\0\0\0"))
    assert turn.allocation is not None
    peer = stun.xor_address(OWN[0], bytes(12)) if own else value
    channel = stun.Attribute.CHANNEL_NUMBER, b"\x40\0\0\0"
    answer = ask(stun.Method.CHANNEL_BIND, channel, (stun.Attribute.XOR_PEER_ADDRESS, peer))
    accepted = answer[:2] == b"\x01\x09"
    expected = stun.xor_address(OWN[0], bytes(12)), stun.xor_address(OWN[1], bytes(12))
    assert accepted == any(peer[1:] == each[1:] for each in expected)
