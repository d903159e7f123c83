"""A link's RTP packets, decrypted, as pcapng: both directions, headers only unless asked."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from relay.plane import Direction, MediaPlane, TappedPacket
from relay.taps import pcapng
from relay.taps.frames import payload_begins_at
from relay.taps.pump import Piece
from relay.taps.tap import PacketTap, tapped
from relay.taps.workshop import Made, Maker, Workshop, packed

STATISTICS_INTERVAL_S = 5.0
"""How often the file says how many packets it lacks; it also shows a reader that it goes on."""

_COMMENT = (
    "RTP of one link, decrypted by the relay. Addresses and ports are made up: 192.0.2.1 is the"
    " user, 198.51.100.1 the relay. To the relay as it came, from it as it was sent."
)


class Capture:
    """Turns packets into a file, piece by piece.

    :param payload: whether what is behind the headers is written, too.
    :param began_at: now, on the plane's clock; ``offset_s`` is to be added for seconds since 1970.
    """

    def __init__(self, link_id: str, payload: bool, began_at: float, offset_s: float) -> None:
        self._link_id = link_id
        self._payload = payload
        self._offset_s = offset_s
        self._has_header = False
        self._told_at = began_at

    def piece(
        self, packets: Iterable[tuple[Any, ...]], dropped: int, now: float, last: bool
    ) -> Made:
        """Take what has come, and give the next piece; ``dropped`` packets are missing so far."""
        parts = [self._packet(packet) for packet in map(TappedPacket._make, packets)]
        if not self._has_header:
            self._has_header = True
            parts.insert(0, pcapng.header(self._link_id, _COMMENT))
        if last or now - self._told_at >= STATISTICS_INTERVAL_S:
            self._told_at = now
            parts.append(pcapng.statistics(self._us(now), dropped))
        return Made(b"".join(parts))

    def _packet(self, packet: TappedPacket) -> bytes:
        data = packet.data
        kept = len(data) if self._payload else min(payload_begins_at(data), len(data))
        return pcapng.packet(packet.direction, self._us(packet.at_s), data, kept)

    def _us(self, at_s: float) -> int:
        return round(1e6 * (at_s + self._offset_s))


class LinkCapture:
    """Captures a user's link until it ends; a :class:`relay.taps.pump.Source`.

    :param tap: what passes on the link, and ``maker`` a :class:`Capture`.
    """

    def __init__(self, tap: PacketTap, maker: Maker, clock: Callable[[], float]) -> None:
        self._tap = tap
        self._maker = maker
        self._clock = clock

    @property
    def dropped(self) -> int:
        """Packets that came faster than they were written."""
        return self._tap.dropped

    def over(self) -> str | None:
        """Why it has come to its end by itself, if it has."""
        return "link_ended" if self._tap.ended else None

    async def piece(self, *, last: bool) -> Piece:
        """What has come since the last time."""
        packets, dropped = packed(self._tap.fetch()), self.dropped
        return (await self._maker.make("piece", packets, dropped, self._clock(), last)).data


@contextlib.asynccontextmanager
async def captured(
    plane: MediaPlane,
    workshop: Workshop,
    user_id: str,
    link_id: str,
    *,
    payload: bool,
    clock: Callable[[], float],
) -> AsyncIterator[LinkCapture]:
    """Capture a user's link for as long as the context lasts.

    :param payload: whether what is behind the headers is written, too.
    :param clock: the plane's, in seconds.
    :raises TapFailed: when there is nothing to make the file.
    """
    now = clock()
    async with workshop.maker(Capture, link_id, payload, now, time.time() - now) as maker:
        with tapped(plane, user_id, Direction.UP, Direction.DOWN) as tap:
            yield LinkCapture(tap, maker, clock)
