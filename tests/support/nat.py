"""A NAT on loopback, whose mappings a test may change: who is behind it is told nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

_DATAGRAM_BYTES = 2048

Address = tuple[str, int]


class Nat:
    """Passes datagrams on to one target, from a port of its own for each who sends them."""

    def __init__(
        self,
        target: Address,
        host: str = "127.0.0.1",
        make: Callable[[], socket.socket] | None = None,
    ) -> None:
        """:param make: makes its UDP sockets, which have ``host`` for their address."""
        self.target = target
        self._host, self._make = host, make or _usual
        self._loop = asyncio.get_running_loop()
        self._outside: dict[Address, socket.socket] = {}
        self._inside = self._bound()
        self._loop.add_reader(self._inside, self._go_out)

    @property
    def address(self) -> Address:
        """What those behind it take for the target."""
        host, port = self._inside.getsockname()
        return host, port

    @property
    def mapped(self) -> set[Address]:
        """Where those behind it seem to be."""
        return {each.getsockname() for each in self._outside.values()}

    def stand_before(self, sdp: str) -> str:
        """A description whose candidate is this NAT instead of the target."""
        (host, port), (here, its_port) = self.target, self.address
        return sdp.replace(f"{host} {port} typ host", f"{here} {its_port} typ host")

    def rebind(self) -> None:
        """Forget all mappings: what comes next goes out from other ports, the old ones are deaf."""
        for client in list(self._outside):
            former = self._outside[client]
            self._outside[client] = self._mapping(client)
            self._loop.remove_reader(former)
            former.close()

    def close(self) -> None:
        for each in (self._inside, *self._outside.values()):
            self._loop.remove_reader(each)
            each.close()

    def _go_out(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data, client = self._inside.recvfrom(_DATAGRAM_BYTES)
            if client not in self._outside:
                self._outside[client] = self._mapping(client)
            self._outside[client].sendto(data, self.target)

    def _mapping(self, client: Address) -> socket.socket:
        outside = self._bound()
        self._loop.add_reader(outside, self._come_in, outside, client)
        return outside

    def _come_in(self, outside: socket.socket, client: Address) -> None:
        with contextlib.suppress(BlockingIOError):
            data, _ = outside.recvfrom(_DATAGRAM_BYTES)
            self._inside.sendto(data, client)

    def _bound(self) -> socket.socket:
        bound = self._make()
        bound.setblocking(False)
        bound.bind((self._host, 0))
        return bound


def _usual() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
