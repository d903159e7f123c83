"""VP8 in RTP: key frames, sizes, and the numberings in front of a frame."""

import struct

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media.packets import vp8

PLAIN = b"\x10"  # a descriptor: S set, nothing else
DESCRIPTORS = [
    PLAIN,
    b"\x90\x00",  # X, with no field
    b"\x90\x80\x11",  # 7-bit picture id
    b"\x90\x80\x81\x11",  # 15-bit picture id
    b"\x90\xe0\x81\x11\x22\x33",  # and TL0PICIDX, TID
    b"\x90\x10\x33",  # KEYIDX alone
]


def frame(width: int, height: int, scale: int = 0) -> bytes:
    return b"\x50\x01\x00\x9d\x01\x2a" + struct.pack(
        "<HH", width | scale << 14, height | scale << 14
    )


def size(payload: bytes, before: int = 3) -> tuple[int, int] | None:
    buffer = memoryview(b"\xff" * before + payload + b"\xff" * 20)
    return vp8.size(buffer, before, before + len(payload))


@pytest.mark.parametrize("descriptor", DESCRIPTORS)
@pytest.mark.parametrize("pixels", [(640, 480), (1, 1), (16383, 16383), (1920, 1080)])
def test_the_size_stands_behind_any_descriptor(descriptor: bytes, pixels: tuple[int, int]) -> None:
    assert size(descriptor + frame(*pixels) + bytes(50)) == pixels


def test_the_scaling_bits_are_no_part_of_it() -> None:
    assert size(PLAIN + frame(320, 240, scale=3)) == (320, 240)


@pytest.mark.parametrize("descriptor", DESCRIPTORS)
def test_a_cut_header_has_no_size(descriptor: bytes) -> None:
    whole = descriptor + frame(640, 480)
    for length in range(len(whole)):
        assert size(whole[:length]) is None


def test_without_the_start_code_or_pixels_there_is_no_size() -> None:
    assert size(PLAIN + b"\x50\x01\x00\x9d\x01\x2b" + bytes([1, 1, 1, 1])) is None
    assert size(PLAIN + frame(0, 480)) is None


@given(st.binary(max_size=40))
def test_any_bytes_have_a_plausible_size_or_none(payload: bytes) -> None:
    found = size(payload)
    assert found is None or all(1 <= pixels <= 16383 for pixels in found)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (638, 358)])
def test_an_encoders_key_frame(width: int, height: int) -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0"}
    picture = av.VideoFrame.from_ndarray(
        np.zeros((height, width, 3), np.uint8), format="rgb24"
    ).reformat(format="yuv420p")
    [packet] = encoder.encode(picture)
    assert packet.is_keyframe
    assert size(PLAIN + bytes(packet)) == (width, height)


# key frames

KEYFRAMES = {
    "plain": "10 00",
    "non-reference bit": "30 00",
    "extension without fields": "90 00 00",
    "picture id of 7 bits": "90 80 7f 00",
    "picture id of 15 bits": "90 80 ff ff 00",
    "TL0PICIDX": "90 40 05 00",
    "T": "90 20 05 00",
    "K": "90 10 05 00",
    "T and K share a byte": "90 30 05 00",
    "all": "90 f0 81 02 03 04 00",
    "all but a long picture id": "90 f0 01 03 04 00",
    "other header bits": "10 fe",
}


@pytest.mark.parametrize("payload", KEYFRAMES.values(), ids=KEYFRAMES.keys())
def test_a_key_frames_start(payload: str) -> None:
    assert keyframe(payload)
    last = bytes.fromhex(payload)
    other = last[:-1] + bytes([last[-1] | 1])
    assert not keyframe(other.hex()), "the P bit says: no key frame"
    assert not keyframe(last[:-1].hex()), "cut before the frame's first byte"


@pytest.mark.parametrize(
    "payload",
    ["", "00 00", "11 00", "17 00", "07 00", "10", "90", "90 80", "90 80 80", "90 f0 81 02 03"],
)
def test_no_key_frames_start(payload: str) -> None:
    assert not keyframe(payload)


def keyframe(payload: str) -> bool:
    """Ask about a payload that is followed by zeros which do not belong to it."""
    body = bytes.fromhex(payload)
    return vp8.is_keyframe_start(memoryview(b"\xff" * 4 + body + bytes(8)), 4, 4 + len(body))


# the numberings in front of a frame


class Receiver:
    """What a receiver sees of the descriptors that sources write."""

    def __init__(self) -> None:
        self.pictures = vp8.PictureNumbers()
        self.begins = True

    def gets(self, descriptor: str, *, repeated: bool = False) -> bytes:
        body = bytearray(b"\xaa" * 4 + bytes.fromhex(descriptor) + b"\xbb" * 12)
        rewrite = self.pictures.rewrite_repeated if repeated else self.pictures.rewrite
        if self.begins:
            self.pictures.begin(memoryview(body), 4, len(body) - 12)
            self.begins = False
        rewrite(memoryview(body), 4, len(body) - 12)
        assert body[:4] == b"\xaa" * 4
        assert body[-12:] == b"\xbb" * 12
        return bytes(body[4:-12])

    def long_id(self, descriptor: str, *, repeated: bool = False) -> int:
        out = self.gets(descriptor, repeated=repeated)
        assert out[:2] == bytes.fromhex(descriptor)[:2]
        assert out[2] & 0x80
        return int.from_bytes(out[2:4], "big") & 0x7FFF


def test_picture_ids_keep_their_distances() -> None:
    receiver = Receiver()
    first = receiver.long_id("90 80 ff ff")
    found = [receiver.long_id(each) for each in ("90 80 80 00", "80 80 80 00", "90 80 80 05")]
    assert [(each - first) & 0x7FFF for each in found] == [1, 1, 6]


def test_another_source_goes_on_behind_the_last() -> None:
    receiver = Receiver()
    last = receiver.long_id("90 80 81 00")
    for descriptor in ("90 80 f0 00", "90 80 80 00", "90 80 81 01"):
        receiver.begins = True
        out = receiver.long_id(descriptor)
        assert 0 < (out - last) & 0x7FFF < 100, "forward, and not the next one, which may be lost"
        last = out


def test_another_source_leaves_so_much_room() -> None:
    receiver = Receiver()
    one = receiver.gets("90 f0 81 00 07 45")
    receiver.begins = True
    two = receiver.gets("90 f0 99 99 50 5f")
    assert int.from_bytes(two[2:4], "big") - int.from_bytes(one[2:4], "big") in (16, 16 - 0x8000)
    assert (two[4] - one[4]) & 0xFF == 16
    assert (two[5] - one[5]) & 0x1F == 1


def test_a_short_picture_id_moves_the_long_one_on() -> None:
    receiver = Receiver()
    first = receiver.long_id("90 80 83 00")
    receiver.begins = True
    short = receiver.gets("90 80 7f 00")[2]
    assert (short - first) & 0x7F == 16
    receiver.begins = True
    assert (receiver.long_id("90 80 80 00") - first) & 0x7FFF == 32


def test_a_repeated_packet_is_not_the_last() -> None:
    receiver = Receiver()
    first = receiver.long_id("90 80 83 00")
    assert (receiver.long_id("90 80 82 f0", repeated=True) - first) & 0x7FFF == 0x7FFF - 0x0F
    receiver.begins = True
    assert 0 < (receiver.long_id("90 80 80 00") - first) & 0x7FFF < 100


def test_all_fields_are_the_receivers_and_the_layer_stays() -> None:
    receiver = Receiver()
    one, two = receiver.gets("90 f0 81 00 07 45"), receiver.gets("90 f0 81 01 08 86")
    assert one[:2] == two[:2] == b"\x90\xf0"
    assert (two[4] - one[4]) & 0xFF == 1
    assert (one[5] & 0xE0, two[5] & 0xE0) == (0x40, 0x80), "TID and Y"
    assert (two[5] - one[5]) & 0x1F == 1, "KEYIDX"
    assert int.from_bytes(two[2:4], "big") - int.from_bytes(one[2:4], "big") in (1, -0x7FFF)


def test_short_picture_ids() -> None:
    receiver = Receiver()
    one, two = receiver.gets("90 80 7f 00"), receiver.gets("90 80 00 00")
    assert one[2] < 0x80
    assert (two[2] - one[2]) & 0x7F == 1


@pytest.mark.parametrize("descriptor", ["10 00 00 00", "90 00 00 00", "90 20 c0 00", "90 80", "90"])
def test_what_has_no_numbering_stays_as_it_is(descriptor: str) -> None:
    assert Receiver().gets(descriptor) == bytes.fromhex(descriptor)


def test_two_receivers_of_one_source_have_nothing_in_common() -> None:
    seen = {Receiver().long_id("90 80 81 00") for _ in range(50)}
    assert len(seen) > 40


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=6), st.binary(max_size=6))
def test_any_payload_is_rewritten_in_its_place(payloads: list[bytes], behind: bytes) -> None:
    pictures = vp8.PictureNumbers()
    for payload in payloads:
        body = bytearray(b"\xee" + payload + behind)
        pictures.begin(memoryview(body), 1, 1 + len(payload))
        pictures.rewrite(memoryview(body), 1, 1 + len(payload))
        assert body[0] == 0xEE
        assert body[1 + len(payload) :] == behind
        at = vp8.frame_at(memoryview(payload), 0, len(payload))
        assert body[1 + at : 1 + len(payload)] == payload[at:], "the frame is not touched"
        assert vp8.frame_at(memoryview(body), 1, 1 + len(payload)) == 1 + at, "nor the layout"
