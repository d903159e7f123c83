"""What of one outlet can be sent again: as a retransmission, or as it was.

A receiver with RTX gets a retransmission (RFC 4588 section 4), of which the relay numbers the
stream, so that it is encrypted like any other packet. One without gets the very bytes that it got
before, since SRTP must encrypt no number twice (RFC 3711 section 9.1).
"""

from __future__ import annotations

from collections.abc import Collection

from relay.media.negotiation.sdp import ABS_SEND_TIME, TRANSPORT_CC, MediaTerms
from relay.media.outlet import Outlet
from relay.media.packets.history import History
from relay.media.packets.rtp import (
    EXTENSION,
    HEADER,
    MARKER,
    NUMBER,
    find_extension,
)

_OF_VIDEO, _OF_AUDIO = (64 * 1024, 400 * 1024, 512), (16 * 1024, 32 * 1024, 128)
"""Bytes of a ring at first and at most, and packets: 3 Mbit/s of pictures, and 250 kbit/s of sound
in packets of 10 ms. A pair that needs all of it has 1.2 MB."""


class Repeats:
    """What was sent on one outlet lately, while one source feeds it."""

    __slots__ = ("_blanked", "_payload_type", "_repair", "history", "is_sealed")

    def __init__(self, receiving: MediaTerms, repair: Outlet) -> None:
        """Keep nothing yet.

        :param receiving: what the receiver has agreed to, and ``repair`` the outlet of its RTX.
        """
        is_picture = receiving.kind == "video"
        self.history = History(*(_OF_VIDEO if is_picture else _OF_AUDIO))
        self.is_sealed = receiving.rtx_payload_type is None
        """Whether packets are kept as they were encrypted, rather than before."""
        self._payload_type = receiving.rtx_payload_type or 0
        self._repair = repair
        ids = receiving.extensions
        self._blanked = frozenset(ids[uri] for uri in (TRANSPORT_CC, ABS_SEND_TIME) if uri in ids)

    def again(self, number: int, now: float, round_trip_s: float | None) -> bytes | None:
        """A packet that is to be sent again.

        See :meth:`History.repeat`.

        :returns: ready to go where :attr:`is_sealed`, else to be encrypted.
        """
        packet = self.history.repeat(number, now, round_trip_s)
        if not packet or self.is_sealed:
            return packet
        return self._retransmission(packet, now)

    def _retransmission(self, packet: bytes, now: float) -> bytes:
        """A packet as RTX has it.

        It has no transport-wide number: of those the sender is told, and it sent none for this; the
        loss is told as one. Nor a send time: it would be the first one's.
        """
        first, second, original, rtp_ts, _ = HEADER.unpack_from(packet)
        _, elements_at, payload_at = find_extension(memoryview(packet), 0, len(packet), first)
        made = bytearray(packet[:payload_at])
        made += NUMBER.pack(original)
        made += packet[payload_at:]
        if first & EXTENSION:
            _blank(made, elements_at, payload_at, self._blanked)
        number = self._repair.send_on(len(made), rtp_ts, now)
        second = second & MARKER | self._payload_type
        HEADER.pack_into(made, 0, first, second, number, rtp_ts, self._repair.ssrc)
        return bytes(made)


def _blank(packet: bytearray, at: int, end: int, ids: Collection[int]) -> None:
    """Make padding of some of the elements (RFC 8285 section 4.2), which are the relay's own."""
    while at < end:
        head = packet[at]
        if head >> 4 == 15:
            return
        size = (head & 0x0F) + 2 if head else 1
        if head and head >> 4 in ids:
            packet[at : at + size] = bytes(size)
        at += size
