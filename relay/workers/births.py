"""How workers come into the world: one process imports what all of them need, forks each, and ends.

So what they have in common is in memory once. Nothing is shared but that: there is no thread, no
key and no connection yet. Whose parent has ended is a child of the front's then, where the system
has that (Linux; PR_SET_CHILD_SUBREAPER of prctl(2)), and the front hears how it has ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from relay.errors import WorkerError, reason_of

_SET_CHILD_SUBREAPER = 36
_POLL_S = 0.01


class Born:
    """The process of a worker, which is a child of this one's unless the system knows better."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        """As :func:`os.waitstatus_to_exitcode` has it; None when that is not known."""
        self._has_ended = False

    def has_ended(self) -> bool:
        """Whether it is there no more; then its :attr:`exit_code` is known, if it is told."""
        if not self._has_ended:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else's
                self._has_ended = not _exists(self.pid)
            else:
                self._has_ended = pid != 0
                self.exit_code = os.waitstatus_to_exitcode(status) if pid else None
        return self._has_ended

    def kill(self) -> None:
        """End it at once; harmless when it has ended."""
        if not self.has_ended():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def wait(self, patience_s: float | None = None) -> int | None:
        """Wait for its end; returns its :attr:`exit_code`.

        :raises TimeoutError: when it has not ended in so many seconds, if some are given.
        """
        async with asyncio.timeout(patience_s):
            while not self.has_ended():  # noqa: ASYNC110 - it ends at once, or is killed
                await asyncio.sleep(_POLL_S)
        return self.exit_code


async def bear(
    command: Sequence[str], passed: Sequence[int], environ: dict[str, str], patience_s: float
) -> list[Born]:
    """Have a process fork, one worker for each of these descriptors, and print their ids.

    :raises WorkerError: when it does not in ``patience_s``; nobody is left then.
    """
    with _inheriting():
        try:
            parent = subprocess.Popen(  # noqa: ASYNC220, S603 - it only forks
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=passed,
                start_new_session=True,  # they are to outlive the front, and the front's terminal
                env=environ,
            )
        except OSError as error:
            raise WorkerError(f"a media process cannot be started: {reason_of(error)}") from None
        try:
            async with asyncio.timeout(patience_s):
                told = await _last_words(parent)
        except BaseException as error:
            await _end(parent)
            if isinstance(error, TimeoutError):
                raise WorkerError("says nothing") from None
            raise
        born = [Born(int(pid)) for pid in told.split()]
        if parent.returncode != 0 or len(born) != len(passed):
            await _end(parent)
            raise WorkerError("has gone")
    return born


async def _last_words(parent: subprocess.Popen[bytes]) -> bytes:
    """What it prints until it ends."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), parent.stdout
    )
    try:
        told = await reader.read()
    finally:
        transport.close()
    await _gone(parent)
    return told


async def _gone(parent: subprocess.Popen[bytes]) -> None:
    while parent.poll() is None:  # noqa: ASYNC110 - it is ending
        await asyncio.sleep(_POLL_S)


async def _end(parent: subprocess.Popen[bytes]) -> None:
    """End it, and whom it has given birth to."""
    with suppress(ProcessLookupError):
        os.killpg(parent.pid, signal.SIGKILL)
    await _gone(parent)


_heirs = 0
"""How many wait for somebody to be born."""


@contextmanager
def _inheriting() -> Iterator[None]:
    """Be the next parent of whose parent ends meanwhile, which is a matter of the whole process."""
    global _heirs  # noqa: PLW0603
    _heirs += 1
    _set_subreaper(on=True)
    try:
        yield
    finally:
        _heirs -= 1
        _set_subreaper(on=_heirs > 0)


def _set_subreaper(*, on: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, int(on), 0, 0, 0)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
