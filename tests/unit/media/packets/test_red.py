"""RED, taken apart."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media.packets.red import MAX_BLOCKS, Block, read, renumber, without
from tests.support.packets import read_rtp, red, rtp

OPUS, RED = 111, 63


def blocks(payload: bytes, payload_type: int = OPUS) -> list[Block]:
    """The payload taken apart, from the middle of a buffer."""
    buffer = b"\xee" * 5 + payload + b"\xee" * 40
    found = read(memoryview(buffer), 5, 5 + len(payload), payload_type)
    return [Block(earlier, at - 5, end - 5) for earlier, at, end in found]


def test_a_packet_that_repeats_two() -> None:
    payload = red(b"third", (1920, b"the first"), (960, b"second"))
    assert [(b.earlier, payload[b.at : b.end]) for b in blocks(payload)] == [
        (1920, b"the first"),
        (960, b"second"),
        (0, b"third"),
    ]


def test_one_that_repeats_none() -> None:
    assert blocks(red(b"own")) == [Block(0, 1, 4)]


def test_an_earlier_one_may_be_empty() -> None:
    assert blocks(red(b"own", (960, b""))) == [Block(960, 5, 5), Block(0, 5, 8)]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x80",
        bytes([OPUS]),
        red(b"", (960, b"earlier")),
        red(b"own", (960, bytes(1023)))[:500],
        red(b"own", (960, b"earlier"))[:4],
        red(b"own", (960, b"earlier"))[:-3],
        red(b"own", payload_type=96),
        red(b"own", (960, b"earlier"), payload_type=96),
        bytes([0x80 | RED]) + red(red(b"own"), (960, b"earlier"))[1:],
        bytes([RED]) + red(b"own"),
        red(b"own", *[(960, b"")] * MAX_BLOCKS),
        red(b"own", *[(960, b"")] * 300),
        bytes([0x80 | OPUS]) * 1400,
    ],
    ids=[
        "nothing",
        "half a header",
        "nothing of its own",
        "nothing of its own behind an earlier one",
        "an earlier one that is cut",
        "headers that are cut",
        "the own one is cut off",
        "another codec",
        "another codec, earlier",
        "RED inside, earlier",
        "RED inside",
        "one block too many",
        "hundreds of blocks",
        "headers alone",
    ],
)
def test_what_lies_is_nothing(payload: bytes) -> None:
    assert blocks(payload) == []


sounds = st.binary(min_size=1, max_size=200)
earlier = st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=200)), max_size=9)


@given(own=sounds, repeated=earlier)
def test_what_is_put_together_comes_apart(own: bytes, repeated: list[tuple[int, bytes]]) -> None:
    payload = red(own, *repeated)
    found = [(b.earlier, payload[b.at : b.end]) for b in blocks(payload)]
    assert found == [*repeated, (0, own)]


@given(payload=st.binary(max_size=300) | st.binary(max_size=60).map(lambda b: b"\xef" + b))
def test_whatever_comes_the_blocks_are_within(payload: bytes) -> None:
    found = blocks(payload)
    assert len(found) <= MAX_BLOCKS
    end = 0
    for block in found:
        assert end <= block.at <= block.end <= len(payload)
        end = block.end
    assert not found or found[-1].at < found[-1].end == len(payload)


@given(own=sounds, repeated=earlier)
def test_other_payload_types(own: bytes, repeated: list[tuple[int, bytes]]) -> None:
    buffer = bytearray(red(own, *repeated))
    renumber(memoryview(buffer), 0, 1 + len(repeated), 109)
    assert bytes(buffer) == red(own, *repeated, payload_type=109)


def test_a_whole_packet_without_what_it_repeats() -> None:
    payload = red(b"own", (960, b"earlier"))
    packet = rtp(1, 7, payload_type=RED, payload=payload, elements=((1, b"\x80"),), padding=9)
    plain = read_rtp(without(packet, RED, OPUS))
    assert (plain.payload_type, plain.number, plain.payload) == (OPUS, 7, b"own")
    assert plain.elements == ((1, b"\x80"),)


def test_a_packet_that_is_no_red_or_lies_stays_as_it_is() -> None:
    opus = rtp(1, 7, payload_type=OPUS, payload=b"opus")
    lies = rtp(1, 7, payload_type=RED, payload=struct.pack("!I", 0xEF0003FF))
    for packet in (opus, lies, lies[:12]):
        assert without(packet, RED, OPUS) == packet
