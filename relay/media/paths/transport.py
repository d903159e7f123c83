"""The media plane's one UDP socket, read and written in batches that reuse one buffer.

A batch has up to 64 *slots*. ``receive`` fills them, the caller changes a slot's bytes in place and
*stages* it for a destination, ``flush`` sends what was staged; nothing is copied between. There are
two ways to do that behind the same interface, and one contract test for both: :class:`PlainSocket`
makes a system call a datagram and runs everywhere, ``batch.BatchSocket`` makes one a batch.

An *address* is whatever the socket uses to tell peers apart: hashable, opaque to the caller. A
*destination* is an address that was prepared for staging.
"""

from __future__ import annotations

import ipaddress
import socket
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from relay.plane import PathKind
from relay.srtp import srtp_ffi

SLOTS = 64
SLOT_BYTES = 2048

MAX_DATAGRAM_BYTES = SLOT_BYTES - 160
"""Longer datagrams are cut (and then fail authentication): SRTP's trailer of up to 144 bytes must
still fit behind one in its slot."""

BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the kernel for each direction; it may give less."""

_PORTS = range(1 << 16)

Address = Any
Destination = Any


@dataclass(frozen=True, slots=True)
class Tunnelled:
    """Whose datagrams come from a socket of this machine's, since they came over TCP."""

    kind: PathKind
    remote: tuple[str, int]
    """Where the user is."""
    reflexive: tuple[str, int]
    """What the user takes for its address: where there is TURN, that of its allocation."""


class DatagramSocket(ABC):
    """A bound, non-blocking UDP socket with its slots."""

    def __init__(self, host: str, port: int, twin: DatagramSocket | None = None) -> None:
        """Bind.

        :param host: an IP address; ``::`` takes IPv4 as well, unless there is a twin.
        :param port: 0 takes any free port.
        :param twin: one for IPv4, whose slots are used.
        :raises OSError: when the address cannot be bound.
        """
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            if self.family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, twin is not None)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self._socket.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            self._socket.setblocking(False)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        fresh = SLOTS * SLOT_BYTES
        self.buffer: Any = twin.buffer if twin else srtp_ffi.new("unsigned char[]", fresh)
        self.view = memoryview(srtp_ffi.buffer(self.buffer))
        """All slots' bytes; slot ``i`` starts at ``i * SLOT_BYTES``."""
        self.pointers = [self.buffer + slot * SLOT_BYTES for slot in range(SLOTS)]
        """A C pointer to each slot, as libsrtp wants it."""
        self._staged: list[tuple[int, int, Destination]] = []
        self.tunnelled: dict[tuple[str, int], Tunnelled] = {}
        """By the address that the socket sees."""
        self.send_drops = 0
        """Datagrams that the kernel did not take: its buffer was full, or there was no route."""

    @property
    def parts(self) -> tuple[DatagramSocket, ...]:
        """What is to be read, each by itself; they fill the same slots."""
        return (self,)

    def fileno(self) -> int:
        """The descriptor, for the event loop's reader."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, data: bytes, address: Address) -> None:
        """Send one datagram that is in no slot, at once."""
        try:
            self._socket.sendto(data, self._sockaddr(address))
        except OSError:
            self.send_drops += 1

    def host_port(self, address: Address) -> tuple[str, int]:
        """Where the user at an address is, as people write it; an IPv4-mapped one as IPv4."""
        seen = self.seen(address)
        tunnelled = self.tunnelled.get(seen)
        return seen if tunnelled is None else tunnelled.remote

    def reflexive(self, address: Address) -> tuple[str, int]:
        """What the user at an address is told that it has (XOR-MAPPED-ADDRESS)."""
        seen = self.seen(address)
        tunnelled = self.tunnelled.get(seen)
        return seen if tunnelled is None else tunnelled.reflexive

    def kind(self, address: Address) -> PathKind:
        """How the user at an address comes: ``udp``, or the kind of its tunnel."""
        tunnelled = self.tunnelled.get(self.seen(address))
        return "udp" if tunnelled is None else tunnelled.kind

    def seen(self, address: Address) -> tuple[str, int]:
        """Where its datagrams come from, tunnelled or not."""
        host, port = self._sockaddr(address)[:2]
        mapped = ipaddress.IPv6Address(host.split("%")[0]).ipv4_mapped if ":" in host else None
        return str(mapped or host), port

    def network(self, address: Address) -> bytes:
        """The part of an address that who has it cannot choose: of IPv6 the first 64 bits."""
        ip = ipaddress.ip_address(self.host_port(address)[0].split("%")[0])
        return ip.packed if ip.version == 4 else ip.packed[:8]

    def at(self, host: str, port: int) -> Address:
        """What a place's datagrams come from; None when this socket does not get there.

        :param host: an IP address; names are not looked up, which would take time.
        """
        try:
            ip = ipaddress.ip_address(host)
        except ValueError:
            return None
        if port not in _PORTS:
            return None
        if (ip.version == 6) is (self.family == socket.AF_INET6):
            return self._address(str(ip), port)
        return self._address(f"::ffff:{ip}", port) if ip.version == 4 else None

    def _address(self, host: str, port: int) -> Address:
        """As :mod:`socket` says it, of the socket's own family."""
        return (host, port) if self.family == socket.AF_INET else (host, port, 0, 0)

    @abstractmethod
    def _sockaddr(self, address: Address) -> tuple[Any, ...]:
        """An address as :mod:`socket` wants it."""

    @abstractmethod
    def receive(self) -> int:
        """Fill slots with what has arrived; returns how many, 0 when there is nothing."""

    @abstractmethod
    def size(self, slot: int) -> int:
        """The size of the datagram in ``slot``, in bytes."""

    @abstractmethod
    def address(self, slot: int) -> Address:
        """Where the datagram in ``slot`` came from."""

    def headings(self, count: int) -> tuple[list[int], list[Address]]:
        """Sizes and addresses of the first ``count`` slots."""
        slots = range(count)
        return [self.size(slot) for slot in slots], [self.address(slot) for slot in slots]

    @abstractmethod
    def destination(self, address: Address) -> Destination:
        """Prepare an address for :meth:`stage`."""

    def portless(self, address: Address) -> Address:
        """One like it to which the kernel sends nothing: there is no port 0."""
        host, _, *rest = address
        return host, 0, *rest

    def stage(self, slot: int, size: int, destination: Destination) -> None:
        """Have the first ``size`` bytes of ``slot`` sent by :meth:`flush`.

        At most once a slot between :meth:`receive` and :meth:`flush`.
        """
        self._staged.append((slot, size, destination))

    @abstractmethod
    def flush(self) -> None:
        """Send what was staged. What the kernel does not take is counted, never waited for."""


class PlainSocket(DatagramSocket):
    """One system call a datagram; an address is what :mod:`socket` says."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._targets = [
            self.view[slot * SLOT_BYTES : slot * SLOT_BYTES + MAX_DATAGRAM_BYTES]
            for slot in range(SLOTS)
        ]
        self._received: list[tuple[int, Address]] = [(0, None)] * SLOTS

    def receive(self) -> int:
        """See :class:`DatagramSocket`."""
        receive, targets, received = self._socket.recvfrom_into, self._targets, self._received
        for slot in range(SLOTS):
            try:
                received[slot] = receive(targets[slot])
            except OSError:  # nothing left, or an ICMP error of an earlier datagram
                return slot
        return SLOTS

    def size(self, slot: int) -> int:
        """See :class:`DatagramSocket`."""
        return self._received[slot][0]

    def address(self, slot: int) -> Address:
        """See :class:`DatagramSocket`."""
        return self._received[slot][1]

    def destination(self, address: Address) -> Destination:
        """See :class:`DatagramSocket`."""
        return address

    def flush(self) -> None:
        """See :class:`DatagramSocket`."""
        send, view = self._socket.sendto, self.view
        for slot, size, destination in self._staged:
            start = slot * SLOT_BYTES
            try:
                send(view[start : start + size], destination)
            except OSError:
                self.send_drops += 1
        self._staged.clear()

    def _sockaddr(self, address: Address) -> tuple[Any, ...]:
        sockaddr: tuple[Any, ...] = address
        return sockaddr
