"""From a tap to a file: what is kept, and what is said."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.errors import OperatorError, Refused, Unreachable
from relay.ops.files import Output
from relay.ops.taps import save


@asynccontextmanager
async def tap(*chunks: bytes | Exception | int) -> AsyncIterator[AsyncIterator[bytes]]:
    """A tap that gives bytes, raises, or sends this process a signal and then waits."""

    async def given() -> AsyncIterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            if isinstance(chunk, int):
                os.kill(os.getpid(), chunk)
                await asyncio.Event().wait()
            else:
                yield chunk

    yield given()


async def saved(path: Path, *chunks: bytes | Exception | int) -> str:
    with Output(str(path)) as output:
        return await save(tap(*chunks), output, "recording")


async def test_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert await saved(path, b"abc", b"def") == f"{path}: 6 B in 0 s"
    assert path.read_bytes() == b"abcdef"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_and_keeps_what_came(tmp_path: Path, number: int) -> None:
    path = tmp_path / "x"
    assert await saved(path, b"abc", number) == f"{path}: 3 B in 0 s"
    assert path.read_bytes() == b"abc"


async def test_nothing_leaves_no_file(tmp_path: Path) -> None:
    for chunks in ((), (signal.SIGINT,)):
        with pytest.raises(OperatorError, match="nothing came"):
            await saved(tmp_path / "x", *chunks)
        assert not (tmp_path / "x").exists()


async def test_a_refusal_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="taps are off"):
        await saved(tmp_path / "x", Refused(403, "taps are off"))
    assert not (tmp_path / "x").exists()


async def test_what_broke_off_is_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(Unreachable, match=r"^it broke off; .*x keeps what came before, 3 B$"):
        await saved(path, b"abc", Unreachable("it broke off"))
    assert path.read_bytes() == b"abc"


async def test_a_crash_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await saved(tmp_path / "x", b"abc", ZeroDivisionError())
