"""How a connection gets from the front to a worker: its descriptor over a Unix datagram socket.

Each datagram is one connection: what is to be known of it, and the descriptor (unix(7),
SCM_RIGHTS). The worker's socket has a name in the server's directory, where nobody else may enter.
"""

from __future__ import annotations

import asyncio
import socket
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from relay.errors import WorkerError
from relay.tunnel import handover
from relay.tunnel.handover import Handover
from relay.tunnel.stun import Address

RETRY_S, RETRIES = 0.02, 50
"""A worker that has not taken what came before is tried again; the kernel keeps ten mostly."""

MAX_WAITING = 256
"""Connections that wait for their workers."""

_AT_ONCE = 16

log = structlog.get_logger(__name__)


def name(directory: Path, index: int) -> Path:
    """The name of a worker's socket."""
    return directory / f"tunnel-{index}"


class Handing:
    """The front's end; implements :class:`relay.tunnel.arrival.Host`."""

    def __init__(self, directory: Callable[[], Path]) -> None:
        """Build it.

        :param directory: tells where the workers' sockets are.
        """
        self.refusals: Counter[str] = Counter()
        """Those that no worker has taken among them; see :class:`relay.tunnel.arrival.Host`."""
        self._directory = directory
        self._addresses: dict[Address, int] = {}
        self._waiting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._socket: socket.socket | None = None

    def joined(self, worker: int, addresses: Sequence[Address]) -> None:
        """A worker is there, and these are its candidates."""
        self.lost(worker)
        self._addresses.update(dict.fromkeys(addresses, worker))

    def lost(self, worker: int) -> None:
        """It is there no more."""
        self._addresses = {a: w for a, w in self._addresses.items() if w != worker}

    def addresses(self) -> Mapping[Address, int]:
        """See :class:`relay.tunnel.arrival.Host`."""
        return self._addresses

    def take(self, worker: int, handed: Handover, connected: socket.socket) -> None:
        """See :class:`relay.tunnel.arrival.Host`."""
        if len(self._waiting) >= MAX_WAITING or worker not in self._addresses.values():
            self.refusals["full" if len(self._waiting) >= MAX_WAITING else "worker"] += 1
            connected.close()
            return
        self._try(worker, handover.write(handed), connected, RETRIES)

    def close(self) -> None:
        """Let go of those that still wait."""
        for connected, timer in self._waiting.items():
            timer.cancel()
            connected.close()
        self._waiting.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _try(self, worker: int, data: bytes, connected: socket.socket, retries: int) -> None:
        self._waiting.pop(connected, None)
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
            to = str(name(self._directory(), worker))
            # socket.send_fds takes an address, and leaves it out
            rights = socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [connected.fileno()])
            self._socket.sendmsg([data], [rights], 0, to)
        except BlockingIOError:
            if retries:
                again = asyncio.get_running_loop().call_later(
                    RETRY_S, self._try, worker, data, connected, retries - 1
                )
                self._waiting[connected] = again
                return
            self.refusals["full"] += 1
        except OSError:  # it has just died
            self.refusals["worker"] += 1
        connected.close()


class Taking:
    """The worker's end.

    :param take: gets each connection with its descriptor, which is its own from then on.
    """

    def __init__(self, path: Path, take: Callable[[Handover, socket.socket], None]) -> None:
        self._path, self._take = path, take
        path.unlink(missing_ok=True)  # of one that died
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.bind(str(path))
        except OSError:
            self._socket.close()
            raise
        asyncio.get_running_loop().add_reader(self._socket, self._on_readable)

    def close(self) -> None:
        """Take no more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _on_readable(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, descriptors, _, _ = socket.recv_fds(self._socket, handover.MAX_BYTES, 1)
            except OSError:  # nothing more, or no descriptor left
                return
            for descriptor in descriptors:
                connected = socket.socket(fileno=descriptor)
                try:
                    self._take(handover.read(data), connected)
                except WorkerError as error:
                    log.warning("front_not_understood", reason=f"it {error}")
                    connected.close()
