"""The measurement ``workers``: what several media processes take, and how often they need a bridge.

An idle worker's memory; how long a new front takes to adopt one with many links; and, simulated
with the matchmaker and the placing of the real thing, the share of pairs whose two are apart.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from relay.matching import Matchmaker
from relay.media.paths.candidates import Public
from relay.store import MemoryStore, Room, Waiter
from relay.workers import Crew, Directory, Orders, WorkersPlane
from relay.workers.homes import Homes
from scripts.benchmark.bench import Bench
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.users import AES_GCM, Peer, offer_only

LINKS = 100
CROWDS = ((2, 40), (2, 4000), (8, 40), (8, 4000))
"""Workers, and users who press Next."""
NEXT_PER_USER = 10
STAY_S = 30.0
"""How long they stay on average."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of them."""

    name: str
    value: float
    unit: str
    most: float | None = None


async def measure(bench: Bench, found: list[Figure]) -> None:
    """Memory and adoption with real processes, and the simulation."""
    offer_only([AES_GCM])
    bench.say(f"workers: adopting one with {LINKS} links")
    await _adopt(found)
    for count, crowd in CROWDS:
        bench.say(f"workers: {crowd} users press Next over {count} workers (simulated)")
        share = await bridged_share(count, crowd)
        name = f"pairs over the bridge, {count} workers, {crowd} users"
        found.append(Figure(name, 100 * share, " %"))


async def _adopt(found: list[Figure]) -> None:
    with tempfile.TemporaryDirectory(prefix="relay-") as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        orders = [Orders(0, "127.0.0.1", port, Public(), name, log_level="error")]
        former_crew = Crew(orders, Directory(Path(name)))
        former = WorkersPlane(former_crew)
        await former.start()
        (worker,) = former.workers()
        found.append(
            Figure("memory of an idle worker (PSS)", _pss_mb(worker.process_id), " MB", 60)
        )
        peers = [await _join(former, f"user {number}") for number in range(LINKS)]
        await _vanish(former, former_crew)
        began_s = time.perf_counter()
        plane = WorkersPlane(Crew(orders, Directory(Path(name))))
        await plane.start()
        links = (await plane.look()).links
        took_s = time.perf_counter() - began_s
        if len(links) != LINKS:
            raise RuntimeError(f"{len(links)} of {LINKS} links were adopted")
        found.append(Figure(f"adopting {LINKS} links", 1000 * took_s, " ms", 1000))
        for peer in peers:
            await peer.close()
        await plane.close()
        await former.close()


async def _vanish(plane: WorkersPlane, crew: Crew) -> None:
    """Be gone as a front that was killed is: without a word, and without a successor."""
    crew._is_closing = True  # noqa: SLF001
    for member in list(plane._members.values()):  # noqa: SLF001
        await member.ended(0)


async def _join(plane: WorkersPlane, user_id: str) -> Peer:
    peer = Peer()
    described = await plane.answer(user_id, peer.offer(), is_local=True)
    peer.take_answer(described.sdp)
    await peer.connect()
    return peer


def _pss_mb(process_id: int | None) -> float:
    said = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    found = re.search(r"(?m)^Pss:\s*(\d+) kB", said)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


async def bridged_share(count: int, crowd: int, seed: int = 1) -> float:
    """The share of meetings whose two are on different workers, 0 to 1.

    Users come one after another, and each presses Next after a random while.
    """
    dice = random.Random(seed)  # noqa: S311 - nobody is to be surprised
    homes, store = Homes(), MemoryStore(crowd)
    numbers = iter(range(10**9))
    matchmaker = Matchmaker(store, rematch_after_s=5.0, new_room_id=lambda: str(next(numbers)))
    rooms: dict[str, Room] = {}
    last: dict[str, dict[str, float]] = {}  # partners, and when they parted
    meetings = apart = 0
    now = 0.0

    async def search(user_id: str) -> None:
        nonlocal meetings, apart
        place = str(homes.worker_of[user_id])
        waiter = Waiter(user_id, now, recent=last.get(user_id, {}), place=place)
        room = await matchmaker.search(waiter, now, wanted=lambda: True)
        if room is None:
            return
        rooms[room.first] = rooms[room.second] = room
        meetings += 1
        apart += homes.worker_of[room.first] != homes.worker_of[room.second]

    async def leave(user_id: str) -> None:
        room = rooms.pop(user_id, None)
        await matchmaker.leave(user_id)
        if room is not None:
            partner = room.first if room.second == user_id else room.second
            rooms.pop(partner)
            last[user_id], last[partner] = {partner: now}, {user_id: now}
            await search(partner)

    for number in range(crowd):
        user_id, now = str(number), now + STAY_S / crowd
        near = await matchmaker.foresee(Waiter(user_id, now), now)
        homes.worker_of[user_id] = homes.place(user_id, range(count), near)
        await search(user_id)
    for _ in range(NEXT_PER_USER * crowd):
        user_id, now = str(dice.randrange(crowd)), now + STAY_S / crowd
        await leave(user_id)
        await search(user_id)
        await asyncio.sleep(0)
    return apart / meetings


def as_dict(found: list[Figure]) -> dict[str, Any]:
    """For JSON."""
    return {"workers": [asdict(each) for each in found]}


def tables(found: list[Figure]) -> list[Table]:
    """For people."""
    drawn = table("Media processes", "", "")
    for each in found:
        drawn.add_row(each.name, f"{each.value:.3g}{each.unit}")
    return [drawn]


def targets(found: list[Figure]) -> list[Target]:
    """What they may take."""
    return [
        judge(each.name, each.value, each.most, each.unit)
        for each in found
        if each.most is not None
    ]
