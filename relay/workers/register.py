"""Who is there, who is missing, and what all of them have counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from relay.plane import PlaneStats, WorkerLoad, WorkerView
from relay.plane.sight import summed
from relay.workers.colleague import Colleague

REPLACED_S = 10.0
"""How long a worker may take to be replaced; until then descriptions wait, and it is not missed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A worker's, or one whose worker has died."""

    member: Colleague | None
    udp_port: int
    since_s: float


class Register:
    """Of one server's workers.

    :param count: how many there should be.
    :param clock: seconds, monotonic.
    """

    def __init__(self, count: int, clock: Callable[[], float]) -> None:
        self._count, self._clock = count, clock
        self._places: dict[int, _Place] = {}
        self._former = PlaneStats()
        """What workers had counted that are no more."""

    def joined(self, member: Colleague) -> None:
        """A worker is there."""
        self._places[member.index] = _Place(member, member.udp_port, self._clock())

    def lost(self, member: Colleague, links: int) -> None:
        """It is there no more, with so many links, and another one is to come."""
        self._places[member.index] = _Place(None, member.udp_port, self._clock())
        losses = Counter(member.stats.link_losses) + Counter(restarted=links)
        # Whether it listens is of no account any more
        counted = replace(member.stats, listening=True, link_losses=dict(losses))
        self._former = summed([self._former, counted], listening=True, links=0)

    def stats(self) -> PlaneStats:
        """The counters of all that have ever been there.

        Whoever is replaced in time is not missed, so that a load balancer does not see this server
        come and go.
        """
        missed_s = self._clock() - REPLACED_S
        missing = [each for each in self._places.values() if each.member is None]
        listening = all(each.since_s > missed_s for each in missing)
        present = [each.member.stats for each in self._places.values() if each.member is not None]
        return summed(
            [*present, self._former], listening=listening and len(self._places) == self._count
        )

    def views(self, restarts: Sequence[int]) -> list[WorkerView]:
        """What there is to see of each.

        :param restarts: how often each has died.
        """
        now = self._clock()
        return [
            _view(index, place, now - place.since_s, restarts[index])
            for index, place in sorted(self._places.items())
        ]


def _view(index: int, place: _Place, age_s: float, restarts: int) -> WorkerView:
    member = place.member
    if member is None:
        nothing = WorkerLoad(), PlaneStats()
        return WorkerView(index, None, place.udp_port, age_s, False, restarts, *nothing)
    return WorkerView(
        index,
        member.process_id,
        member.udp_port,
        age_s,
        member.answers,
        restarts,
        member.load,
        member.stats,
    )
