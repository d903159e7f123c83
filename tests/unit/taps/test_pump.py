"""Pieces go to the reader until something ends it."""

import asyncio

import pytest

from relay.errors import ReaderLost
from relay.taps.pump import pump


class Film:
    """A source that counts its pieces, and ends after some."""

    dropped = 0

    def __init__(self, ends_after: int = 1000) -> None:
        self.pieces = 0
        self.was_last = False
        self._ends_after = ends_after

    def over(self) -> str | None:
        return "parted" if self.pieces >= self._ends_after else None

    async def piece(self, *, last: bool) -> bytes:
        assert not self.was_last
        self.pieces, self.was_last = self.pieces + 1, last
        return b"end" if last else b"piece %d" % self.pieces


class Viewer:
    """A reader that goes, or sleeps, after some pieces."""

    def __init__(self, *, goes_after: int = 1000, sleeps_after: int = 1000) -> None:
        self.seen: list[bytes] = []
        self._goes_after, self._sleeps_after = goes_after, sleeps_after

    def check(self) -> None:
        if len(self.seen) >= self._goes_after:
            raise ReaderLost("reader_gone")

    async def write(self, data: bytes) -> None:
        if len(self.seen) >= self._sleeps_after:
            raise ReaderLost("reader_slow")
        self.seen.append(data)


class Clock:
    """A quarter of a second passes whenever somebody looks."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 0.25
        return self.now


async def run(film: Film, viewer: Viewer, seconds: float = 3600, *, stopping: bool = False) -> str:
    stop = asyncio.Event()
    if stopping:
        stop.set()
    return await pump(film, viewer, seconds, stop, Clock())


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.taps.pump.PERIOD_S", 0)


async def test_until_the_time_is_over() -> None:
    film, viewer = Film(), Viewer()
    assert await run(film, viewer, 2) == "time_over"
    assert viewer.seen[0] == b"piece 1"
    assert viewer.seen[-1] == b"end"


async def test_until_the_source_is_over() -> None:
    film, viewer = Film(ends_after=2), Viewer()
    assert await run(film, viewer) == "parted"
    assert viewer.seen == [b"piece 1", b"piece 2", b"end"]


async def test_until_the_server_stops() -> None:
    viewer = Viewer()
    assert await run(Film(), viewer, stopping=True) == "server_stopping"
    assert viewer.seen == [b"end"]


async def test_until_the_reader_goes() -> None:
    film = Film()
    assert await run(film, Viewer(goes_after=3)) == "reader_gone"
    assert film.pieces == 3


async def test_until_the_reader_is_too_slow() -> None:
    film = Film()
    assert await run(film, Viewer(sleeps_after=3)) == "reader_slow"
    assert film.pieces == 4
