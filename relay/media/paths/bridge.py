"""What this process's media says to another one's, on this machine or (``trunk``) elsewhere.

On this machine there is a Unix datagram socket for each of the others. Both ends are bound to a
name, and each is connected to the other's. Then the kernel bounds what is
on its way by the sender's buffer; a socket that only one has connected takes
``net.unix.max_dgram_qlen`` datagrams, ten mostly.

A datagram is a *head* of eight bytes and what follows it. Packets are received into the slots of
the UDP socket, and sent from there: batches are handled one after another, so the slots are free.
As there, nothing waits: what the kernel does not take is counted. There are two ways to do that
behind the same interface, :class:`PlainBridge` and ``batch_bridge.BatchBridge``.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
from abc import ABC, abstractmethod
from collections import Counter
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from relay.media.paths.transport import (
    BUFFER_BYTES,
    MAX_DATAGRAM_BYTES,
    SLOT_BYTES,
    SLOTS,
    DatagramSocket,
)

VERSION = 3
HEAD = struct.Struct("!Q")
"""Version (8 bits), cargo (8), and the number of the pairing."""

NUMBER_BITS = 48
"""Of the number of a pairing."""

HEAD_BITS = 64
_NUMBER = (1 << NUMBER_BITS) - 1

FULL = (errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM)


class Cargo(IntEnum):
    """What follows a head."""

    PROBE = 0  # nothing: whether the other end is there
    RTP = 1  # a packet of the user's, decrypted, as it came
    REPORTS = 2  # the sender reports of a compound packet of the user's, as they came
    FEEDBACK = 3  # a compound packet for the user, ready but for transport-wide times
    KEYFRAME = 4  # a request for one, to the user
    KEPT = 5  # the transport-wide number of a packet that came and does not cross
    NEWS = 6  # what is told of one of the user's streams where it ends


def head(cargo: Cargo, number: int) -> int:
    """A head, as bridges take and give it.

    :param number: of the pairing, 48 bits.
    """
    return int.from_bytes(HEAD.pack(VERSION << 56 | cargo << 48 | number), sys.byteorder)


def cargo_and_number(found: int) -> tuple[Cargo, int] | None:
    """What a head says; None when it is none of ours."""
    (word,) = HEAD.unpack(found.to_bytes(HEAD.size, sys.byteorder))
    version, cargo, number = word >> 56, word >> NUMBER_BITS & 0xFF, word & _NUMBER
    return (Cargo(cargo), number) if version == VERSION and cargo in set(Cargo) else None


class Flushes(Protocol):
    """On what packets may have been staged."""

    def flush(self) -> None:
        """Send what was staged. What the kernel does not take is counted, never waited for."""


class Inlet(Flushes, Protocol):
    """Where datagrams come from other processes."""

    drops: Counter[str]
    packets_received: int
    bytes_received: int
    """Of packets, without heads."""

    def receive(self) -> list[tuple[int, int]]:
        """Fill slots with what has arrived.

        :returns: of each the head with its mark, and the size of what is in its slot; below 0 when
            even the head was cut.
        """


class Bridge(ABC):
    """The way to one other process."""

    inlet: Inlet
    """Where comes what the other process says."""
    mark = 0
    """Of that, above the bits of its heads, where several have one inlet."""

    @property
    @abstractmethod
    def is_up(self) -> bool:
        """Whether it leads anywhere, for all that is known."""

    @abstractmethod
    def stage(self, slot: int, size: int, heading: int) -> None:
        """Have the first ``size`` bytes of ``slot`` sent with the next flush, behind a head.

        At most once a slot between two flushes.
        """

    @abstractmethod
    def send(self, heading: int, data: bytes = b"") -> None:
        """Send at once what is in no slot."""


class LocalBridge(Bridge):
    """The way to a process of this machine."""

    def __init__(self, slots: DatagramSocket, near: Path, far: Path) -> None:
        """Bind; :meth:`mend` connects.

        :param slots: what packets are received into, and sent from.
        :param near: this end's name, which nobody else has: what is left of a former process's is
            removed.
        :param far: the other end's name.
        :raises OSError: when it cannot be bound.
        """
        self.inlet = self
        self.drops: Counter[str] = Counter()
        self.packets_sent = self.packets_received = 0
        self.bytes_sent = self.bytes_received = 0
        """Of packets, without heads."""
        self._is_connected = False
        self._slots, self._near, self._far = slots, near, far
        self._staged: list[tuple[int, int, int]] = []
        near.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            self._socket.setblocking(False)
            self._socket.bind(str(near))
        except OSError:
            self._socket.close()
            raise

    @property
    def is_up(self) -> bool:
        """Whether the other end was there when something was sent last."""
        return self._is_connected

    def fileno(self) -> int:
        """The descriptor, for the event loop's reader."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket and remove its name."""
        self._socket.close()
        self._near.unlink(missing_ok=True)

    def mend(self) -> None:
        """Connect if the other end was not there; to be called now and then.

        It cannot be while the other end takes this one for the process that was here before: so
        each has to try now and then whether the other is the same (:attr:`Cargo.PROBE`).
        """
        if not self._is_connected:
            with contextlib.suppress(OSError):
                self._socket.connect(str(self._far))
                self._is_connected = True

    def stage(self, slot: int, size: int, heading: int) -> None:
        """See :class:`Bridge`."""
        self._staged.append((slot, size, heading))

    @property
    def has_staged(self) -> bool:
        """Whether :meth:`flush` has anything to do."""
        return bool(self._staged)

    def send(self, heading: int, data: bytes = b"") -> None:
        """See :class:`Bridge`."""
        if not self._is_connected:
            self.drops["bridge_down"] += 1
            return
        try:
            self._socket.send(heading.to_bytes(HEAD.size, sys.byteorder) + data)
        except OSError as error:
            self._refused(error.errno or 0, 1)

    @abstractmethod
    def flush(self) -> None:
        """See :class:`Flushes`."""

    @abstractmethod
    def receive(self) -> list[tuple[int, int]]:
        """See :class:`Inlet`."""

    def _refused(self, code: int, count: int) -> None:
        """Count what the kernel did not take."""
        if code in FULL:
            self.drops["bridge_full"] += count
        else:
            self.drops["bridge_down"] += count
            self._is_connected = False


class PlainBridge(LocalBridge):
    """One system call a datagram."""

    def __init__(self, slots: DatagramSocket, near: Path, far: Path) -> None:
        super().__init__(slots, near, far)
        self._head = bytearray(HEAD.size)
        self._targets = [
            [
                memoryview(self._head),
                slots.view[slot * SLOT_BYTES : slot * SLOT_BYTES + MAX_DATAGRAM_BYTES],
            ]
            for slot in range(SLOTS)
        ]

    def flush(self) -> None:
        """See :class:`Bridge`."""
        staged, self._staged = self._staged, []
        view, left = self._slots.view, len(staged)
        for slot, size, heading in staged:
            if not self._is_connected:
                self.drops["bridge_down"] += left
                return
            start = slot * SLOT_BYTES
            try:
                self._socket.sendmsg(
                    [heading.to_bytes(HEAD.size, sys.byteorder), view[start : start + size]]
                )
            except OSError as error:
                self._refused(error.errno or 0, 1)
            else:
                self.packets_sent += 1
                self.bytes_sent += size
            left -= 1

    def receive(self) -> list[tuple[int, int]]:
        """See :class:`Bridge`."""
        found: list[tuple[int, int]] = []
        for slot in range(SLOTS):
            try:
                size = self._socket.recvmsg_into(self._targets[slot])[0]
            except OSError:  # nothing left, or the other end has gone
                break
            found.append((int.from_bytes(self._head, sys.byteorder), size - HEAD.size))
        return found
