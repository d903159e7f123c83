"""A name server that knows one name (RFC 1035): browsers ask one for the hosts of TURN servers.

They do so even where the hosts file knows the name, and wait for long where nobody answers.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import cast

from tests.browser.namespace import Place

_A, _AAAA = 1, 28
_ANSWER, _REFUSED_NAME = 0x8180, 0x8183
_SECONDS = 60


class Names(asyncio.DatagramProtocol):
    """Answers; to :attr:`knows` False with NXDOMAIN, as an office's does for what is outside."""

    def __init__(self, name: str, *addresses: str) -> None:
        self.knows = True
        self._name = (
            b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\0"
        )
        self._addresses = [ip_address(each).packed for each in addresses]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

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
        self._transport.sendto(answer, addr)


@asynccontextmanager
async def names(place: Place, name: str, *addresses: str) -> AsyncIterator[Names]:
    """One on a place, by all its addresses."""
    bound = place.inside(_bound)
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(
        lambda: Names(name, *addresses), sock=bound
    )
    try:
        yield made
    finally:
        transport.close()


def _bound() -> socket.socket:
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.setblocking(False)
    made.bind(("::", 53))
    return made
