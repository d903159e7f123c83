"""The project's files as they were at another revision."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmark.servers import NotStarted

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def files_of(revision: str) -> Iterator[Path]:
    """A folder with what the server needs, for as long as the context lasts.

    :param revision: as git names it.
    :raises NotStarted: when git does not have it.
    """
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision, "relay", "web"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - the operator's
    except subprocess.CalledProcessError as error:
        raise NotStarted(f"git has no {revision}: {error.stderr.decode().strip()}") from error
    except OSError as error:
        raise NotStarted(f"needs git: {error}") from error
    with tempfile.TemporaryDirectory(prefix="bench-revision-") as folder:
        subprocess.run(["tar", "-x", "-C", folder], input=done.stdout, check=True)  # noqa: S603, S607
        yield Path(folder)
