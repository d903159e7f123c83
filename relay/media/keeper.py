"""Keeps the last whole key frame of one user, while evidence is kept.

A route tells it when a key frame begins, which the route has seen anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from relay.media.gathering import Gathering, GatheringWay, RepairingWay, payload
from relay.media.packets.rtp import MARKER
from relay.media.stream import Stream

PATIENCE_S = 1.0
"""How long a key frame may take to be whole: what is lost comes again within a round trip."""

PAUSE_S = 0.25
"""Between the beginnings of two that are gathered, so that nobody makes each packet cost more."""

MAX_FORMER = 1000
"""So many pictures outlive their pairs, of as many users; the oldest go first."""

_REPAIRS = "video", True
"""What retransmissions of pictures are among an uplink's streams."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A key frame that has passed."""

    at: float
    """When it began, in seconds of the plane's clock."""
    width: int
    height: int
    """Pixels, as the frame says; nobody has looked whether it is one."""
    frame: bytes
    partner_id: str
    """To whom it went."""


class Keeper:
    """Looks after what one uplink sends to one partner."""

    def __init__(
        self,
        current: Mapping[tuple[str, bool], Stream],
        counts: Counter[str],
        former: Picture | None = None,
    ) -> None:
        """Begin to look.

        :param current: the uplink's current streams.
        :param counts: what has become of key frames: ``kept``, ``too_large`` or ``torn``.
        :param former: what was kept of the user last, over another link.
        """
        self.picture = former
        """The last whole one."""
        self.is_in_want = False
        """Whether one was torn, and none is kept."""
        self._current, self._counts = current, counts
        self._gathering: Gathering | None = None
        self._begun_at = float("-inf")
        self._size, self._partner_id = (0, 0), ""
        self._stood_for: list[tuple[Stream, GatheringWay]] = []

    def begin(
        self,
        source: Stream,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        size: tuple[int, int],
        now: float,
    ) -> None:
        """Gather a key frame, of which the packet ``view[at:end]`` is the first.

        :param source: the stream, whose route is replaced until the frame is whole.
        :param header: as :data:`relay.media.packets.rtp.HEADERS` unpacks the packet's beginning.
        :param extended: the packet's number, and ``size`` what the frame says of its own.
        :param now: seconds of the plane's clock.
        """
        way = source.route
        if way is None or now - self._begun_at < PAUSE_S:
            return
        self._tear()
        way = source.route or way
        self._begun_at, self._size = now, size
        self._partner_id = way.downlink.user_id
        gathering = self._gathering = Gathering(extended, header[3])
        gathering.add(extended, payload(view, at, end, header[0]))
        if header[1] & MARKER:
            gathering.end(extended)
        self._changed(gathering, now)
        if self._gathering is not None:
            self._stand_for(source, GatheringWay(way, gathering, self._changed))
            repairs = self._current.get(_REPAIRS)
            if repairs is not None:
                self.attached(repairs)

    def attached(self, stream: Stream) -> None:
        """Look at the picture's retransmissions, whose stream has its route."""
        gathering, way = self._gathering, stream.route
        if gathering is not None and way is not None and (stream.kind, stream.rtx) == _REPAIRS:
            self._stand_for(stream, RepairingWay(way, gathering, self._changed))

    def tick(self, now: float) -> None:
        """Give up a key frame that has taken too long; to be called by the clock."""
        if self._gathering is not None and now - self._begun_at > PATIENCE_S:
            self._tear()

    def close(self) -> None:
        """Look no more."""
        self._finish()

    def _stand_for(self, stream: Stream, way: GatheringWay) -> None:
        stream.route = way
        self._stood_for.append((stream, way))

    def _changed(self, gathering: Gathering, now: float) -> None:
        """Something has come of what is gathered."""
        if gathering is not self._gathering:
            return
        frame = gathering.frame
        if gathering.is_too_large:
            self._counts["too_large"] += 1
            self._finish()
        elif frame is not None:
            self._counts["kept"] += 1
            self.picture = Picture(self._begun_at, *self._size, frame, self._partner_id)
            self.is_in_want = False
            self._finish()
        elif now - self._begun_at > PATIENCE_S:
            self._tear()

    def _tear(self) -> None:
        """Keep nothing of what is gathered: something of it is missing."""
        if self._gathering is not None:
            self._counts["torn"] += 1
            self.is_in_want = self.picture is None
            self._finish()

    def _finish(self) -> None:
        self._gathering = None
        for stream, way in self._stood_for:
            if stream.route is way:  # else others have replaced it meanwhile
                stream.route = way.way
        self._stood_for.clear()
