"""Where each user's link is, and whom the user is paired with: decisions only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection


class Homes:
    """Workers are known by their index."""

    def __init__(self) -> None:
        self.worker_of: dict[str, int] = {}
        self.partner_of: dict[str, str] = {}
        self.link_of: dict[str, str] = {}
        """The id of the user's link."""
        self.joined_at: dict[str, int] = {}
        """The worker that was told of the user's partner."""

    def place(self, user_id: str, workers: Collection[int], near: str | None = None) -> int:
        """Where the user's link belongs.

        That is where it is, where its partner's is, where somebody is whom it is likely to meet, or
        where there are fewest.

        :param workers: those that take newcomers; never empty.
        :param near: the user whom it is likely to meet.
        """
        for other in (user_id, self.partner_of.get(user_id), near):
            worker = self.worker_of.get(other or "")
            if worker is not None and (worker in workers or other == user_id):
                return worker
        crowds = Counter(self.worker_of.values())
        return min(workers, key=lambda worker: (crowds[worker], worker))

    def pair(self, a: str, b: str) -> None:
        """The two, who have no partner, are paired."""
        self.partner_of[a], self.partner_of[b] = b, a

    def part(self, user_id: str) -> str | None:
        """The user's pair ends; returns who its partner was."""
        partner = self.partner_of.pop(user_id, None)
        if partner is not None:
            del self.partner_of[partner]
            self.joined_at.pop(user_id, None)
            self.joined_at.pop(partner, None)
        return partner

    def leave(self, user_id: str) -> None:
        """The user has no link any more."""
        self.worker_of.pop(user_id, None)
        self.link_of.pop(user_id, None)

    def forget(self, worker: int) -> None:
        """A worker is no more; its users have no link."""
        for user_id in self.of(worker):
            self.leave(user_id)
        for user_id in [user for user, told in self.joined_at.items() if told == worker]:
            del self.joined_at[user_id]

    def of(self, worker: int) -> list[str]:
        """The users whose links a worker has."""
        return [user_id for user_id, home in self.worker_of.items() if home == worker]
