"""A listening socket, and what is to be done when there is no descriptor for who comes.

asyncio's own server logs each connection that finds none, and uvloop's closes it without a word;
neither asks whether somebody else could go.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from relay.families import EVERY, EVERY_IPV4, NO_IPV6

_BACKLOG = 1024
_AT_ONCE = 64
"""So many are accepted before others have their turn."""
_PAUSE_S = 1.0
_TRIES = 8
_NO_FILE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listening:
    """Accepts connections until it is closed.

    :param sockets: that listen already; see :func:`listen`.
    :param take: is given each connection, and the address that it comes from.
    :param make_room: ends connections, since there is no descriptor for the next one; tells whether
        there was any to end.
    """

    def __init__(
        self,
        sockets: list[socket.socket],
        take: Callable[[socket.socket, str], None],
        make_room: Callable[[], bool],
    ) -> None:
        self._take, self._make_room = take, make_room
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self.port: int = self._sockets[0].getsockname()[1]
        self._pause: asyncio.TimerHandle | None = None
        self._read()

    def close(self) -> None:
        """Accept no more."""
        if self._pause is not None:
            self._pause.cancel()
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()

    def _read(self) -> None:
        for each in self._sockets:
            self._loop.add_reader(each, self._on_readable, each)

    def _on_readable(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _NO_FILE:
                    self._starve()
                    return
                continue  # whoever it was has gone: accept(2) tells of its network's errors, too
            self._take(accepted, address[0])

    def _starve(self) -> None:
        """What is ended gives its descriptor back when this turn of the loop is over."""
        if not self._make_room():
            for each in self._sockets:  # or the loop would do nothing but try
                self._loop.remove_reader(each)
            self._pause = self._loop.call_later(_PAUSE_S, self._read)


def listen(host: str, port: int) -> list[socket.socket]:
    """The sockets that take connections to an address; to every one, a socket for each family.

    One for both would show IPv4 addresses as IPv6 ones, in all that is counted by address.

    :param host: an IP address; ``::`` is every one, of both families as far as there are both.
    :param port: 0 for any free one.
    :raises OSError: when the address cannot be bound.
    """
    if host != EVERY:
        return [_bound(host, port)]
    for left in reversed(range(_TRIES)):
        ipv4 = _bound(EVERY_IPV4, port)
        try:
            return [ipv4, _bound(host, ipv4.getsockname()[1])]
        except OSError as error:
            if error.errno in NO_IPV6:
                break
            ipv4.close()
            if port or not left:  # a port that is free for one family may be taken for the other
                raise
    return [ipv4]


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    found.setblocking(False)
    return found
