"""A Redis of the tests' own, on a Unix socket in a folder that nobody else needs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from relay.cluster.lane import Lane, client
from relay.store.redis import RedisStore
from tests.support.certificates import Files

_START_S = 60

NEEDS_REDIS = pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="needs Redis (scripts/need redis-server redis-server)",
)


class RedisServer:
    """One server, which keeps nothing: :meth:`start`, :meth:`stop`, and :meth:`remove` it."""

    def __init__(self, *options: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="relay-redis-"))  # short: it has the socket
        self._log = self._folder / "log"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._folder}/socket"

    def start(self) -> None:
        """Start it; it is ready then."""
        quiet = ("--port", "0", "--save", "", "--appendonly", "no", "--dir", str(self._folder))
        socket = ("--unixsocket", f"{self._folder}/socket")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ("redis-server", *quiet, *socket, *self._options), stdout=log, stderr=log
            )
        until = time.monotonic() + _START_S
        while self.ask("PING") != "PONG":
            if time.monotonic() > until or self._process.poll() is not None:
                raise AssertionError(self._log.read_text())
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGKILL) -> None:
        """End it, and with it all that it has."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_START_S)

    def pause(self) -> None:
        """Have it do nothing until :meth:`go_on`."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """End a pause."""
        assert self._process
        os.kill(self._process.pid, signal.SIGCONT)

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self._folder)

    def ask(self, *command: str) -> str:
        """What it says to a command; in lines."""
        asked = subprocess.run(
            ("redis-cli", "-s", f"{self._folder}/socket", *command),
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_S,
        )
        return asked.stdout.strip()


def over_tls(files: Files, port: int) -> tuple[str, ...]:
    """Options for a server that is at a port of 127.0.0.1, too, over TLS alone."""
    named = ("--tls-cert-file", str(files.cert), "--tls-key-file", str(files.key))
    own = ("--tls-ca-cert-file", str(files.cert), "--tls-auth-clients", "no")
    return ("--tls-port", str(port), *named, *own)


@contextmanager
def a_redis(*options: str) -> Iterator[RedisServer]:
    """A server of its own, that runs."""
    server = RedisServer(*options)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@asynccontextmanager
async def a_lane(server: RedisServer, *, patience_s: float = 30.0) -> AsyncIterator[Lane]:
    """A lane of its own to a server; a machine under load is no fault of the server's."""
    lane = Lane(client(server.url, patience_s), patience_s=patience_s)
    try:
        yield lane
    finally:
        await lane.close()


@asynccontextmanager
async def a_store(
    server: RedisServer,
    node: str = "",
    *,
    max_waiting: int = 1000,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[RedisStore]:
    """A node's store, whose stay has begun."""
    async with a_lane(server) as lane:
        store = RedisStore(lane.run, node, clock, max_waiting=max_waiting)
        await store.begin()
        yield store
