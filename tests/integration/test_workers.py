"""Media in processes of its own: they start, die, are replaced and adopted, and leave nothing."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import re
import select
import signal
import socket
import stat
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.app import running
from relay.cluster import Cluster
from relay.config import Settings
from relay.errors import CannotListen, ConfigError, SdpError, WorkerError, WorkerLost
from relay.media.paths.candidates import Public
from relay.workers import Crew, Directory, Orders, WorkersPlane
from relay.workers.crew import _command
from relay.workers.directory import control
from relay.workers.messages import VERSION
from tests.support.exchange import talk
from tests.support.news import Flowing, Lost, News, Up, news
from tests.support.ports import free_ports
from tests.support.processes import runs
from tests.support.thin import ThinPeer

pytestmark = pytest.mark.timeout(180)

START_S = 60.0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process takes its time to start on a machine that is busy."""
    monkeypatch.setattr("relay.workers.plane.REPLACED_S", START_S)
    monkeypatch.setattr("relay.workers.crew.START_S", START_S)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that is fit for use."""
    made = tmp_path / "run"
    made.mkdir(mode=0o700)
    return made


class House:
    """A front's plane over real processes, and peers at it."""

    def __init__(
        self,
        place: Path,
        count: int,
        ports: tuple[int, ...] = (),
        orders: Sequence[Orders] = (),
        cluster: Cluster | None = None,
    ) -> None:
        self.directory = Directory(place)
        self.ports = ports or (0,) * count
        usual = [
            Orders(index, "127.0.0.1", port, Public(), str(place), len(self.ports), "warning")
            for index, port in enumerate(self.ports)
        ]
        self.crew = Crew(orders or usual, self.directory)
        self.now = 0.0
        self.plane = WorkersPlane(self.crew, cluster=cluster, clock=lambda: self.now)
        self.events: asyncio.Queue[News] = asyncio.Queue()
        self.plane.subscribe(lambda event: self.events.put_nowait(news(event)))
        self.peers: list[ThinPeer] = []

    def peer(self) -> ThinPeer:
        found = ThinPeer()
        self.peers.append(found)
        return found

    async def join(self, user: str) -> ThinPeer:
        peer = self.peer()
        described = await self.plane.answer(user, peer.offer(), is_local=True)
        peer.take_answer(described.sdp)
        await peer.connect()
        await self.hears(Up(user))
        return peer

    async def pair(self, a: str, b: str) -> None:
        self.plane.pair(a, b)
        await self.plane.stats()  # it is carried out by then

    async def hears(self, *expected: News) -> None:
        async with asyncio.timeout(START_S):
            got = [await self.events.get() for _ in expected]
        assert sorted(got) == sorted(expected)

    async def processes(self) -> list[int]:
        found = [worker.process_id for worker in (await self.plane.look()).workers]
        return [process_id for process_id in found if process_id is not None]

    async def vanish(self) -> None:
        """Be gone as a front that was killed is: without a word."""
        assert self.plane._beating is not None
        self.plane._beating.cancel()
        for member in list(self.plane._members.values()):
            member._listener.cancel()  # type: ignore[union-attr]
            await member.ended(5)
        os.close(self.directory._lock)  # type: ignore[arg-type]


@asynccontextmanager
async def house(
    place: Path,
    count: int = 1,
    ports: tuple[int, ...] = (),
    orders: Sequence[Orders] = (),
    cluster: Cluster | None = None,
) -> AsyncIterator[House]:
    made = House(place, count, ports, orders, cluster)
    made.directory.claim()
    try:
        await made.plane.start()
        yield made
    finally:
        await made.plane.close()
        for peer in made.peers:
            await peer.vanish()
        made.directory.release()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(START_S):
        while not is_so():  # noqa: ASYNC110 - another process, of which no event tells
            await asyncio.sleep(0.01)


async def test_two_talk_over_a_worker_and_nothing_is_left(place: Path) -> None:
    async with house(place) as here:
        a, b = await here.join("a"), await here.join("b")
        await here.pair("a", "b")
        await talk(a, b)
        await here.hears(Flowing("b"), Flowing("a"))
        seen = await here.plane.look()
        (worker,) = seen.workers
        (process_id,) = await here.processes()
        assert (worker.index, worker.udp_port) == (0, here.plane.udp_ports[0])
        assert {link.user_id for link in seen.links} == {"a", "b"}
        assert {link.local_address[1] for link in seen.links} == set(here.plane.udp_ports)
        assert len(seen.tracks) == 6
        assert worker.stats.packets_forwarded == seen.stats.packets_forwarded == 2
    assert not runs(process_id)
    assert os.listdir(place) == ["lock"]  # noqa: PTH208


def file_of(process: int, name: str) -> bytes:
    return Path(f"/proc/{process}/{name}").read_bytes()


def sockets_of(process: int) -> set[str]:
    held = set(map(os.readlink, Path(f"/proc/{process}/fd").iterdir()))
    return {each for each in held if each.startswith("socket:")}


def memory_kb(process: int, kind: str) -> int:
    """What was written to, and is shared with others or private."""
    found = re.search(rf"{kind}_Dirty: +(\d+)".encode(), file_of(process, "smaps_rollup"))
    assert found
    return int(found[1])


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="looks into /proc")
async def test_workers_share_memory_and_nothing_else(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_OPERATOR_TOKEN", "a secret")
    async with house(place, 2) as here:
        processes = await here.processes()
        assert not set.intersection(*map(sockets_of, processes))
        for each in processes:
            assert b"RELAY_" not in file_of(each, "environ")
            assert memory_kb(each, "Shared") > memory_kb(each, "Private")
            assert os.getsid(each) != os.getsid(0)
        offers = [(await here.plane.offer(user)).sdp for user in "ab"]
        assert set(here.plane._homes.worker_of.values()) == {0, 1}
        for kind in ("fingerprint", "ice-ufrag", "ice-pwd"):
            told = {re.search(rf"a={kind}:(.+)", offer)[1] for offer in offers}  # type: ignore[index]
            assert len(told) == 2, "what is random is so for each"


async def test_newcomers_are_put_where_there_are_fewest_and_pairs_together(place: Path) -> None:
    async with house(place, 2) as here:
        for user in ("a", "b", "c"):
            await here.join(user)
        here.plane.pair("c", "d")
        await here.join("d")
        await here.plane.answer("e", here.peer().offer(), is_local=True, near="b")
        ports = {
            link.user_id: here.plane.udp_ports.index(link.local_address[1])
            for link in (await here.plane.look()).links
        }
        assert ports == {"a": 0, "b": 1, "c": 0, "d": 0, "e": 1}
        assert await here.plane.offer("a") is not None


async def test_a_worker_that_is_killed_is_replaced_and_its_users_come_back(place: Path) -> None:
    async with house(place) as here:
        a, b = await here.join("a"), await here.join("b")
        await here.pair("a", "b")
        await talk(a, b)
        await here.hears(Flowing("b"), Flowing("a"))
        before = await here.plane.stats()
        ports = here.plane.udp_ports
        (killed,) = await here.processes()
        with capture_logs() as logged:
            os.kill(killed, signal.SIGKILL)
            await here.hears(Lost("a", "restarted"), Lost("b", "restarted"))
            a, b = await here.join("a"), await here.join("b")
        await talk(a, b)
        await here.hears(Flowing("b"), Flowing("a"))
        assert here.plane.udp_ports == ports, "the same port"
        (worker,) = (await here.plane.look()).workers
        assert (worker.restarts, worker.process_id == killed) == (1, False)
        after = await here.plane.stats()
        assert after.packets_forwarded >= before.packets_forwarded + 2, "counters only grow"
        (lost,) = [event for event in logged if event["event"] == "worker_lost"]
        assert (lost["worker"], lost["process"], lost["exit_code"]) == (0, killed, -9)
        assert lost["log_level"] == "error"


async def test_a_worker_that_is_told_to_end_by_somebody_else_says_no_goodbye(place: Path) -> None:
    """Its users are to offer again, and pages hang up when they hear one."""
    async with house(place) as here:
        a = await here.join("a")
        (process,) = await here.processes()
        os.kill(process, signal.SIGTERM)
        await here.hears(Lost("a", "restarted"))
        await until(lambda: not runs(process))
        assert not a.closed.is_set()
        await here.join("a")


async def test_a_worker_that_hangs_is_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(place) as here:
        await here.join("a")
        (hung,) = await here.processes()
        os.kill(hung, signal.SIGSTOP)
        with monkeypatch.context() as hurried:
            hurried.setattr("relay.workers.colleague.PATIENCE_S", 0.2)
            await here.plane.beat()
        await here.hears(Lost("a", "restarted"))
        await here.join("a")
        assert not runs(hung)


async def test_a_front_that_has_stood_still_itself_replaces_nobody(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(place) as here:
        before = await here.processes()
        with monkeypatch.context() as hurried:
            hurried.setattr("relay.workers.colleague.PATIENCE_S", 0.2)
            beating = asyncio.create_task(here.plane.beat())
            for _ in range(3):  # until it has asked
                await asyncio.sleep(0)
            time.sleep(0.5)  # noqa: ASYNC251 - as one that is frozen
            answers = here.plane._members[0]._channel._writer.get_extra_info("socket")
            select.select([answers.fileno()], [], [], START_S)  # it comes meanwhile
            await beating
        assert await here.processes() == before


async def test_a_description_waits_for_the_successor_of_a_worker_that_dies(place: Path) -> None:
    async with house(place) as here:
        (killed,) = await here.processes()
        os.kill(killed, signal.SIGSTOP)
        peer = here.peer()
        answering = asyncio.create_task(here.plane.answer("a", peer.offer(), is_local=True))
        await asyncio.sleep(0)
        os.kill(killed, signal.SIGKILL)
        peer.take_answer((await answering).sdp)
        await peer.connect()
        await here.hears(Up("a"))  # of a link that never was nobody is told


async def test_a_description_does_not_hold_up_the_news_that_its_worker_has_gone(
    place: Path,
) -> None:
    async with house(place) as here:
        here.plane._members[0]._channel._writer.transport.abort()  # it is not known yet
        await here.join("a")


async def test_a_worker_that_cannot_be_replaced_at_once_is_replaced_later(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(place) as here:
        launch, attempts = here.crew._launch, 0

        async def without_descriptors(indexes: Sequence[int]) -> Any:
            nonlocal attempts
            attempts += 1
            if attempts == 1:
                raise OSError(errno.EMFILE, "too many open files")
            return await launch(indexes)

        monkeypatch.setattr(here.crew, "_launch", without_descriptors)
        with capture_logs() as logged:
            os.kill((await here.processes())[0], signal.SIGKILL)
            await here.join("a")
        (event,) = [event for event in logged if event["event"] == "worker_not_started"]
        assert "too many open files" in event["reason"]


async def test_an_answer_to_the_offer_of_a_worker_that_has_died_is_refused(place: Path) -> None:
    async with house(place) as here:
        await here.plane.offer("a")
        (killed,) = await here.processes()
        os.kill(killed, signal.SIGKILL)
        await here.hears(Lost("a", "restarted"))
        with pytest.raises(SdpError):
            await here.plane.accept("a", "v=0")


@asynccontextmanager
async def abandoned(place: Path, count: int) -> AsyncIterator[House]:
    """What a front has left that has vanished, in which two talk."""
    left = House(place, count, free_ports(count))
    left.directory.claim()
    await left.plane.start()
    await left.pair("a", "b")
    await talk(await left.join("a"), await left.join("b"))
    processes = await left.processes()
    await left.vanish()
    try:
        yield left
    finally:
        for peer in left.peers:
            await peer.vanish()
        for process in left.crew._processes.values():
            process.kill()
            await process.wait()
        assert not any(map(runs, processes))


async def test_a_front_that_vanishes_leaves_media_flowing_and_the_next_adopts_it(
    place: Path,
) -> None:
    async with abandoned(place, 2) as left, house(place, ports=left.ports) as here:
        a, b = left.peers
        await talk(a, b, 2)
        processes = [process.pid for _, process in sorted(left.crew._processes.items())]
        assert await here.processes() == processes, "they are adopted"
        assert {link.user_id for link in (await here.plane.look()).links} == {"a", "b"}
        await talk(a, b, 3)
        here.now += 59
        await here.plane.beat()
        await talk(a, b, 4)
        here.now += 2
        await here.plane.beat()
        assert (await here.plane.look()).links == [], "nobody has claimed them"
        await here.join("a")


async def test_whose_user_has_come_back_keeps_its_link(place: Path) -> None:
    async with abandoned(place, 1) as left, house(place, ports=left.ports) as here:
        await here.plane.answer("a", left.peers[0].offer(), is_local=True)
        here.now += 61
        await here.plane.beat()
        assert [link.user_id for link in (await here.plane.look()).links] == ["a"]


async def test_a_worker_with_other_settings_makes_room(place: Path) -> None:
    async with abandoned(place, 1) as left:
        orders = [Orders(0, "127.0.0.1", left.ports[0], Public(("192.0.2.1",)), str(place))]
        with capture_logs() as logged:
            async with house(place, orders=orders) as here:
                assert here.plane.udp_ports == left.ports
        assert "worker_not_adopted" in [event["event"] for event in logged]


def of_release_99(orders: Sequence[Orders], connected: Sequence[socket.socket]) -> list[str]:
    """What starts workers whose messages are of another version."""
    program = "from relay.workers import main, messages; messages.VERSION = 99; main.main()"
    command = _command(orders, connected)
    at = command.index("-m")
    return [*command[:at], "-c", program, *command[at + 2 :]]


async def test_a_worker_of_another_release_ends_its_calls_in_order_and_frees_its_port(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        with monkeypatch.context() as other:
            other.setattr("relay.workers.messages.VERSION", 99)
            other.setattr("relay.workers.crew._command", of_release_99)
            left = await stack.enter_async_context(abandoned(place, 1))
        with capture_logs() as logged:
            async with house(place, ports=left.ports) as here:
                assert await left.crew._processes[0].wait() == 0
                async with asyncio.timeout(START_S):
                    for peer in left.peers:
                        await peer.closed.wait()
                assert here.plane.udp_ports == left.ports
                await here.join("c")
        told = {event["event"]: event.get("reason") for event in logged}
        reason = f"it is of another release: it speaks version 99, and not {VERSION}"
        assert told == {
            "worker_not_adopted": reason,
            "worker_started": None,
        }


async def test_a_worker_for_which_there_is_no_place_any_more_ends(place: Path) -> None:
    async with abandoned(place, 2) as left:
        first, second = (process for _, process in sorted(left.crew._processes.items()))
        orders = [Orders(0, "127.0.0.1", left.ports[0], Public(), str(place), 1, "warning")]
        with capture_logs() as logged:
            async with house(place, orders=orders):
                assert await first.wait() == 0
                assert await second.wait() == 0
        told = {e["worker"]: e["reason"] for e in logged if e["event"] == "worker_not_adopted"}
        assert told == {0: "it has other settings", 1: "there are to be fewer"}


async def test_a_server_that_cannot_begin_leaves_the_calls_to_the_next(place: Path) -> None:
    async with abandoned(place, 1) as left:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            settings = Settings(
                host="127.0.0.1",
                port=taken.getsockname()[1],
                udp_port=left.ports[0],
                runtime_dir=place,
                log_level="warning",
            )
            with capture_logs() as logged, pytest.raises(ConfigError, match="port"):
                async with running(settings):
                    pass
        assert "worker_adopted" in [event["event"] for event in logged]
        async with house(place, ports=left.ports) as here:
            assert await here.processes() == [left.crew._processes[0].pid]
            a, b = left.peers
            await talk(a, b, 2)


async def test_a_worker_that_cannot_be_had_costs_no_calls_of_the_others(place: Path) -> None:
    async with abandoned(place, 2) as left:
        left.crew._processes[1].kill()
        await left.crew._processes[1].wait()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", left.ports[1]))
            with pytest.raises(CannotListen):
                async with house(place, ports=left.ports):
                    pass
        async with house(place, ports=left.ports) as here:
            assert left.crew._processes[0].pid in await here.processes()
            assert not left.crew._processes[0].has_ended()


async def test_a_server_without_workers_ends_those_that_have_its_port(place: Path) -> None:
    async with abandoned(place, 1) as left:
        settings = Settings(
            host="127.0.0.1", port=0, udp_port=left.ports[0], workers=0, runtime_dir=place
        )
        async with running(settings) as relay:
            assert relay.udp_ports == left.ports
            assert await left.crew._processes[0].wait() == 0


async def test_a_worker_that_hangs_is_ended_where_it_cannot_be_adopted(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with abandoned(place, 2) as left:
        hung, adopted = (process for _, process in sorted(left.crew._processes.items()))
        os.kill(hung.pid, signal.SIGSTOP)
        with capture_logs() as logged, monkeypatch.context() as hurried:
            hurried.setattr("relay.workers.crew.STOP_S", 0.2)
            async with house(place, ports=left.ports) as here:
                assert await hung.wait() == -signal.SIGKILL
                assert here.plane.udp_ports == left.ports
                assert adopted.pid in await here.processes()
        told = {event["event"]: event for event in logged}
        assert told["worker_not_adopted"]["reason"] == "it says nothing"
        assert told["worker_does_not_stop"]["process"] == hung.pid


# what is no worker


def served(path: Path, greeting: bytes) -> socket.socket:
    """A socket in a worker's place."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen(1)
    return listening


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x05what?",
        b'\x00\x00\x00\x0dHello 0 {"a":1}'[:17],
        b"\x00\x00\x00\x03\x00\x01\x02",
        b"",
    ],
)
async def test_whoever_talks_nonsense_in_a_workers_place_is_not_adopted(
    place: Path, said: bytes
) -> None:
    met: list[Any] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(1)
        writer.write(said)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(speak, control(place, 0))
    with capture_logs() as logged:
        async with house(place) as here:
            assert met == [1]
            await here.join("a")
    server.close()
    (event,) = [event for event in logged if event["event"] == "worker_not_adopted"]
    assert event["reason"].startswith("it ")


async def test_a_worker_that_talks_nonsense_later_is_replaced(place: Path) -> None:
    async with house(place) as here:
        await here.join("a")
        (process,) = await here.processes()
        member = here.plane._members[0]
        with capture_logs() as logged:
            member._channel._reader.feed_data(struct.pack("!I", 5) + b"what?")
            await here.hears(Lost("a", "restarted"))
            await here.join("a")
        (lost,) = [event for event in logged if event["event"] == "worker_lost"]
        assert lost["reason"] == "says what nobody understands"
        await until(lambda: not runs(process))


@pytest.mark.parametrize("said", [b"", b"\x00\x00\x00\x05what?", b"\x00\x00\x00\x09Stop 0 {}"])
async def test_who_comes_to_a_worker_that_has_a_front_is_turned_away(
    place: Path, said: bytes
) -> None:
    async with house(place) as here:
        await here.join("a")
        processes = await here.processes()
        reader, writer = await asyncio.open_unix_connection(control(place, 0))
        writer.write(said)
        with suppress(ConnectionError):  # what was said has not been read
            assert await reader.read() == b""
        writer.close()
        assert [link.user_id for link in (await here.plane.look()).links] == ["a"]
        assert await here.processes() == processes
        assert here.events.empty()


async def test_ports_that_are_taken_are_said_in_one_line_and_nothing_is_left(place: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"UDP port {port}: address already in use"):
            async with house(place, ports=(0, port)):
                pass
    assert os.listdir(place) == ["lock"]  # noqa: PTH208


def test_a_directory_must_be_ones_own_and_for_nobody_else(tmp_path: Path) -> None:
    def complaint(path: Path) -> str:
        with pytest.raises(WorkerError) as raised:
            Directory(path).claim()
        return str(raised.value)

    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    assert complaint(shared) == f"{shared} is open to other users: it has to have mode 0700"
    (tmp_path / "file").touch()
    assert complaint(tmp_path / "file") == f"{tmp_path / 'file'}: file exists"
    link = tmp_path / "link"
    link.symlink_to(shared)
    assert complaint(link) == f"{link} is no directory"
    assert complaint(tmp_path / "file" / "in") == f"{tmp_path / 'file' / 'in'}: not a directory"
    own = tmp_path / "own"
    held = Directory(own)
    held.claim()
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert complaint(own) == f"{own} is held by another server that runs"
    held.release()
    control(own, 3).touch()
    assert complaint(own) == f"{control(own, 3)} is no socket"
    long = tmp_path / ("x" * 120)
    assert complaint(long) == f"{long} is too long a name for sockets in it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_another_user_is_not_used(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    served(control(own, 0), b"").close()
    os.chown(control(own, 0), 65534, 65534)
    with pytest.raises(WorkerError, match="worker-0 belongs to another user"):
        Directory(own).claim()
    control(own, 0).unlink()
    os.chown(own, 65534, 65534)
    with pytest.raises(WorkerError, match="own belongs to another user"):
        Directory(own).claim()


async def test_who_asks_a_worker_that_has_gone_is_told_so(place: Path) -> None:
    async with house(place) as here:
        member = here.plane._members[0]
        os.kill(member.process_id, signal.SIGKILL)
        await member.ended(5)
        with pytest.raises(WorkerLost):
            await member.ask(object())


async def test_a_start_that_is_given_up_leaves_no_socket(place: Path) -> None:
    async with house(place) as here:
        starting = asyncio.create_task(here.plane._crew._launch([0]))
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        gc.collect()  # which complains of those


async def test_a_look_does_not_wait_for_a_worker_that_hangs(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(place, 2) as here:
        for user in ("a", "b"):
            await here.join(user)
        hung, _ = await here.processes()
        monkeypatch.setattr("relay.workers.plane.LOOK_S", 0.2)
        os.kill(hung, signal.SIGSTOP)
        try:
            seen = await here.plane.look()
            while not seen.links:  # the other one may be late, too
                seen = await here.plane.look()
            assert [link.user_id for link in seen.links] == ["b"]
            assert [worker.index for worker in seen.workers] == [0, 1]
            assert (await here.plane.stats()).links == 2, "as it told last"
        finally:
            os.kill(hung, signal.SIGCONT)
