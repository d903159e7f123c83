"""The operators' commands as processes, against a server with a call."""

import asyncio
import json
import os
import pty
import re
import signal
import struct
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import aiohttp
import av
import pytest

from relay.app import Relay, running
from relay.config import Settings
from relay.ops.client import Client
from tests.support import commands
from tests.support.bots import Bot
from tests.support.commands import Ended
from tests.support.watching import patient, receives

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(180)


class Call:
    """A server with two bots in a call, and an operator at a terminal."""

    def __init__(self, server: Relay, bots: tuple[Bot, Bot], folder: Path) -> None:
        self.ann, self.bob = bots
        self.url = server.url
        self.token = server.operator_token.get_secret_value()
        self.folder = folder
        self.env = {
            "PYTHONPATH": str(ROOT),
            "PATH": os.environ["PATH"],
            "RELAY_URL": self.url,
            "RELAY_OPERATOR_TOKEN": self.token,
            "TERM": "xterm-256color",
        }

    @property
    def room(self) -> str:
        assert self.ann.room_id is not None
        return self.ann.room_id

    async def relay(self, *arguments: str, **env: str) -> Ended:
        """Run a command in the operator's folder."""
        return await commands.run(*arguments, env=self.env | env, cwd=str(self.folder))

    async def video(self) -> str:
        """The id of the video that Ann sends."""
        ended = await self.relay("tracks", "--json", "--user", self.ann.user_id)
        tracks = [json.loads(line) for line in ended.out.splitlines()]
        return str(next(t["id"] for t in tracks if (t["kind"], t["direction"]) == ("video", "up")))


@asynccontextmanager
async def calling(folder: Path, **settings: object) -> AsyncIterator[Call]:
    chosen = Settings(
        host="127.0.0.1",
        port=0,
        udp_port=0,
        workers=0,
        audit_log=folder / "audit.jsonl",
        **settings,
    )
    with patient():
        async with (
            running(chosen) as server,
            Bot(server.url.replace("http", "ws") + "/ws", 1) as ann,
            Bot(server.url.replace("http", "ws") + "/ws", 2) as bob,
        ):
            for bot in (ann, bob):
                await bot.find_partner()
            for bot in (ann, bob):
                await receives(bot, 5)
            yield Call(server, (ann, bob), folder)


async def test_lists_for_people_and_for_scripts(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        tracks, rooms, users = [await call.relay(noun) for noun in ("tracks", "rooms", "users")]
        assert {each.code for each in (tracks, rooms, users)} == {0}
        assert {each.err for each in (tracks, rooms, users)} == {""}
        assert len(tracks.out.splitlines()) == 9
        assert tracks.out.count("vp8 320x240@") == 4
        assert call.room in rooms.out
        assert call.ann.user_id in rooms.out
        assert users.out.count("in call") == 2

        ended = await call.relay("tracks", "--json", "--room", call.room, "--sort", "bitrate")
        rates = [json.loads(line)["bitrateBps"] for line in ended.out.splitlines()]
        assert len(rates) == 8
        assert rates == sorted(rates, reverse=True)
        room = json.loads((await call.relay("rooms", "--json")).out)
        assert sorted(room["users"]) == sorted([call.ann.user_id, call.bob.user_id])
        assert len((await call.relay("users", "--json", "--limit", "1")).out.splitlines()) == 1


async def test_bad_ones_are_found_by_the_exit_status(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        assert (await call.relay("rooms", "--bad")).code in {0, 3}  # a busy machine may jitter
        await call.ann.leave()
        await call.bob.leave()
        ended = await call.relay("tracks", "--bad", "--room", "none")
        assert ended == (0, "there are none\n", "")


async def test_one_track(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        video = await call.video()
        once = await call.relay("track", video)
        assert once.code == 0
        assert f"{video}  vp8 320x240@" in once.out
        assert "Bitrate" not in once.out
        for_a_while = await call.relay("track", video, "--seconds", "1.5")
        assert for_a_while.code == 0
        assert "Bitrate" in for_a_while.out
        assert "█" in for_a_while.out
        found = json.loads((await call.relay("track", video, "--json")).out)
        assert (found["id"], found["userId"]) == (video, call.ann.user_id)
        missing = await call.relay("track", "nonsense")
        assert (missing.code, missing.out) == (1, "")
        assert missing.err.startswith("relay: there is no track 'nonsense'")
        assert missing.err.count("\n") == 1


async def test_watching_on_a_terminal_until_ctrl_c(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        ours, theirs = pty.openpty()
        ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from relay.cli import main; main()", "tracks", "--watch"),
            env=call.env,
            stdin=theirs,
            stdout=theirs,
            stderr=PIPE,
        )
        os.close(theirs)
        try:
            screen = await until_shown(ours, "█")
            assert "2 connected" in screen
            assert "LATELY" in screen
            assert "\x1b[?1049h" in screen  # a screen of its own
            process.send_signal(signal.SIGINT)
            screen += await until_shown(ours, "\x1b[?1049l")  # and back
            _, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            os.close(ours)
        assert (process.returncode, err) == (0, b"")


async def until_shown(terminal: int, text: str) -> str:
    """What a terminal shows until a text comes, and with it."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    shown = b""

    def read() -> None:
        nonlocal shown
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # Linux says so when the other side is closed
            loop.remove_reader(terminal)
        came.set()

    loop.add_reader(terminal, read)
    try:
        async with asyncio.timeout(60):
            while text not in shown.decode(errors="ignore"):
                came.clear()
                await came.wait()
    finally:
        loop.remove_reader(terminal)
    return shown.decode(errors="ignore")


async def test_watching_as_json_until_ctrl_c(tmp_path: Path) -> None:
    async with (
        calling(tmp_path) as call,
        commands.started("tracks", "--watch", "--json", env=call.env) as process,
    ):
        assert process.stdout
        first, second = [json.loads(await process.stdout.readline()) for _ in range(2)]
        assert len(first["tracks"]) == 8
        assert second["totals"]["at"] > first["totals"]["at"]
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")


async def test_watching_without_a_terminal_says_what_to_do(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        ended = await call.relay("tracks", "--watch")
    assert (ended.code, ended.out) == (2, "")
    assert "--watch --json" in ended.err


async def test_kick_and_end(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        room = call.room
        ended = await call.relay("end", room)
        assert ended == (0, f"room {room} has ended\n", "")
        await call.ann.until(lambda: call.ann.room_id != room, 30, "end of the room")
        ended = await call.relay("kick", call.ann.user_id)
        assert ended == (0, f"user {call.ann.user_id} is disconnected\n", "")
        async with asyncio.timeout(30):
            await call.ann.lost()
        again = await call.relay("kick", call.ann.user_id)
        assert again.code == 1
        assert "there is no user" in again.err


async def test_an_id_that_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        ended = await call.relay("kick", "-h2345678-abcde_")
        assert ended.code == 1
        assert "there is no user '-h2345678-abcde_'" in ended.err
        assert (await call.relay("kick", "--help")).out.startswith("Usage: ")


async def test_drain_and_wait_until_nobody_is_left(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        ended = await call.relay("drain", "--wait", "--timeout", "0.5")
        assert (ended.code, ended.out) == (1, "new users are turned away\n")
        assert "2 users are left after 0.5 s" in ended.err
        told = ("drain", "--deadline", "10m", "--wait")
        async with commands.started(*told, env=call.env) as process:
            assert process.stdout
            await process.stdout.readline()
            async with aiohttp.ClientSession() as http, http.get(f"{call.url}/ready") as ready:
                assert ready.status == 503
            await call.bob.leave()
            await call.ann.leave()
            assert await process.wait() == 0
        async with Client(call.url, call.token) as relay:
            assert (await relay.totals()).draining
        assert await call.relay("drain", "--undo") == (0, "new users may come\n", "")
        async with Client(call.url, call.token) as relay:
            assert not (await relay.totals()).draining
        assert (await call.relay("drain", "--undo", "--wait")).code == 2
        assert (await call.relay("drain", "--undo", "--deadline", "10m")).code == 2
        wrong = await call.relay("drain", "--deadline", "soon")
        assert wrong.code == 2
        assert "is not as 90s, 10m or 1h" in wrong.err
        assert (await call.relay("drain", "--deadline", "10m")).code == 0
        async with Client(call.url, call.token) as relay:
            assert await relay.drain()


async def test_a_recording_for_some_seconds_and_one_until_ctrl_c(tmp_path: Path) -> None:
    async with calling(tmp_path, allow_taps=True) as call:
        ended = await call.relay("record", call.room, "-o", "one.webm", "--seconds", "2")
        assert (ended.code, ended.out) == (0, "")
        assert re.fullmatch(r"one\.webm: [\d.]+ kB in \d+ s\n", ended.err)
        assert packets(tmp_path / "one.webm") == (2, 2)

        two = tmp_path / "two.webm"
        record = commands.started("record", call.room, "-o", str(two), env=call.env)
        async with record as process:
            await until(lambda: two.exists() and two.stat().st_size > 30_000)
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
        assert process.returncode == 0, err
        assert packets(two) == (2, 2)

        refused = await call.relay("record", call.room, "-o", "one.webm")
        assert refused.code == 2
        assert "one.webm exists; --force overwrites it" in refused.err
        audit = await call.relay("audit")
        assert audit.out.count("recording") == 2


def packets(file: Path) -> tuple[int, int]:
    """How many video and audio streams of a file have packets."""
    with av.open(str(file)) as media:
        seen = {packet.stream.index: packet.stream.type for packet in media.demux() if packet.size}
    kinds = list(seen.values())
    return kinds.count("video"), kinds.count("audio")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.05)


async def test_a_recording_ends_with_the_room(tmp_path: Path) -> None:
    async with calling(tmp_path, allow_taps=True) as call:
        file = tmp_path / "x.webm"
        async with commands.started("record", call.room, "-o", str(file), env=call.env) as process:
            await until(lambda: file.exists() and file.stat().st_size > 10_000)
            await call.bob.leave()
            async with asyncio.timeout(60):
                assert await process.wait() == 0
        assert packets(file) == (2, 2)


async def test_a_snapshot_and_a_capture(tmp_path: Path) -> None:
    async with calling(tmp_path, allow_taps=True) as call:
        video = await call.video()
        ended = await call.relay("snapshot", video, "-o", "x.png")
        assert ended.code == 0, ended.err
        with av.open(str(tmp_path / "x.png")) as picture:
            frame = next(picture.decode(video=0))
        assert (frame.width, frame.height) == (320, 240)
        link = video.partition("-")[0]
        ended = await call.relay("pcap", link, "-o", "x.pcapng", "--seconds", "1")
        assert ended.code == 0, ended.err
        assert (tmp_path / "x.pcapng").read_bytes().startswith(b"\x0a\x0d\x0d\x0a")
        async with commands.started(
            "pcap", link, "-o", "-", "--seconds", "1", env=call.env
        ) as process:
            out, _ = await process.communicate()
        assert (process.returncode, out[:4]) == (0, b"\x0a\x0d\x0d\x0a")


async def test_taps_that_are_not_allowed_leave_no_file(tmp_path: Path) -> None:
    async with calling(tmp_path) as call:
        ended = await call.relay("record", call.room, "-o", "x.webm")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("relay: ")
        assert ended.err.count("\n") == 1
        assert not (tmp_path / "x.webm").exists()
        assert (await call.relay("audit")).out == "nobody has looked into calls\n"


async def test_an_output_that_cannot_be_written_is_said_before_anything_starts(
    tmp_path: Path,
) -> None:
    async with calling(tmp_path, allow_taps=True) as call:
        ended = await call.relay("record", call.room, "-o", "no/where.webm")
        assert ended.code == 2
        assert ended.err == (
            "relay: --output: cannot write no/where.webm: no such file or directory\n"
        )
        full = await call.relay("record", call.room, "-o", "/dev/full")
        assert (full.code, full.err) == (1, "relay: cannot write /dev/full: the disk is full\n")
        async with Client(call.url, call.token) as relay:
            uses = {entry.use for entry in await relay.audit()}
        assert len(uses) == 1  # the full one


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--token", "wrong"), 1, "relay: {url} does not accept the token\n"),
        (
            ("--token", ""),
            2,
            "relay: --token: is missing; give the operator's token, or set RELAY_OPERATOR_TOKEN\n",
        ),
        (("--url", "nonsense", "--token", "x"), 2, None),
        (
            ("--url", "http://127.0.0.1:1", "--token", "x"),
            1,
            "relay: http://127.0.0.1:1 cannot be reached: connection refused\n",
        ),
    ],
)
async def test_each_failure_is_one_line_and_a_status(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str | None
) -> None:
    async with running(Settings(host="127.0.0.1", port=0, udp_port=0, workers=0)) as server:
        env = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "RELAY_URL": server.url}
        ended = await commands.run("users", *arguments, env=env, cwd=str(tmp_path))
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.count("\n") == 1
    if said is not None:
        assert ended.err == said.format(url=server.url)


async def test_completion_knows_commands_and_their_options(tmp_path: Path) -> None:
    env = {
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "_RELAY_COMPLETE": "complete_bash",
        "COMP_WORDS": "relay tra",
        "COMP_CWORD": "1",
    }
    completing = "from relay.cli import app; app(prog_name='relay')"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", completing, env=env, cwd=tmp_path, stdout=PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().split() == ["tracks", "track"]
