"""The section ``memory``: what a pair and an idle user take.

Each figure is a slope between a few and more of them, so that what a server takes once is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import load
import servers
import traffic
import users
from forwarding import CLIP_S, Contender, Say, Serve, contenders, encodes
from servers import FLOOR, RELAY, STOCK, Server

PAIRS = {STOCK: (1, 3)}
DEFAULT_PAIRS = (5, 25)
IDLE_USERS = (10, 60)
_FLOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one more of something takes; a pair is two users in a real call."""

    server: str
    of: str  # "pair" or "idle user"
    counted: str
    resident_mb: float
    descriptors: float
    threads: float
    server_mb: float  # the server's resident memory with all of them


@dataclass(frozen=True, slots=True)
class _Usage:
    resident_mb: float
    descriptors: int
    threads: int


async def memory(serve: dict[str, Serve], missing: dict[str, str], say: Say) -> list[Footprint]:
    """Measure pairs on every server, and idle users on the relay."""
    clip = traffic.record(CLIP_S)
    settled = clip.settled()
    found = []
    for name, start in serve.items():
        if name == FLOOR:
            continue
        async with contenders({name: start}, users.AS_CHROMIUM, missing) as running:
            for contender in running:
                usages = []
                counts = PAIRS.get(name, DEFAULT_PAIRS)
                for pairs in counts:
                    say(f"memory of {pairs} pairs: {name}")
                    await contender.grow(pairs)
                    await _talk(contender, clip if encodes(name) else settled)
                    usages.append(_usage(contender.server))
                found.append(_slope(name, "pair", counts, usages))
    if RELAY in serve:
        found.append(await _idle(say))
    return found


async def _talk(contender: Contender, clip: traffic.Clip) -> None:
    def plan(index: int, _: int, seconds: float) -> list[traffic.Media]:
        return traffic.call(clip, index, seconds)

    await load.run(contender.crowd, plan, _FLOW_S, contender.server.cpu_s)


async def _idle(say: Say) -> Footprint:
    """Users with an open link who are in no room; nobody can wait while somebody else does."""
    say("memory of idle users: relay")
    async with servers.relay() as server:
        crowd: list[users.User] = []
        usages = []
        try:
            for count in IDLE_USERS:
                while len(crowd) < count:
                    crowd.append(await users.connect(server.url))
                usages.append(_usage(server))
        finally:
            await users.leave(crowd)
    return _slope(RELAY, "idle user", IDLE_USERS, usages)


def _usage(server: Server) -> _Usage:
    return _Usage(server.resident_mb(), server.descriptors(), server.threads())


def _slope(name: str, of: str, counts: tuple[int, int], usages: list[_Usage]) -> Footprint:
    few, many = usages
    more = counts[1] - counts[0]
    return Footprint(
        server=name,
        of=of,
        counted=f"{counts[0]} to {counts[1]}",
        resident_mb=(many.resident_mb - few.resident_mb) / more,
        descriptors=(many.descriptors - few.descriptors) / more,
        threads=(many.threads - few.threads) / more,
        server_mb=many.resident_mb,
    )
