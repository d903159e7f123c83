"""RTCP on the wire (RFC 3550 section 6, RFC 4585, RFC 5104): compound packets, and their parts."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from relay import transport_cc
from relay.errors import MalformedPacket
from relay.media.packets.rtp import PADDING, RTP_BITS, RTP_MASK, SSRC

SR, RR, SDES, RTPFB, PSFB = 200, 201, 202, transport_cc.RTPFB, 206
REPORTS = frozenset({SR, RR})
NACK, TRANSPORT_CC = 1, transport_cc.FORMAT  # formats of RTPFB
PLI, FIR, AFB = 1, 4, 15  # formats of PSFB

HEADER = struct.Struct("!BBH")
"""V/P and the count or the format, type, length in 32-bit words, less one."""
HEADER_BYTES = 4
COUNT = 0x1F
"""Of the first byte."""
SENDER_INFO = struct.Struct("!IQIII")
"""SSRC, NTP timestamp, RTP timestamp, packets, octets."""
BLOCK = struct.Struct("!IIIIII")
"""SSRC, fraction and total lost, highest number, jitter, LSR, DLSR."""
BLOCKS_AT = {SR: HEADER_BYTES + SENDER_INFO.size, RR: HEADER_BYTES + SSRC.size}
"""Where they begin in a report."""
FEEDBACK = struct.Struct("!4xII")
"""Header, then who sends it, and what media it is about."""
NACK_ENTRY = struct.Struct("!HH")
"""A number, and a mask of those that follow it."""
FIR_ENTRY = struct.Struct("!IB3x")
"""SSRC, and the number of the command."""
REMB = struct.Struct("!4sB3s")
"""Name, number of SSRCs, exponent and mantissa; SSRCs follow."""
_REMB_COUNT_AT = FEEDBACK.size + 4

_SSRCS = struct.Struct("!II")

REMB_NAME = b"REMB"

MIN_BYTES = 8
"""Of a part; one without an SSRC says nothing."""

MAX_BYTES = 1400
"""A compound packet that would be longer is cut between two parts; it then fits any path."""


def parts(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Take a compound packet apart: the type of each part, its count or format, and the part.

    Padding is taken off, but from transport-wide feedback.

    :raises MalformedPacket: when a length lies.
    """
    at = 0
    while at < len(data):
        if at + HEADER_BYTES > len(data):
            raise MalformedPacket("RTCP ends inside a header")
        first, kind, words = HEADER.unpack_from(data, at)
        end = at + HEADER_BYTES + 4 * words
        if first & RTP_MASK != RTP_BITS or end > len(data):
            raise MalformedPacket("RTCP header lies")
        part, count = data[at:end], first & COUNT
        at = end
        if first & PADDING and (kind, count) != (RTPFB, TRANSPORT_CC):
            part = part[: max(len(part) - part[-1], 0)]
        if len(part) >= MIN_BYTES:
            yield kind, count, part


def checked(data: bytes) -> list[tuple[int, int, bytes]]:
    """The same, all at once, as soon as it is certain that none of the parts lies.

    :raises MalformedPacket: when a length or a count lies anywhere in the compound packet.
    """
    found = list(parts(data))
    for kind, fmt, part in found:
        if len(part) < _least(kind, fmt, part):
            raise MalformedPacket("RTCP part is shorter than it says")
        if fmt == TRANSPORT_CC and kind == RTPFB:
            transport_cc.survey(part)
    return found


def _least(kind: int, fmt: int, part: bytes) -> int:
    """How many bytes a part of this type, with this count or format, has at least."""
    if kind in REPORTS:
        return BLOCKS_AT[kind] + BLOCK.size * fmt
    if kind == RTPFB:
        return FEEDBACK.size + NACK_ENTRY.size
    if kind != PSFB or fmt not in (PLI, FIR, AFB):
        return MIN_BYTES
    if fmt == AFB:
        if not part.startswith(REMB_NAME, FEEDBACK.size):
            return MIN_BYTES
        ssrcs_at = FEEDBACK.size + REMB.size
        return ssrcs_at + SSRC.size * part[_REMB_COUNT_AT] if len(part) >= ssrcs_at else ssrcs_at
    return FEEDBACK.size + (FIR_ENTRY.size if fmt == FIR else 0)


def count(data: bytes, most: int) -> int:
    """How many parts a compound packet says that it has, up to one more than ``most``."""
    at = found = 0
    while at + HEADER_BYTES <= len(data) and found <= most:
        at += HEADER_BYTES + 4 * HEADER.unpack_from(data, at)[2]
        found += 1
    return found


def compound(pieces: Iterable[bytes], reporter: int, cname: str = "") -> bytes:
    """Put parts together, behind a report.

    :param reporter: the SSRC of an empty report, where none of the parts is one.
    :param cname: told of the SSRC that reports, unless it is empty.
    :returns: nothing when there are no parts.
    """
    pieces = [piece for piece in pieces if piece]
    if not pieces:
        return b""
    if pieces[0][1] not in REPORTS:
        pieces.insert(0, part(RR, 0, SSRC.pack(reporter)))
    if cname:
        pieces.insert(1, _description(pieces[0][HEADER_BYTES:MIN_BYTES], cname))
    size, fitting = 0, []
    for piece in pieces:
        size += len(piece)
        if size > MAX_BYTES:
            break
        fitting.append(piece)
    return b"".join(fitting)


def part(kind: int, count: int, body: bytes) -> bytes:
    """One part of a compound packet, whose body is whole words."""
    return HEADER.pack(RTP_BITS | count, kind, len(body) // 4) + body


def feedback(kind: int, fmt: int, ssrcs: tuple[int, int], information: bytes = b"") -> bytes:
    """A feedback message (RFC 4585 section 6.1).

    :param ssrcs: of who sends it, and of the media that it is about.
    """
    return part(kind, fmt, _SSRCS.pack(*ssrcs) + information)


def nack(reporter: int, ssrc: int, numbers: Iterable[int]) -> bytes:
    """A request for retransmission (RFC 4585 section 6.2.1).

    :param reporter: the SSRC that asks, and ``ssrc`` that of the stream.
    :param numbers: extended, in order.
    """
    entries: list[tuple[int, int]] = []
    for number in numbers:
        ahead = number - entries[-1][0] - 1 if entries else 16
        if 0 <= ahead < 16:
            entries[-1] = entries[-1][0], entries[-1][1] | 1 << ahead
        else:
            entries.append((number, 0))
    packed = (NACK_ENTRY.pack(number & 0xFFFF, mask) for number, mask in entries)
    return feedback(RTPFB, NACK, (reporter, ssrc), b"".join(packed))


def _description(ssrc: bytes, cname: str) -> bytes:
    """SDES with one chunk (RFC 3550 section 6.5)."""
    item = b"\x01" + bytes([len(cname)]) + cname.encode()
    return part(SDES, 1, ssrc + item + bytes(4 - len(item) % 4))
