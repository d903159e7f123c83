"""Puts one picture together while its packets pass, without a cost for any other packet.

A stream's route has a :class:`GatheringWay` stand in for it from the beginning of a picture that is
to be kept until the picture is whole, or is not going to be. Its payload goes out as it came, so it
is read after the route has done its work. Nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Callable

from relay.media.packets import vp8
from relay.media.packets.numbering import nearest
from relay.media.packets.rtp import MARKER, NUMBER, PADDING, find_extension
from relay.media.stand_in import StandIn
from relay.media.stream import Way
from relay.media.verdict import GOES_ON, Verdict

MAX_FRAME_BYTES = 128 * 1024
"""Of one picture: what is larger is not kept."""

MAX_PACKETS = 512
"""Of one picture: some 110 make the largest, and each costs more than its bytes."""

_GOES_OUT = *GOES_ON, Verdict.RESTORED
_NEVER = 1 << 62


class Gathering:
    """The payloads of one frame, by their numbers; lost ones may come later, as repeats."""

    __slots__ = ("_bytes", "_last", "_parts", "first", "rtp_ts")

    def __init__(self, first: int, rtp_ts: int) -> None:
        """:param first: the extended number of the frame's first packet."""
        self.first, self.rtp_ts = first, rtp_ts
        self._last = _NEVER
        self._parts: dict[int, bytes] = {}
        self._bytes = 0

    def add(self, number: int, data: bytes) -> None:
        """Take what is behind the descriptor of one of the frame's packets; not what repeats one.

        :param number: the packet's, extended.
        """
        if self.first <= number <= self._last and number not in self._parts:
            self._parts[number] = data
            self._bytes += len(data)

    def end(self, number: int) -> None:
        """Note that the frame has no packet behind ``number``."""
        if self.first <= number < self._last:
            self._last = number

    @property
    def is_too_large(self) -> bool:
        """Whether it is not to be kept, whatever still comes."""
        return self._bytes > MAX_FRAME_BYTES or len(self._parts) > MAX_PACKETS

    @property
    def frame(self) -> bytes | None:
        """The frame, once none of its packets is missing."""
        count = self._last - self.first + 1
        if len(self._parts) < count:
            return None
        numbers = range(self.first, self._last + 1)
        if any(number not in self._parts for number in numbers):
            return None
        return b"".join(self._parts[number] for number in numbers)


class GatheringWay(StandIn):
    """A way whose packets are looked at for one frame."""

    __slots__ = ("_changed", "_gathering")

    def __init__(
        self, way: Way, gathering: Gathering, changed: Callable[[Gathering, float], None]
    ) -> None:
        """Stand for a way.

        :param changed: told, with the plane's clock, whenever a packet has come that may be the
            frame's, or tell where it ends.
        """
        super().__init__(way)
        self._gathering, self._changed = gathering, changed

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """See :meth:`relay.media.route.Route.rewrite`."""
        verdict = self.way.rewrite(view, at, end, header, extended, now)
        gathering = self._gathering
        if header[3] != gathering.rtp_ts:
            if extended > gathering.first:  # of the next frame, whose first packet may be lost
                gathering.end(extended - 1)
        elif verdict in GOES_ON:
            gathering.add(extended, payload(view, at, end, header[0]))
            if header[1] & MARKER:
                gathering.end(extended)
        self._changed(gathering, now)
        return verdict


class RepairingWay(GatheringWay):
    """The same for the retransmissions of the stream (RFC 4588)."""

    __slots__ = ()

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """See :meth:`relay.media.route.Route.rewrite`, which changes what is to be read here."""
        gathering = self._gathering
        if header[3] != gathering.rtp_ts:
            return self.way.rewrite(view, at, end, header, extended, now)
        begins_at = find_extension(view, at, end, header[0])[2]
        is_whole = begins_at + NUMBER.size <= end
        number = nearest(gathering.first, *NUMBER.unpack_from(view, begins_at)) if is_whole else -1
        data = payload(view, at, end, header[0], NUMBER.size) if is_whole else b""
        verdict = self.way.rewrite(view, at, end, header, extended, now)
        if is_whole and data and verdict in _GOES_OUT:
            gathering.add(number, data)
            if header[1] & MARKER:
                gathering.end(number)
            self._changed(gathering, now)
        return verdict


def payload(view: memoryview, at: int, end: int, first: int, skipped: int = 0) -> bytes:
    """What a packet ``view[at:end]`` carries of a VP8 frame: what is behind its descriptor.

    :param first: the packet's first byte.
    :param skipped: bytes in front of the descriptor.
    """
    begins_at = find_extension(view, at, end, first)[2] + skipped
    if first & PADDING:
        end -= view[end - 1]
    return bytes(view[vp8.frame_at(view, begins_at, end) : end])
