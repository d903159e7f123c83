"""What integration tests share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.exchange import Exchange


@pytest.fixture
async def exchange(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Exchange]:
    """A started plane; in the end nothing may have crashed, and nothing may be left."""
    crashes: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: crashes.append(context))
    before = asyncio.all_tasks()
    found = Exchange()
    await found.plane.start()
    yield found
    await found.close()
    assert crashes == []
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
