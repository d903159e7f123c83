"""The real server, as a process of its own."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.served import NEVER_FULL

ROOT = Path(__file__).parents[2]
RELAY = ("-c", "from relay.cli import main; main()")
SERVE = ("-c", f"{NEVER_FULL}; {RELAY[1]}", "serve")
SERVE_LOSSY = ("-m", "tests.browser.lossy")
SERVE_MORTAL = ("-m", "tests.browser.mortal")
SERVE_STRICT = ("-m", "tests.browser.strict")
_START_S = 100
_STOP_S = 10


class Server:
    """Serves on 127.0.0.1, after a restart on the same port; ``prefix`` goes before the command."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        program: tuple[str, ...] = SERVE,
        prefix: tuple[str, ...] = (),
        host: str = "127.0.0.1",
    ) -> None:
        self._folder = folder
        self._log = folder / "server.log"
        python = (*prefix, sys.executable, "-W", "error")
        self._command = (*python, *program, "--host", host, *flags)
        self._process: Process | None = None
        self.url = ""

    async def start(self) -> None:
        port = self.url.rpartition(":")[2] or "0"
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._command, "--port", port, "--udp-port", "0"),
                cwd=self._folder,
                env={name: os.environ[name] for name in ("PATH", "XDG_STATE_HOME")}
                | {"PYTHONPATH": str(ROOT)},
                stdout=PIPE,
                stderr=log,
            )
        self.url = await asyncio.wait_for(self._read_url(self._process), _START_S)

    async def stop(self) -> None:
        """End it as an operator would; harmless when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), _STOP_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process
        self._process.send_signal(number)

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def workers(self) -> list[int]:
        """The processes that carry media now."""
        started: dict[str, int] = {}
        for found in re.finditer(r"event=worker_started worker=(\d+) process=(\d+)", self.log):
            started[found[1]] = int(found[2])
        return list(started.values())

    async def _read_url(self, process: Process) -> str:
        assert process.stdout
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"page +(https?://\S+)", line):
                return found[1]
        raise AssertionError(f"the server ended early:\n{self.log}")


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    """Start it, and stop it at the end; it may not have logged a crash."""
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
    assert "Traceback" not in server.log, server.log
