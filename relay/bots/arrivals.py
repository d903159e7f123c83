"""When packets arrived, and how their receiver tells it: transport-wide feedback.

draft-holmer-rmcat-transport-wide-cc-extensions-01. Who agrees to the extension has to tell, or the
sender believes that nothing arrives and sends less and less.
"""

from __future__ import annotations

import secrets
import struct
import sys
import time

from relay.serial import distance
from relay.transport_cc import CLOCK_MASK, MAX_STATUSES, TICKS_PER_S, Feedback, write

if sys.platform == "linux":
    from fcntl import ioctl

INTERVAL_S = 0.1
"""Between two feedbacks, while packets come; a browser's are 50 to 250 ms apart."""

_MAX_NOTED = MAX_STATUSES
_MAX_AGE_TICKS = 4 * TICKS_PER_S
_ONE_BYTE = 0xBEDE  # RFC 8285 section 4.2
_RECEIVER_REPORT = 201
_SIOCGSTAMP = 0x8906  # when the socket's last datagram came (socket(7)), a struct timeval
_TIMEVAL = struct.Struct("@ll")
_NO_TIME = bytes(_TIMEVAL.size)
_MAX_AGE_S = 2.0


class Arrivals:
    """Notes the packets of one connection, and tells of them.

    :param extension_id: under which the packets carry their transport-wide numbers (1 to 14).
    """

    def __init__(self, extension_id: int) -> None:
        self._extension_id = extension_id
        self._reporter = secrets.randbits(32)
        self._noted: list[tuple[int, float]] = []
        self._media = 0
        self._next: int | None = None
        self._count = 0

    def note(self, packet: bytes, now_s: float) -> bool:
        """Note a decrypted RTP packet; what is too much until the next feedback is left out.

        :returns: whether it is the first since the last feedback, which is then due after
            ``INTERVAL_S``.
        """
        number = transport_number(packet, self._extension_id)
        if number is None or len(self._noted) >= _MAX_NOTED:
            return False
        self._noted.append((number, now_s))
        self._media = int.from_bytes(packet[8:12], "big")
        return len(self._noted) == 1

    def feedback(self) -> bytes:
        """A compound RTCP packet about all that came since the last one; empty when nothing did."""
        noted, self._noted = self._noted, []
        if not noted:
            return b""
        began = noted[0][0] if self._next is None else self._next
        newest = _ticks(noted[-1][1])
        came: dict[int, int] = {}  # by how far ahead of the expected number
        for number, now_s in noted:
            ticks = _ticks(now_s)
            if newest - ticks <= _MAX_AGE_TICKS:
                came.setdefault(distance(began, number, 16), ticks & CLOCK_MASK)
        last = max(came)
        first = max(min(0, *came), last - MAX_STATUSES + 1)
        told = Feedback(
            began + first & 0xFFFF,
            tuple(came.get(ahead) for ahead in range(first, last + 1)),
            self._count,
        )
        self._count = self._count + 1 & 0xFF
        self._next = began + max(last + 1, 0) & 0xFFFF
        report = struct.pack("!BBHI", 0x80, _RECEIVER_REPORT, 1, self._reporter)
        return report + write(told, self._reporter, self._media)


def age_s(socket_number: int) -> float:
    """How long ago the datagram came that was last read from a socket, where the system tells.

    A bot that draws and decodes may read it tens of milliseconds late; to the sender that would
    look like a queue in the network.

    :param socket_number: its file descriptor; -1 when it is not known.
    """
    if sys.platform != "linux" or socket_number < 0:
        return 0.0
    try:
        seconds, microseconds = _TIMEVAL.unpack(ioctl(socket_number, _SIOCGSTAMP, _NO_TIME))
    except OSError:  # not yet: the first time only asks for it
        return 0.0
    age: float = time.time() - seconds - microseconds / 1e6
    return min(max(age, 0.0), _MAX_AGE_S)


def transport_number(packet: bytes, extension_id: int) -> int | None:
    """The transport-wide number of an RTP packet; None when it has none that can be read."""
    if len(packet) < 16 or not packet[0] & 0x10:
        return None
    at = 12 + 4 * (packet[0] & 0x0F)
    head = packet[at : at + 4]
    if len(head) < 4 or int.from_bytes(head[:2], "big") != _ONE_BYTE:
        return None
    end = min(at + 4 + 4 * int.from_bytes(head[2:], "big"), len(packet))
    at += 4
    while at < end:
        element = packet[at]
        if element >> 4 == extension_id:
            value = packet[at + 1 : at + 3]
            return int.from_bytes(value, "big") if element & 0x0F == 1 and at + 3 <= end else None
        at += 2 + (element & 0x0F) if element else 1
    return None


def _ticks(now_s: float) -> int:
    return int(now_s * TICKS_PER_S)
