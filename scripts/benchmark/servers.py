"""What is measured: server processes, pinned to one core, and what they use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

RELAY, FLOOR, JANUS, STOCK = "relay", "floor", "Janus videocall", "aiortc MediaRelay"
"""The servers' names."""

STARTUP_S = 60.0
_CPUCLOCK_SCHED = 2  # the clock of a whole process, in the kernel's clock ids
_KEPT_CHARS = 4000


class NotStarted(Exception):
    """A server cannot be measured; the message says why."""


@dataclass(slots=True)
class Server:
    """A running server: a process, and those that it has started."""

    name: str
    url: str
    pid: int
    said: list[str] = field(default_factory=list)

    def pids(self) -> list[int]:
        """Its processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [self.pid, *map(int, children.split())]

    def cpu_s(self) -> float:
        """CPU time of all its threads so far, in seconds."""
        return sum(time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED) for pid in self.pids())

    def resident_mb(self) -> float:
        """Memory; what processes share counts once (proportional set size)."""
        return sum(map(_proportional_mb, self.pids()))

    def descriptors(self) -> int:
        """Open file descriptors."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.pids())

    def threads(self) -> int:
        """Threads."""
        return len(self._tasks())

    def sleeps(self) -> int:
        """How often its threads have gone to sleep so far."""
        total = 0
        for task in self._tasks():
            with contextlib.suppress(OSError):  # a thread may end meanwhile
                found = re.search(r"^voluntary_ctxt_switches:\s*(\d+)", _status(task), re.MULTILINE)
                total += int(found[1]) if found else 0
        return total

    def _tasks(self) -> list[Path]:
        return [task for pid in self.pids() for task in Path(f"/proc/{pid}/task").iterdir()]


def _proportional_mb(pid: int) -> float:
    found = re.search(r"(?m)^Pss:\s*(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _status(task: Path) -> str:
    return (task / "status").read_text()


def cores() -> tuple[int, int]:
    """The server's core and the load's; the same when there is only one."""
    usable = sorted(os.sched_getaffinity(0) | _pinned)
    return usable[0], usable[-1]


def core_busy_s(core: int) -> float:
    """How long a core has done anything at all (steal included), in seconds."""
    line = next(
        line
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith(f"cpu{core} ")
    )
    ticks = [int(word) for word in line.split()[1:9]]  # user nice system idle iowait irq soft steal
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


_pinned: set[int] = set()


def pin_load() -> None:
    """Keep this process on the load's core."""
    server, load = cores()
    _pinned.update({server, load})
    os.sched_setaffinity(0, {load})


@contextlib.asynccontextmanager
async def relay(*switches: str, **settings: str) -> AsyncIterator[Server]:
    """The relay as operators run it, but for the limits on who talks or leaves partners fast."""
    flags = {"host": "127.0.0.1", "port": "0", "udp-port": "0"}
    paces = {"messages-per-s": "10000", "hasty-nexts": "0", "nexts-per-minute": "10000"}
    command = [str(Path(sys.executable).with_name("relay")), "serve", *switches]
    for name, value in (flags | paces | settings).items():
        command += [f"--{name}", value]
    async with running(RELAY, command) as server:
        yield server


@contextlib.asynccontextmanager
async def stock_aiortc() -> AsyncIterator[Server]:
    """A relay as aiortc's examples build it: MediaRelay, every frame decoded and encoded again."""
    async with running(STOCK, _script("stock_aiortc.py")) as server:
        yield server


@contextlib.asynccontextmanager
async def floor() -> AsyncIterator[Server]:
    """A bare loop that receives and sends."""
    async with running(FLOOR, _script("floor.py")) as server:
        yield server


def _script(name: str) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name(name))]


@contextlib.asynccontextmanager
async def running(
    name: str, command: list[str], address: str = r"(?:https?|udp)://[^:/ ]+:(\d+)"
) -> AsyncIterator[Server]:
    """A server process for as long as the context lasts.

    :param address: a pattern by which its output says that it is ready; its group is the port.
    :raises NotStarted: when the process ends, or does not say so in time.
    """
    process = await _spawn(command)
    server = Server(name, "", process.pid)
    reader = asyncio.create_task(_listen(output_of(process), server.said), name=f"output of {name}")
    try:
        port = await _ready(server, reader, address)
        scheme = "wss" if "https://" in "".join(server.said) else "ws"
        server.url = f"{scheme}://127.0.0.1:{port}/ws"
        yield server
    finally:
        await _end(process)
        await reader


def output_of(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    """What a process says; its output must be a pipe."""
    if process.stdout is None:
        raise ValueError("the output is no pipe")
    return process.stdout


async def _spawn(command: list[str]) -> asyncio.subprocess.Process:
    """Start a process on the server's core; threads inherit that, if they start after it."""
    mine = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {cores()[0]})
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(os.environ),
        )
    finally:
        os.sched_setaffinity(0, mine)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """Without what would configure the relay otherwise than by its flags."""
    return {k: v for k, v in given.items() if not k.startswith("RELAY_")} | {
        "PYTHONUNBUFFERED": "1"
    }


async def _ready(server: Server, reader: asyncio.Task[None], address: str) -> int:
    deadline_s = time.monotonic() + STARTUP_S
    while time.monotonic() < deadline_s and not reader.done():
        found = re.search(address, "".join(server.said))
        if found:
            return int(found[1])
        await asyncio.wait([reader], timeout=0.05)
    output = "".join(server.said)[-_KEPT_CHARS:]
    raise NotStarted(f"{server.name} did not start:\n{output}")


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _listen(output: asyncio.StreamReader, said: list[str]) -> None:
    while line := await output.readline():
        said.append(line.decode(errors="replace"))
        del said[:-200]
