"""``relay bot`` as a process, against the real server."""

import contextlib
import json
import os
import signal
from asyncio.subprocess import Process
from contextlib import AbstractAsyncContextManager

import pytest

from relay.bots.bot import Bot
from tests.support import commands
from tests.support.bots import relay
from tests.support.commands import Ended

pytestmark = pytest.mark.timeout(120)


def started(*arguments: str) -> AbstractAsyncContextManager[Process]:
    return commands.started("bot", *arguments, env=os.environ)


async def run(*arguments: str, warnings: str = "error") -> Ended:
    return await commands.run("bot", *arguments, env=os.environ, warnings=warnings)


async def test_four_bots_that_rotate_each_get_a_line() -> None:
    async with relay(rematch_after_s=0.2) as url:
        code, out, err = await run(
            "--url", url, "--count", "4", "--duration", "5", "--rotate", "1.5"
        )
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"bot {number}" for number in range(1, 5)]
    for line in lines:
        assert "frames 320x240" in line
        assert "dBFS" in line
        assert int(line.split(": ")[1].split()[0]) >= 2  # partners


async def test_json() -> None:
    async with relay() as url:
        code, out, _ = await run("--url", url, "--duration", "3", "--json")
    assert code == 0
    reports = [json.loads(line) for line in out.splitlines()]
    assert [report["bot"] for report in reports] == [1, 2]
    for report in reports:
        assert report["frames"] > 0
        assert report["links"] == 1
        assert report["errors"] == []


async def test_a_bot_alone_sees_no_media_and_says_so() -> None:
    async with relay() as url:
        code, out, _ = await run("--url", url, "--count", "1", "--duration", "0.5")
    assert code == 1
    assert out == "bot 1: 0 partners, saw no media\n"


async def test_a_server_that_is_not_there_is_one_clear_line() -> None:
    code, out, err = await run("--url", "ws://127.0.0.1:1/ws")
    assert (code, out) == (1, "")
    assert err.startswith("relay bot: cannot reach ws://127.0.0.1:1/ws: ")
    assert err.count("\n") == 1


async def test_a_full_server_is_one_clear_line() -> None:
    # aioice leaves the sockets behind that it has just opened when it is told to stop
    async with relay(max_users=1) as url:
        code, _, err = await run("--url", url, "--count", "2", "--duration", "1", warnings="ignore")
    assert code == 1
    assert err.startswith("relay bot: ")
    assert err.count("\n") == 1


async def test_ctrl_c_ends_with_the_report_so_far() -> None:
    async with (
        relay() as url,
        Bot(url, 9) as partner,
        started("--url", url, "--count", "1", "--duration", "600") as process,
    ):
        await partner.find_partner()
        await partner.until(lambda: partner.report.frames >= 15, 20)
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert process.returncode == 0
    assert err == b""
    assert out.decode().startswith("bot 1: 1 partner, ")


async def test_a_server_that_goes_away_ends_the_run() -> None:
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(relay())
        async with started("--url", url, "--count", "1", "--duration", "600") as process:
            async with Bot(url, 9) as partner:
                await partner.find_partner()
                await partner.until(lambda: partner.report.frames >= 5, 20)
                await stack.aclose()
            out, err = await process.communicate()
    assert process.returncode == 1
    assert err == b""
    assert "error the server closed the connection" in out.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--count", "0"),
        ("--duration", "x"),
        ("--rotate", "0"),
        ("--file", "/nonexistent.webm"),
        ("--nonsense",),
    ],
)
async def test_wrong_flags_are_refused(arguments: tuple[str, ...]) -> None:
    code, out, err = await run(*arguments)
    assert code == 2
    assert out == ""
    assert arguments[0] in err


async def test_a_file_without_media_is_one_clear_line() -> None:
    async with relay() as url:
        code, _, err = await run("--url", url, "--file", __file__, "--duration", "1")
    assert code == 1
    assert err.startswith("relay bot: cannot play ")
    assert err.count("\n") == 1
