"""``relay load-test`` as a process, against the real server."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import Process
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.support import commands
from tests.support.bots import relay
from tests.support.commands import Ended

pytestmark = pytest.mark.timeout(180)

ENV = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}


async def load(*arguments: str) -> Ended:
    return await commands.run("load-test", *arguments, env=ENV)


async def test_two_pairs_meet_send_part_and_meet_again() -> None:
    async with relay(rematch_after_s=0.1) as url:
        ended = await load(
            *("--url", url, "--pairs", "2", "--duration", "4", "--rotate", "1.5", "--json")
        )
    assert ended.code == 0, ended
    assert ended.err == ""
    found = json.loads(ended.out)
    assert found["joined"] == 4
    assert found["nexts"] >= 2
    assert found["matches"] >= 8
    assert found["wrong"] == []
    assert found["lossRatio"] < 0.05
    assert found["packetsReceived"] > 500
    times = found["times"]
    assert times["join"]["count"] == 4
    assert times["match"]["count"] == found["matches"]
    assert times["media"]["count"] >= 8
    assert times["next"]["count"] >= 2
    assert times["latency"]["count"] == found["packetsReceived"]
    assert 0 < times["latency"]["p50S"] <= times["latency"]["p99S"] <= times["latency"]["maxS"]
    assert times["latency"]["maxS"] < found["durationS"], "nothing is older than the run"


async def test_a_limit_that_is_exceeded_is_told_by_text_and_status() -> None:
    async with relay() as url:
        ended = await load(
            *("--url", url, "--pairs", "1", "--duration", "2"),
            *("--max-latency-p99", "0ms", "--max-loss", "100%"),
        )
    assert ended.code == 3
    assert "latency p99" in ended.out.splitlines()[-1]
    assert "more than 0 ms" in ended.out.splitlines()[-1]
    assert "✗ loss" not in ended.out


async def test_a_server_that_is_not_there_is_one_line() -> None:
    ended = await load("--url", "ws://127.0.0.1:1/ws", "--pairs", "1", "--duration", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("relay: cannot reach ws://127.0.0.1:1/ws: ")
    assert ended.err.count("\n") == 1


async def test_a_server_without_media_is_one_line() -> None:
    async with relay(media_mode="direct") as url:
        ended = await load("--url", url, "--pairs", "1", "--duration", "1")
    assert (ended.code, ended.out) == (1, "")
    assert "lets the media pass directly" in ended.err


async def test_a_full_server_is_one_line() -> None:
    async with relay(max_users=3) as url:
        ended = await load("--url", url, "--pairs", "2", "--duration", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--max-loss", "much"),
        ("--max-latency-p99", "200"),
        ("--pairs", "0"),
        ("--pairs", "501"),
        ("--duration", "x"),
    ],
)
async def test_wrong_flags_are_refused_before_anything_starts(arguments: tuple[str, ...]) -> None:
    ended = await load(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert arguments[0] in ended.err


async def in_call(url: str) -> None:
    """Wait until two users are in a call."""
    page = url.replace("ws", "http", 1).removesuffix("/ws")
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        while True:
            async with http.get(f"{page}/stats") as stats:
                if (await stats.json())["inCall"] == 2:
                    return
            await asyncio.sleep(0.05)


def endless(url: str) -> AbstractAsyncContextManager[Process]:
    arguments = ("--url", url, "--pairs", "1", "--duration", "600", "--json")
    return commands.started("load-test", *arguments, env=ENV)


async def test_a_server_that_goes_away_ends_the_run_with_what_was_measured() -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(relay())
        async with endless(url) as process:
            await in_call(url)
            await stack.aclose()
            out, err = await process.communicate()
    assert (process.returncode, err) == (3, b"")
    found = json.loads(out)
    assert found["packetsReceived"] > 0
    assert found["wrong"] == ["2 x the server closed the connection"]


async def test_ctrl_c_ends_it_with_what_was_measured() -> None:
    async with relay() as url, endless(url) as process:
        await in_call(url)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["packetsReceived"] > 0
