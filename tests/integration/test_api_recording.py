"""Operators record real calls, and play what they have recorded."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest

from relay.api import front
from relay.api import taps as api_taps
from relay.app import running
from relay.config import Settings
from tests.support.bots import Bot
from tests.support.operating import KEYFRAME, TOKEN, VIDEO, OperatedServer
from tests.support.watching import call, sees, uses, watched
from tests.support.webm import Played, play

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def recording(
    server: OperatedServer, room_id: str | None, **query: str
) -> AsyncIterator[Any]:
    path = f"/api/v1/rooms/{room_id}/record"
    async with server.operator.http.post(path, params=query) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "video/webm"
        yield response


def check_video(track: Played, bot: Bot) -> None:
    """The picture is the bot's, none is missing, and each has its time."""
    assert {stamp.source for stamp in track.stamps if stamp} == {bot.report.number}
    numbers = track.numbers
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    stamps = [stamp.time_ms for stamp in track.stamps if stamp]
    told_ms, filmed_ms = track.times_ms[-1] - track.times_ms[0], stamps[-1] - stamps[0]
    assert told_ms == pytest.approx(filmed_ms, rel=0.1, abs=300)


async def test_a_recording_has_both_sides(tmp_path: Path) -> None:
    async with watched(tmp_path) as server, call(server) as (ann, bob):
        async with recording(server, ann.room_id, seconds="5") as response:
            data = await response.read()
        tracks = play(data)
        [entry] = await uses(server, 1)
        by_title = {track.title: track for track in tracks}
        assert len(tracks) == len(by_title) == 4
        for bot in (ann, bob):
            check_video(by_title[f"video of {bot.user_id}"], bot)
            audio = by_title[f"audio of {bot.user_id}"]
            assert audio.samples == pytest.approx(960 * len(audio.times_ms))
        lasted_ms = max(track.times_ms[-1] for track in tracks)
        assert lasted_ms == pytest.approx(1000 * entry["durationS"], abs=1500), "but for a stall"
        assert entry["durationS"] >= 5
        assert (entry["why"], entry["what"], entry["bytes"]) == (
            "time_over",
            "recording",
            len(data),
        )
        assert (entry["room"], set(entry["users"].split())) == (
            ann.room_id,
            {ann.user_id, bob.user_id},
        )
        assert entry["packetsDropped"] == 0


async def read_until(response: aiohttp.ClientResponse, count: int) -> bytes:
    """Read until so many pictures of each side can be played."""
    data = b""
    async with asyncio.timeout(60):
        async for chunk in response.content.iter_any():
            data += chunk
            with contextlib.suppress(av.FFmpegError):
                if all(len(t.stamps) >= count for t in play(data) if t.kind == "video"):
                    return data
    raise AssertionError("the recording ended")


async def test_a_recording_that_is_cut_off_can_be_played(tmp_path: Path) -> None:
    async with watched(tmp_path) as server, call(server) as (ann, bob):
        async with recording(server, ann.room_id) as response:
            data = await read_until(response, 15)
            response.close()
        [entry] = await uses(server, 1)
        assert entry["why"] == "reader_gone"
        await sees(bob, ann, 3)
    for cut in (len(data), len(data) - 1, len(data) * 2 // 3):
        videos = [track for track in play(data[:cut]) if track.kind == "video"]
        assert len(videos) == 2
        for track in videos:
            assert track.numbers == sorted(set(track.numbers))
    assert sum(len(track.numbers) for track in videos) > 5


@pytest.mark.parametrize("goodbye", ["next_partner", "vanish", "ended"])
async def test_a_recording_ends_with_the_room(tmp_path: Path, goodbye: str) -> None:
    async with watched(tmp_path, rematch_after_s=0) as server, call(server) as (ann, bob):
        room_id = ann.room_id
        async with recording(server, room_id) as response:
            data = await read_until(response, 10)
            if goodbye == "ended":
                await server.operator.ask(f"/api/v1/rooms/{room_id}", "DELETE")
            else:
                await getattr(bob, goodbye)()
            data += await response.read()
        [entry] = await uses(server, 1)
        assert (entry["why"], entry["room"]) == ("parted", room_id)
    videos = [track for track in play(data) if track.kind == "video"]
    for track in videos:
        assert track.numbers == sorted(set(track.numbers))
        assert len(track.numbers) >= 10


async def test_a_recording_shows_nothing_of_the_next_room(tmp_path: Path) -> None:
    async with (
        watched(tmp_path, rematch_after_s=0) as server,
        call(server) as (ann, bob),
        Bot(server.ws_url, 3) as eve,
        recording(server, ann.room_id) as response,
    ):
        data = await read_until(response, 5)
        await eve.find_partner()
        await bob.stop()
        await ann.until(lambda: ann.room_id is not None, 30, "room with eve")
        met_eve_at = ann.next_picture
        await sees(eve, ann, 5)
        data += await response.read()
    for track in play(data):
        assert {stamp.source for stamp in track.stamps if stamp} <= {1, 2}
        numbers = [stamp.number for stamp in track.stamps if stamp and stamp.source == 1]
        assert all(number <= met_eve_at for number in numbers)


async def test_a_server_that_drains_and_stops_leaves_a_whole_recording(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    chosen = {
        "host": "127.0.0.1",
        "port": 0,
        "udp_port": 0,
        "workers": 0,
        "allow_taps": True,
        "audit_log": log,
    }
    settings = Settings.model_validate(chosen | {"operator_token": TOKEN})
    async with contextlib.AsyncExitStack() as stack:
        relay = await stack.enter_async_context(running(settings))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(relay.url, headers=headers) as http:
            server = OperatedServer(relay, http, stack)
            async with call(server) as (ann, _), recording(server, ann.room_id) as response:
                data = await read_until(response, 5)
                assert (await server.operator.ask("/api/v1/drain", "POST"))[0] == 200
                data += await read_more(response, 8)
                stopping = asyncio.create_task(stack.aclose())
                data += await response.read()
                await stopping
    videos = [track for track in play(data) if track.kind == "video"]
    assert [len(track.numbers) >= 10 for track in videos] == [True, True]
    last = json.loads(log.read_text().splitlines()[-1])
    assert last["event"] == "tap_ended"
    assert last["why"] in ("server_stopping", "parted"), "whichever is seen first"


async def read_more(response: Any, chunks: int) -> bytes:
    return b"".join([await response.content.readany() for _ in range(chunks)])


async def test_a_reader_that_takes_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "Taps", partial(api_taps.Taps, patience_s=0.5))
    async with watched(tmp_path) as server:
        ann, bob, room_id = await server.pair()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.relay.port, limit=1024)
        writer.write(
            f"POST /api/v1/rooms/{room_id}/record HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
            f"Authorization: {server.operator.http.headers['Authorization']}\r\n\r\n".encode()
        )
        await writer.drain()
        await reader.readline()
        async with asyncio.timeout(60):
            while not (tmp_path / "audit.jsonl").read_text().count("tap_ended"):
                for _ in range(50):
                    for user in (ann, bob):
                        user._rtp_ts += 3000
                        user.send(VIDEO, KEYFRAME + bytes(1000), marker=True)
                await asyncio.sleep(0.02)
        [entry] = await uses(server, 1)
        assert entry["why"] == "reader_slow"
        writer.close()


def taps_processes() -> list[int]:
    """Those of this process's children in which recordings are made."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"relay.taps.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


async def test_a_recording_whose_process_dies_breaks_off_and_the_next_one_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with watched(tmp_path) as server, call(server) as (ann, bob):
        async with recording(server, ann.room_id, seconds="60") as response:
            await response.content.readany()
            [pid] = taps_processes()
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(aiohttp.ClientError):
                await response.read()
        [entry] = await uses(server, 1)
        assert entry["why"] == "failed"
        async with recording(server, ann.room_id, seconds="2") as response:
            assert len(play(await response.read())) == 4
        await sees(bob, ann, 3)
    assert taps_processes() == []
