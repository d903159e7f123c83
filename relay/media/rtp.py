"""RTP on the wire (RFC 3550 section 5.1, RFC 8285): the parts of a packet that a relay must touch.

Pure functions over a packet inside a larger buffer: ``view[at:end]`` is the packet. They allocate
nothing that outlives them, for they run once a packet.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.media.numbering import TransportNumbers

HEADER = struct.Struct("!BBHII")
"""V/P/X/CC, M/PT, sequence number, timestamp, SSRC."""
HEADER_BYTES = 12
EXTENSION_HEADER = struct.Struct("!HH")
"""Profile and length in 32-bit words."""
HEADERS = struct.Struct("!BBHIIHH")
"""Both, as they are when the packet has an extension and, as browsers' packets, no CSRCs."""
ONE_BYTE_PROFILE = 0xBEDE
RTCP_MASK, RTCP_BITS = 0xE0, 0xC0
"""The second byte of a packet that is RTCP and not RTP: 192 to 223 (RFC 5761 section 4)."""
SSRC = struct.Struct("!I")
NUMBER = struct.Struct("!H")
"""A transport-wide number, or the original one that starts an RTX payload (RFC 4588 section 4)."""

MAX_LAYOUTS = 16
"""Sizes of extension blocks that are remembered for one stream."""


_Heads = Callable[[memoryview, int], tuple[int, ...]]
_Layout = tuple[_Heads, tuple[int, ...], int, tuple[tuple[int, bytes], ...]]
"""How a block of extension elements is laid out, and what is to be changed in it: what reads the
elements' first bytes and the padding, which is zero; what that gave when the block was read; where
the transport-wide number is, 0 when there is none; what is to be put where. (A plain tuple, for it
is taken apart for each packet.)"""

_UNKNOWN: _Layout = (lambda _, at: (at,), (), 0, ())
"""No block is like that."""


class ExtensionMap:
    """One source's header extension ids, mapped to one receiver's."""

    __slots__ = ("_layouts", "_numbers", "_table", "_transport_cc_id")

    def __init__(
        self,
        source: dict[str, int],
        sink: dict[str, int],
        blanked: str,
        transport_cc: str,
        transport_cc_numbers: TransportNumbers,
    ) -> None:
        """Build the table.

        :param source: URI to id, as negotiated with the source; ``sink`` likewise.
        :param blanked: the URI that never passes (MID: its values are the source's own).
        :param transport_cc: the URI whose value ``transport_cc_numbers`` renumbers.
        """
        self._table = bytearray(16)
        for uri, number in source.items():
            if uri != blanked:
                self._table[number] = sink.get(uri, 0)
        self._transport_cc_id = source.get(transport_cc, 0) if transport_cc in sink else 0
        self._numbers = transport_cc_numbers
        self._layouts: dict[int, _Layout] = {}
        """The last of each size: a sender's blocks are much alike."""

    def apply(self, view: memoryview, at: int, end: int) -> bool:
        """Rewrite the elements of ``view[at:end]`` in place (RFC 8285 section 4.2).

        An element that the receiver did not negotiate becomes padding.

        :returns: False when an element's length lies; the packet is to be dropped.
        """
        read, found, number_at, changes = self._layouts.get(end - at, _UNKNOWN)
        if read(view, at) != found:
            layout = self._learn(view, at, end)
            if layout is None:
                return False
            _, _, number_at, changes = layout
        for offset, data in changes:
            view[at + offset : at + offset + len(data)] = data
        if number_at:
            at += number_at
            (number,) = NUMBER.unpack_from(view, at)
            number = self._numbers.pass_on(number)
            if number < 0:  # sent before this source began: its place is taken, and any other
                view[at - 1 : at + 2] = bytes(3)  # number would mislead the receiver's feedback
            else:
                NUMBER.pack_into(view, at, number)
        return True

    def _learn(self, view: memoryview, at: int, end: int) -> _Layout | None:
        """Read a block of another layout than the last one of its size; None when it lies."""
        start, heads, number_at = at, "", 0
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
            elif number == self._transport_cc_id and size == 3:
                mapped = 0 if number_at else mapped  # a second one becomes padding
                number_at = number_at or at - start + 1
            if not mapped:
                changes.append((at - start, bytes(size)))
            elif mapped != number:
                changes.append((at - start, bytes([mapped << 4 | (size - 2)])))
            heads += f"B{size - 1}x"
            at += size
        if number_at and not self._numbers.begun:
            self._numbers.start(*NUMBER.unpack_from(view, start + number_at))
        read = struct.Struct(heads).unpack_from
        layout = (read, read(view, start), number_at, tuple(changes))
        if len(self._layouts) >= MAX_LAYOUTS:
            self._layouts.clear()
        self._layouts[end - start] = layout
        return layout


def is_vp8_keyframe_start(view: memoryview, at: int, end: int) -> bool:
    """Whether a VP8 payload begins a key frame (RFC 7741 sections 4.2 and 4.3).

    :param at: where the payload begins; ``end`` where it ends.
    """
    if at >= end or view[at] & 0x17 != 0x10:  # S set, partition 0
        return False
    at = vp8_frame_at(view, at, end)
    return at < end and view[at] & 0x01 == 0  # P: 0 for a key frame


def vp8_frame_at(view: memoryview, at: int, end: int) -> int:
    """Where a VP8 payload goes on behind its descriptor (RFC 7741 section 4.2).

    :param at: where the payload begins; ``end`` where it ends.
    :returns: ``end``, or beyond, when there is nothing behind it.
    """
    if at >= end:
        return end
    descriptor, at = view[at], at + 1
    if descriptor & 0x80:  # X: an extension byte says which fields follow
        if at >= end:
            return end
        extension, at = view[at], at + 1
        if extension & 0x80:  # I: picture id, one or two bytes
            if at >= end:
                return end
            at += 2 if view[at] & 0x80 else 1
        at += bool(extension & 0x40)  # L
        at += bool(extension & 0x30)  # T or K
    return at
