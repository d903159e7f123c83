"""What all tests share."""

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture
def kept_logging() -> Iterator[None]:
    """Undo what a test does to the process's logging."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
