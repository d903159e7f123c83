"""Who has started this process and wants to hear from it: systemd, or a container's engine.

Each thing told is a datagram of ``NAME=VALUE`` to the socket in ``$NOTIFY_SOCKET`` (sd_notify(3)).
Where there is none, nobody listens.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from relay.logs import log_crash

_PATIENCE_S = 1.0
"""How long it may take to hear what is said only once: its socket holds but a few datagrams."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Who is told.

    :param address: of its socket; None for nobody.
    :param patience_s: it ends this process when it has heard no sign of life for so many seconds;
        None for never.
    """

    address: str | None = None
    patience_s: float | None = None

    def ready(self) -> None:
        """The server can be reached."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """What a person is to read of the server: one line, as ``systemctl status`` shows it."""
        self._tell(f"STATUS={text}")

    def stopping(self) -> None:
        """The server is ending."""
        self._tell("STOPPING=1")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Show that the event loop turns, for as long as the context lasts."""
        if self.address is None or self.patience_s is None:
            yield
            return
        task = asyncio.create_task(self._live(self.patience_s / 2), name="signs of life")
        task.add_done_callback(log_crash)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _live(self, every_s: float) -> None:
        while True:
            self._tell("WATCHDOG=1", within_s=0)  # the next one is as good
            await asyncio.sleep(every_s)  # half of it is what sd_watchdog_enabled(3) asks for

    def _tell(self, text: str, within_s: float = _PATIENCE_S) -> None:
        if self.address is None:
            return
        # "@" stands for the zero byte of an abstract address, unix(7)
        address = "\0" + self.address[1:] if self.address[0] == "@" else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(within_s)
                sender.sendto(text.encode(), address)
        except OSError as error:
            _log.warning("supervisor_not_told", told=text, reason=str(error))


def supervisor(environ: MutableMapping[str, str], process: int) -> Supervisor:
    """The one that the environment names; it is taken out there, since children have none.

    :param environ: of this process.
    :param process: its id: signs of life of another one are not asked of it.
    """
    address = environ.pop("NOTIFY_SOCKET", None) or None
    wait_us = environ.pop("WATCHDOG_USEC", "")
    meant = environ.pop("WATCHDOG_PID", "")
    if not wait_us.isdecimal() or int(wait_us) == 0 or meant not in ("", str(process)):
        return Supervisor(address)
    return Supervisor(address, int(wait_us) / 1e6)
