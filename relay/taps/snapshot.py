"""One picture of a track: the next key frame, decoded and written as PNG."""

import asyncio
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from relay.errors import NoPicture
from relay.plane import Direction, MediaPlane, TappedPacket
from relay.taps.frames import Depacketizer, Frame
from relay.taps.tap import MAX_PACKETS, PacketTap, tapped
from relay.taps.uses import Use
from relay.taps.workshop import Made, Maker, Workshop, packed

TIMEOUT_S = 5.0
MAX_PIXELS = 4096 * 4096
"""What is decoded at most: a frame's header may claim 268 million."""

_PERIOD_S = 0.05
_ASK_EVERY_S = 0.35  # a request within 0.3 s of another's is not passed on


def to_png(frame: Frame) -> bytes | None:
    """Decode a VP8 key frame and write it as PNG; None when it cannot be decoded."""
    import av  # noqa: PLC0415 - which the server itself never needs

    decoder = av.CodecContext.create("vp8", "r")
    try:
        pictures = [*decoder.decode(av.Packet(frame.data)), *decoder.decode(None)]
        if not pictures:
            return None
        picture = pictures[0].reformat(format="rgb24")
        encoder = av.CodecContext.create("png", "w")
        encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "rgb24"
        encoder.time_base = Fraction(1, 1)
        return b"".join(bytes(part) for part in [*encoder.encode(picture), *encoder.encode(None)])
    except av.FFmpegError:
        return None


class Eye:
    """Looks for the first picture among packets.

    :param decode: makes a PNG of a key frame, or None.
    """

    def __init__(self, decode: Callable[[Frame], bytes | None] = to_png) -> None:
        self._decode = decode
        self._packets = Depacketizer("video")

    def look(self, packets: Iterable[tuple[Any, ...]], now: float) -> Made:
        """Take what has come, and give the first key frame that can be decoded, if there is one."""
        frames = [
            frame
            for packet in map(TappedPacket._make, packets)
            if packet.kind == "video"
            for frame in self._packets.add(packet)
        ]
        frames += self._packets.overdue(now)
        small = (f for f in frames if f.size is not None and f.size[0] * f.size[1] <= MAX_PIXELS)
        return Made(next((png for frame in small if (png := self._decode(frame))), b""))


class Snapshots:
    """Takes pictures.

    :param decode: makes a PNG of a key frame, or None; in the workshop's process.
    """

    def __init__(
        self,
        plane: MediaPlane,
        workshop: Workshop,
        *,
        timeout_s: float = TIMEOUT_S,
        max_packets: int = MAX_PACKETS,
        decode: Callable[[Frame], bytes | None] = to_png,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plane = plane
        self._workshop = workshop
        self._timeout_s, self._max_packets = timeout_s, max_packets
        self._decode = decode
        self._clock = clock

    async def take(
        self, user_id: str, direction: Direction, use: Use, partner: str | None = None
    ) -> bytes:
        """The next picture that a user sends, or receives, as PNG.

        :param use: is told how it went.
        :param partner: the only one whom a picture that the user receives may show.
        :raises NoPicture: when none came in time, or the track ended.
        :raises TapFailed: when there is nothing to decode it.
        """
        async with self._workshop.maker(Eye, self._decode) as eye:
            with tapped(
                self._plane, user_id, direction, partner=partner, max_packets=self._max_packets
            ) as tap:
                use.why = "no_picture"
                try:
                    async with asyncio.timeout(self._timeout_s):
                        picture = await self._picture(user_id, direction, tap, eye)
                except TimeoutError:
                    raise NoPicture(f"no picture came within {self._timeout_s:g} s") from None
                finally:
                    use.packets_dropped = tap.dropped
        use.why, use.bytes = "done", len(picture)
        return picture

    async def _picture(
        self, user_id: str, direction: Direction, tap: PacketTap, eye: Maker
    ) -> bytes:
        asked_at = float("-inf")
        while not tap.ended:
            now = self._clock()
            if now - asked_at >= _ASK_EVERY_S:
                asked_at = now
                self._plane.request_keyframe(user_id, direction)
            await asyncio.sleep(_PERIOD_S)
            picture = await eye.make("look", packed(tap.fetch()), self._clock())
            if picture.data:
                return picture.data
        raise NoPicture("the track has ended")
