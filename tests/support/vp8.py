"""Encoded pictures that say which they are, and the packets that carry them."""

from collections.abc import Iterator
from fractions import Fraction

import av

from relay.bots.picture import Stamp, draw
from relay.plane import Direction, TappedPacket
from tests.support.packets import rtp, rtx

VIDEO_SSRC, RTX_SSRC, AUDIO_SSRC = 2, 3, 1
FRAMES_PER_S = 10
SILENCE = b"\xf8\xff\xfe"
"""An Opus frame of 20 ms (RFC 6716 section 3.1)."""


def pictures(count: int, keys: tuple[int, ...] = (0,), source: int = 1) -> list[bytes]:
    """Encoded pictures numbered from 0; those in ``keys`` are key frames."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base = Fraction(1, FRAMES_PER_S)
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0", "g": "9999"}
    encoder.bit_rate = 400_000
    found = []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(draw(Stamp(source, number, 0)), format="yuv420p")
        frame.pts = number
        if number in keys:
            frame.pict_type = av.video.frame.PictureType.I
        found += [bytes(packet) for packet in encoder.encode(frame)]
    assert len(found) == count
    return found


def packets(
    encoded: list[bytes],
    *,
    number: int = 100,
    ssrc: int = VIDEO_SSRC,
    rtp_ts: int = 5000,
    at_s: float = 0.0,
    cut: int = 600,
) -> Iterator[TappedPacket]:
    """The packets of pictures, ten a second; each picture has several."""
    for index, frame in enumerate(encoded):
        parts = [frame[at : at + cut] for at in range(0, len(frame), cut)]
        for part, data in enumerate(parts):
            yield TappedPacket(
                Direction.UP,
                "video",
                False,
                at_s + index / FRAMES_PER_S,
                rtp(
                    ssrc,
                    number,
                    rtp_ts=rtp_ts + index * 90_000 // FRAMES_PER_S,
                    payload=(b"\x90\x80\x81\x23" if part == 0 else b"\x80\x80\x81\x23") + data,
                    marker=part == len(parts) - 1,
                ),
            )
            number += 1


def sound(count: int, *, at_s: float = 0.0, number: int = 65_500) -> Iterator[TappedPacket]:
    """Packets of silence, fifty a second; their numbers wrap around."""
    for index in range(count):
        data = rtp(
            AUDIO_SSRC, number + index, payload_type=111, rtp_ts=960 * index, payload=SILENCE
        )
        yield TappedPacket(Direction.UP, "audio", False, at_s + index / 50, data)


def repair(lost: TappedPacket, at_s: float) -> TappedPacket:
    """The retransmission of a packet."""
    data = lost.data
    original, rtp_ts = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
    packet = rtx(
        RTX_SSRC, 7, original, rtp_ts=rtp_ts, payload=data[12:], marker=bool(data[1] & 0x80)
    )
    return TappedPacket(Direction.UP, "video", True, at_s, packet)
