"""A route whose packets are shown to somebody, without a cost while nobody looks.

A tapped stream's route has a :class:`TappedRoute` stand in for it until the last tap has gone.
"""

from __future__ import annotations

from relay.media.negotiation.sdp import MediaTerms
from relay.media.packets.red import without
from relay.media.packets.rtp import NUMBER
from relay.media.stand_in import StandIn
from relay.media.stream import Way
from relay.media.verdict import GOES_ON, Verdict
from relay.plane import Direction, Tap, TappedPacket

Taps = tuple[Tap, ...]

_UNREADABLE = (Verdict.MALFORMED, Verdict.UNKNOWN_PAYLOAD_TYPE)


class TappedRoute(StandIn):
    """A route whose packets are shown: as they came, and as they go out."""

    __slots__ = ("_down", "_is_repair", "_kind", "_terms", "_up")

    def __init__(
        self, route: Way, up: Taps, down: Taps, terms: tuple[MediaTerms, MediaTerms | None]
    ) -> None:
        """Show what passes; of RED (RFC 2198) the Opus that is in it.

        :param up: taps on what the sender sends; ``down`` on what the receiver gets.
        :param terms: the sender's and the receiver's, which may not be known here.
        """
        super().__init__(route)
        self._up, self._down, self._terms = up, down, terms
        self._kind, self._is_repair = route.outlet.kind, route.outlet.rtx

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """See :meth:`Route.rewrite`."""
        came = bytes(view[at:end]) if self._up else b""
        verdict = self.way.rewrite(view, at, end, header, extended, now)
        if self._up and verdict not in _UNREADABLE:
            self._show(self._up, Direction.UP, came, now)
        if self._down and verdict in GOES_ON:
            self._show(self._down, Direction.DOWN, bytes(view[at:end]), now)
        elif self._down and verdict is Verdict.RESTORED:
            data = bytes(view[at : end - NUMBER.size])
            self._show(self._down, Direction.DOWN, data, now, is_repair=False)
        elif self._down and verdict is Verdict.UNWRAPPED:
            unwrapped = self.way.unwrapped
            for data in (*unwrapped.fills, bytes(view[at : end - unwrapped.cut])):
                self._show(self._down, Direction.DOWN, data, now)
        return verdict

    def _show(
        self,
        taps: Taps,
        direction: Direction,
        data: bytes,
        now: float,
        *,
        is_repair: bool | None = None,
    ) -> None:
        repair = self._is_repair if is_repair is None else is_repair
        terms = self._terms[direction is Direction.DOWN]
        if terms is not None and terms.red_payload_type is not None:
            data = without(data, terms.red_payload_type, terms.payload_type)
        packet = TappedPacket(direction, self._kind, repair, now, data)
        for tap in taps:
            tap.take(packet)
