"""The quick bridge (Linux): a system call for a whole batch of packets, as ``batch`` does it.

Each message has two parts, its head and its slot, so that packets are not copied.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

from relay.media.paths.bridge import HEAD, LocalBridge, PlainBridge
from relay.media.paths.mmsg import LENGTH_AT, LENGTH_STRIDE, ffi
from relay.media.paths.transport import MAX_DATAGRAM_BYTES, SLOTS, DatagramSocket
from relay.srtp import srtp_ffi

_NULL = ffi.NULL
_DONTWAIT = int(socket.MSG_DONTWAIT)


class _Messages:
    """``mmsghdr`` with two parts each, and views through which Python reads and writes them."""

    def __init__(self, slots: DatagramSocket) -> None:
        self.messages = ffi.new("struct mmsghdr[]", SLOTS)
        self._iovecs = ffi.new("struct iovec[]", 2 * SLOTS)
        self._heads = ffi.new("uint64_t[]", SLOTS)
        self.slots_at = [
            int(srtp_ffi.cast("uintptr_t", pointer)) for pointer in slots.pointers[:SLOTS]
        ]
        for index in range(SLOTS):
            first, second = self._iovecs[2 * index], self._iovecs[2 * index + 1]
            first.iov_base, first.iov_len = self._heads + index, HEAD.size
            second.iov_base = ffi.cast("void *", self.slots_at[index])
            second.iov_len = MAX_DATAGRAM_BYTES
            header = self.messages[index].msg_hdr
            header.msg_iov = self._iovecs + 2 * index
            header.msg_iovlen = 2
        self.heads = memoryview(ffi.buffer(self._heads)).cast("B").cast("Q")
        words = memoryview(ffi.buffer(self._iovecs)).cast("B").cast("Q")
        self.bases, self.sizes = words[2::4], words[3::4]
        self.lengths = (
            memoryview(ffi.buffer(self.messages)).cast("B").cast("I")[LENGTH_AT::LENGTH_STRIDE]
        )


class BatchBridge(LocalBridge):
    """One system call a batch each way."""

    def __init__(self, slots: DatagramSocket, near: Path, far: Path) -> None:
        super().__init__(slots, near, far)
        self._libc: Any = ffi.dlopen(None)
        self._in, self._out = _Messages(slots), _Messages(slots)
        self._fd = self._socket.fileno()
        self._count = 0
        out = self._out
        self._heads, self._bases, self._sizes = out.heads, out.bases, out.sizes
        self._slots_at = out.slots_at

    @property
    def has_staged(self) -> bool:
        """See :class:`Bridge`."""
        return self._count > 0

    def stage(self, slot: int, size: int, heading: int) -> None:
        """See :class:`Bridge`; written where the kernel reads it, for it runs once a packet."""
        index = self._count
        self._heads[index] = heading
        self._bases[index] = self._slots_at[slot]
        self._sizes[index] = size
        self._count = index + 1

    def flush(self) -> None:
        """See :class:`Bridge`."""
        count, self._count = self._count, 0
        if not count:
            return
        out, done = self._out, 0
        while done < count:
            if not self._is_connected:
                self.drops["bridge_down"] += count - done
                break
            sent = self._libc.sendmmsg(self._fd, out.messages + done, count - done, _DONTWAIT)
            if sent <= 0:
                self._refused(ffi.errno, count - done)
                break
            done += sent
        self.packets_sent += done
        self.bytes_sent += sum(self._sizes[:done].tolist())

    def receive(self) -> list[tuple[int, int]]:
        """See :class:`Bridge`."""
        found = self._in
        count = self._libc.recvmmsg(self._fd, found.messages, SLOTS, _DONTWAIT, _NULL)
        if count <= 0:  # nothing, or the other end has gone
            return []
        sizes = [size - HEAD.size for size in found.lengths[:count].tolist()]
        return list(zip(found.heads[:count].tolist(), sizes, strict=True))


def open_bridge(slots: DatagramSocket, near: Path, far: Path) -> LocalBridge:
    """Bind the quickest kind of bridge that this platform has.

    :raises OSError: when it cannot be bound.
    """
    batches = sys.platform == "linux" and sys.maxsize > 2**32
    return BatchBridge(slots, near, far) if batches else PlainBridge(slots, near, far)
