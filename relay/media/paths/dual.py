"""Both families on one port: a socket for each, and the opening of whatever a platform has."""

from __future__ import annotations

import errno
import sys

from relay.families import EVERY, EVERY_IPV4, NO_IPV6
from relay.media.paths.batch import IPV4_BYTES, BatchSocket, SockaddrDestination
from relay.media.paths.transport import Address, DatagramSocket, Destination, PlainSocket

_TRIES = 8


class DualSocket(BatchSocket):
    """One socket for IPv4 and one for IPv6, with the same port and the same slots.

    A socket for both has longer addresses for IPv4, too, which take longer to read and to look up.
    So each family has its own, and only what goes out is told apart, once anybody has IPv6.
    """

    def __init__(self, port: int) -> None:
        super().__init__(EVERY_IPV4, port)
        try:
            self._ipv6 = BatchSocket("::", self.port, self)
        except OSError:
            super().close()
            raise
        self._has_ipv6_peers = False

    @property
    def parts(self) -> tuple[DatagramSocket, ...]:
        """See :class:`DatagramSocket`."""
        return self, self._ipv6

    def close(self) -> None:
        """See :class:`DatagramSocket`."""
        super().close()
        self._ipv6.close()

    def send(self, data: bytes, address: Address) -> None:
        """See :class:`DatagramSocket`."""
        if _is_ipv4(address):
            super().send(data, address)
        else:
            self._ipv6.send(data, address)
            self._count_drops()

    def destination(self, address: Address) -> Destination:
        """See :class:`DatagramSocket`."""
        if _is_ipv4(address):
            return super().destination(address)
        self._has_ipv6_peers = True
        return _IPv6Destination(address)

    def flush(self) -> None:
        """See :class:`DatagramSocket`."""
        if self._has_ipv6_peers:
            staged, self._staged = self._staged, []
            for each in staged:
                part = self._ipv6 if type(each[2]) is _IPv6Destination else self
                part.stage(*each)
            self._ipv6.flush()
            self._count_drops()
        super().flush()

    def _count_drops(self) -> None:
        self.send_drops += self._ipv6.send_drops
        self._ipv6.send_drops = 0

    def seen(self, address: Address) -> tuple[str, int]:
        """See :class:`DatagramSocket`."""
        return super().seen(address) if _is_ipv4(address) else self._ipv6.seen(address)


def _is_ipv4(address: Address) -> bool:
    """Whether it is one: the number that it is looked up by, or its eight bytes."""
    return isinstance(address, int) or len(address) == IPV4_BYTES


class _IPv6Destination(SockaddrDestination):
    """One that is reached by the other socket."""

    __slots__ = ()


def open_socket(host: str, port: int) -> DatagramSocket:
    """Bind the quickest kind of socket that this platform has.

    :param host: an IP address; ``::`` is every one, of both families as far as there are both.
    :param port: 0 takes any free one.
    :raises OSError: when the address cannot be bound.
    """
    if sys.platform != "linux" or sys.maxsize <= 2**32:
        return PlainSocket(host, port)
    return open_dual(port) if host == EVERY else BatchSocket(host, port)


def open_single(host: str, port: int) -> DatagramSocket:
    """The same with one socket; on ``::`` IPv4 has IPv6 addresses.

    :raises OSError: when the address cannot be bound.
    """
    if sys.platform != "linux" or sys.maxsize <= 2**32:
        return PlainSocket(host, port)
    return BatchSocket(host, port)


def open_dual(port: int) -> DatagramSocket:
    """Both families, or IPv4 alone on a machine without IPv6."""
    for left in reversed(range(_TRIES)):  # the port that is free for one may be taken for the other
        try:
            return DualSocket(port)
        except OSError as error:
            if error.errno in NO_IPV6:
                break
            if port or not left or error.errno != errno.EADDRINUSE:
                raise
    return BatchSocket(EVERY_IPV4, port)
