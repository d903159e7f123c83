"""The example scripts, run as an operator would."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from relay.app import running
from relay.config import Settings
from tests.support.bots import Bot
from tests.support.commands import Ended
from tests.support.watching import patient, receives
from tests.unit.ops.samples import room, snapshot

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAMES = ("inspect_tracks", "snapshot_all", "watch_quality")


async def script(name: str, *arguments: str, url: str, token: str = "token") -> Ended:
    env = {"PYTHONPATH": str(SCRIPTS.parent), "PATH": os.environ["PATH"], "RELAY_URL": url}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(SCRIPTS / f"{name}.py"), *arguments),
        env=env | {"RELAY_OPERATOR_TOKEN": token},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return Ended(process.returncode, out.decode(), err.decode())


@pytest.mark.parametrize("name", NAMES)
async def test_each_is_short_and_explains_itself(name: str) -> None:
    assert len((SCRIPTS / f"{name}.py").read_text().splitlines()) < 60
    ended = await script(name, "--help", url="")
    assert ended.code == 0
    assert "--token" in ended.out


@pytest.mark.parametrize("name", NAMES)
async def test_each_fails_in_one_line(name: str, tmp_path: Path) -> None:
    more = (str(tmp_path / "x"),) if name == "snapshot_all" else ()
    ended = await script(name, *more, url="http://127.0.0.1:1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (f"{name}: http://127.0.0.1:1 cannot be reached: connection refused\n")


async def test_a_call_is_inspected_and_its_pictures_are_saved(tmp_path: Path) -> None:
    settings = Settings(
        host="127.0.0.1",
        port=0,
        udp_port=0,
        workers=0,
        allow_taps=True,
        audit_log=tmp_path / "audit",
    )
    with patient():
        async with running(settings) as server:
            ws = server.url.replace("http", "ws") + "/ws"
            async with Bot(ws, 1) as ann, Bot(ws, 2) as bob:
                for bot in (ann, bob):
                    await bot.find_partner()
                for bot in (ann, bob):
                    await receives(bot, 5)
                token = server.operator_token.get_secret_value()
                inspected = await script("inspect_tracks", url=server.url, token=token)
                pictures = tmp_path / "pictures"
                saved = await script("snapshot_all", str(pictures), url=server.url, token=token)
    assert inspected.code == 0, inspected.err
    assert inspected.out.startswith(f"room {ann.room_id}, in_call, since ")
    assert inspected.out.count(" sends vp8 320x240@") == 2
    assert inspected.out.count(" receives opus: ") == 2
    assert saved.code == 0, saved.err
    files = sorted(pictures.iterdir())
    assert [str(file) for file in files] == sorted(saved.out.splitlines())
    assert len(files) == 2
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


@asynccontextmanager
async def scripted(*problems: tuple[str, ...]) -> AsyncIterator[tuple[str, list[object]]]:
    """A relay whose one room has these problems, one snapshot after the other; and a webhook."""
    posted: list[object] = []

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for each in problems:
            told = snapshot().model_copy(update={"rooms": (room(problems=each),)})
            await response.write(f"event: snapshot\ndata: {told.model_dump_json()}\n\n".encode())
        return response

    async def hook(request: web.Request) -> web.Response:
        posted.append(json.loads(await request.text()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/api/v1/events", events), web.post("/hook", hook)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", posted
    finally:
        await runner.cleanup()


BAD: tuple[str, ...] = ("loss",)
TOLD = {"room": "room-room-room-r", "problems": ["loss"]}


async def test_a_call_that_goes_bad_is_told_and_ends_the_watch() -> None:
    async with scripted((), BAD, BAD, BAD) as (url, posted):
        ended = await script("watch_quality", "--for", "2", "--webhook", f"{url}/hook", url=url)
    assert ended == (3, "room room-room-room-r: loss\n", "")
    assert posted == [TOLD]


async def test_a_call_that_is_bad_for_a_moment_is_not_told() -> None:
    async with scripted(BAD, (), BAD, ()) as (url, posted):
        ended = await script("watch_quality", "--for", "2", "--webhook", f"{url}/hook", url=url)
    assert (ended.code, ended.out, posted) == (1, "", [])  # 1: the stream has ended


async def test_for_ever_tells_each_time_anew() -> None:
    async with scripted(BAD, BAD, BAD, (), BAD, BAD) as (url, posted):
        ended = await script(
            *("watch_quality", "--for", "2", "--forever", "--webhook", f"{url}/hook"), url=url
        )
    assert ended.code == 1
    assert posted == [TOLD, TOLD]


async def test_a_webhook_that_fails_is_one_line() -> None:
    async with scripted(BAD) as (url, _):
        ended = await script("watch_quality", "--for", "1", "--webhook", f"{url}/no", url=url)
    assert ended.code == 1
    assert ended.err.startswith("watch_quality: 404")
    assert ended.err.count("\n") == 1
