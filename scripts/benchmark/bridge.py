"""The measurement ``bridge``: what a packet costs when its partner's link is on another plane.

Two planes in this process, without an event loop between them: batches of 60 packets wait in the
socket of the first, and what both do is timed. In turns its users are paired with each other, and
with those of the second.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rich.table import Table

from relay.media.plane import TICK_S, RelayPlane
from scripts.benchmark.bench import Bench
from scripts.benchmark.supply import BURST, PEERS, Supply, connected
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.users import AES_GCM, Peer, offer_only

PATIENCE = 1000
MOST = 1.6


class Length(NamedTuple):
    """Of a measurement: the median of so many turns is taken, each of so many batches."""

    turns: int = 9
    rounds: int = 200


FULL, QUICK = Length(), Length(1, 20)

End = tuple[int, str]
"""What a plane is to another one: its index, and its node, empty on this machine."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """CPU time of a packet, in microseconds: the median of the turns."""

    direct_us: float
    bridged_us: float
    ratio: float
    direct_p99_ms: float = 0.0
    """CPU time of a burst of one user's that comes alone: what the way adds, whoever waits for a
    core."""
    bridged_p99_ms: float = 0.0
    direct_clock_p99_ms: float = 0.0
    """The same by the clock, in which there is whatever else wanted the core."""
    bridged_clock_p99_ms: float = 0.0


class _Batch(NamedTuple):
    cpu_s: float
    clock_s: float
    came: int
    """Packets that came out."""


async def measure(bench: Bench, found: list[Crossing]) -> None:
    """Direct and bridged, in turns."""
    offer_only([AES_GCM])
    bench.say(f"bridge: {2 * PEERS * BURST * FULL.turns * FULL.rounds:,} packets")
    now = [0.0]
    planes = [RelayPlane("127.0.0.1", 0, clock=lambda: now[0]) for _ in range(2)]
    peers: list[list[Peer]] = []
    with tempfile.TemporaryDirectory() as name:
        try:
            for plane in planes:
                await plane.start()
                peers.append(await connected(plane))
            for index, plane in enumerate(planes):
                plane.open_bridges(Path(name), index, [1 - index])
            await asyncio.sleep(4 * TICK_S)  # in which each end finds the other
            found.append(compare(planes, peers, now, ((0, ""), (1, ""))))
        finally:
            for peer in (peer for some in peers for peer in some):
                await peer.close()
            for plane in planes:
                await plane.close()


def compare(
    planes: list[RelayPlane],
    peers: list[list[Peer]],
    now: list[float],
    ends: tuple[End, End],
    length: Length = FULL,
) -> Crossing:
    """Two planes in turns: users of the first among themselves, and with those of the second.

    :param now: what both planes' clocks show.
    :param ends: what each plane is to the other one.
    """
    supplies = []
    for plane, some in zip(planes, peers, strict=True):
        supply = Supply()
        supply.come_from(some, plane)
        supplies.append(supply)
    first, second = planes
    work, far_work = _work(first), _work(second)

    def crossed() -> None:
        work()
        far_work()

    spent: dict[str, list[float]] = {"direct": [], "bridged": []}
    bursts: dict[str, list[_Batch]] = {"direct": [], "bridged": []}
    gc.disable()
    try:
        for _ in range(length.turns):
            for number in range(0, PEERS, 2):
                first.pair(str(number), str(number + 1))
            spent["direct"].append(_timed(work, supplies, now, length.rounds, bursts["direct"]))
            _pair_across(planes, ends)
            spent["bridged"].append(
                _timed(crossed, supplies, now, length.rounds, bursts["bridged"])
            )
    finally:
        gc.enable()
    direct, bridged = (median(spent[name]) for name in ("direct", "bridged"))
    ratio = median(b / d for d, b in zip(spent["direct"], spent["bridged"], strict=True))
    cpu_ms = (_p99_ms([each.cpu_s for each in some]) for some in bursts.values())
    clock_ms = (_p99_ms([each.clock_s for each in some]) for some in bursts.values())
    return Crossing(direct, bridged, ratio, *cpu_ms, *clock_ms)


def _pair_across(planes: list[RelayPlane], ends: tuple[End, End]) -> None:
    for number in range(PEERS):
        cards = [plane.card(str(number)) for plane in planes]
        for index, plane in enumerate(planes):
            card = cards[1 - index]
            if card is None:
                raise RuntimeError("a user has no link")
            plane.pair_far(str(number), card, number + 1, *ends[1 - index])


def _work(plane: RelayPlane) -> Callable[[], None]:
    """What reads the plane's sockets."""
    return plane._read_all  # noqa: SLF001


def _p99_ms(took_s: list[float]) -> float:
    return 1e3 * sorted(took_s)[len(took_s) * 99 // 100]


def _timed(
    work: Callable[[], None],
    supplies: list[Supply],
    now: list[float],
    many: int,
    bursts: list[_Batch],
) -> float:
    """Microseconds for a packet, once packets are no longer held back for a key frame.

    :param many: batches; and ``bursts`` gets as many single bursts.
    """
    for _ in range(PATIENCE):
        if _once(work, supplies, now).came == PEERS * BURST:
            break
    rounds = [_once(work, supplies, now) for _ in range(many)]
    bursts += [_once(work, supplies, now, peers=1) for _ in range(many)]
    came = sum(each.came for each in rounds)
    if came < 0.99 * PEERS * BURST * many:
        raise RuntimeError(f"{came} of {PEERS * BURST * many} packets came out")
    return 1e6 * sum(each.cpu_s for each in rounds) / came


def _once(
    work: Callable[[], None], supplies: list[Supply], now: list[float], peers: int = PEERS
) -> _Batch:
    """One batch: how long it took, and how many packets came out."""
    supplies[0].burst(peers)
    now[0] = supplies[0].now
    began_s, cpu_began_s = time.perf_counter(), time.thread_time()
    work()
    cpu_s, clock_s = time.thread_time() - cpu_began_s, time.perf_counter() - began_s
    return _Batch(cpu_s, clock_s, sum(supply.drain() for supply in supplies))


def as_dict(found: list[Crossing]) -> dict[str, Any]:
    """For JSON."""
    return {"bridge": [asdict(each) for each in found]}


def tables(found: list[Crossing]) -> list[Table]:
    """For people."""
    drawn = table("A packet to a partner on another plane (full batches)", "", "us", "ratio")
    for each in found:
        drawn.add_row("within one plane", f"{each.direct_us:.2f}", "")
        drawn.add_row("over a bridge, both planes", f"{each.bridged_us:.2f}", f"{each.ratio:.2f}")
    return [drawn]


def targets(found: list[Crossing]) -> list[Target]:
    """What crossing may cost."""
    ratio = found[0].ratio if found else None
    return [judge("a packet over a bridge, to a direct one", ratio, MOST, "")]
