"""The measurement ``taps``: what recording some calls does to everybody's packets."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from scripts.benchmark import servers, traffic, users
from scripts.benchmark.bench import Bench, Serve
from scripts.benchmark.contenders import contenders
from scripts.benchmark.forwarding import Level
from scripts.benchmark.load import Outcome
from scripts.benchmark.rows import Row
from scripts.benchmark.servers import RELAY, output_of
from scripts.benchmark.traffic import CLIP_S

PAIRS, RECORDED = 20, 4

_READER = """
import sys, urllib.request
url, token = sys.argv[1:]
request = urllib.request.Request(url, method="POST", headers={"Authorization": "Bearer " + token})
with urllib.request.urlopen(request) as response:
    response.read1(65536)
    print("begun", flush=True)
    while response.read1(65536):
        pass
"""
"""Reads a recording to its end, and says when it has begun."""


async def measure(bench: Bench, rows: list[Row]) -> None:
    """Calls on one relay, in turns while nobody looks and while four of them are recorded."""
    bench.say("recording a call")
    plan = traffic.calls(traffic.settled(traffic.record(CLIP_S)))
    token = secrets.token_hex(16)
    runs, seconds = bench.options.runs, bench.options.seconds
    with tempfile.TemporaryDirectory() as folder:
        settings = {"operator-token": token, "audit-log": str(Path(folder) / "audit.jsonl")}
        serve: dict[str, Serve] = {RELAY: lambda: servers.relay("--allow-taps", **settings)}
        async with contenders(serve, users.AS_CHROMIUM, bench.missing) as running:
            [contender] = running
            await contender.grow(PAIRS)
            plain = Level("calls, none recorded", plan, PAIRS, runs, seconds)
            watched = Level(f"calls, {RECORDED} recorded", plan, PAIRS, runs, seconds)
            outcomes: list[list[tuple[Outcome, float]]] = [[], []]
            for turn in range(1, runs + 1):
                bench.say(f"{plain.name}, run {turn} of {runs}")
                outcomes[0].append(await plain.run(contender))
                bench.say(f"{watched.name}, run {turn} of {runs}")
                async with _recorded(contender.server, token):
                    outcomes[1].append(await watched.run(contender))
            for level, collected in zip((plain, watched), outcomes, strict=True):
                rows.append(level.row(contender, collected))


@contextlib.asynccontextmanager
async def _recorded(server: servers.Server, token: str) -> AsyncIterator[None]:
    """Have some rooms recorded; each recording has begun when this is entered."""
    api = server.url.replace("ws://", "http://").removesuffix("/ws") + "/api/v1/rooms"
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as session,
        session.get(api, params={"limit": RECORDED}) as response,
    ):
        rooms = [room["id"] for room in (await response.json())["rooms"]]
    readers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _READER, f"{api}/{room}/record", token),
            stdout=asyncio.subprocess.PIPE,
        )
        for room in rooms
    ]
    try:
        for reader in readers:
            await asyncio.wait_for(output_of(reader).readline(), 10)
        yield
    finally:
        for reader in readers:
            with contextlib.suppress(ProcessLookupError):
                reader.kill()
            await reader.wait()
