"""Many sockets' datagrams out on schedule and in with the kernel's time, at little cost.

Everything is laid out in memory before a run, so that a burst costs one ``sendmmsg`` and a read one
``recvmmsg``, and Python never touches a packet while the clock runs. Of what comes only the first
bytes are kept. Arrival times are the kernel's own (SO_TIMESTAMPNS), taken when the server hands the
datagram over; that the load reads it later adds nothing to a latency.

While nothing is to be sent the load sleeps on the clock, not on the sockets: a server that had to
wake it for each datagram would pay for that, which a network card does not ask of it.
"""

from __future__ import annotations

import gc
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cffi import FFI

KEPT_BYTES = 48
"""Of each datagram received: an RTP header with its extension."""
DRAIN_S = 0.3
"""How long arrivals are waited for after the last departure."""

_SWEEP_S = 0.002
_BURSTS_BETWEEN_SWEEPS = 64
_MESSAGES_A_READ = 64
_WORTH_SLEEPING_S = 20e-6
_SO_TIMESTAMPNS = 35
_SO_MEMINFO, _MEMINFO = 55, struct.Struct("9I")
_PR_SET_TIMERSLACK = 29
_CONTROL_BYTES = 32  # a cmsghdr and a timespec
_MESSAGE_BYTES = 64  # struct mmsghdr on 64-bit Linux; as words: name, namelen, iov, iovlen, ...

_ffi = FFI()
_ffi.cdef("""
int recvmmsg(int fd, void *messages, unsigned int count, int flags, void *timeout);
int sendmmsg(int fd, void *messages, unsigned int count, int flags);
int prctl(int option, unsigned long, unsigned long, unsigned long, unsigned long);
""")
_libc: Any = _ffi.dlopen(None)


class Outbox:
    """Datagrams and when each is to leave; ``seal`` before use."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._rows: list[tuple[float, int, int, int, int]] = []

    def add(self, sender: int, stream: int, at_s: float, datagram: bytes) -> None:
        """Have ``datagram`` sent from socket number ``sender``; streams are the caller's names."""
        self._rows.append((at_s, sender, stream, len(self._data), len(datagram)))
        self._data += datagram

    def __len__(self) -> int:
        return len(self._rows)

    def seal(self) -> None:
        """Put everything in the order of time, as the kernel wants it."""
        columns = np.array(self._rows, dtype=np.float64).reshape(-1, 5)
        columns = columns[np.lexsort((np.arange(len(columns)), columns[:, 1], columns[:, 0]))]
        self.at_s = columns[:, 0].copy()
        self.sender = columns[:, 1].astype(np.int64)
        self.stream = columns[:, 2].astype(np.int64)
        self._bytes = np.frombuffer(self._data, dtype=np.uint8)
        self._iovecs = np.empty((len(columns), 2), dtype=np.uint64)
        self._iovecs[:, 0] = columns[:, 3].astype(np.uint64) + np.uint64(self._bytes.ctypes.data)
        self._iovecs[:, 1] = columns[:, 4].astype(np.uint64)
        self._messages = _messages(self._iovecs)
        begins = np.ones(len(columns), dtype=bool)
        begins[1:] = (np.diff(self.at_s) != 0) | (np.diff(self.sender) != 0)
        self.burst = np.cumsum(begins) - 1
        first = np.flatnonzero(begins)
        self.bursts: list[tuple[float, int, int, int]] = list(
            zip(
                self.at_s[first].tolist(),
                self.sender[first].tolist(),
                (self._messages.ctypes.data + first * _MESSAGE_BYTES).tolist(),
                np.diff(np.append(first, len(columns))).tolist(),
                strict=True,
            )
        )


class Inbox:
    """Room for everything that comes in a run."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.used = 0
        self.reads: list[tuple[int, int, float]] = []  # socket number, how many, when
        self.heads = np.zeros((capacity, KEPT_BYTES), dtype=np.uint8)
        self._control = np.zeros((capacity, _CONTROL_BYTES // 8), dtype=np.int64)
        self._iovecs = np.empty((capacity, 2), dtype=np.uint64)
        self._iovecs[:, 0] = _addresses(self.heads)
        self._iovecs[:, 1] = KEPT_BYTES
        self._messages = _messages(self._iovecs)
        self._messages[:, 4] = _addresses(self._control)
        self._messages[:, 5] = _CONTROL_BYTES
        self.base = self._messages.ctypes.data

    def receivers(self) -> np.ndarray:
        """The number of the socket at which each datagram came."""
        return np.repeat(
            np.array([read[0] for read in self.reads], dtype=np.int64),
            np.array([read[1] for read in self.reads], dtype=np.int64),
        )

    def arrived_at_s(self) -> np.ndarray:
        """When each came, on the clock of ``time.time``."""
        stamps = self._control[: self.used, 2] + self._control[: self.used, 3] / 1e9
        read_at = np.repeat([read[2] for read in self.reads], [read[1] for read in self.reads])
        return np.where(stamps > 0, stamps, read_at)


@dataclass(slots=True)
class Exchange:
    """How a run went for the load itself."""

    start_s: float = 0.0
    sent_at_s: list[float] = field(default_factory=list)
    """When each burst was sent."""
    unsent: int = 0
    lost: int = 0
    """Arrived at a socket of the load that was full."""
    busy: float = 0.0
    """The part of a core that the load needed."""


def exchange(
    outbox: Outbox,
    inbox: Inbox,
    sockets: Sequence[socket.socket],
    mark_s: float,
    mark: Callable[[], object],
) -> Exchange:
    """Send on schedule and receive what comes, until ``DRAIN_S`` after the last departure.

    :param mark_s: call ``mark`` once at this second of the run.
    """
    _libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    by_fd = {each.fileno(): index for index, each in enumerate(sockets)}
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    dropped = sum(map(_dropped, sockets))
    went = Exchange()
    poll = select.epoll()
    gc.collect()
    gc.disable()  # its pauses would be taken for the server's
    try:
        for fd in by_fd:
            poll.register(fd, select.EPOLLIN)
        _loop(outbox, _Reader(inbox, poll, by_fd), sockets, (mark_s, mark), went)
    finally:
        gc.enable()
        poll.close()
    went.lost = sum(map(_dropped, sockets)) - dropped
    return went


def _loop(
    outbox: Outbox,
    reader: _Reader,
    sockets: Sequence[socket.socket],
    mark: tuple[float, Callable[[], object]],
    went: Exchange,
) -> None:
    clock, send, cast = time.time, _libc.sendmmsg, _ffi.cast
    fds = [each.fileno() for each in sockets]
    bursts, position, total = outbox.bursts, 0, len(outbox.bursts)
    mark_s, call = mark
    swept_s, end_s = 0.0, bursts[-1][0] + DRAIN_S
    start = went.start_s = clock() + 0.01
    cpu_s = time.process_time()
    while (now := clock() - start) < end_s or position < total:
        if now >= mark_s:
            call()
            mark_s = float("inf")
        stop = min(position + _BURSTS_BETWEEN_SWEEPS, total)
        while position < stop and bursts[position][0] <= now:
            _, sender, messages, count = bursts[position]
            went.sent_at_s.append(clock())
            sent = send(fds[sender], cast("void *", messages), count, socket.MSG_DONTWAIT)
            went.unsent += count - max(sent, 0)
            position += 1
            if position == total:
                end_s = max(end_s, now + DRAIN_S)
        due_s = bursts[position][0] if position < total else end_s
        if now - swept_s >= _SWEEP_S:
            reader.sweep()
            swept_s = now
        wait_s = min(due_s, swept_s + _SWEEP_S, mark_s, end_s) - (clock() - start)
        if wait_s > _WORTH_SLEEPING_S:
            time.sleep(wait_s)
    went.busy = (time.process_time() - cpu_s) / end_s
    while reader.sweep():
        pass


class _Reader:
    def __init__(self, inbox: Inbox, poll: select.epoll, by_fd: dict[int, int]) -> None:
        self._inbox = inbox
        self._poll = poll
        self._by_fd = by_fd

    def sweep(self) -> int:
        """Read once from every socket that has something; returns how many datagrams."""
        inbox, receive, cast = self._inbox, _libc.recvmmsg, _ffi.cast
        before, null, now = inbox.used, _ffi.NULL, time.time()
        for fd, _ in self._poll.poll(0, len(self._by_fd)):
            room = min(_MESSAGES_A_READ, inbox.capacity - inbox.used)
            at = cast("void *", inbox.base + inbox.used * _MESSAGE_BYTES)
            count = receive(fd, at, room, socket.MSG_DONTWAIT, null)
            if count > 0:
                inbox.reads.append((self._by_fd[fd], count, now))
                inbox.used += count
        return inbox.used - before


def _dropped(sock: socket.socket) -> int:
    return int(_MEMINFO.unpack(sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))[8])


def _messages(iovecs: np.ndarray) -> np.ndarray:
    messages = np.zeros((len(iovecs), _MESSAGE_BYTES // 8), dtype=np.uint64)
    messages[:, 2] = _addresses(iovecs)
    messages[:, 3] = 1
    return messages


def _addresses(rows: np.ndarray) -> np.ndarray:
    return np.uint64(rows.ctypes.data) + np.arange(len(rows), dtype=np.uint64) * np.uint64(
        rows.strides[0]
    )
