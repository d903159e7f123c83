"""A decoder that is busy until a test lets it go on, in whatever process it runs."""

import asyncio
import time
from pathlib import Path

from relay.taps.frames import Frame
from relay.taps.snapshot import to_png

GO = "go"
_BUSY = "busy"
_PATIENCE_S = 60


def slowly(folder: Path, frame: Frame) -> bytes | None:
    """Decode once the file ``GO`` is in ``folder``."""
    (folder / _BUSY).touch()
    deadline_s = time.monotonic() + _PATIENCE_S
    while not (folder / GO).exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)
    return to_png(frame)


async def comes(folder: Path) -> None:
    """Wait until the decoder is busy."""
    async with asyncio.timeout(_PATIENCE_S):
        while not (folder / _BUSY).exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.005)
