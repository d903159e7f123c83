"""Connections that say nothing, over real sockets and on both event loops."""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import structlog
import uvloop
from aiohttp import web

from relay.door import Door, DoorLimits, ProtocolFactory
from tests.support.certificates import write_certificate

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

Run = Callable[[Callable[[], Awaitable[None]]], None]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class House:
    """A door with an application behind it whose answers wait for :attr:`answering`."""

    def __init__(self, door: Door, clock: Clock, tls: ssl.SSLContext | None) -> None:
        self.door, self.clock = door, clock
        self.answering = asyncio.Event()
        self.answering.set()
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        app = web.Application(middlewares=[self.door.attend])
        app.router.add_get("/", self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        factory: ProtocolFactory = runner.server  # type: ignore[assignment]
        self.port = self.door.open(factory, "127.0.0.1", 0, lambda: self._tls)
        try:
            yield
        finally:
            await self.door.close()
            await runner.cleanup()
            for writer in self._writers:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()

    async def _answer(self, _: web.Request) -> web.Response:
        await self.answering.wait()
        return web.Response(text="here")

    async def come(self, tls: ssl.SSLContext | None = None) -> "Guest":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)
        self._writers.append(writer)
        return Guest(reader, writer)

    async def come_in(self) -> "Guest":
        """Somebody new, whom the door knows."""
        before = self.door.tally.admitted
        guest = await self.come()
        await until(lambda: self.door.tally.admitted > before)
        return guest


class Guest:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def ask(self, request: bytes = REQUEST) -> bytes:
        self.writer.write(request)
        return await self.hear()

    async def hear(self) -> bytes:
        head = await self._reader.readuntil(b"\r\n\r\n")
        return head + await self._reader.readexactly(4)

    async def is_cut_off(self) -> bool:
        """Wait for the end; whether it came without a word."""
        try:
            return await self._reader.read() == b""
        except ConnectionError:
            return True


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nobody is told of what the kernel has accepted
            await asyncio.sleep(0.005)


def house(
    connections: int = 100, per_source: int = 100, tls: ssl.SSLContext | None = None
) -> House:
    clock = Clock()
    limits = DoorLimits(connections, per_source, silent_s=20, idle_s=100, bytes_burst=20_000)
    return House(Door(limits, source_of=lambda address: address, clock=clock), clock, tls)


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a story on an event loop of its own."""
    runner = uvloop.run if request.param == "uvloop" else asyncio.run

    def run(story: Callable[[], Awaitable[None]]) -> None:
        async def told() -> None:
            await story()

        runner(told())

    return run


def test_who_asks_is_answered_and_is_idle_then(run: Run) -> None:
    async def story() -> None:
        relay = house()
        async with relay.open():
            guest = await relay.come_in()
            assert relay.door.counts() == {"silent": 1, "idle": 0, "busy": 0}
            relay.answering.clear()
            guest.writer.write(REQUEST)
            await until(lambda: relay.door.counts() == {"silent": 0, "idle": 0, "busy": 1})
            relay.answering.set()
            assert (await guest.hear()).endswith(b"here")
            assert relay.door.counts() == {"silent": 0, "idle": 1, "busy": 0}
            guest.writer.close()
            await until(lambda: sum(relay.door.counts().values()) == 0)

    run(story)


@pytest.mark.parametrize("said", [b"", b"G", REQUEST[:-1]])
def test_who_does_not_ask_in_time_is_cut_off(run: Run, said: bytes) -> None:
    async def story() -> None:
        relay = house()
        async with relay.open():
            guest = await relay.come_in()
            guest.writer.write(said)
            await guest.writer.drain()
            relay.clock.now = 19.9
            relay.door.sweep()
            assert relay.door.tally.drops["silent"] == 0
            relay.clock.now = 20
            relay.door.sweep()
            assert await guest.is_cut_off()
            assert relay.door.tally.drops["silent"] == 1
            assert sum(relay.door.counts().values()) == 0

    run(story)


def test_who_is_answered_for_long_stays_and_who_is_idle_for_long_does_not(run: Run) -> None:
    async def story() -> None:
        relay = house()
        async with relay.open():
            guest = await relay.come_in()
            relay.answering.clear()
            guest.writer.write(REQUEST)
            await until(lambda: relay.door.counts()["busy"] == 1)
            relay.clock.now = 1000
            relay.door.sweep()
            relay.answering.set()
            assert (await guest.hear()).endswith(b"here")
            relay.clock.now = 1100
            relay.door.sweep()
            assert await guest.is_cut_off()
            assert relay.door.tally.drops["idle"] == 1

    run(story)


def test_a_source_that_has_enough_gets_no_more_and_it_is_logged_once(run: Run) -> None:
    async def story() -> None:
        relay = house(per_source=2)
        async with relay.open():
            first, second = await relay.come_in(), await relay.come_in()
            with structlog.testing.capture_logs() as logged:
                for _ in range(5):
                    assert await (await relay.come()).is_cut_off()
                    relay.door.sweep()
            assert relay.door.tally.refusals["source"] == 5
            assert [line["event"] for line in logged] == ["connections_turned_away"]
            assert (await second.ask()).endswith(b"here")
            first.writer.close()
            await until(lambda: sum(relay.door.counts().values()) == 1)
            assert (await (await relay.come()).ask()).endswith(b"here")

    run(story)


def test_when_it_is_full_the_oldest_who_says_nothing_goes_for_who_comes(run: Run) -> None:
    async def story() -> None:
        relay = house(connections=3)
        async with relay.open():
            asked = await relay.come_in()
            await asked.ask()
            oldest, other = await relay.come_in(), await relay.come_in()
            newest = await relay.come_in()
            assert await oldest.is_cut_off()
            assert (await newest.ask()).endswith(b"here")
            assert (await other.ask()).endswith(b"here")
            assert (await asked.ask()).endswith(b"here")
            assert relay.door.tally.drops["evicted"] == 1
            assert relay.door.tally.refusals["full"] == 0

    run(story)


def test_when_all_are_busy_who_comes_is_refused(run: Run) -> None:
    async def story() -> None:
        relay = house(connections=1)
        async with relay.open():
            guest = await relay.come_in()
            relay.answering.clear()
            guest.writer.write(REQUEST)
            await until(lambda: relay.door.counts()["busy"] == 1)
            assert await (await relay.come()).is_cut_off()
            assert relay.door.tally.refusals["full"] == 1
            relay.answering.set()
            assert (await guest.hear()).endswith(b"here")

    run(story)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02"])
def test_a_handshake_of_tls_that_never_ends_is_cut_off(
    run: Run, tmp_path: Path, said: bytes
) -> None:
    async def story() -> None:
        relay = house(tls=server_tls(tmp_path))
        async with relay.open():
            guest = await relay.come_in()
            guest.writer.write(said)
            await guest.writer.drain()
            relay.clock.now = 20
            relay.door.sweep()
            assert await guest.is_cut_off()
            assert relay.door.tally.drops["silent"] == 1
            assert sum(relay.door.counts().values()) == 0

    run(story)


def test_a_handshake_that_is_none_is_counted_and_others_get_in(run: Run, tmp_path: Path) -> None:
    async def story() -> None:
        relay = house(tls=server_tls(tmp_path))
        trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        async with relay.open():
            guest = await relay.come_in()
            guest.writer.write(REQUEST)
            await until(lambda: relay.door.tally.drops["handshake"] == 1)
            await until(lambda: sum(relay.door.counts().values()) == 0)
            guest.writer.close()
            other = await relay.come(trust)
            assert (await other.ask()).endswith(b"here")
            assert relay.door.counts() == {"silent": 0, "idle": 1, "busy": 0}

    run(story)


def test_a_door_that_closes_leaves_nobody_in_a_handshake(run: Run, tmp_path: Path) -> None:
    async def story() -> None:
        relay = house(tls=server_tls(tmp_path))
        async with relay.open():
            guest = await relay.come_in()
            await relay.door.close()
            assert await guest.is_cut_off()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(story)


def test_who_came_just_before_the_door_closes_is_answered(run: Run) -> None:
    async def story() -> None:
        relay = house()
        async with relay.open():
            guest, _ = await relay.come_in(), await relay.come_in()  # of whom one says nothing
            closing = asyncio.create_task(relay.door.close())
            await asyncio.sleep(0)
            assert (await guest.ask()).endswith(b"here")
            await closing

    run(story)


@pytest.mark.parametrize("asked_before", [False, True])
def test_who_sends_more_than_anybody_needs_is_cut_off(run: Run, asked_before: bool) -> None:
    async def story() -> None:
        relay = house()
        async with relay.open():
            guest = await relay.come_in()
            if asked_before:
                await guest.ask()
            guest.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n")
            guest.writer.write(b"x" * 50_000)
            await guest.is_cut_off()
            assert relay.door.tally.drops["flood"] == 1
            assert relay.door.counts()["busy"] == 0
            assert (await (await relay.come()).ask()).endswith(b"here")

    run(story)


FEW_FILES = """
import asyncio, resource, sys, uvloop
from aiohttp import web
from relay.door import Door, DoorLimits

async def main():
    door = Door(DoorLimits(10_000, 10_000))
    app = web.Application(middlewares=[door.attend])
    async def tell(_):
        return web.json_response({**door.tally.refusals, **door.tally.drops})
    app.router.add_get("/", tell)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = door.open(runner.server, "127.0.0.1", 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    door.sweep()
    await door.close()
    await runner.cleanup()

{"asyncio": asyncio.run, "uvloop": uvloop.run}[sys.argv[1]](main())
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_when_descriptors_run_out_the_silent_go_and_it_is_logged_once(loop: str) -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FEW_FILES, loop),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert server.stdout is not None
    port = int(await server.stdout.readline())
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert told["files"] > 0
    assert told["evicted"] > 0
    for _, each in [*silent, (reader, writer)]:
        each.close()
        with suppress(OSError):
            await each.wait_closed()
    out, _ = await server.communicate(b"")
    assert server.returncode == 0
    assert out.count(b"connections_turned_away") == 1


def server_tls(folder: Path) -> ssl.SSLContext:
    written = write_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(written.cert, written.key)
    return context
