"""The datagram pipe under a thin peer's DTLS transport."""

import asyncio
from collections.abc import Callable

_WAITING_DATAGRAMS = 64


class DtlsDatagrams:
    """What ``seam.DatagramPipe`` asks for, over any datagram socket.

    ``send`` puts one datagram on the wire. Received datagrams wait in a bounded queue; more are
    dropped, as DTLS retransmits.
    """

    role = "controlling"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._put_on_wire = send
        self._received: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_DATAGRAMS)

    def feed(self, datagram: bytes) -> None:
        """Hand a received DTLS datagram to the transport."""
        if not self._received.full():
            self._received.put_nowait(datagram)

    async def _recv(self) -> bytes:
        return await self._received.get()

    async def _send(self, datagram: bytes) -> None:
        self._put_on_wire(datagram)
