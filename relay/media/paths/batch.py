"""The quick datagram socket (Linux): system calls for whole batches, through cffi to libc.

``recvmmsg`` fills all slots and ``sendmmsg`` sends what was staged. Datagrams of equal size that go
to one destination in a row become one message that the kernel cuts up (UDP_SEGMENT, udp(7)), so
that the packets of one video frame go down the network stack once.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import Any

from relay.media.paths.mmsg import LENGTH_AT, LENGTH_STRIDE
from relay.media.paths.mmsg import ffi as _ffi
from relay.media.paths.transport import (
    MAX_DATAGRAM_BYTES,
    SLOTS,
    Address,
    DatagramSocket,
    Destination,
)
from relay.srtp import srtp_ffi

_NULL = _ffi.NULL
IPV4_BYTES = 8
"""The significant ones of a sockaddr: family, port, address."""
_NAME_BYTES = 32  # a slot's sockaddr, padded
_NAME_WORDS = _NAME_BYTES // 8
_CONTROL_BYTES = 32  # a message's control data, padded
_CONTROL = struct.Struct("@NiiH")  # struct cmsghdr: length, level, type; then the segment size
_CONTROL_HALVES = _CONTROL_BYTES // 2
_SEGMENT_SIZE_AT = 8  # in halves of words, behind struct cmsghdr
_CONTROL_SPACE = 24  # CMSG_SPACE(sizeof(uint16_t))
_DONTWAIT = int(socket.MSG_DONTWAIT)  # an enumeration's member takes cffi longer to convert
_UDP_SEGMENT = 103  # linux/udp.h; socket has no name for it
_MAX_SEGMENTED_BYTES = 60_000
"""One message's segments together: an IP packet, with room for headers."""

_MESSAGE_WORDS = _ffi.sizeof("struct mmsghdr") // 8
_NAME_AT, _IOV_AT, _IOV_COUNT_AT, _CONTROL_LENGTH_AT = (
    _ffi.offsetof("struct msghdr", name) // 8
    for name in ("msg_name", "msg_iov", "msg_iovlen", "msg_controllen")
)


class _Headers:
    """``mmsghdr`` for every slot, with views through which Python reads and writes their fields."""

    def __init__(self, pointers: list[Any], name_bytes: int) -> None:
        self.messages = _ffi.new("struct mmsghdr[]", SLOTS)
        self.iovecs = _ffi.new("struct iovec[]", SLOTS)
        self.names = _ffi.new("unsigned char[]", SLOTS * _NAME_BYTES)
        self.controls = _ffi.new("unsigned char[]", SLOTS * _CONTROL_BYTES)
        self.iovec_addresses = [
            int(_ffi.cast("uintptr_t", self.iovecs + slot)) for slot in range(SLOTS)
        ]
        for slot in range(SLOTS):
            address = int(srtp_ffi.cast("uintptr_t", pointers[slot]))
            self.iovecs[slot].iov_base = _ffi.cast("void *", address)
            self.iovecs[slot].iov_len = MAX_DATAGRAM_BYTES
            header = self.messages[slot].msg_hdr
            header.msg_name = self.names + slot * _NAME_BYTES
            header.msg_namelen = name_bytes
            header.msg_iov = self.iovecs + slot
            header.msg_iovlen = 1
        self.lengths = memoryview(_ffi.buffer(self.messages)).cast("B").cast("I")
        self.message_words = memoryview(_ffi.buffer(self.messages)).cast("B").cast("Q")
        self.iovec_words = memoryview(_ffi.buffer(self.iovecs)).cast("B").cast("Q")
        self.name_bytes = memoryview(_ffi.buffer(self.names)).cast("B")
        self.name_words = self.name_bytes.cast("Q")
        self.control_bytes = memoryview(_ffi.buffer(self.controls)).cast("B")
        self.segment_sizes = self.control_bytes.cast("H")[_SEGMENT_SIZE_AT:]


class SockaddrDestination:
    """A sockaddr that the kernel reads; the number is its place in memory."""

    __slots__ = ("name", "where")

    def __init__(self, address: bytes) -> None:
        self.name = _ffi.new("unsigned char[]", address.ljust(_NAME_BYTES, b"\0"))
        self.where = int(_ffi.cast("uintptr_t", self.name))


class BatchSocket(DatagramSocket):
    """One system call a batch each way.

    An address is the sockaddr's significant bytes; for IPv4, whose are eight, as one number.
    """

    def __init__(self, host: str, port: int, twin: DatagramSocket | None = None) -> None:
        super().__init__(host, port, twin)
        self._libc: Any = _ffi.dlopen(None)
        ipv6 = self.family == socket.AF_INET6
        self._address_bytes = 28 if ipv6 else IPV4_BYTES  # family, port, (flow,) address(, scope)
        self._in = _Headers(self.pointers, 28 if ipv6 else 16)
        self._out = _Headers(self.pointers, 28 if ipv6 else 16)
        self._sizes = self._in.lengths[LENGTH_AT::LENGTH_STRIDE]
        self._ipv4 = self._in.name_words[::_NAME_WORDS]
        self._headings = [  # for each number of slots: cutting a view takes longer than reading it
            (self._sizes[:count].tolist, self._ipv4[:count].tolist) for count in range(SLOTS + 1)
        ]
        self._fd = self._socket.fileno()
        self.segmenting = self._prepare_segmenting()
        """Whether equal datagrams in a row to one destination go as one message."""

    def receive(self) -> int:
        """See :class:`DatagramSocket`."""
        count: int = self._libc.recvmmsg(self._fd, self._in.messages, SLOTS, _DONTWAIT, _NULL)
        if count < 0:  # nothing, or an ICMP error of an earlier datagram
            return 0
        return count

    def size(self, slot: int) -> int:
        """See :class:`DatagramSocket`."""
        size: int = self._sizes[slot]
        return size

    def address(self, slot: int) -> Address:
        """See :class:`DatagramSocket`."""
        if self._address_bytes == 8:  # one number is quicker to make, and to look up
            return self._ipv4[slot]
        at = slot * _NAME_BYTES
        return self._in.name_bytes[at : at + self._address_bytes].tobytes()

    def headings(self, count: int) -> tuple[list[int], list[Address]]:
        """See :class:`DatagramSocket`."""
        if self._address_bytes != 8:
            return super().headings(count)
        sizes, addresses = self._headings[count]
        return sizes(), addresses()

    def destination(self, address: Address) -> Destination:
        """See :class:`DatagramSocket`."""
        return SockaddrDestination(_significant(address))

    def portless(self, address: Address) -> Address:
        """See :class:`DatagramSocket`."""
        known = _significant(address)
        return known[:2] + bytes(2) + known[4:]

    def flush(self) -> None:
        """See :class:`DatagramSocket`."""
        staged, self._staged = self._staged, []  # what the kernel reads stays until it has
        done, messages = 0, self._arrange(staged)
        while done < messages:
            sent = self._libc.sendmmsg(
                self._fd, self._out.messages + done, messages - done, _DONTWAIT
            )
            if sent > 0:
                done += sent
            elif _ffi.errno in (errno.EAGAIN, errno.ENOBUFS):
                for message in range(done, messages):
                    self.send_drops += self._out.messages[message].msg_hdr.msg_iovlen
                return
            else:  # this one message cannot be sent; the others can
                self._send_apart(self._out.messages[done].msg_hdr)
                done += 1

    def _arrange(self, staged: list[tuple[int, int, Destination]]) -> int:
        """Make messages of what was staged; returns how many.

        Equal datagrams in a row, in neighbouring slots and to one destination, are one message's
        segments; a shorter one may be the last of them.
        """
        out, segmenting = self._out, self.segmenting
        words, sizes, segment_sizes = out.message_words, out.iovec_words, out.segment_sizes
        message = -1
        last: Destination = None
        next_slot = at = segment = room = 0
        for slot, size, destination in staged:
            sizes[2 * slot + 1] = size
            if room and destination is last and slot == next_slot and size <= segment:
                words[at + _IOV_COUNT_AT] += 1
                words[at + _CONTROL_LENGTH_AT] = _CONTROL_SPACE
                room = room - 1 if size == segment else 0
            else:
                message += 1
                at = message * _MESSAGE_WORDS
                words[at + _NAME_AT] = destination.where
                words[at + _IOV_AT] = out.iovec_addresses[slot]
                words[at + _IOV_COUNT_AT] = 1
                words[at + _CONTROL_LENGTH_AT] = 0
                last, segment = destination, size
                if segmenting:
                    segment_sizes[message * _CONTROL_HALVES] = size
                    room = _MAX_SEGMENTED_BYTES // size - 1
            next_slot = slot + 1
        return message + 1

    def _prepare_segmenting(self) -> bool:
        """Fill in the control data; False on a kernel that cannot cut messages up."""
        try:
            self._socket.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
        except OSError:  # before Linux 4.18
            return False
        for message in range(SLOTS):
            header = _CONTROL.size, socket.IPPROTO_UDP, _UDP_SEGMENT, 0
            _CONTROL.pack_into(self._out.control_bytes, message * _CONTROL_BYTES, *header)
            self._out.messages[message].msg_hdr.msg_control = (
                self._out.controls + message * _CONTROL_BYTES
            )
        return True

    def _send_apart(self, header: Any) -> None:
        """Send a failed message's segments one by one.

        A device without checksum offload, or with an MTU below the segment's size, takes no
        segmented message (udp(7)): then no more of them are made.
        """
        if header.msg_iovlen > 1:
            self.segmenting = False
        address = bytes(_ffi.buffer(header.msg_name, self._address_bytes))
        for index in range(header.msg_iovlen):
            iovec = header.msg_iov[index]
            self.send(bytes(_ffi.buffer(iovec.iov_base, iovec.iov_len)), address)

    def _address(self, host: str, port: int) -> Address:
        if self.family == socket.AF_INET:
            packed = socket.inet_pton(socket.AF_INET, host)
            name = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + packed
            return int.from_bytes(name, sys.byteorder)
        packed = socket.inet_pton(socket.AF_INET6, host)
        name = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0) + packed
        return name + bytes(4)

    def _sockaddr(self, address: Address) -> tuple[Any, ...]:
        address = _significant(address)
        (port,) = struct.unpack_from("!H", address, 2)
        if self.family == socket.AF_INET:
            return socket.inet_ntop(socket.AF_INET, address[4:8]), port
        (flow,) = struct.unpack_from("!I", address, 4)
        (scope,) = struct.unpack_from("=I", address, 24)
        return socket.inet_ntop(socket.AF_INET6, address[8:24]), port, flow, scope


def _significant(address: Address) -> bytes:
    """The significant bytes of an address in either form."""
    return address.to_bytes(8, sys.byteorder) if isinstance(address, int) else bytes(address)
