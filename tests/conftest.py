"""What all tests share."""

import logging
import signal
import threading
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # a machine under load is no fault of ours
settings.load_profile("patient")


def pytest_configure() -> None:
    """Have Ctrl-C end this, and what is started from here, in a shell's background, too.

    Shells have it ignored there, and processes inherit that: those that are to be ended by it would
    run for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_keyboard_interrupt() -> None:
    """End the timer of pytest-timeout that Ctrl-C has met as it was started, and nobody knows."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()


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
