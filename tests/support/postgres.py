"""A PostgreSQL of the tests' own, on a Unix socket in a folder that nobody else needs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

_START_S = 60


def binary(name: str) -> str | None:
    """One of the server's programs: Debian does not have them on the PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))


NEEDS_POSTGRES = pytest.mark.skipif(
    binary("initdb") is None, reason="needs PostgreSQL (scripts/need initdb postgresql)"
)


class Postgres:
    """One server with its data: :meth:`start`, :meth:`stop`, and :meth:`remove` it at last.

    It refuses to run as root, so that root runs it as nobody.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="relay-pg-"))  # short: it has the socket
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._folder, "nobody")
            self._who = {"user": "nobody", "group": "nogroup", "extra_groups": ()}
        chosen = ("-A", "trust", "-U", "relay", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", str(self._data), *chosen)

    def start(self) -> None:
        """Start it; it is ready then."""
        command = (self._program("postgres"), "-D", str(self._data), "-k", str(self._folder))
        quick = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=20")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                (*command, *quick), stdout=log, stderr=log, cwd=self._folder, **self._who
            )
        until = time.monotonic() + _START_S
        while self._asked("SELECT 1").returncode:
            if time.monotonic() > until or self._process.poll() is not None:
                raise AssertionError(self._log.read_text())
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGQUIT) -> None:
        """End it, by default as a crash does: it recovers from its log when it starts again."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_START_S)

    def pause(self) -> None:
        """Have none of its processes do anything until :meth:`go_on`."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        self._signal_all(signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        shutil.rmtree(self._folder)

    def database(self, name: str, *, encoding: str = "UTF8") -> str:
        """Make a database.

        :returns: its URL.
        """
        made = f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0"
        asked = self._asked(made)
        assert asked.returncode == 0, asked.stderr
        return f"postgresql+psycopg://relay@/{name}?host={self._folder}"

    def _signal_all(self, number: int) -> None:
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for process in (self._process.pid, *map(int, children.read_text().split())):
            os.kill(process, number)

    def _asked(self, statement: str) -> subprocess.CompletedProcess[str]:
        command = (self._program("psql"), "-h", str(self._folder), "-U", "relay", "-d", "postgres")
        return subprocess.run(
            (*command, "-c", statement), capture_output=True, text=True, check=False, timeout=60
        )

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            (self._program(name), *arguments),
            capture_output=True,
            check=True,
            cwd=self._folder,
            timeout=_START_S,
            **self._who,
        )

    @staticmethod
    def _program(name: str) -> str:
        found = binary(name)
        assert found, f"{name} is missing"
        return found
