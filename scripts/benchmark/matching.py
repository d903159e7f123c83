"""The measurement ``matching``: how fast users find each other."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from relay.matching import Matchmaker
from relay.protocol.messages import FindPartner, NextPartner, PartnerFound, PartnerLeft
from relay.store import MemoryStore, Waiter
from scripts.benchmark import servers, users
from scripts.benchmark.bench import Bench
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, at_most
from scripts.benchmark.times import Times

WAITING = 10_000
SEARCHES = 5_000
PAIRS, ROUNDS = 50, 10
INTERESTS = ("music", "films", "games", "travel", "cooking", "football", "books", "code")


@dataclass(frozen=True, slots=True)
class Matching:
    """Users paired a second, and the time from a search to its match."""

    how: str
    waiting: int
    users_per_s: float
    latency: Times


async def measure(bench: Bench, found: list[Matching]) -> None:
    """In this process with a long queue, and through WebSockets with a short one."""
    bench.say(f"matching with {WAITING:,} waiting")
    found.append(await _in_process())
    bench.say(f"matching {2 * PAIRS} users through WebSockets")
    found.append(await _through_sockets())


async def _in_process() -> Matching:
    """The matchmaker over the store in memory, without signalling or sockets."""
    store = MemoryStore(max_waiting=WAITING + 1)
    ids, rooms = itertools.count(), itertools.count()
    matchmaker = Matchmaker(store, rematch_after_s=5.0, new_room_id=lambda: f"room{next(rooms)}")

    def arrival() -> Waiter:
        number = next(ids)
        shared = frozenset(INTERESTS[(number + k) % len(INTERESTS)] for k in range(number % 4))
        return Waiter(f"user{number}", float(number), shared)

    for _ in range(WAITING):
        await store.enter(arrival())
    took = []
    for _ in range(SEARCHES):
        waiter = arrival()
        began_s = time.perf_counter()
        room = await matchmaker.search(waiter, waiter.since_s, wanted=lambda: True)
        took.append(time.perf_counter() - began_s)
        if room is None:
            raise RuntimeError("nobody was matched though many wait")
        await matchmaker.leave(waiter.user_id)
        await store.enter(arrival())
    latency = Times.of("search to match", took)
    return Matching("in this process", WAITING, 2 * SEARCHES / sum(took), latency)


async def _through_sockets() -> Matching:
    """Pairs with open links who part all at once and meet others, again and again."""
    async with servers.relay(**{"rematch-after-s": "0"}) as server:
        crowd = await users.join_relay(server, PAIRS)
        try:
            rounds = [await _round(crowd) for _ in range(ROUNDS)]
        finally:
            await users.leave(crowd)
    latency = Times.of("search to match", [s for took, _ in rounds for s in took])
    users_per_s = len(crowd) * ROUNDS / sum(duration_s for _, duration_s in rounds)
    return Matching("through WebSockets", 2 * PAIRS, users_per_s, latency)


async def _round(crowd: list[users.User]) -> tuple[list[float], float]:
    """One of each pair presses Next, the other searches when told; returns the latencies."""
    movers = [user for index, user in enumerate(crowd) if crowd.index(user.partner) > index]
    by_room: dict[str, users.User] = {}
    took: list[float] = []

    async def search(user: users.User) -> None:
        is_mover = user in moving
        if not is_mover:
            await user.client.expect(PartnerLeft)
        began_s = time.perf_counter()
        await user.client.send(NextPartner() if is_mover else FindPartner())
        found = await user.client.expect(PartnerFound)
        if found.is_initiator:  # the other has waited for somebody to come
            took.append(time.perf_counter() - began_s)
        if found.room_id in by_room:
            user.partner = by_room[found.room_id]
            user.partner.partner = user
        by_room[found.room_id] = user

    moving = set(movers)
    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for user in crowd:
            group.create_task(search(user))
    return took, time.perf_counter() - began_s


def as_dict(found: list[Matching]) -> dict[str, Any]:
    """For JSON."""
    return {"matching": [asdict(each) for each in found]}


def tables(found: list[Matching]) -> list[Table]:
    """For people."""
    drawn = table(
        "Matching (search to match)",
        "how", "waiting", "users paired/s", "count", "p50 ms", "p99 ms", "max ms",
    )  # fmt: skip
    for each in found:
        drawn.add_row(
            each.how,
            f"{each.waiting:,}",
            f"{each.users_per_s:,.0f}",
            *each.latency.cells,
        )
    return [drawn]


def targets(found: list[Matching]) -> list[Target]:
    """With a long queue."""
    many = next((each.latency for each in found if each.waiting == WAITING), None)
    return [at_most(f"matching with {WAITING:,} waiting (p99)", many, "p99_ms", 5)]
