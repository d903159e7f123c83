"""Who is to be looked at, in which order, and what their scores come to: decisions only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from relay.signaling import UserView

AT_ONCE = 0.98
"""A score that needs no second look: above what harmless pictures were found to get (0.96)."""
IN_A_ROW = 2
"""So many scores over the threshold, one after the other, are as good."""
SAME_S = 0.05
"""Pictures that came within so long are one: its age is told anew with each look."""


@dataclass(slots=True, eq=False)
class Seat:
    """A user in a room, and what was seen of it there. Times are of any clock, always the same."""

    user_id: str
    partner_id: str
    room_id: str
    looked_at: float = float("-inf")
    """When it was last its turn."""
    picture_at: float = float("-inf")
    """When the picture came that was judged last."""
    high: int = 0
    """How many of the last scores in a row were over the threshold."""
    is_busy: bool = False
    """A look at it is under way."""
    is_suspect: bool = False
    """Its partner was told; then there is nothing left to find out."""

    def is_news(self, came_at: float) -> bool:
        """Whether a picture that came at that time has not been judged yet."""
        return came_at > self.picture_at + SAME_S

    def judge(self, score: float, threshold: float) -> bool:
        """Take a score, from 0 to 1; whether the user is a suspect from now on."""
        self.high = self.high + 1 if score >= threshold else 0
        self.is_suspect = bool(self.high) and (score >= AT_ONCE or self.high >= IN_A_ROW)
        return self.is_suspect


class Seats:
    """All of those who have a partner."""

    def __init__(self) -> None:
        self._seats: dict[tuple[str, str], Seat] = {}

    def in_turn(self, users: Iterable[UserView]) -> list[Seat]:
        """Who is to be looked at now: newcomers first, then whoever has waited longest.

        Of two users of different nodes each node looks at the other one's.
        """
        former, self._seats = self._seats, {}
        for user in users:
            if user.room_id is not None and user.partner_id is not None:
                seen, sees = user.user_id, user.partner_id
                if user.partner_node:  # pictures are kept at the node where they are seen
                    seen, sees = sees, seen
                key = (user.room_id, seen)
                self._seats[key] = former.get(key) or Seat(seen, sees, user.room_id)
        due = (s for s in self._seats.values() if not (s.is_busy or s.is_suspect))
        return sorted(due, key=lambda seat: seat.looked_at)
