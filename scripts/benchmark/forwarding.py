"""The measurements ``batches`` and ``calls``: what forwarding costs, server beside server.

All servers run at the same time and take turns, run by run, under the same load, so that what
changes on the machine meanwhile changes for all of them. While one is loaded the others idle.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

import numpy as np

from relay.bots.load.clip import Clip
from scripts.benchmark import load, traffic, users
from scripts.benchmark.bench import Bench
from scripts.benchmark.contenders import Contender, contenders, encodes
from scripts.benchmark.load import Outcome
from scripts.benchmark.rows import Row
from scripts.benchmark.servers import FLOOR
from scripts.benchmark.traffic import CLIP_S

ALMOST_ALL = 90.0
"""A server that does not hold a load, while the load was in doubt and the server had this much of
its core (in percent) not in use, is given the next one all the same."""
MAX_REPEATS = 1
"""Of a row's runs that are in doubt, so many are done again."""

RTCP_PAIRS = 20


async def batches(bench: Bench, rows: list[Row]) -> None:
    """Batches of 64 packets of 1,000 bytes, AES-128-GCM, at several rates."""
    options = bench.options
    serve = bench.own if options.quick else bench.passing
    async with contenders(serve, [users.AES_GCM], bench.missing) as running:
        for rate in options.rates:
            pairs = max(rate // traffic.FLOW_PACKETS_PER_S // 2, 1)
            level = Level("full batches", traffic.batches, pairs, options.runs, options.seconds)
            await level.measure(bench, running, rows)


async def calls(bench: Bench, rows: list[Row]) -> None:
    """Real calls, encrypted as Chromium would with each server, with more and more pairs."""
    bench.say("recording a call")
    runs, seconds = bench.options.runs, bench.options.seconds
    clip = traffic.record(CLIP_S)
    plan = traffic.calls(traffic.settled(clip))
    async with contenders(bench.passing, users.AS_CHROMIUM, bench.missing) as running:
        for count in bench.options.pairs:
            level = Level("calls", plan, count, runs, seconds)
            await level.measure(bench, running, rows)
            if count == 1:
                await _stock_call(bench, clip, rows)
            if count == RTCP_PAIRS:
                level = Level("calls + RTCP", plan, count, runs, seconds, with_rtcp=True)
                others = [each for each in running if each.server.name != FLOOR]
                await level.measure(bench, others, rows)


async def _stock_call(bench: Bench, clip: Clip, rows: list[Row]) -> None:
    """One pair on the servers that encode; they need the whole clip, with its first key frame."""
    seconds = max(bench.options.seconds, CLIP_S - load.WARM_UP_S)
    level = Level("calls", traffic.calls(clip), 1, bench.options.runs, seconds)
    async with contenders(bench.encoding, users.AS_CHROMIUM, bench.missing) as running:
        await level.measure(bench, running, rows)


@dataclass(frozen=True, slots=True)
class Level:
    """One load, to be put on every server that is ready for it."""

    name: str
    plan: traffic.Plan
    pairs: int
    runs: int
    seconds: float
    with_rtcp: bool = False

    async def measure(self, bench: Bench, running: list[Contender], rows: list[Row]) -> None:
        """Add a row for each server that has held all smaller loads."""
        ready = [c for c in running if c.holds and await self._grown(bench, c)]
        if all(contender.server.name == FLOOR for contender in ready):
            return  # nobody is left to be compared with it
        outcomes: list[list[tuple[Outcome, float]]] = [[] for _ in ready]
        repeats = [MAX_REPEATS if self.runs > 1 else 0] * len(ready)
        for turn in range(self.runs):
            for index, contender in enumerate(ready):
                if contender.hung_up:
                    continue
                what = f"{self.name}, {self.pairs} pairs, run {turn + 1} of {self.runs}"
                bench.say(f"{what}: {contender.server.name}")
                result = await self.run(contender)
                if result[0].doubts and repeats[index]:
                    repeats[index] -= 1
                    bench.say(
                        f"{what}: {contender.server.name}, again ({', '.join(result[0].doubts)})"
                    )
                    result = await self.run(contender)
                outcomes[index].append(result)
        for contender, collected in zip(ready, outcomes, strict=True):
            if contender.hung_up or not collected:
                contender.holds = False
                self._miss(bench, contender, "the server hung up on users")
                continue
            row = self.row(contender, collected)
            rows.append(row)
            contender.holds = row.holds or (bool(row.doubt) and row.cpu_percent < ALMOST_ALL)

    async def _grown(self, bench: Bench, contender: Contender) -> bool:
        name = contender.server.name
        try:
            bench.say(f"{self.pairs} pairs join: {name}")
            await contender.grow(self.pairs)
        except (load.NoMedia, users.CannotJoin) as error:
            self._miss(bench, contender, str(error))
            contender.holds = False
        return contender.holds

    def _miss(self, bench: Bench, contender: Contender, why: str) -> None:
        bench.missing[f"{contender.server.name}, {self.name}, {self.pairs} pairs"] = why

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
