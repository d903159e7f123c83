"""The sections ``batches`` and ``calls``: what forwarding costs, server beside server.

All servers run at the same time and take turns, run by run, under the same load, so that what
changes on the machine meanwhile changes for all of them. While one is loaded the others idle.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from statistics import median

import load
import numpy as np
import servers
import traffic
import users
from load import Outcome
from servers import FLOOR, STOCK

MAX_LOSS = 0.001
MAX_P99_S = 0.010
"""A server holds a load when it loses at most one packet in 1,000 and delays 99 % by at most 10 ms,
which is half an audio packet's interval."""

ALMOST_ALL = 90.0
"""A server that does not hold a load, while the load was in doubt and the server had this much of
its core (in percent) not in use, is given the next one all the same."""
MAX_REPEATS = 1
"""Of a row's runs that are in doubt, so many are done again."""

CLIP_S = 5.0
RTCP_PAIRS = 20

Serve = Callable[[], AbstractAsyncContextManager[servers.Server]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of several runs of one load on one server."""

    server: str
    load: str
    srtp: str  # the profile that was negotiated
    pairs: int
    packets_per_s: float
    forwarded: int  # in all runs
    loss_percent: float | None  # of all runs together; None where packets are encoded anew
    cpu_percent: float
    cpu_us_per_packet: float
    spread_percent: float  # of the CPU: the dearest run over the cheapest, less 1
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    latency_max_ms: float | None
    packets_per_sleep: float  # forwarded for each time that the server went to sleep
    load_busy_percent: float
    load_late_p99_ms: float
    doubt: str  # why, and in how many runs, load or machine may have spoiled the row

    @property
    def holds(self) -> bool:
        """Whether the server holds the load."""
        if self.loss_percent is None or self.latency_p99_ms is None:
            return True
        return self.loss_percent <= 100 * MAX_LOSS and self.latency_p99_ms <= 1e3 * MAX_P99_S


@dataclass(slots=True)
class Forwarding:
    """What these sections found out; ``missing`` says why a server is not among the rows."""

    rows: list[Row] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Contender:
    """A running server and the users on it."""

    server: servers.Server
    join: users.Join
    opens: bool = True
    holds: bool = True
    crowd: list[users.User] = field(default_factory=list)

    @property
    def hung_up(self) -> bool:
        """Whether the server has hung up on a user."""
        return not all(user.is_there for user in self.crowd)

    async def grow(self, pairs: int) -> None:
        """Have so many pairs on the server."""
        more = pairs - len(self.crowd) // 2
        if more > 0:
            self.crowd += await self.join(self.server, more)
            if self.opens:
                await load.open_streams(self.crowd)


@contextlib.asynccontextmanager
async def contenders(
    serve: dict[str, Serve], profiles: users.Profiles, missing: dict[str, str]
) -> AsyncIterator[list[Contender]]:
    """Start the servers; whichever cannot be started is ``missing``."""
    joins = users.joining(profiles)
    running: list[Contender] = []
    async with AsyncExitStack() as stack:
        for name, start in serve.items():
            try:
                server = await stack.enter_async_context(start())
            except servers.NotStarted as error:
                missing[name] = str(error)
            else:
                running.append(Contender(server, joins[name], opens=not encodes(name)))
        try:
            yield running
        finally:
            for contender in running:
                await users.leave(contender.crowd)


def encodes(name: str) -> bool:
    """Whether a server decodes and encodes, so that packets out do not correspond to packets in."""
    return name == STOCK


async def batches(
    found: Forwarding,
    serve: dict[str, Serve],
    rates: Iterable[int],
    runs: int,
    seconds: float,
    say: Say,
) -> None:
    """Batches of 64 packets of 1,000 bytes, AES-128-GCM, at several rates."""
    async with contenders(serve, [users.AES_GCM], found.missing) as running:
        for rate in rates:
            pairs = max(rate // traffic.FLOW_PACKETS_PER_S // 2, 1)
            level = Level("full batches", traffic.batches, pairs, runs, seconds)
            await level.measure(running, found, say)


async def calls(
    found: Forwarding,
    serve: dict[str, Serve],
    pairs: Sequence[int],
    runs: int,
    seconds: float,
    say: Say,
) -> None:
    """Real calls, encrypted as Chromium would with each server, with more and more pairs."""
    say("recording a call")
    clip = traffic.record(CLIP_S)
    settled = clip.settled()

    def plan(index: int, _: int, duration_s: float) -> list[traffic.Media]:
        return traffic.call(settled, index, duration_s)

    def whole(index: int, _: int, duration_s: float) -> list[traffic.Media]:
        return traffic.call(clip, index, duration_s)

    encoding = {name: start for name, start in serve.items() if encodes(name)}
    passing = {name: start for name, start in serve.items() if not encodes(name)}
    async with contenders(passing, users.AS_CHROMIUM, found.missing) as running:
        for count in pairs:
            level = Level("calls", plan, count, runs, seconds)
            await level.measure(running, found, say)
            if count == 1:
                async with contenders(encoding, users.AS_CHROMIUM, found.missing) as stock:
                    level = Level("calls", whole, 1, runs, max(seconds, CLIP_S - load.WARM_UP_S))
                    await level.measure(stock, found, say)
            if count == RTCP_PAIRS:
                level = Level("calls + RTCP", plan, count, runs, seconds, with_rtcp=True)
                await level.measure(_without_floor(running), found, say)


def _without_floor(running: list[Contender]) -> list[Contender]:
    return [contender for contender in running if contender.server.name != FLOOR]


@dataclass(frozen=True, slots=True)
class Level:
    """One load, to be put on every server that is ready for it."""

    name: str
    plan: load.Plan
    pairs: int
    runs: int
    seconds: float
    with_rtcp: bool = False

    async def measure(self, running: list[Contender], found: Forwarding, say: Say) -> None:
        """Add a row for each server that has held all smaller loads."""
        ready = [c for c in running if c.holds and await self._grown(c, found, say)]
        if all(contender.server.name == FLOOR for contender in ready):
            return  # nobody is left to be compared with it
        outcomes: list[list[tuple[Outcome, float]]] = [[] for _ in ready]
        repeats = [MAX_REPEATS if self.runs > 1 else 0] * len(ready)
        for turn in range(self.runs):
            for index, contender in enumerate(ready):
                if contender.hung_up:
                    continue
                what = f"{self.name}, {self.pairs} pairs, run {turn + 1} of {self.runs}"
                say(f"{what}: {contender.server.name}")
                result = await self.run(contender)
                if result[0].doubts and repeats[index]:
                    repeats[index] -= 1
                    say(f"{what}: {contender.server.name}, again ({', '.join(result[0].doubts)})")
                    result = await self.run(contender)
                outcomes[index].append(result)
        for contender, collected in zip(ready, outcomes, strict=True):
            if contender.hung_up or not collected:
                contender.holds = False
                self._miss(contender, found, "the server hung up on users")
                continue
            row = self.row(contender, collected)
            found.rows.append(row)
            contender.holds = row.holds or (bool(row.doubt) and row.cpu_percent < ALMOST_ALL)

    async def _grown(self, contender: Contender, found: Forwarding, say: Say) -> bool:
        name = contender.server.name
        try:
            say(f"{self.pairs} pairs join: {name}")
            await contender.grow(self.pairs)
        except (load.NoMedia, users.CannotJoin) as error:
            self._miss(contender, found, str(error))
            contender.holds = False
        return contender.holds

    def _miss(self, contender: Contender, found: Forwarding, why: str) -> None:
        found.missing[f"{contender.server.name}, {self.name}, {self.pairs} pairs"] = why

    async def run(self, contender: Contender) -> tuple[Outcome, float]:
        """Once; returns the outcome, and the packets for each sleep of the server."""
        server = contender.server
        slept = server.sleeps()
        outcome = await load.run(
            contender.crowd[: 2 * self.pairs],
            self.plan,
            self.seconds,
            server.cpu_s,
            with_rtcp=self.with_rtcp,
        )
        return outcome, outcome.received / max(server.sleeps() - slept, 1)

    def row(self, contender: Contender, collected: list[tuple[Outcome, float]]) -> Row:
        """What several runs amount to."""
        name = contender.server.name
        outcomes = [outcome for outcome, _ in collected]
        cpu = [1e6 * each.cpu_s / max(each.received, 1) for each in outcomes]
        sent, received = sum(o.sent for o in outcomes), sum(o.received for o in outcomes)
        matched = all(len(outcome.latencies_s) for outcome in outcomes)

        def latency(percent: float) -> float | None:
            if not matched:
                return None
            return median(1e3 * float(np.percentile(o.latencies_s, percent)) for o in outcomes)

        return Row(
            server=name,
            load=self.name,
            srtp=contender.crowd[0].endpoint.srtp_profile.removeprefix("SRTP_"),
            pairs=self.pairs,
            packets_per_s=median(outcome.sent / outcome.seconds for outcome in outcomes),
            forwarded=received,
            loss_percent=None if encodes(name) else 100 * (1 - received / sent),
            cpu_percent=median(100 * o.cpu_s / o.seconds for o in outcomes),
            cpu_us_per_packet=median(cpu),
            spread_percent=100 * (max(cpu) / min(cpu) - 1),
            latency_p50_ms=latency(50),
            latency_p99_ms=latency(99),
            latency_max_ms=latency(100),
            packets_per_sleep=median(per_sleep for _, per_sleep in collected),
            load_busy_percent=median(100 * o.exchange.busy for o in outcomes),
            load_late_p99_ms=median(1e3 * o.late_p99_s for o in outcomes),
            doubt=_doubt(outcomes),
        )


def _doubt(outcomes: list[Outcome]) -> str:
    """Such as ``late 2, busy 1``: in so many of the runs."""
    counted = Counter(doubt for outcome in outcomes for doubt in outcome.doubts)
    return ", ".join(f"{doubt} {times}" for doubt, times in counted.items())


def row_of(rows: Iterable[Row], server: str, name: str, pairs: int) -> Row | None:
    """The row of a server under a load."""
    return next((r for r in rows if (r.server, r.load, r.pairs) == (server, name, pairs)), None)
