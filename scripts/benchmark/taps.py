"""The section ``taps``: what it does to everybody's packets when operators record some calls."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import servers
import traffic
import users
from forwarding import CLIP_S, Forwarding, Level, Say, Serve, contenders
from load import Outcome
from servers import RELAY, output_of

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


async def taps(found: Forwarding, runs: int, seconds: float, say: Say) -> None:
    """Calls on one relay, in turns while nobody looks and while four of them are recorded."""
    say("recording a call")
    clip = traffic.record(CLIP_S).settled()
    token = secrets.token_hex(16)

    def plan(index: int, _: int, duration_s: float) -> list[traffic.Media]:
        return traffic.call(clip, index, duration_s)

    with tempfile.TemporaryDirectory() as folder:
        settings = {"operator-token": token, "audit-log": str(Path(folder) / "audit.jsonl")}
        serve: dict[str, Serve] = {RELAY: lambda: servers.relay("--allow-taps", **settings)}
        async with contenders(serve, users.AS_CHROMIUM, found.missing) as running:
            [contender] = running
            await contender.grow(PAIRS)
            plain = Level("calls, none recorded", plan, PAIRS, runs, seconds)
            watched = Level(f"calls, {RECORDED} recorded", plan, PAIRS, runs, seconds)
            outcomes: list[list[tuple[Outcome, float]]] = [[], []]
            for turn in range(1, runs + 1):
                say(f"{plain.name}, run {turn} of {runs}")
                outcomes[0].append(await plain.run(contender))
                say(f"{watched.name}, run {turn} of {runs}")
                async with _recorded(contender.server, token):
                    outcomes[1].append(await watched.run(contender))
            for level, collected in zip((plain, watched), outcomes, strict=True):
                found.rows.append(level.row(contender, collected))


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
