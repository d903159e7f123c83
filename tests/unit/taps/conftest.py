"""The taps' other process, for the tests that need the real one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.taps.workshop import Workshop


@pytest.fixture
async def workshop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workshop]:
    """A workshop that finds the tests' own makers, too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    workshop = Workshop(patience_s=60)
    yield workshop
    await workshop.close()
