"""RED (RFC 2198): a packet of sound that carries earlier ones once more, in front of its own.

Pure functions over a payload inside a larger buffer, as those of :mod:`relay.media.packets.rtp`.
"""

from __future__ import annotations

from typing import NamedTuple

from relay.media.packets.rtp import HEADER, HEADER_BYTES, MARKER, PADDING, WORD, find_extension

MAX_BLOCKS = 10
"""In a packet: its own, and as many again as a browser can be told to send."""

_MORE, _PAYLOAD_TYPE, _LENGTH = 0x80, 0x7F, 0x3FF
_BLOCK_HEADER_BYTES, _OWN_HEADER_BYTES = 4, 1


class Block(NamedTuple):
    """One packet's payload in ``view[at:end]``."""

    earlier: int
    """By how much its timestamp is before that of the packet; 0 of the packet's own."""
    at: int
    end: int


def read(view: memoryview, at: int, end: int, payload_type: int) -> list[Block]:
    """Take the payload ``view[at:end]`` apart (RFC 2198 section 3).

    :param payload_type: what every block has to be, or it is another RED, or nothing that was
        agreed.
    :returns: the blocks, oldest first and the packet's own last; none when a length lies, or the
        packet has nothing of its own.
    """
    heads: list[int] = []
    while at < end and view[at] & _MORE:
        if len(heads) + 1 >= MAX_BLOCKS or at + _BLOCK_HEADER_BYTES > end:
            return []
        (head,) = WORD.unpack_from(view, at)
        if head >> 24 & _PAYLOAD_TYPE != payload_type:
            return []
        heads.append(head)
        at += _BLOCK_HEADER_BYTES
    if at >= end or view[at] != payload_type:
        return []
    at += _OWN_HEADER_BYTES
    blocks = []
    for head in heads:
        size = head & _LENGTH
        blocks.append(Block(head >> 10 & 0x3FFF, at, at + size))
        at += size
    return [*blocks, Block(0, at, end)] if at < end else []


def renumber(view: memoryview, at: int, blocks: int, payload_type: int) -> None:
    """Give each of so many blocks of the payload at ``at`` another payload type."""
    for _ in range(blocks - 1):
        view[at] = _MORE | payload_type
        at += _BLOCK_HEADER_BYTES
    view[at] = payload_type


def without(packet: bytes, red: int, payload_type: int) -> bytes:
    """A whole packet without what it repeats; as it is when it is no RED, or none that can be read.

    :param red: the payload type of RED, and ``payload_type`` that of what is in it.
    """
    first, second, *rest = HEADER.unpack_from(packet)
    if second & ~MARKER != red:
        return packet
    view, end = memoryview(packet), len(packet)
    _, _, payload_at = find_extension(view, 0, end, first)
    blocks = read(view, payload_at, unpadded(view, end, first), payload_type)
    if not blocks:
        return packet
    head = HEADER.pack(first & ~PADDING, second & MARKER | payload_type, *rest)
    return head + packet[HEADER_BYTES:payload_at] + packet[blocks[-1].at : blocks[-1].end]


def unpadded(view: memoryview, end: int, first: int) -> int:
    """Where the payload of a packet ends, whose first byte is ``first``."""
    return end - view[end - 1] if first & PADDING else end
