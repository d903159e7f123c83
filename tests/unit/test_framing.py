"""Where frames begin and end, whatever the stream's pieces are."""

import pytest

from relay.errors import MalformedPacket
from relay.framing import MAX_FRAME_BYTES, datagrams, messages

STUN = bytes.fromhex("000100042112a442") + bytes(12) + b"four"
CHANNEL = bytes.fromhex("40000005") + b"12345" + bytes(3)


def test_datagrams_have_their_length_before_them() -> None:
    data = b"\x00\x03abc\x00\x00\x00\x02de\x00\x05f"
    frames, rest = datagrams(memoryview(data), len(data))
    assert [data[f.start : f.start + f.size] for f in frames] == [b"abc", b"", b"de"]
    assert data[rest:] == b"\x00\x05f"


def test_stun_and_channel_data_are_padded() -> None:
    data = STUN + CHANNEL + STUN[:-1]
    frames, rest = messages(memoryview(data), len(data))
    assert [(f.channel, data[f.start : f.start + f.size]) for f in frames] == [
        (0, STUN),
        (0x4000, b"12345"),
    ]
    assert data[rest:] == STUN[:-1]


@pytest.mark.parametrize("split", [datagrams, messages])
def test_nothing_is_read_beyond_the_end(split: object) -> None:
    data = STUN + STUN if split is messages else b"\x00\x01a\x00\x01b"
    half = len(data) // 2
    assert split(memoryview(data), half)[1] == half  # type: ignore[operator]
    assert split(memoryview(data), half + 1)[1] == half  # type: ignore[operator]


def test_a_length_that_nobody_needs_ends_it() -> None:
    data = (MAX_FRAME_BYTES + 1).to_bytes(2, "big")
    with pytest.raises(MalformedPacket):
        datagrams(memoryview(data), 2)
    with pytest.raises(MalformedPacket):
        messages(memoryview(b"\x40\x00" + data), 4)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x00\x05",
        b"\x00\x01\x00\x04x",
        b"\x80\x00\x00\x04",
        b"\xff\xff\x00\x04",
        b"\xaaET ",
    ],
)
def test_what_is_neither_stun_nor_channel_data_ends_it(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        messages(memoryview(data), len(data))
