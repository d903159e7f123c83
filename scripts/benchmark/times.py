"""The measurement ``times``: how long users wait for media.

Users react at once; a browser adds its encoder's time. What is seen from them includes the
WebSocket, the sockets and their own event loop, which are one process here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.table import Table

from relay.bots.bot import Bot
from relay.protocol.messages import FindPartner, NextPartner
from scripts.benchmark import servers
from scripts.benchmark.bench import Bench
from scripts.benchmark.tables import table
from scripts.benchmark.talkers import Seen, Talker, talkers
from scripts.benchmark.targets import Target, at_most

OFFERS, SWITCHES, BOT_SWITCHES = 30, 100, 15
ASKED = "next_partner to the new partner being asked for a key frame"
FIRST_PACKET = "next_partner to first packet of the new partner"
FIRST_KEYFRAME = "next_partner to first key frame of the new partner"
FIRST_FRAME = "next_partner to first decoded frame, in bots"

_SETTLED_S = 0.05


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in milliseconds."""

    what: str
    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, what: str, seconds: list[float]) -> Times:
        """From measurements in seconds."""
        ms = [1e3 * float(x) for x in np.percentile(seconds, (50, 99, 100))]
        return cls(what, len(seconds), *ms)

    @property
    def cells(self) -> Iterable[str]:
        """The count and the three times, for a table."""
        return str(self.count), *(f"{ms:.2f}" for ms in (self.p50_ms, self.p99_ms, self.max_ms))


async def measure(bench: Bench, found: list[Times]) -> None:
    """On a relay where nobody else is."""
    part = 0.3 if bench.options.quick else 1
    async with servers.relay(**{"rematch-after-s": "0"}) as server:
        bench.say("from webrtc_offer to media")
        found += await _offers(server.url, round(OFFERS * part))
        bench.say("from next_partner to media")
        found += await _switches(server.url, round(SWITCHES * part))
        bench.say("from next_partner to a decoded frame, in bots")
        found.append(await _bot_switches(server.url, round(BOT_SWITCHES * part)))


async def _offers(url: str, count: int) -> list[Times]:
    """Somebody waits with an open link; a newcomer asks for a link and for a partner at once."""
    linked, heard, hears = [], [], []
    async with talkers(url, "host") as (host,):
        for number in range(count):
            await host.client.send(FindPartner())
            guest = Talker(url, f"g{number:03}")
            await guest.connect()
            try:
                host.seen = Seen()
                began_s = time.perf_counter()
                await guest.open_link(search=True)
                linked.append(time.perf_counter() - began_s)
                await host.hears(guest)
                heard.append(host.seen.sound_from[guest.name] - began_s)
                await guest.hears(host)
                hears.append(guest.seen.sound_from[host.name] - began_s)
            finally:
                await guest.close()
            await asyncio.sleep(_SETTLED_S)
    return [
        Times.of("webrtc_offer to open link", linked),
        Times.of("webrtc_offer to first packet at the partner", heard),
        Times.of("webrtc_offer to first packet from the partner", hears),
    ]


async def _switches(url: str, count: int) -> list[Times]:
    """One of a pair presses Next while a third user waits, again and again."""
    asked, packets, keyframes = [], [], []
    async with talkers(url, "mover", "first", "other") as (mover, *others):
        waiting, partner = others
        for each in (mover, partner):
            await each.client.send(FindPartner())
        await mover.hears(partner)
        await partner.sees(mover)
        for _ in range(count):
            await waiting.client.send(FindPartner())
            await asyncio.sleep(_SETTLED_S)
            for each in (mover, waiting, partner):
                each.seen = Seen()
            began_s = time.perf_counter()
            await mover.client.send(NextPartner())
            await mover.hears(waiting)
            await mover.sees(waiting)
            asked.append(waiting.seen.asked_s - began_s)
            keyframe_s = mover.seen.keyframe_from[waiting.name]
            packets.append(min(mover.seen.sound_from[waiting.name], keyframe_s) - began_s)
            keyframes.append(keyframe_s - began_s)
            waiting, partner = partner, waiting
    return [
        Times.of(ASKED, asked),
        Times.of(FIRST_PACKET, packets),
        Times.of(FIRST_KEYFRAME, keyframes),
    ]


async def _bot_switches(url: str, count: int) -> Times:
    """The same with bots, which encode and decode 640x480 on the load's core."""
    took = []
    async with Bot(url, 1) as mover, Bot(url, 2) as first, Bot(url, 3) as second:
        waiting, partner = first, second
        await mover.find_partner()
        await partner.find_partner()
        await _sees(mover, partner)
        await waiting.find_partner()
        for _ in range(count):
            await asyncio.sleep(1.0)
            before = _frames(mover, waiting)
            began_s = time.perf_counter()
            await mover.next_partner()
            await _sees(mover, waiting, before)
            took.append(time.perf_counter() - began_s)
            waiting, partner = partner, waiting
    return Times.of(FIRST_FRAME, took)


async def _sees(bot: Bot, source: Bot, more_than: int = 0) -> None:
    await bot.until(lambda: _frames(bot, source) > more_than)


def _frames(bot: Bot, source: Bot) -> int:
    return len(bot.report.numbers_from(source.report.number))


def as_dict(found: list[Times]) -> dict[str, Any]:
    """For JSON."""
    return {"times": [asdict(each) for each in found]}


def tables(found: list[Times]) -> list[Table]:
    """For people."""
    drawn = table("Until media, seen from the peers", "from", "count", "p50 ms", "p99 ms", "max ms")
    for each in found:
        drawn.add_row(each.what, *each.cells)
    return [drawn]


def targets(found: list[Times]) -> list[Target]:
    """After Next."""
    times = {each.what: each for each in found}
    return [
        at_most(f"{FIRST_PACKET} (p50)", times.get(FIRST_PACKET), "p50_ms", 20),
        at_most(f"{FIRST_FRAME} (p50)", times.get(FIRST_FRAME), "p50_ms", 150),
    ]
