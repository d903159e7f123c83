"""Snapshots, recordings and captures, from the relay to a file."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from relay.errors import OperatorError, Unreachable
from relay.ops import figures
from relay.ops.files import Output

Tap = AbstractAsyncContextManager[AsyncIterator[bytes]]


class Progress:
    """How far a stream to a file is, as one line."""

    def __init__(self, doing: str, output: Output) -> None:
        self._doing = doing
        self._output = output
        self._since_s = time.monotonic()

    @property
    def done(self) -> str:
        """The line when it is over."""
        took = figures.duration(time.monotonic() - self._since_s)
        return f"{self._output.name}: {figures.size(self._output.size)} in {took}"

    def __rich__(self) -> Text:
        seconds = time.monotonic() - self._since_s
        rate = figures.bitrate(8 * self._output.size / max(seconds, 1))
        text = Text("● ", "red")
        text.append(f"{self._doing} {self._output.name}", "default")
        text.append(f"  {figures.duration(seconds)}  {figures.size(self._output.size)}  {rate}")
        text.append("  Ctrl-C ends it", "bright_black")
        return text


async def save(tap: Tap, output: Output, doing: str) -> str:
    """Write what a tap gives until it ends, or a signal (Ctrl-C, SIGTERM) ends it.

    :param doing: names it in the progress line, such as ``recording``.
    :returns: a line that says what was written.
    :raises OperatorError: when nothing came, or when it broke off or the disk is full; what came
        before is kept, and the message says so.
    """
    progress = Progress(doing, output)
    with _shown(progress):
        await _copy(tap, output)
    if output.size == 0:
        raise OperatorError(f"nothing came; there is no {output.name}")
    return progress.done


async def _copy(tap: Tap, output: Output) -> None:
    task = asyncio.create_task(_pump(tap, output), name="tap")
    with _stopping(task):
        await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


async def _pump(tap: Tap, output: Output) -> None:
    try:
        async with tap as chunks:
            async for chunk in chunks:
                output.write(chunk)
    except Unreachable as error:
        if output.size == 0:
            raise
        kept = figures.size(output.size)
        raise Unreachable(f"{error}; {output.name} keeps what came before, {kept}") from error


@contextmanager
def _stopping(task: asyncio.Task[None]) -> Iterator[None]:
    """Have signals cancel the task instead of this process."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _shown(progress: Progress) -> Iterator[None]:
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield
        return
    with Live(progress, console=console, refresh_per_second=4, transient=True):
        yield
