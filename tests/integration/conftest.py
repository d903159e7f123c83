"""What integration tests share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.namespace import Namespace, need_namespaces
from tests.support import machine
from tests.support.bridged import Bridged, Trunked
from tests.support.exchange import Exchange
from tests.support.redis_server import RedisServer, a_redis
from tests.support.relayed import only_relayed


@contextlib.asynccontextmanager
async def _all_is_well(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """In the end nothing may have crashed, and nothing may be left."""
    crashes: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: crashes.append(context))
    before = asyncio.all_tasks()
    yield
    assert crashes == []
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


@pytest.fixture
async def exchange(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Exchange]:
    """A started plane."""
    async with _all_is_well(caplog):
        found = Exchange()
        await found.plane.start()
        yield found
        await found.close()


@pytest.fixture
async def bridged(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Bridged]:
    """Two planes, and a bridge between them."""
    async with _all_is_well(caplog):
        found = Bridged()
        await found.start()
        yield found
        await found.close()


@pytest.fixture(params=[Bridged, Trunked])
async def apart(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Bridged]:
    """Two planes, of one machine or of two nodes."""
    async with _all_is_well(caplog):
        found: Bridged = request.param()
        await found.start()
        yield found
        await found.close()


@pytest.fixture
async def trunked(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Trunked]:
    """Two planes of two nodes."""
    async with _all_is_well(caplog):
        found = Trunked()
        await found.start()
        yield found
        await found.close()


@pytest.fixture
def relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bots have no candidates but those of TURN servers, and believe every certificate."""
    only_relayed(monkeypatch)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with a_redis() as server:
        yield server


@pytest.fixture(scope="session")
def fresh_debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of a fresh Debian 12, and in root's home those of the release."""
    if (reason := machine.why_no_machine()) is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("debian")
    try:
        yield machine.made(folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def booted(
    fresh_debian: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[machine.Machine]:
    """A fresh machine for the tests of a module."""
    need_namespaces()
    folder = tmp_path_factory.mktemp("machine")
    try:
        with (
            Namespace() as network,
            machine.running(machine.copied(fresh_debian, folder), network) as made,
        ):
            yield made
    finally:
        shutil.rmtree(folder)
