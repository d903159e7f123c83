"""Carries what is made of a tap to whoever reads it, piece by piece, until something ends it.

At the end a last piece is written, so that the file is whole, unless there is nobody to read it.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from relay.errors import ReaderLost

PERIOD_S = 0.25
"""How often a piece is written."""

Piece = bytes


class Reader(Protocol):
    """Whoever reads."""

    def check(self) -> None:
        """Raise when it has gone.

        :raises ReaderLost: as in :meth:`write`.
        """

    async def write(self, data: bytes) -> None:
        """Send a piece.

        :raises ReaderLost: when the reader has gone, or is too slow.
        """


class Source(Protocol):
    """What is read."""

    @property
    def dropped(self) -> int:
        """Packets that came faster than they were taken."""

    def over(self) -> str | None:
        """Why it has come to its end by itself, if it has."""

    async def piece(self, *, last: bool) -> Piece:
        """What has come since the last time; may be empty."""


async def pump(
    source: Source,
    reader: Reader,
    seconds: float,
    stopping: asyncio.Event,
    clock: Callable[[], float],
) -> str:
    """Write pieces until ``seconds`` are over, the source is, or the server is ``stopping``.

    :returns: why it has ended, in a word.
    """
    until = clock() + seconds
    why: str | None = None
    try:
        while why is None:
            await _nap(stopping, min(PERIOD_S, until - clock()))
            reader.check()
            why = source.over()
            if stopping.is_set():
                why = "server_stopping"
            elif why is None and clock() >= until:
                why = "time_over"
            if piece := await source.piece(last=why is not None):
                await reader.write(piece)
    except ReaderLost as lost:
        return lost.why
    return why


async def _nap(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            await stopping.wait()
    except TimeoutError:
        return
