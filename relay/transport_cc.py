"""Transport-wide congestion control feedback on the wire.

draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1: one RTCP packet tells when the
packets of a range of transport-wide numbers arrived. Times are in *ticks* of 250 us; a reference
time of 24 bits counts 256 of them, so ticks begin again at 2**32.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from relay.errors import MalformedPacket
from relay.serial import distance

RTPFB, FORMAT = 205, 15
"""The packet's type, and its format (RFC 4585 section 6.2; section 3.1 of the draft)."""

TICKS_PER_S = 4000
REFERENCE_TICKS = 256
"""Ticks in one unit of the reference time: 64 ms."""
CLOCK_MASK = 0xFFFFFFFF

MAX_STATUSES = 2000
"""Packets that one feedback may tell of; a browser tells of those of 50 to 250 ms."""

_HEAD = struct.Struct("!BBHIIHHI")
"""Header, both SSRCs, base, number of statuses, reference time and count of feedback packets."""
_CHUNK = struct.Struct("!H")
_SMALL, _LARGE = struct.Struct("!B"), struct.Struct("!h")
_NOT_RECEIVED, _SMALL_DELTA, _LARGE_DELTA = 0, 1, 2
_MAX_RUN = 0x1FFF
_LOW_BITS = 0x1555  # the low bit of each of seven symbols of two bits
_ENDS_TOO_EARLY = "transport-wide feedback ends too early"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a receiver tells of the packets ``base``, ``base + 1``, ..."""

    base: int
    """A transport-wide number, 16 bits."""
    arrivals: tuple[int | None, ...]
    """For each packet when it came, in ticks of the receiver's clock; None for not at all."""
    count: int = 0
    """The number of this feedback packet, 8 bits."""


class Layout(NamedTuple):
    """Where things are in a feedback packet whose lengths all fit."""

    base: int
    statuses: int
    reference: int
    """In units of 64 ms, 24 bits."""
    first_delta_at: int
    """0 when nothing was received."""
    first_delta: struct.Struct


def survey(packet: bytes) -> Layout:
    """Make sure that a feedback packet is what it says, without taking it apart.

    :param packet: a whole RTCP packet, padding included.
    :raises MalformedPacket: when a count or a length does not fit.
    """
    if len(packet) < _HEAD.size:
        raise MalformedPacket(_ENDS_TOO_EARLY)
    first, _, _, _, _, base, statuses, time = _HEAD.unpack_from(packet)
    if not 0 < statuses <= MAX_STATUSES:
        raise MalformedPacket("transport-wide feedback about nothing, or about too much")
    end = len(packet) - (packet[-1] if first & 0x20 else 0)
    left, at, delta_bytes, first_symbol = statuses, _HEAD.size, 0, 0
    while left:
        if at + _CHUNK.size > end:
            raise MalformedPacket(_ENDS_TOO_EARLY)
        (chunk,) = _CHUNK.unpack_from(packet, at)
        at += _CHUNK.size
        count, ones, twos, leading = _weigh(chunk, left)
        left -= count
        delta_bytes += ones + 2 * twos
        first_symbol = first_symbol or leading
    if at + delta_bytes > end:
        raise MalformedPacket(_ENDS_TOO_EARLY)
    delta = _LARGE if first_symbol == _LARGE_DELTA else _SMALL
    return Layout(base, statuses, time >> 8, at if first_symbol else 0, delta)


def _weigh(chunk: int, left: int) -> tuple[int, int, int, int]:
    """What a chunk says of at most ``left`` packets, without a look at each.

    :returns: of how many packets, how many small and large deltas there are, and the first symbol
        of a received packet.
    """
    if not chunk & 0x8000:  # a run
        symbol, count = chunk >> 13, min(chunk & _MAX_RUN, left)
        if symbol > _LARGE_DELTA or not count:
            raise MalformedPacket("transport-wide feedback has a chunk that says nothing")
        return count, count * (symbol == 1), count * (symbol == _LARGE_DELTA), symbol
    symbols = chunk & 0x3FFF
    if not chunk & 0x4000:  # 14 symbols of one bit
        count = min(14, left)
        symbols >>= 14 - count
        return count, symbols.bit_count(), 0, 1 if symbols else 0
    count = min(7, left)
    symbols >>= 14 - 2 * count
    low, high = symbols & _LOW_BITS, symbols >> 1 & _LOW_BITS
    if low & high:
        raise MalformedPacket("transport-wide feedback has a reserved symbol")
    leading = 0 if not symbols else 1 if symbols.bit_length() & 1 else _LARGE_DELTA
    return count, low.bit_count(), high.bit_count(), leading


def first_arrival(packet: bytes, layout: Layout) -> int:
    """When the first packet that came did so; the reference time when none did.

    :returns: ticks of the receiver's clock.
    """
    ticks = layout.reference * REFERENCE_TICKS
    if layout.first_delta_at:
        ticks += layout.first_delta.unpack_from(packet, layout.first_delta_at)[0]
    return ticks & CLOCK_MASK


def moved(
    packet: bytes, layout: Layout, *, base: int, ticks: int, count: int, ssrcs: tuple[int, int]
) -> bytes:
    """The same feedback about other numbers and on another clock.

    :param packet: surveyed as ``layout``.
    :param base: the new first number; 16 bits of it are used.
    :param ticks: how far the new clock is ahead of the receiver's.
    :param count: the number of the feedback packet; 8 bits of it are used.
    :param ssrcs: of who sends it, and of the media that it is about.
    """
    result = bytearray(packet)
    time = first_arrival(packet, layout) + ticks & CLOCK_MASK
    if layout.first_delta_at:
        layout.first_delta.pack_into(result, layout.first_delta_at, time % REFERENCE_TICKS)
    first, kind, words = struct.unpack_from("!BBH", packet)
    time = time & ~0xFF | count & 0xFF
    _HEAD.pack_into(result, 0, first, kind, words, *ssrcs, base & 0xFFFF, layout.statuses, time)
    return bytes(result)


def read(packet: bytes) -> Feedback:
    """Take a feedback packet apart.

    :param packet: a whole RTCP packet, padding included.
    :raises MalformedPacket: when a count or a length does not fit.
    """
    layout = survey(packet)
    ticks, at = layout.reference * REFERENCE_TICKS, layout.first_delta_at
    arrivals: list[int | None] = []
    for symbol in _symbols(packet, layout.statuses):
        if symbol == _NOT_RECEIVED:
            arrivals.append(None)
            continue
        delta = _SMALL if symbol == _SMALL_DELTA else _LARGE
        ticks += delta.unpack_from(packet, at)[0]
        at += delta.size
        arrivals.append(ticks & CLOCK_MASK)
    return Feedback(layout.base, tuple(arrivals), packet[_HEAD.size - 1])


def _symbols(packet: bytes, left: int) -> Iterator[int]:
    """The symbols of a surveyed packet's ``left`` packets."""
    at = _HEAD.size
    while left:
        (chunk,) = _CHUNK.unpack_from(packet, at)
        at += _CHUNK.size
        if not chunk & 0x8000:
            count = min(chunk & _MAX_RUN, left)
            yield from [chunk >> 13] * count
        elif not chunk & 0x4000:
            count = min(14, left)
            yield from (chunk >> 13 - index & 1 for index in range(count))
        else:
            count = min(7, left)
            yield from (chunk >> 12 - 2 * index & 3 for index in range(count))
        left -= count


def write(feedback: Feedback, sender: int, media: int) -> bytes:
    """A whole RTCP packet, padded to 32 bits.

    :param feedback: arrivals one after another may be some 8 s apart at most.
    :param sender: the SSRC in whose name it is sent; ``media`` what it is about.
    :raises ValueError: when two arrivals are too far apart, or there are none or too many.
    """
    arrivals = feedback.arrivals
    if not 0 < len(arrivals) <= MAX_STATUSES:
        raise ValueError("transport-wide feedback about nothing, or about too much")
    came = [ticks for ticks in arrivals if ticks is not None]
    reference = (came[0] if came else 0) // REFERENCE_TICKS
    symbols, deltas, before = [], [], reference * REFERENCE_TICKS
    for ticks in arrivals:
        if ticks is None:
            symbols.append(_NOT_RECEIVED)
            continue
        delta = distance(before, ticks)
        before = ticks
        small = 0 <= delta <= 0xFF
        symbols.append(_SMALL_DELTA if small else _LARGE_DELTA)
        try:
            deltas.append((_SMALL if small else _LARGE).pack(delta))
        except struct.error as error:
            raise ValueError("two arrivals are too far apart") from error
    body = b"".join(_CHUNK.pack(chunk) for chunk in _chunks(symbols)) + b"".join(deltas)
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    head = _HEAD.pack(
        (0xA0 if padding else 0x80) | FORMAT,
        RTPFB,
        (_HEAD.size + len(body)) // 4 - 1,
        sender,
        media,
        feedback.base & 0xFFFF,
        len(arrivals),
        reference << 8 & CLOCK_MASK | feedback.count & 0xFF,
    )
    return head + body


def _run(symbols: list[int], at: int) -> int:
    """How many symbols from ``at`` on are alike."""
    symbol = symbols[at]
    return sum(1 for _ in takewhile(symbol.__eq__, symbols[at : at + _MAX_RUN]))


def _chunks(symbols: list[int]) -> Iterator[int]:
    """A long run as a run, else 14 symbols together, or 7 where a delta is large."""
    at = 0
    while at < len(symbols):
        run = _run(symbols, at)
        part = symbols[at : at + 14]
        if run >= 14 or at + run == len(symbols):
            yield symbols[at] << 13 | run
            at += run
        elif _LARGE_DELTA in part:
            yield 0xC000 | sum(symbol << 12 - 2 * index for index, symbol in enumerate(part[:7]))
            at += 7
        else:
            yield 0x8000 | sum(symbol << 13 - index for index, symbol in enumerate(part))
            at += 14
