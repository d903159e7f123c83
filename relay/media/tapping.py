"""Taps on links: how packets are shown to somebody, without a cost while nobody looks.

A tapped stream's route is replaced by a :class:`TappedRoute`, and by the route itself again when
the last tap has gone; so the packets of other streams meet no branch and no call more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from relay.media.route import Route, Verdict
from relay.media.rtp import NUMBER
from relay.plane import Direction, Tap, TappedPacket

if TYPE_CHECKING:
    from relay.media.link import Link

Taps = tuple[Tap, ...]

_UNREADABLE = (Verdict.MALFORMED, Verdict.UNKNOWN_PAYLOAD_TYPE)


class TappedRoute:
    """A route whose packets are shown: as they came, and as they go out.

    In all else it is the route that it stands for.
    """

    __slots__ = ("_down", "_is_repair", "_kind", "_route", "_up")

    def __init__(self, route: Route, up: Taps, down: Taps) -> None:
        """:param up: taps on what the sender sends; ``down`` on what the receiver gets."""
        self._route = route
        self._up, self._down = up, down
        self._kind, self._is_repair = route.outlet.kind, route.outlet.rtx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._route, name)

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
        verdict = self._route.rewrite(view, at, end, header, extended, now)
        if self._up and verdict not in _UNREADABLE:
            self._show(self._up, Direction.UP, came, now)
        if self._down and verdict is Verdict.FORWARD:
            self._show(self._down, Direction.DOWN, bytes(view[at:end]), now)
        elif self._down and verdict is Verdict.RESTORED:
            data = bytes(view[at : end - NUMBER.size])
            self._show(self._down, Direction.DOWN, data, now, is_repair=False)
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
        packet = TappedPacket(direction, self._kind, repair, now, data)
        for tap in taps:
            tap.take(packet)


class Tapping:
    """Who has tapped whom."""

    def __init__(self) -> None:
        self._taps: dict[tuple[str, Direction], Taps] = {}

    def add(self, user_id: str, direction: Direction, tap: Tap) -> None:
        """Begin; :meth:`equip` makes the user's link follow."""
        key = user_id, direction
        self._taps[key] = (*self._taps.get(key, ()), tap)

    def remove(self, user_id: str, direction: Direction, tap: Tap) -> None:
        """End; :meth:`equip` makes the user's link follow."""
        key = user_id, direction
        left = tuple(other for other in self._taps.pop(key, ()) if other is not tap)
        if left:
            self._taps[key] = left

    def equip(self, link: Link) -> None:
        """Make a link, a new one or one in use, show what is to be shown."""
        uplink, downlink = link.uplink, link.downlink
        uplink.taps = self._taps.get((link.user_id, Direction.UP), ())
        downlink.taps = self._taps.get((link.user_id, Direction.DOWN), ())
        for flow in link.flows:
            flow.show()

    def parted(self, *user_ids: str) -> None:
        """Tell the taps that users have no partner any more."""
        for tap in self._on(user_ids):
            tap.parted()

    def link_closed(self, user_id: str) -> None:
        """Tell the taps that a user's link is gone."""
        for tap in self._on([user_id]):
            tap.link_closed()

    def _on(self, user_ids: Sequence[str]) -> Taps:
        return tuple(
            tap
            for user_id in user_ids
            for direction in Direction
            for tap in self._taps.get((user_id, direction), ())
        )
