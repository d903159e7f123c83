"""What all tunnels of a process read into and send from: one of them is served at a time.

A batch of datagrams has *slots*, with room before each for what frames it in a stream. On Linux
``recvmmsg`` fills the slots and ``sendmmsg`` sends the datagrams that one read of a stream had;
elsewhere it is a call a datagram.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Sequence
from typing import Any

from relay.framing import MAX_FRAME_BYTES
from relay.media.paths.mmsg import LENGTH_AT, LENGTH_STRIDE
from relay.media.paths.mmsg import ffi as _ffi

SLOTS = 64
HEAD_BYTES = 64
"""Before each datagram: the longest is that of a Data indication for an IPv6 peer."""
SLOT_BYTES = HEAD_BYTES + MAX_FRAME_BYTES
STREAM_BYTES = 32 * 1024
"""Room for what is looked at of a stream at once."""
READ_BYTES = 16 * 1024
"""So much is read at once: its datagrams have to find room in the media plane's socket, which is
read only when this is done."""

_NULL = _ffi.NULL
_DONTWAIT = int(socket.MSG_DONTWAIT) if hasattr(socket, "MSG_DONTWAIT") else 0
_MAX_SENT = 128
"""Datagrams of one call; a stream's read may have more of them when they are short."""


class Batch:
    """The buffers."""

    def __init__(self, *, in_calls: bool = sys.platform == "linux") -> None:
        """Build them.

        :param in_calls: whether whole batches are one system call.
        """
        self._stream_memory = _ffi.new("unsigned char[]", STREAM_BYTES)
        self._slot_memory = _ffi.new("unsigned char[]", SLOTS * SLOT_BYTES)
        self.stream = memoryview(_ffi.buffer(self._stream_memory)).cast("B")
        """What came of a stream."""
        self.slots = memoryview(_ffi.buffer(self._slot_memory)).cast("B")
        """The datagram of slot ``i`` begins at ``i * SLOT_BYTES + HEAD_BYTES``."""
        self._libc: Any = _ffi.dlopen(None) if in_calls else None
        self._in = _ffi.new("struct mmsghdr[]", SLOTS)
        self._out = _ffi.new("struct mmsghdr[]", _MAX_SENT)
        self._in_iovecs = _ffi.new("struct iovec[]", SLOTS)
        self._out_iovecs = _ffi.new("struct iovec[]", _MAX_SENT)
        self._begin = int(_ffi.cast("uintptr_t", self._stream_memory))
        for slot in range(SLOTS):
            self._in_iovecs[slot].iov_base = self._slot_memory + slot * SLOT_BYTES + HEAD_BYTES
            self._in_iovecs[slot].iov_len = MAX_FRAME_BYTES
            self._in[slot].msg_hdr.msg_iov = self._in_iovecs + slot
            self._in[slot].msg_hdr.msg_iovlen = 1
        for place in range(_MAX_SENT):
            self._out[place].msg_hdr.msg_iov = self._out_iovecs + place
            self._out[place].msg_hdr.msg_iovlen = 1
        self._out_words = memoryview(_ffi.buffer(self._out_iovecs)).cast("B").cast("Q")
        self._sizes = (
            memoryview(_ffi.buffer(self._in)).cast("B").cast("I")[LENGTH_AT::LENGTH_STRIDE]
        )

    def receive(self, connected: socket.socket) -> list[int]:
        """Fill slots with what has arrived at a datagram socket; returns the sizes."""
        if self._libc is None:
            return self._receive_each(connected)
        count = self._libc.recvmmsg(connected.fileno(), self._in, SLOTS, _DONTWAIT, _NULL)
        return self._sizes[:count].tolist() if count > 0 else []

    def send(self, connected: socket.socket, parts: Sequence[tuple[int, int]]) -> int:
        """Send parts of :attr:`stream` as datagrams.

        :param parts: where each begins, and its size in bytes.
        :returns: how many the kernel did not take; nothing waits.
        """
        refused = 0
        for at in range(0, len(parts), _MAX_SENT):
            some = parts[at : at + _MAX_SENT]
            refused += len(some) - self._send_some(connected, some)
        return refused

    def _send_some(self, connected: socket.socket, parts: Sequence[tuple[int, int]]) -> int:
        if self._libc is None:
            return sum(self._send_one(connected, start, size) for start, size in parts)
        words, begin = self._out_words, self._begin
        for place, (start, size) in enumerate(parts):
            words[2 * place] = begin + start
            words[2 * place + 1] = size
        done = failed = 0
        while done < len(parts):
            sent = self._libc.sendmmsg(
                connected.fileno(), self._out + done, len(parts) - done, _DONTWAIT
            )
            if sent > 0:
                done += sent
            elif _ffi.errno in (errno.EAGAIN, errno.ENOBUFS):
                return done - failed
            else:  # an error of an earlier datagram, or one that is too long
                done, failed = done + 1, failed + 1
        return done - failed

    def _receive_each(self, connected: socket.socket) -> list[int]:
        sizes: list[int] = []
        for at in range(HEAD_BYTES, SLOTS * SLOT_BYTES, SLOT_BYTES):
            try:
                sizes.append(connected.recv_into(self.slots[at : at + MAX_FRAME_BYTES]))
            except OSError:
                break
        return sizes

    def _send_one(self, connected: socket.socket, start: int, size: int) -> bool:
        try:
            connected.send(self.stream[start : start + size])
        except OSError:
            return False
        return True
