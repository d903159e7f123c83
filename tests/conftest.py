"""What all tests share."""

import logging
import signal
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.support.log_lines import USUAL, Held

settings.register_profile("patient", deadline=None)  # a machine under load is no fault of ours
settings.load_profile("patient")

_numbers = count()


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


@pytest.fixture(scope="session", autouse=True)
def all_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Have servers keep what they keep in a folder of the tests, and not in anybody's home."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("STATE_DIRECTORY", raising=False)
        patch.setenv("XDG_STATE_HOME", str(folder / "all"))
        yield folder


@pytest.fixture(autouse=True)
def state(all_state: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a test's servers keep it where those of no other test do; they make the folder."""
    folder = all_state / str(next(_numbers))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def logged_as_told() -> Iterator[None]:
    """Hold what servers log in this process to the schema of the log's lines."""
    held = Held()
    structlog.configure(processors=[*USUAL[:2], held, *USUAL[2:]])
    yield
    assert held.faults == []


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
