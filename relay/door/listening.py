"""A listening socket, and what is to be done when there is no descriptor for who comes.

asyncio's own server logs each connection that finds none, and uvloop's closes it without a word;
neither asks whether somebody else could go.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

_BACKLOG = 1024
_AT_ONCE = 64
"""So many are accepted before others have their turn."""
_PAUSE_S = 1.0
_NO_FILE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listening:
    """Accepts connections until it is closed.

    :param host: an IP address; one of IPv6 takes connections over IPv6 alone.
    :param port: 0 for any free one.
    :param take: is given each connection, and the address that it comes from.
    :param make_room: ends connections, since there is no descriptor for the next one; tells whether
        there was any to end.
    :raises OSError: when the address cannot be bound.
    """

    def __init__(
        self,
        host: str,
        port: int,
        take: Callable[[socket.socket, str], None],
        make_room: Callable[[], bool],
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._take, self._make_room = take, make_room
        self._loop = asyncio.get_running_loop()
        self._socket = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._pause: asyncio.TimerHandle | None = None
        self._read()

    def close(self) -> None:
        """Accept no more."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        self._loop.add_reader(self._socket, self._on_readable)

    def _on_readable(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, address = self._socket.accept()
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
            self._loop.remove_reader(self._socket)  # or the loop would do nothing but try
            self._pause = self._loop.call_later(_PAUSE_S, self._read)
