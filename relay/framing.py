"""Where datagrams begin and end in a stream: RFC 4571 for ICE-TCP, RFC 8656 for TURN.

Pure. A frame that claims to be longer than any datagram of a call ends the connection: nobody's
memory is to be filled by a length. What is not there yet is at most one frame.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from relay.errors import MalformedPacket

MAX_FRAME_BYTES = 2048
"""Browsers make datagrams of at most 1,500 bytes."""

HEAD = struct.Struct("!HH")
"""Of ChannelData: channel, length (RFC 8656 section 12.4); of STUN: type, length."""

LENGTH = struct.Struct("!H")
"""Before each datagram (RFC 4571 section 2)."""

STUN_HEAD_BYTES = 20
CHANNELS = range(0x4000, 0x8000)
"""RFC 5766 section 11, whose clients there still are; RFC 8656 has those below 0x5000."""

COOKIE = bytes.fromhex("2112a442")
"""In every STUN message, at 4 (RFC 8489 section 5)."""


class Frame(NamedTuple):
    """A part of the bytes that were looked at."""

    start: int
    """Where what is carried begins: a datagram, or a STUN message with its header."""
    size: int
    """How long that is, without padding."""
    channel: int = 0
    """0 for a STUN message, and for what RFC 4571 frames."""


_frame = tuple.__new__  # a third of what it costs by the name: once for each datagram


def datagrams(data: memoryview, end: int) -> tuple[list[Frame], int]:
    """Datagrams with their lengths before them (RFC 4571 section 2).

    :param data: what came; ``data[:end]`` is looked at.
    :returns: the complete frames, and where the first that is not begins.
    :raises MalformedPacket: for what nobody sends.
    """
    frames, at = [], 0
    while end - at >= LENGTH.size:
        (size,) = LENGTH.unpack_from(data, at)
        if size > MAX_FRAME_BYTES:
            raise MalformedPacket("a frame is too long")
        start = at + LENGTH.size
        if start + size > end:
            break
        frames.append(_frame(Frame, (start, size, 0)))
        at = start + size
    return frames, at


def messages(data: memoryview, end: int) -> tuple[list[Frame], int]:
    """STUN messages and ChannelData (RFC 8489 section 6.2.2, RFC 8656 section 12.5).

    Over a stream each is padded to a multiple of four bytes.

    :param data: what came; ``data[:end]`` is looked at.
    :returns: the complete frames, and where the first that is not begins.
    :raises MalformedPacket: for what is neither.
    """
    frames, at = [], 0
    while end - at >= HEAD.size:
        kind, size = HEAD.unpack_from(data, at)
        if size > MAX_FRAME_BYTES:
            raise MalformedPacket("a message is too long")
        if kind in CHANNELS:
            start = at + HEAD.size
            after = start + size + -size % 4
            frame = _frame(Frame, (start, size, kind))
        elif kind < CHANNELS.start:
            if size % 4 or data[at + 4 : min(at + 8, end)] != COOKIE[: end - at - 4]:
                raise MalformedPacket("a message is no STUN")
            after = at + STUN_HEAD_BYTES + size
            frame = Frame(at, STUN_HEAD_BYTES + size)
        else:
            raise MalformedPacket("a message is neither STUN nor ChannelData")
        if after > end:
            break
        frames.append(frame)
        at = after
    return frames, at
