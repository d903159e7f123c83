"""Listening sockets that this process was started with, as by a socket unit of systemd's.

So a server without any privilege has port 443, and who comes while it is started anew waits for a
moment instead of being refused (sd_listen_fds(3)).
"""

import itertools
import socket
from collections.abc import MutableMapping

from relay.errors import ConfigError

FIRST = 3
"""SD_LISTEN_FDS_START."""


class Inherited:
    """Those sockets, each of which is taken once.

    :param sockets: that listen for TCP connections.
    :raises ConfigError: when one does not, or is for both families: then IPv4 addresses would look
        like IPv6 ones in all that is counted by address.
    """

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._by_port: dict[int, list[socket.socket]] = {}
        for each in sockets:
            wrong = _wrong_with(each)
            if wrong is not None:
                raise ConfigError(f"the socket that the server was started with {wrong}")
            each.setblocking(False)
            self._by_port.setdefault(each.getsockname()[1], []).append(each)

    def take(self, port: int) -> list[socket.socket]:
        """Those for a port; none when it is to be opened."""
        return self._by_port.pop(port, [])

    def done(self) -> None:
        """All that should be taken is.

        :raises ConfigError: when one is left, on which nobody would ever be answered.
        """
        if self._by_port:
            port = min(self._by_port)
            for each in itertools.chain.from_iterable(self._by_port.values()):
                each.close()
            raise ConfigError(
                f"--port: the server was started with a socket for port {port}, which no setting"
                f" names; give --port {port}, or leave it out of the socket unit"
            )


def inherited(environ: MutableMapping[str, str], process: int) -> Inherited:
    """The sockets that the environment tells of; it is taken out there, since children have none.

    :param environ: of this process.
    :param process: its id: what is meant for another one is not for this one.
    :raises ConfigError: as :class:`Inherited`.
    """
    count = environ.pop("LISTEN_FDS", "")
    meant = environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if not count.isdecimal() or meant != str(process):
        return Inherited([])
    sockets = []
    for descriptor in range(FIRST, FIRST + int(count)):
        try:
            each = socket.socket(fileno=descriptor)
        except OSError as error:
            raise ConfigError(
                f"LISTEN_FDS: descriptor {descriptor} is no socket: {error.strerror}"
            ) from None
        each.set_inheritable(False)
        sockets.append(each)
    return Inherited(sockets)


def _wrong_with(each: socket.socket) -> str | None:
    """What is, with its remedy; None for nothing."""
    if (
        each.family not in (socket.AF_INET, socket.AF_INET6)
        or each.type != socket.SOCK_STREAM
        or not each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    ):
        return "does not listen for TCP: have the socket unit name TCP ports alone (ListenStream=)"
    if each.family == socket.AF_INET6 and not each.getsockopt(
        socket.IPPROTO_IPV6, socket.IPV6_V6ONLY
    ):
        return "is for IPv4, too: give the socket unit BindIPv6Only=ipv6-only, and a port for each"
    return None
