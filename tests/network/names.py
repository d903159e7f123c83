"""A name server that knows one name (RFC 1035): browsers ask one for the hosts of TURN servers.

They do so even where the hosts file knows the name, and wait for long where nobody answers.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_address
from typing import cast

from tests.network.routed import NAME, ROUTER, Routed

_A, _AAAA = 1, 28
_ANSWER, _REFUSED_NAME = 0x8180, 0x8183
_SECONDS = 60


class Names(asyncio.DatagramProtocol):
    """Answers; to :attr:`knows` False with NXDOMAIN, as an office's does for what is outside."""

    def __init__(self, name: str, *addresses: str) -> None:
        self.knows = True
        self._transports: list[asyncio.DatagramTransport] = []
        self._name = (
            b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\0"
        )
        self._addresses = [ip_address(each).packed for each in addresses]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.append(cast("asyncio.DatagramTransport", transport))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.find(b"\0", 12) + 5
        question = data[12:end]
        is_known = self.knows and question[:-4].lower() == self._name
        (kind,) = struct.unpack_from("!H", question, len(question) - 4)
        size = {_A: 4, _AAAA: 16}.get(kind)
        found = [each for each in self._addresses if is_known and len(each) == size]
        flags = _ANSWER if is_known else _REFUSED_NAME
        answer = data[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + question
        for each in found:  # the name is where it was in the question
            answer += struct.pack("!HHHIH", 0xC00C, kind, 1, _SECONDS, len(each)) + each
        family = socket.AF_INET6 if ":" in addr[0] else socket.AF_INET
        for transport in self._transports:
            if transport.get_extra_info("socket").family == family:
                transport.sendto(answer, addr)


@asynccontextmanager
async def names(routed: Routed, *addresses: str) -> AsyncIterator[Names]:
    """One on the router, for the addresses of the server."""
    made, loop = Names(NAME, *addresses), asyncio.get_running_loop()
    transports = []
    try:
        for host in (ROUTER, "::"):
            bound = routed.router.inside(partial(_bound, host))
            transport, _ = await loop.create_datagram_endpoint(lambda: made, sock=bound)
            transports.append(transport)
        yield made
    finally:
        for transport in transports:
            transport.close()


def _bound(host: str) -> socket.socket:
    """Not one for both families: who has gone to another network would not know its answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setblocking(False)
    made.bind((host, 53))
    return made
