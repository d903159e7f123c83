"""What a store of the waiting queue and the rooms can do, whatever it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

MODES = ("video", "voice", "text")
"""In which ways two can talk, the richest one first."""


@dataclass(frozen=True, slots=True)
class Tryst:
    """What two have who are to meet each other, and nobody else."""

    name: str
    """A secret of the two, in letters, digits, - and _."""
    side: int
    """0 or 1: which of the two it is."""
    is_single: bool = False
    """Whether it serves once."""

    def fits(self, other: "Tryst | None") -> bool:
        """Whether somebody is the one to meet."""
        return other is not None and other.name == self.name and other.side != self.side


TRYSTS = 2 * len(MODES)
"""The pool of those who have a tryst, beside two for each mode (:func:`pool_of`)."""
USED_S = 3600.0
"""How long a store remembers that a tryst has served; none that serves once lasts longer."""
MAX_USED = 100_000
"""And of how many: the one that has served longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A user in the waiting queue, with all that matching needs to know.

    Times are seconds on one clock that all users of the store share.
    """

    user_id: str
    since_s: float
    interests: frozenset[str] = frozenset()
    recent: Mapping[str, float] = field(default_factory=dict)  # last partners: id -> parted at
    place: str = ""  # of the user's link; two in one place meet at less cost
    names: frozenset[str] = frozenset()  # by which others may avoid it
    avoids: frozenset[str] = frozenset()  # names of those whom it is never to meet
    apart_until_s: float = 0.0  # until then it meets only others who are apart as well
    node: str = ""  # that has the user's session; empty without a cluster
    mode: str = MODES[0]  # in which it talks: it is found by those who look for that
    also: str = ""  # another mode that suits it: it looks there, too, and is not found there
    languages: frozenset[str] = frozenset()  # that it speaks; none when it has said nothing
    tryst: Tryst | None = None  # then it meets only the other one of that

    @property
    def modes(self) -> frozenset[str]:
        """All in which it can talk."""
        return frozenset({self.mode, self.also} - {""})

    @property
    def pool(self) -> int:
        """Where it waits."""
        return TRYSTS if self.tryst else pool_of(self.mode, apart=self.is_apart)

    @property
    def pools(self) -> list[int]:
        """Where it looks for others: first where it waits."""
        if self.tryst:
            return [TRYSTS]
        modes = (self.mode, *sorted(self.modes - {self.mode}))
        return [pool_of(mode, apart=self.is_apart) for mode in modes]

    @property
    def is_apart(self) -> bool:
        """Whether it has entered apart; the store keeps such users by themselves."""
        return self.apart_until_s > 0


def pool_of(mode: str, *, apart: bool) -> int:
    """Where strangers wait: nobody is kept in two pools."""
    return 2 * MODES.index(mode) + int(apart)


@dataclass(frozen=True, slots=True)
class Room:
    """Two users who talk; ``second`` entered the queue after ``first``."""

    room_id: str
    first: str
    second: str
    since_s: float
    nodes: tuple[str, str] = ("", "")
    """Of the two, in this order; empty without a cluster."""
    mode: str = MODES[0]
    """In which they begin to talk."""

    def node_of(self, user_id: str) -> str:
        """Which node has one of the two."""
        return self.nodes[0] if user_id == self.first else self.nodes[1]


class Entered(StrEnum):
    """What came of entering the queue."""

    WAITING = "waiting"
    IN_ROOM = "in_room"  # nothing changed: the user has a partner
    FULL = "full"  # nothing changed: the queue is full
    USED = "used"  # it waits no more: its tryst serves once, and has


@dataclass(frozen=True, slots=True)
class Looked:
    """Who waits, as somebody sees it who has just entered the queue, or has not."""

    entered: Entered
    seeker: Waiter
    """Its own entry; what it has said of itself if it does not wait."""
    oldest: list[Waiter] = field(default_factory=list)
    alike: list[Waiter] = field(default_factory=list)
    """What :meth:`Store.waiting` and :meth:`Store.alike` find for it, in all its modes; perhaps
    without those who are among the former, and without itself. Who has a tryst sees those who have
    the same, as alike."""


class Store(Protocol):
    """The queue and the rooms; a user is in at most one of them, once.

    Every method is atomic and takes constant time, or time in proportion to ``limit``.
    """

    async def enter(self, waiter: Waiter) -> Entered:
        """Put a user where its ``since_s`` says, mostly at the queue's end.

        One who waits already keeps place and ``since_s``. Who has left the queue and comes back
        with the former one gets its place again, in time in proportion to those who came later.
        """

    async def leave_queue(self, user_id: str) -> None:
        """Take a user out of the queue; harmless when it does not wait."""

    async def waiting(
        self, limit: int, *, apart: bool = False, mode: str = MODES[0]
    ) -> list[Waiter]:
        """The ``limit`` users who have waited longest, oldest first.

        :param apart: of those who have entered apart; else of the others.
        :param mode: of those who talk like that.
        """

    async def alike(self, like: Waiter, limit: int) -> list[Waiter]:
        """Up to ``limit`` users who wait and are like this one, oldest first.

        That is: in the same mode, apart or not, with one of its interests and one of its languages;
        where it has none of either, those who have none either. Or with the same tryst, if it has
        one. If more than ``limit`` have the same one, some who changed theirs while they waited, or
        have come back, may be left out.
        """

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        """Enter, and see who else waits whom the user might meet: so many of either kind."""

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        """Make the first of these rooms that can be made, in one step, and no other.

        One can be when both its users wait, and are two: they go from the queue into the room. If
        either has a tryst, both have it, and it has not served if it serves once.

        :returns: the one; None when there is none, and then nothing changed.
        """

    async def leave_room(self, user_id: str) -> Room | None:
        """End the user's room, for both users; of two who leave, only the first gets the room."""

    async def leave(self, user_id: str) -> Room | None:
        """Both: the queue first, so that who is to leave does not get into a room meanwhile."""

    async def room_of(self, user_id: str) -> Room | None:
        """The user's room."""
