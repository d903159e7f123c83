"""A process of its own in which packets become files and pictures.

That takes longer than a packet may wait for the interpreter, and it decodes what strangers have
sent: so it shares neither with the packets' way. The process (:mod:`relay.taps.worker`) is started
when somebody first looks, and ended with the server. The two speak through its standard input and
output: requests are pickled, since they come from here; answers are bytes and a number, so that
nothing that was taken over can be more than wrong.
"""

import asyncio
import itertools
import os
import pickle
import struct
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

import structlog

from relay.errors import TapFailed
from relay.plane import TappedPacket

PATIENCE_S = 30.0
"""A process that does not answer for this long is ended: it hangs."""

SIZE = struct.Struct("!I")
"""Begins a request: the bytes that follow."""

ANSWER = struct.Struct("!IB")
"""Begins an answer: the bytes that follow, and :attr:`Made.note`, or ``FAILED``."""

FAILED = 255
"""In place of a note: what follows is the reason."""

MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""A process that announces more is ended."""

_STOP_S = 5.0

_keys = itertools.count()
_log = structlog.get_logger()


class Made(NamedTuple):
    """What a maker has made."""

    data: bytes = b""
    note: int = 0
    """Whatever else its caller is to know, 0 to 254."""


def packed(packets: Sequence[TappedPacket]) -> list[tuple[object, ...]]:
    """Packets as they travel: plain tuples take a tenth of the time to pickle."""
    return [tuple(packet) for packet in packets]


class Workshop:
    """Owns the process; :meth:`close` it.

    :param patience_s: how long an answer may take.
    """

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._worker: _Worker | None = None
        self._starting = asyncio.Lock()

    @asynccontextmanager
    async def maker(self, make: Callable[..., object], *args: object) -> AsyncIterator["Maker"]:
        """An object in the other process for as long as the context lasts.

        :param make: its class, or what else makes it; must be importable there.
        :raises TapFailed: when there is no process to be had.
        """
        worker = await self._running()
        maker = Maker(worker, self._patience_s)
        worker.tell((maker.key, None, (make, args)))
        try:
            yield maker
        finally:
            worker.tell((maker.key, None, None))

    async def close(self) -> None:
        """End the process; what it was about to make is lost."""
        if self._worker is not None:
            await self._worker.end()

    async def _running(self) -> "_Worker":
        async with self._starting:
            if self._worker is None or self._worker.gone:
                await self.close()
                self._worker = await _Worker.start()
            return self._worker


class Maker:
    """An object in the other process."""

    def __init__(self, worker: "_Worker", patience_s: float) -> None:
        self.key = next(_keys)
        self._worker = worker
        self._patience_s = patience_s

    async def make(self, method: str, *args: object) -> Made:
        """Call one of its methods, which returns a :class:`Made`.

        :raises TapFailed: when it raised, took too long, or when the process has gone.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._worker.ask((self.key, method, args))
        except TimeoutError:
            self._worker.kill()
            raise TapFailed(f"the taps' process did not answer in {self._patience_s:g} s") from None


class _Worker:
    """One run of the process. Answers come in the order of the requests."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.gone = False
        self._process = process
        self._input = cast("asyncio.StreamWriter", process.stdin)  # both are pipes
        self._output = cast("asyncio.StreamReader", process.stdout)
        self._asked: deque[asyncio.Future[Made]] = deque()
        self._listener = asyncio.create_task(self._listen(), name="taps' process")

    @classmethod
    async def start(cls) -> "_Worker":
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "relay.taps.worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={k: v for k, v in os.environ.items() if not k.startswith("RELAY_")},
            )
        except OSError as error:
            raise TapFailed(f"the taps' process cannot be started: {error}") from None
        return cls(process)

    def tell(self, request: tuple[int, str | None, object]) -> None:
        """Send a request that has no answer."""
        if not self.gone:
            data = pickle.dumps(request, pickle.HIGHEST_PROTOCOL)
            self._input.writelines((SIZE.pack(len(data)), data))

    async def ask(self, request: tuple[int, str, object]) -> Made:
        """Send a request, and wait for its answer."""
        if self.gone:
            raise TapFailed("the taps' process has gone")
        answer: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self.tell(request)
        return await answer

    def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._process.kill()

    async def end(self) -> None:
        """End it, with patience: it ends by itself when its input does."""
        self._input.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        await self._listener

    async def _listen(self) -> None:
        read = self._output.readexactly
        try:
            while True:
                size, note = ANSWER.unpack(await read(ANSWER.size))
                if size > MAX_ANSWER_BYTES:
                    break
                self._answer(await read(size), note)
        except (asyncio.IncompleteReadError, OSError):
            pass  # its output has ended, and so has it
        self.gone = True
        self.kill()
        code = await self._process.wait()
        if self._asked:
            _log.error("taps_process_lost", exit_code=code)
        while self._asked:
            self._answer(b"the taps' process has gone", FAILED)

    def _answer(self, data: bytes, note: int) -> None:
        asked = self._asked.popleft()
        if asked.done():  # nobody waits for it any more
            return
        if note == FAILED:
            asked.set_exception(TapFailed(data.decode(errors="replace")))
        else:
            asked.set_result(Made(data, note))
