"""RTP on the wire (RFC 3550 section 5.1, RFC 8285): the parts of a packet that a relay must touch.

Pure functions over a packet inside a larger buffer: ``view[at:end]`` is the packet. They allocate
nothing that outlives them, for they run once a packet.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

from relay.media.packets.clocks import SEND_TIME_MASK, SenderClock

HEADER = struct.Struct("!BBHII")
"""V/P/X/CC, M/PT, sequence number, timestamp, SSRC."""
HEADER_BYTES = 12
PADDING, EXTENSION, CSRC_COUNT = 0x20, 0x10, 0x0F
"""Of the first byte."""
MARKER, PAYLOAD_TYPE = 0x80, 0x7F
"""Of the second byte."""
EXTENSION_HEADER = struct.Struct("!HH")
"""Profile and length in 32-bit words."""
HEADERS = struct.Struct("!BBHIIHH")
"""Both, as they are when the packet has an extension and, as browsers' packets, no CSRCs."""
ONE_BYTE_PROFILE = 0xBEDE
RTP_MASK, RTP_BITS = 0xC0, 0x80
"""The first byte of a datagram that is RTP or RTCP: 128 to 191 (RFC 7983 section 7)."""
RTCP_MASK, RTCP_BITS = 0xE0, 0xC0
"""The second byte of a packet that is RTCP and not RTP: 192 to 223 (RFC 5761 section 4)."""
WORD = SSRC = struct.Struct("!I")
NUMBER = struct.Struct("!H")
"""A transport-wide number, or the original one that starts an RTX payload (RFC 4588 section 4)."""

_word_at, _put_word = WORD.unpack_from, WORD.pack_into

MAX_LAYOUTS = 16
"""Sizes of extension blocks that are remembered for one stream."""


class Numbers(Protocol):
    """Where the transport-wide numbers of packets go."""

    def pass_on(self, number: int, now: float) -> int:
        """The receiver's number for the 16 bits of a packet's; -1 when it is to have none."""


_Heads = Callable[[memoryview, int], tuple[int, ...]]
_Layout = tuple[_Heads, tuple[int, ...], int, int, tuple[tuple[int, bytes], ...]]
"""How a block of extension elements is laid out, and what is to be changed in it: what reads the
elements' first bytes and the padding, which is zero; what that gave when the block was read; where
the transport-wide number is, 0 when there is none, and the element with the abs-send-time, -1 when
there is none; what is to be put where.
(A plain tuple, for it is taken apart for each packet.)"""

_UNKNOWN: _Layout = (lambda _, at: (at,), (), 0, -1, ())
"""No block is like that."""


class ExtensionMap:
    """One sender's header extension ids, mapped to one receiver's."""

    __slots__ = (
        "_clock",
        "_layouts",
        "_numbers",
        "_send_time_id",
        "_table",
        "_time_head",
        "_transport_cc_id",
    )

    def __init__(
        self,
        sending: dict[str, int],
        receiving: dict[str, int],
        *,
        blanked: str,
        transport_cc: tuple[str, Numbers],
        send_time: tuple[str, SenderClock],
    ) -> None:
        """Build the table.

        :param sending: URI to id, as negotiated with the sender; ``receiving`` with the receiver.
        :param blanked: the URI that never passes (MID: its values are the sender's own).
        :param transport_cc: the URI of transport-wide numbers, and where these go.
        :param send_time: the URI of abs-send-time, and the clock by which it becomes the relay's.
        """
        self._table = bytearray(16)
        for uri, number in sending.items():
            if uri != blanked:
                self._table[number] = receiving.get(uri, 0)
        uri, self._numbers = transport_cc
        self._transport_cc_id = sending.get(uri, -1)
        uri, self._clock = send_time
        self._send_time_id = sending.get(uri, -1) if uri in receiving else -1
        self._time_head = receiving.get(uri, 0) << 28 | 2 << 24
        self._layouts: dict[int, _Layout] = {}
        """The last of each size: a sender's blocks are much alike."""

    def apply(self, view: memoryview, at: int, end: int, now: float) -> bool:
        """Rewrite the elements of ``view[at:end]`` in place (RFC 8285 section 4.2).

        An element that the receiver did not negotiate becomes padding.

        :param now: seconds of the plane's clock.
        :returns: False when an element's length lies; the packet is to be dropped.
        """
        read, found, number_at, time_at, changes = self._layouts.get(end - at, _UNKNOWN)
        if read(view, at) != found:
            layout = self._learn(view, at, end, now)
            if layout is None:
                return False
            _, _, number_at, time_at, changes = layout
        for offset, data in changes:
            view[at + offset : at + offset + len(data)] = data
        if time_at >= 0:  # the element's first byte makes it a word
            (word,) = _word_at(view, at + time_at)
            time = word + self._clock.send_time_ahead & SEND_TIME_MASK
            _put_word(view, at + time_at, self._time_head | time)
        if number_at:
            at += number_at
            (number,) = NUMBER.unpack_from(view, at)
            number = self._numbers.pass_on(number, now)
            if number < 0:  # sent before this sender began, or the receiver knows no such numbers:
                view[at - 1 : at + 2] = bytes(3)  # any other would mislead its feedback
            else:
                NUMBER.pack_into(view, at, number)
        return True

    def _learn(self, view: memoryview, at: int, end: int, now: float) -> _Layout | None:
        """Read a block of another layout than the last one of its size; None when it lies."""
        start, heads, number_at, time_at = at, "", 0, -1
        changes = []
        while at < end:
            head = view[at]
            if head == 0:  # padding
                heads += "B"
                at += 1
                continue
            number, size = head >> 4, (head & 0x0F) + 2
            mapped = self._table[number]
            if number == 15:  # reserved: what follows is not to be read
                size, mapped = end - at, 0
            elif at + size > end:
                return None
            heads += f"B{size - 1}x"
            if number == self._transport_cc_id and size == 3 and not number_at:
                number_at = at - start + 1
                mapped = mapped or number  # what becomes of it, its number decides
            elif number == self._transport_cc_id:
                mapped = 0  # one more, or no number
            elif number == self._send_time_id and size == 4 and time_at < 0:
                time_at = at - start
                mapped = number  # its first byte is written with it
                if self._clock.send_time_ahead is None:
                    self._clock.set_send_time(int.from_bytes(view[at + 1 : at + 4]), now)
            elif number == self._send_time_id:
                mapped = 0
            if not mapped:
                changes.append((at - start, bytes(size)))
            elif mapped != number:
                changes.append((at - start, bytes([mapped << 4 | (size - 2)])))
            at += size
        read = struct.Struct(heads).unpack_from
        layout = (read, read(view, start), number_at, time_at, tuple(changes))
        if len(self._layouts) >= MAX_LAYOUTS:
            self._layouts.clear()
        self._layouts[end - start] = layout
        return layout


def find_extension(view: memoryview, at: int, end: int, first: int) -> tuple[int, int, int]:
    """The extension's profile, and where its elements and the payload begin.

    Without an extension the elements are at 0; when it is cut, the payload is behind the end.

    :param at: where the packet begins; ``end`` where it ends; ``first`` its first byte.
    """
    at += HEADER_BYTES + 4 * (first & CSRC_COUNT)
    if not first & EXTENSION:
        return 0, 0, at
    if at + EXTENSION_HEADER.size > end:
        return 0, 0, end + 1
    profile, words = EXTENSION_HEADER.unpack_from(view, at)
    at += EXTENSION_HEADER.size
    return profile, at, at + 4 * words


def blank_contributors(view: memoryview, at: int, first: int) -> None:
    """Blank the contributors (CSRCs) that a packet at ``at`` names: they are the sender's own."""
    size = 4 * (first & CSRC_COUNT)
    view[at + HEADER_BYTES : at + HEADER_BYTES + size] = bytes(size)


def blank_extensions(view: memoryview, at: int, end: int) -> None:
    """Make padding of a block ``view[at:end]`` with two-byte headers, which are not negotiated."""
    EXTENSION_HEADER.pack_into(view, at, ONE_BYTE_PROFILE, (end - at) // 4 - 1)
    view[at + 4 : end] = bytes(end - at - 4)


def transport_number(view: memoryview, at: int, end: int, number: int) -> int:
    """The transport-wide number of the packet ``view[at:end]``; -1 when it has none.

    :param number: the extension's id.
    """
    profile, at, payload_at = find_extension(view, at, end, view[at])
    if profile != ONE_BYTE_PROFILE or payload_at > end:
        return -1
    while at < payload_at:
        head = view[at]
        if head >> 4 == 15:
            return -1
        size = (head & 0x0F) + 2 if head else 1
        if head == number << 4 | 1 and at + size <= payload_at:
            (found,) = NUMBER.unpack_from(view, at + 1)
            return int(found)
        at += size
    return -1
