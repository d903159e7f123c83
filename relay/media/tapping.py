"""Taps on users: who looks at whom, through every link that the user has."""

from __future__ import annotations

from collections.abc import Collection

from relay.media.link import Link
from relay.media.tapped import Taps
from relay.plane import Direction, Tap


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

    def parted(self, user_ids: Collection[str]) -> None:
        """Tell the taps that users have no partner any more."""
        for tap in self._on(user_ids):
            tap.parted()

    def link_closed(self, user_id: str) -> None:
        """Tell the taps that a user's link is gone."""
        for tap in self._on([user_id]):
            tap.link_closed()

    def _on(self, user_ids: Collection[str]) -> Taps:
        return tuple(
            tap
            for user_id in user_ids
            for direction in Direction
            for tap in self._taps.get((user_id, direction), ())
        )
