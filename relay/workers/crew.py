"""Starts workers, adopts those of a former front, replaces those that die, and stops them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog
from pydantic import TypeAdapter

from relay.errors import CannotListen, WorkerError, reason_of
from relay.logs import log_crash
from relay.workers import messages
from relay.workers.births import Born, bear
from relay.workers.channel import Channel, peer_process
from relay.workers.colleague import Colleague
from relay.workers.directory import MAX_WORKERS, Directory, control

START_S = 20.0
"""How long a worker may take to introduce itself."""

GREETING_S = 5.0
"""How long one may that was there before."""

STOP_S = 5.0
"""How long it may take to say goodbye on all links."""

EXIT_S = 1.0
"""How long a process may be there after its socket has closed."""

FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 30.0
"""Between attempts to replace a worker that dies again and again."""

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class Crew:
    """The processes of one server.

    :param orders: one for each worker.
    :param directory: claimed by whoever owns it.
    """

    def __init__(self, orders: Sequence[messages.Orders], directory: Directory) -> None:
        self.restarts = [0] * len(orders)
        """How often each worker has died."""
        self._orders, self._directory = list(orders), directory
        self._processes: dict[int, Born] = {}
        self._members: dict[int, Colleague] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self._adopted: set[int] = set()
        """Which of them were there before this front."""

    def directory(self) -> Path:
        """Where the workers' sockets are, once it is claimed."""
        return self._directory.path

    async def start(
        self,
        joined: Callable[[Colleague, messages.Hello], None],
        told: Callable[[Colleague, Any, int], None],
        lost: Callable[[Colleague, str], None],
    ) -> None:
        """Have all of them at work.

        :param joined: called with each worker, those that take the place of others, too.
        :param told: see :meth:`relay.workers.colleague.Colleague.begin`.
        :param lost: called when one has gone; another will join.
        :raises WorkerError: when one cannot be had; none that was started is left behind then.
        """
        self._joined, self._told, self._lost = joined, told, lost
        await self.clear()
        try:
            await self._hire(*range(len(self._orders)))
        except BaseException:
            await self.let_go()
            await self.close()
            raise

    async def clear(self) -> None:
        """End what a former front has left for which there is no place, and free its ports."""
        surplus = range(len(self._orders), MAX_WORKERS)
        await asyncio.gather(*(self._find(index) for index in surplus))

    def wind_down(self) -> None:
        """Have none of them outlive this process."""
        for member in self._members.values():
            member.tell(messages.WindDown())

    async def let_go(self) -> None:
        """Leave those that were there before, with their calls, to another front.

        This one cannot begin: a port is taken, say, and with another one it is started again.
        """
        self._is_closing = True
        left = [self._members.pop(index) for index in self._adopted & self._members.keys()]
        await asyncio.gather(*(member.ended(0) for member in left))

    async def close(self) -> None:
        """Stop all of them."""
        self._is_closing = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for member in self._members.values():
            member.tell(messages.Stop())
        await asyncio.gather(*(self._dismiss(index) for index in list(self._members)))
        for process in self._processes.values():
            process.kill()
            await process.wait()
        self._processes.clear()

    def replace(self, member: Colleague, reason: str) -> None:
        """End a worker that does not do as it should; another takes its place."""
        log.error("worker_failed", worker=member.index, process=member.process_id, reason=reason)
        _kill(member.process_id)

    # one worker

    async def _hire(self, *indexes: int) -> None:
        """Adopt the workers that are there, and start the others."""
        found = await _all(self._find(index) for index in indexes)
        missing = []
        for index, there in zip(indexes, found, strict=True):
            if there is None:
                missing.append(index)
            else:
                self._enter(index, *there)
        if missing:
            for index, started in zip(missing, await self._launch(missing), strict=True):
                self._enter(index, *started)

    def _enter(self, index: int, channel: Channel, hello: messages.Hello) -> None:
        # Where any port would do, the next one is to have the same.
        self._orders[index] = replace(self._orders[index], udp_port=hello.udp_port)
        member = self._members[index] = Colleague(channel, hello)
        self._joined(member, hello)
        member.begin(self._told, self._gone)

    async def _find(self, index: int) -> tuple[Channel, messages.Hello] | None:
        """The worker that a former front has left; one that is of no use is ended."""
        path = control(self._directory.path, index)
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connected, str(path))
        except OSError:
            connected.close()
            return None
        process_id = peer_process(connected)
        channel = await Channel.over(connected)
        try:
            hello = await _introduction(channel, GREETING_S)
            reason = self._unfit(index, hello)
            if reason is None:
                log.info("worker_adopted", worker=index, process=hello.process_id)
                self._adopted.add(index)
                return channel, hello
        except WorkerError as error:
            reason = f"it {error}"
        log.warning("worker_not_adopted", worker=index, reason=reason)
        await self._expel(index, channel, process_id)
        return None

    def _unfit(self, index: int, hello: messages.Hello) -> str | None:
        """Why a worker cannot stay."""
        if index >= len(self._orders):
            return "there are to be fewer"
        return None if _fits(hello.orders, self._orders[index]) else "it has other settings"

    async def _expel(self, index: int, channel: Channel, process_id: int | None) -> None:
        """End a worker that is of no use, and wait until its port is free."""
        channel.send(messages.Stop())
        if not await _has_gone(channel, STOP_S) and process_id not in (None, os.getpid()):
            log.error("worker_does_not_stop", worker=index, process=process_id)
            _kill(process_id)
            await _has_gone(channel, EXIT_S)
        await channel.close()

    async def _launch(self, indexes: Sequence[int]) -> list[tuple[Channel, messages.Hello]]:
        """Start workers, all or none: they are forked from one process, with which they share."""
        pairs = [socket.socketpair() for _ in indexes]
        theirs = [each for _, each in pairs]
        command = _command([self._orders[index] for index in indexes], theirs)
        environ = {k: v for k, v in os.environ.items() if not k.startswith("RELAY_")}
        channels: list[Channel] = []
        born: list[Born] = []
        try:
            try:
                for ours, _ in pairs:
                    channels.append(await Channel.over(ours))
                born = await bear(command, [each.fileno() for each in theirs], environ, START_S)
            finally:
                for each in theirs:
                    each.close()
            hellos = await _all(_introduction(channel, START_S) for channel in channels)
        except BaseException:
            for ours, _ in pairs[len(channels) :]:
                ours.close()
            pids = [process.pid for process in born]
            known = indexes[: len(channels)]
            ended = (self._expel(*each) for each in zip_longest(known, channels, pids))
            await asyncio.gather(*ended)
            await asyncio.gather(*map(_exit_code, born))
            raise
        for index, process, hello in zip(indexes, born, hellos, strict=True):
            self._processes[index] = process
            log.info("worker_started", worker=index, process=process.pid, udp_port=hello.udp_port)
        return list(zip(channels, hellos, strict=True))

    def _gone(self, member: Colleague, reason: str) -> None:
        """A worker has gone, or is of no use any more."""
        if self._is_closing:
            return
        del self._members[member.index]
        self._adopted.discard(member.index)
        self._lost(member, reason)
        task = asyncio.create_task(self._rehire(member, reason), name="new worker")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(log_crash)

    async def _rehire(self, former: Colleague, reason: str) -> None:
        index, pause_s = former.index, FIRST_PAUSE_S
        process = self._processes.pop(index, None)
        code = await _exit_code(process) if process is not None else None
        told = {"worker": index, "process": former.process_id, "exit_code": code}
        log.error("worker_lost", **told, reason=reason)
        self.restarts[index] += 1
        while True:
            try:
                return await self._hire(index)
            except (WorkerError, OSError) as error:  # there may be no descriptor left, for a while
                log.warning(
                    "worker_not_started", worker=index, reason=str(error), retry_after=pause_s
                )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    async def _dismiss(self, index: int) -> None:
        """Wait for the end of a worker that was told to stop."""
        member = self._members.pop(index)
        process = self._processes.pop(index, None)
        if not await member.ended(STOP_S):
            log.error("worker_does_not_stop", worker=index, process=member.process_id)
            _kill(member.process_id)
        if process is not None:
            await _exit_code(process)


def _kill(process_id: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGKILL)


async def _exit_code(process: Born) -> int | None:
    """Wait for the end of a process that has gone, or is about to."""
    try:
        return await process.wait(EXIT_S)
    except TimeoutError:
        process.kill()
        return await process.wait()


async def _all(work: Iterable[Awaitable[_T]]) -> list[_T]:
    """Wait for all of it; what has failed first is raised when nothing is under way any more."""
    done = await asyncio.gather(*work, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return cast("list[_T]", done)


async def _has_gone(channel: Channel, patience_s: float) -> bool:
    """Wait until the other end closes; False when it does not in time."""
    try:
        async with asyncio.timeout(patience_s):
            while True:
                with suppress(WorkerError):  # what it says does not matter any more
                    await channel.receive()
    except EOFError:
        return True
    except TimeoutError:
        return False


async def _introduction(channel: Channel, patience_s: float) -> messages.Hello:
    """A worker's first words.

    :raises WorkerError: when they are others, or do not come.
    """
    try:
        async with asyncio.timeout(patience_s):
            hello, _ = await channel.receive()
    except TimeoutError:
        raise WorkerError("says nothing") from None
    except EOFError:
        raise WorkerError("has gone") from None
    if isinstance(hello, messages.CannotStart):
        error = OSError(hello.errno, os.strerror(hello.errno))
        if hello.udp_port is None:
            raise WorkerError(f"cannot make a socket in its directory: {reason_of(error)}")
        raise CannotListen(hello.udp_port, error)
    if not isinstance(hello, messages.Hello):
        raise WorkerError("does not introduce itself")
    return hello


def _fits(theirs: messages.Orders, ours: messages.Orders) -> bool:
    """Whether a worker is what it has to be."""
    same = replace(theirs, log_level=ours.log_level, log_json=ours.log_json, log_file=ours.log_file)
    return same == ours


def _command(orders: Sequence[messages.Orders], connected: Sequence[socket.socket]) -> list[str]:
    written = TypeAdapter(list[messages.Orders]).dump_json(list(orders)).decode()
    module = (*(f"-W{option}" for option in sys.warnoptions), "-P", "-m", "relay.workers.main")
    return [sys.executable, *module, written, *(str(each.fileno()) for each in connected)]
