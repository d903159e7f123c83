"""A box in the way that sees every packet: it takes its time, and passes on what it is told to.

The kernel gives it packets by a TUN device, and routes what it writes back. It runs in a thread of
its own, so that what else the test does delays nobody.
"""

import fcntl
import heapq
import os
import select
import struct
from collections.abc import Callable
from ipaddress import ip_address
from itertools import count
from threading import Thread
from time import monotonic

from tests.browser.namespace import Place

_TUNSETIFF, _TUN_WITHOUT_HEAD = 0x400454CA, 0x1001
_PACKET_BYTES = 65536
_TCP, _UDP = 6, 17
_SYN, _RST = 0x02, 0x04
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME = 22, 1, 0

Judge = Callable[[bytes], bool]
"""Whether a packet is passed on."""
When = Callable[[bytes, float], float | None]
"""When a packet is passed on that comes at a moment, in seconds of ``monotonic``; None: never."""
Change = Callable[[bytes], bytes]


class Middlebox:
    """Of one place, by the name of its device; packets get there by its routes."""

    def __init__(self, place: Place, name: str) -> None:
        self.delay_s = 0.0
        """One way."""
        self.judge: Judge = bool
        self.change: Change = bytes
        """What becomes of a packet that is passed on."""
        self.when: When = self._after_delay
        """In place of the delay and the judge, where packets take longer than others."""
        self._device = place.inside(lambda: _tun(name))
        self._told, self._tell = os.pipe()
        self._coming: list[tuple[float, int, bytes]] = []
        self._numbers = count()
        self._thread = Thread(target=self._run, name="middlebox")
        self._thread.start()

    def close(self) -> None:
        """Pass nothing on any more; the device goes with it."""
        os.write(self._tell, b"x")
        self._thread.join()
        for each in (self._device, self._told, self._tell):
            os.close(each)

    def _run(self) -> None:
        while True:
            wait_s = max(0.0, self._coming[0][0] - monotonic()) if self._coming else None
            readable, _, _ = select.select([self._device, self._told], [], [], wait_s)
            if self._told in readable:
                return
            if readable:
                self._take(os.read(self._device, _PACKET_BYTES))
            while self._coming and self._coming[0][0] <= monotonic():
                os.write(self._device, heapq.heappop(self._coming)[2])

    def _take(self, packet: bytes) -> None:
        due_s = self.when(packet, monotonic())
        if due_s is not None:
            heapq.heappush(self._coming, (due_s, next(self._numbers), self.change(packet)))

    def _after_delay(self, packet: bytes, now: float) -> float | None:
        return now + self.delay_s if self.judge(packet) else None


class PortMapping:
    """A NAT's, of the ports from which one host sends UDP over IPv4; it may forget them all."""

    def __init__(self, host: str) -> None:
        self._host, self._key = ip_address(host).packed, 0x0101

    def rebind(self) -> None:
        """Have other ports for what is sent from now on; what comes to the former ones is lost."""
        self._key += 0x0101

    def __call__(self, packet: bytes) -> bytes:
        """The packet as it goes on."""
        if packet[0] >> 4 != 4 or packet[9] != _UDP:
            return packet
        start = 4 * (packet[0] & 15)
        at = start if packet[12:16] == self._host else start + 2
        (port,) = struct.unpack_from("!H", packet, at)
        changed = bytearray(packet)
        struct.pack_into("!H", changed, at, port ^ self._key)
        struct.pack_into("!H", changed, start + 6, 0)  # no checksum (RFC 768)
        return bytes(changed)


class Reset:
    """Ends a TCP connection of IPv4 when the next packet of it comes from a port."""

    def __init__(self, port: int) -> None:
        self.is_done = False
        self._port = port

    def __call__(self, packet: bytes) -> bytes:
        """The packet as it goes on."""
        if self.is_done or packet[0] >> 4 != 4 or packet[9] != _TCP:
            return packet
        start = 4 * (packet[0] & 15)
        here, flags, checksum = (
            struct.unpack_from("!H", packet, start + at)[0] for at in (0, 12, 16)
        )
        if here != self._port:
            return packet
        self.is_done = True
        total = (~checksum & 0xFFFF) + (~flags & 0xFFFF) + (flags | _RST)  # RFC 1624
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        changed = bytearray(packet)
        struct.pack_into("!H", changed, start + 12, flags | _RST)
        struct.pack_into("!H", changed, start + 16, ~total & 0xFFFF)
        return bytes(changed)


class TlsInspection:
    """A judge that lets one TCP port through, and on it TLS with one server name alone.

    What comes is in order: the box is the only one on the way. As such boxes do, it passes on what
    may still become a greeting that it likes, and then nothing more of a connection that it does
    not.
    """

    def __init__(self, port: int, server_name: str) -> None:
        self.refused = 0
        """Connections that were not TLS, or asked for another server."""
        self._port, self._name = port, server_name.encode()
        self._greetings: dict[bytes, bytes] = {}
        self._verdicts: dict[bytes, bool] = {}

    def __call__(self, packet: bytes) -> bool:
        """Judge a packet of IPv4 (RFC 791); nothing but TCP passes."""
        if packet[0] >> 4 != 4 or packet[9] != _TCP:
            return False
        start = 4 * (packet[0] & 15)
        here, there = struct.unpack_from("!HH", packet, start)
        if here == self._port:
            return self._verdicts.get(packet[16:20] + packet[start + 2 : start + 4], True)
        if there != self._port:
            return False
        who = packet[12:16] + packet[start : start + 2]
        if packet[start + 13] & _SYN:
            self._greetings[who] = b""
            self._verdicts.pop(who, None)
            return True
        if who not in self._verdicts:
            self._read(who, packet[start + 4 * (packet[start + 12] >> 4) :])
        return self._verdicts.get(who, True)

    def _read(self, who: bytes, more: bytes) -> None:
        said = self._greetings[who] = self._greetings.get(who, b"") + more
        name = server_name(said)
        if name is None:
            return
        self._verdicts[who] = name == self._name
        self.refused += name != self._name


def server_name(said: bytes) -> bytes | None:
    """The name that a ClientHello asks for (RFC 8446 section 4.1.2, RFC 6066 section 3).

    :param said: what a client has said first.
    :returns: empty when there is none, or it is no ClientHello; None as long as that is open.
    """
    if said[:1] != bytes([_HANDSHAKE])[: len(said[:1])]:
        return b""
    hello = b""
    while len(said) >= 5:  # records may be short
        size = int.from_bytes(said[3:5])
        hello, said = hello + said[5 : 5 + size], said[5 + size :]
    if len(hello) < 4 or len(hello) < 4 + int.from_bytes(hello[1:4]):
        return None
    return _name_in(hello) if hello[0] == _CLIENT_HELLO else b""


def _name_in(hello: bytes) -> bytes:
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2])
    at += 1 + hello[at]
    end = at + 2 + int.from_bytes(hello[at : at + 2])
    at += 2
    while at + 4 <= end:
        kind, size = struct.unpack_from("!HH", hello, at)
        if kind == _SERVER_NAME:
            return hello[at + 9 : at + 4 + size]
        at += 4 + size
    return b""


def _tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEAD))
    return device
