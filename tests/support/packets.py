"""Builders and readers of what goes over the media socket: RTP, RTCP, STUN."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aioice import stun

from relay.media.packets.rtp import HEADERS

ONE_BYTE = 0xBEDE

KEYFRAME = bytes.fromhex("10009d012a") + bytes(20)
"""A VP8 payload that starts a key frame: S set, partition 0, P bit 0."""
DELTA = bytes.fromhex("1001") + bytes(20)
"""A VP8 payload that starts another frame."""
CONTINUATION = bytes.fromhex("0000") + bytes(20)
"""A VP8 payload inside a frame."""


# RTP


def beginning(packet: bytes | bytearray) -> tuple[int, ...]:
    """A packet's beginning as the forwarder reads it, also where the packet ends before."""
    return HEADERS.unpack_from(bytes(packet).ljust(HEADERS.size, b"\xee"))


def rtp(
    ssrc: int,
    number: int,
    *,
    payload_type: int = 96,
    rtp_ts: int = 1000,
    payload: bytes = b"payload",
    marker: bool = False,
    csrcs: tuple[int, ...] = (),
    elements: tuple[tuple[int, bytes], ...] | None = None,
    extension: bytes | None = None,
    padding: int = 0,
) -> bytes:
    """An RTP packet; ``elements`` are (id, value), ``extension`` is a raw extension block."""
    if elements is not None:
        extension = extension_block(*elements)
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension is not None else 0) | len(csrcs)
    second = (0x80 if marker else 0) | payload_type
    head = struct.pack("!BBHII", first, second, number & 0xFFFF, rtp_ts & 0xFFFFFFFF, ssrc)
    sources = b"".join(struct.pack("!I", csrc) for csrc in csrcs)
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return head + sources + (extension or b"") + payload + tail


def extension_block(*elements: tuple[int, bytes]) -> bytes:
    """A one-byte header extension (RFC 8285 section 4.2); id 0 is one byte of padding."""
    body = b"".join(
        b"\0" if number == 0 else bytes([number << 4 | len(value) - 1]) + value
        for number, value in elements
    )
    return raw_extension(body + bytes(-len(body) % 4))


def raw_extension(body: bytes, profile: int = ONE_BYTE, words: int | None = None) -> bytes:
    """An extension block of any bytes, whose length may lie."""
    return struct.pack("!HH", profile, len(body) // 4 if words is None else words) + body


def red(own: bytes, *earlier: tuple[int, bytes], payload_type: int = 111) -> bytes:
    """A payload of RED (RFC 2198); ``earlier`` are (by how much, payload), oldest first."""
    heads = b"".join(
        struct.pack("!I", (0x80 | payload_type) << 24 | ago << 10 | len(payload))
        for ago, payload in earlier
    )
    return heads + bytes([payload_type]) + b"".join(each for _, each in earlier) + own


def rtx(
    ssrc: int,
    number: int,
    original: int,
    *,
    payload_type: int = 97,
    payload: bytes = b"repair",
    **fields: Any,
) -> bytes:
    """A retransmission (RFC 4588 section 4)."""
    payload = struct.pack("!H", original & 0xFFFF) + payload
    return rtp(ssrc, number, payload_type=payload_type, payload=payload, **fields)


@dataclass(frozen=True)
class Rtp:
    """An RTP packet, read."""

    payload_type: int
    marker: bool
    number: int
    rtp_ts: int
    ssrc: int
    csrcs: tuple[int, ...]
    elements: tuple[tuple[int, bytes], ...] | None
    payload: bytes
    padding: int


def read_rtp(data: bytes) -> Rtp:
    """Read a well-formed packet."""
    first, second, number, rtp_ts, ssrc = struct.unpack_from("!BBHII", data)
    at = 12
    csrcs = struct.unpack_from(f"!{first & 0xF}I", data, at)
    at += 4 * (first & 0xF)
    elements = None
    if first & 0x10:
        profile, words = struct.unpack_from("!HH", data, at)
        assert profile == ONE_BYTE
        elements = tuple(_elements(data[at + 4 : at + 4 + 4 * words]))
        at += 4 + 4 * words
    padding = data[-1] if first & 0x20 else 0
    payload = data[at : len(data) - padding]
    return Rtp(
        second & 0x7F, bool(second & 0x80), number, rtp_ts, ssrc, csrcs, elements, payload, padding
    )


def _elements(body: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(body):
        if body[at] == 0:
            at += 1
            continue
        size = (body[at] & 0xF) + 1
        found.append((body[at] >> 4, body[at + 1 : at + 1 + size]))
        at += 1 + size
    return found


# RTCP


def rtcp(
    kind: int, count: int, body: bytes, *, words: int | None = None, padded: bool = False
) -> bytes:
    """One RTCP packet; ``words`` may lie."""
    first = 0x80 | (0x20 if padded else 0) | count
    return struct.pack("!BBH", first, kind, len(body) // 4 if words is None else words) + body


def block(
    ssrc: int,
    highest: int,
    *,
    fraction: int = 7,
    lost: int = 3,
    jitter: int = 5,
    lsr: int = 6,
    dlsr: int = 8,
) -> bytes:
    """A report block (RFC 3550 section 6.4.1)."""
    return struct.pack("!IIIIII", ssrc, fraction << 24 | lost, highest, jitter, lsr, dlsr)


NTP = bytes(range(8))


def sr(ssrc: int, rtp_ts: int, *blocks: bytes, count: int | None = None) -> bytes:
    """A sender report of 11 packets and 12 bytes."""
    body = struct.pack("!I8sIII", ssrc, NTP, rtp_ts & 0xFFFFFFFF, 11, 12) + b"".join(blocks)
    return rtcp(200, len(blocks) if count is None else count, body)


def rr(ssrc: int, *blocks: bytes, count: int | None = None) -> bytes:
    """A receiver report."""
    body = struct.pack("!I", ssrc) + b"".join(blocks)
    return rtcp(201, len(blocks) if count is None else count, body)


def sdes(ssrc: int, cname: bytes) -> bytes:
    """SDES with a CNAME."""
    chunk = struct.pack("!I", ssrc) + b"\x01" + bytes([len(cname)]) + cname
    return rtcp(202, 1, chunk + bytes(4 - len(chunk) % 4))


def bye(ssrc: int) -> bytes:
    """BYE."""
    return rtcp(203, 1, struct.pack("!I", ssrc))


def nack(sender: int, media: int, *entries: tuple[int, int]) -> bytes:
    """Generic NACK; an entry is (PID, BLP)."""
    fci = b"".join(struct.pack("!HH", pid & 0xFFFF, blp) for pid, blp in entries)
    return rtcp(205, 1, struct.pack("!II", sender, media) + fci)


def transport_cc(
    sender: int,
    media: int,
    base: int,
    rest: bytes = bytes.fromhex("0001 00000100 2001 0500"),
    **fields: bool,
) -> bytes:
    """Transport-wide feedback from ``base`` on; ``rest`` is all that follows the base.

    Without it: one packet that came.
    """
    return rtcp(205, 15, struct.pack("!IIH", sender, media, base & 0xFFFF) + rest, **fields)


def pli(sender: int, media: int) -> bytes:
    """Picture loss indication."""
    return rtcp(206, 1, struct.pack("!II", sender, media))


def fir(sender: int, *entries: tuple[int, int]) -> bytes:
    """Full intra request; an entry is (SSRC, number)."""
    fci = b"".join(struct.pack("!IB3x", ssrc, number) for ssrc, number in entries)
    return rtcp(206, 4, struct.pack("!II", sender, 0) + fci)


def remb(
    sender: int, *ssrcs: int, bitrate: bytes = b"\x12\x34\x56", count: int | None = None
) -> bytes:
    """Receiver estimated maximum bitrate; ``bitrate`` is exponent and mantissa."""
    number = bytes([len(ssrcs) if count is None else count])
    fci = b"REMB" + number + bitrate + b"".join(struct.pack("!I", ssrc) for ssrc in ssrcs)
    return rtcp(206, 15, struct.pack("!II", sender, 0) + fci)


@dataclass(frozen=True)
class Rtcp:
    """One packet of a compound, read: its kind, its count or format, and what follows."""

    kind: int
    count: int
    body: bytes

    @property
    def ssrc(self) -> int:
        """The first SSRC: who speaks."""
        return int(struct.unpack_from("!I", self.body)[0])

    @property
    def media(self) -> int:
        """Of feedback, the second SSRC: what it is about."""
        return int(struct.unpack_from("!I", self.body, 4)[0])

    @property
    def fci(self) -> bytes:
        """Of feedback, what follows both SSRCs."""
        return self.body[8:]

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """Of a report, (SSRC, extended highest number) of each block."""
        at = 24 if self.kind == 200 else 4
        return [
            struct.unpack_from("!I4xI", self.body, at + 24 * index) for index in range(self.count)
        ]


def read_rtcp(data: bytes) -> list[Rtcp]:
    """Read a well-formed compound packet."""
    found, at = [], 0
    while at < len(data):
        first, kind, words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * words
        assert first >> 6 == 2
        assert end <= len(data)
        found.append(Rtcp(kind, first & 0x1F, data[at + 4 : end]))
        at = end
    return found


# STUN


def check(
    username: str | None,
    password: str,
    *,
    nominate: bool = True,
    transaction_id: bytes = b"0123456789ab",
    filler: int = 0,
) -> bytes:
    """A signed binding request; ``filler`` bytes of SOFTWARE make it longer."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, transaction_id)
    if username is not None:
        message.attributes["USERNAME"] = username
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 1
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    if filler:
        message.attributes["SOFTWARE"] = "x" * filler
    message.add_message_integrity(password.encode())
    return bytes(message)


BINDING_REQUEST = b"\0\1"
"""How a check begins."""


def success(request: bytes, password: str, source: tuple[str, int] = ("192.0.2.9", 9)) -> bytes:
    """The signed answer to a check that came from ``source``."""
    message = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request[8:20])
    message.attributes["XOR-MAPPED-ADDRESS"] = source
    message.add_message_integrity(password.encode())
    return bytes(message)


def binding_request(
    password: str,
    *attributes: tuple[int, bytes],
    behind: Sequence[tuple[int, bytes]] = (),
    fingerprint: bool = True,
    cookie: int = stun.COOKIE,
) -> bytes:
    """A signed check with any attributes, by number; those ``behind`` the signature too."""

    def lengthen(data: bytes, kind: int, value: bytes) -> bytes:
        return data + struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)

    data = struct.pack("!HHI12s", 1, 0, cookie, b"0123456789ab")
    for kind, value in attributes:
        data = lengthen(data, kind, value)
    data = lengthen(data, 0x0008, stun.message_integrity(data, password.encode()))
    for kind, value in behind:
        data = lengthen(data, kind, value)
    if fingerprint:
        data = lengthen(data, 0x8028, struct.pack("!I", stun.message_fingerprint(data)))
    return stun.set_body_length(data, len(data) - 20)
