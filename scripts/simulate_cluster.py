#!/usr/bin/env python3
"""What many nodes would ask of one Redis, and how their users would meet: a simulation.

Users come to nodes at random, search, talk for a while, and search again; the relay's own
matchmaker brings them together over a store in memory, on a simulated clock. Nothing is measured:
all is counted. Assumptions: talks last 30 s in the mean (exponentially distributed: most press
Next soon), a third of the users has no interests and the others have up to three of 200; each node
has two workers; who waits searches again every second, 64 on a node; a command takes no time. Times
to match are rounded up to 50 ms. usage:

    .venv/bin/python scripts/simulate_cluster.py [--nodes 50] [--users 500000] [--talk-s 30]
        [--seconds 20] [--scale 25]

``--scale 25`` simulates a 25th of the users on as many nodes, and says what the whole would ask of
Redis; the share of calls between nodes is the same, and people wait longer than they would.
"""

import argparse
import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from random import Random

from relay.matching import Matchmaker
from relay.store import MemoryStore, Room, Waiter

WORKERS = 2
INTERESTS = 200
AGAIN_S = 1.0
AGAIN_AT_ONCE = 64


@dataclass
class Simulation:
    """Users by number; ``ends`` is when somebody's talk is over, or somebody comes."""

    nodes: int
    users: int
    talk_s: float
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - the same each time
    counts: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)
    longest_queue: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.users)
        rooms = itertools.count()
        self.matchmaker = Matchmaker(
            self.store,
            rematch_after_s=5.0,
            interest_wait_s=5.0,
            new_room_id=lambda: f"{next(rooms)}",
        )
        self.people = [self._person(number) for number in range(self.users)]
        self.searching: dict[int, Waiter] = {}
        self.ends: list[tuple[float, int, int | None]] = []
        for number in range(self.users):
            heappush(self.ends, (self.random.expovariate(1 / self.talk_s), number, None))

    def _person(self, number: int) -> Waiter:
        random = self.random
        many = random.choice([0, 1, 2, 3, 3, 0])
        likes = frozenset(f"{int(random.paretovariate(0.7)) % INTERESTS}" for _ in range(many))
        place = f"{random.randrange(WORKERS)}"
        return Waiter(f"{number}", 0.0, likes, place=place, node=f"{number % self.nodes}")

    async def run(self, seconds: float) -> None:
        """Let time go by, until then; what happens in its first half is not counted."""
        now = 0.0
        while now < seconds:
            now += 0.05
            while self.ends and self.ends[0][0] <= now:
                at_s, number, other = heappop(self.ends)
                await self._part(number, other)
                for each in (number, other):
                    if each is not None:
                        self.searching[each] = replace(self.people[each], since_s=at_s)
                        await self._search(each, now)
            if int(now / AGAIN_S) != int((now - 0.05) / AGAIN_S):
                await self._search_again(now)
            self.longest_queue = max(self.longest_queue, len(self.searching))
            if now - 0.05 < seconds / 2 <= now:
                self.counts.clear()
                self.waits_s.clear()

    async def _part(self, number: int, other: int | None) -> None:
        if other is not None:
            self.counts["leave"] += 2
            await self.matchmaker.leave(f"{number}")

    async def _search_again(self, now: float) -> None:
        by_node: Counter[str] = Counter()
        for number in [*self.searching]:
            node = self.people[number].node
            if number in self.searching and by_node[node] < AGAIN_AT_ONCE:
                by_node[node] += 1
                self.counts["again"] += 1
                await self._search(number, now)

    async def _search(self, number: int, now: float) -> None:
        waiter = self.searching.get(number)
        if waiter is None:
            return
        self.counts["look"] += 1
        room = await self.matchmaker.search(waiter, now, wanted=lambda: True)
        if room is not None:
            self._meet(room, now)

    def _meet(self, room: Room, now: float) -> None:
        self.counts["claim"] += 1
        first, second = int(room.first), int(room.second)
        pair = self.people[first], self.people[second]
        for number in (first, second):
            self.waits_s.append(max(now - self.searching.pop(number).since_s, 0.0))
        self.counts[_where(pair)] += 1
        self.counts["shared"] += bool(pair[0].interests & pair[1].interests)
        ends_s = now + self.random.expovariate(1 / self.talk_s)
        heappush(self.ends, (ends_s, first, second))


def _where(pair: Iterable[Waiter]) -> str:
    first, second = pair
    if first.node != second.node:
        return "two nodes"
    return "one worker" if first.place == second.place else "one node"


async def main() -> None:
    """Simulate, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--users", type=int, default=500_000)
    parser.add_argument("--talk-s", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--scale", type=int, default=25)
    given = parser.parse_args()
    simulation = Simulation(given.nodes, given.users // given.scale, given.talk_s)
    await simulation.run(given.seconds)
    counts, per_s = simulation.counts, given.scale / (given.seconds / 2)
    matches = counts["claim"]
    waits = sorted(simulation.waits_s)
    print(f"{given.users:,} users on {given.nodes} nodes, a {given.scale}th of them simulated")
    print(f"matches: {matches * per_s:,.0f} a second")
    for name in ("look", "again", "claim", "leave"):
        print(
            f"  {name}: {counts[name] * per_s:,.0f} a second, {counts[name] / matches:.2f} a match"
        )
    for where in ("one worker", "one node", "two nodes"):
        print(f"  calls within {where}: {counts[where] / matches:.0%}")
    print(f"  calls with an interest in common: {counts['shared'] / matches:.0%}")
    middle, late = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    print(f"time to match: p50 {middle:.2f} s, p99 {late:.2f} s, longest {waits[-1]:.1f} s")
    print(f"at most {simulation.longest_queue} waited at once")


if __name__ == "__main__":
    asyncio.run(main())
