"""A datagram socket without a network: datagrams are put in, and what was sent is looked at."""

from __future__ import annotations

import socket

from relay.media.paths.transport import (
    MAX_DATAGRAM_BYTES,
    SLOT_BYTES,
    SLOTS,
    Address,
    DatagramSocket,
    Destination,
)
from relay.srtp import srtp_ffi


class FakeSocket(DatagramSocket):
    """An address is (host, port); to port 0 nothing can be sent.

    ``tests/contract/test_sockets.py`` holds it to what the real ones do.
    """

    def __init__(self) -> None:
        self.port, self.family = 7882, socket.AF_INET
        self.tunnelled = {}
        self.buffer = srtp_ffi.new("unsigned char[]", SLOTS * SLOT_BYTES)
        self.view = memoryview(srtp_ffi.buffer(self.buffer))
        self.pointers = [self.buffer + slot * SLOT_BYTES for slot in range(SLOTS)]
        self.send_drops = 0
        self._staged = []
        self.waiting: list[tuple[Address, bytes]] = []
        self.sent: list[tuple[Address, bytes]] = []
        self._batch: list[tuple[Address, bytes]] = []

    def taken(self) -> list[tuple[Address, bytes]]:
        """What was sent since the last call."""
        sent, self.sent = self.sent, []
        return sent

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.waiting.clear()

    def send(self, data: bytes, address: Address) -> None:
        if address[1] == 0:
            self.send_drops += 1
        else:
            self.sent.append((address, data))

    def _sockaddr(self, address: Address) -> tuple[str, int]:
        host, port = address
        return host, port

    def receive(self) -> int:
        self._batch, self.waiting = self.waiting[:SLOTS], self.waiting[SLOTS:]
        for slot, (_, data) in enumerate(self._batch):
            cut = data[:MAX_DATAGRAM_BYTES]
            self.view[slot * SLOT_BYTES : slot * SLOT_BYTES + len(cut)] = cut
        return len(self._batch)

    def size(self, slot: int) -> int:
        return min(len(self._batch[slot][1]), MAX_DATAGRAM_BYTES)

    def address(self, slot: int) -> Address:
        return self._batch[slot][0]

    def destination(self, address: Address) -> Destination:
        return address

    def flush(self) -> None:
        assert len(self._staged) <= SLOTS
        for slot, size, destination in self._staged:
            self.send(bytes(self.view[slot * SLOT_BYTES : slot * SLOT_BYTES + size]), destination)
        self._staged.clear()
