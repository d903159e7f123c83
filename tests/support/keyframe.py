"""Key frames that no decoder has to read, and the packets that carry them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

VIDEO_SSRC, RTX_SSRC = 2, 3
"""Of users who send as Chromium does, in tests without links."""


def key_frame(mark: int = 0, size: int = 2000, width: int = 320, height: int = 240) -> bytes:
    """A VP8 key frame (RFC 6386 section 9.1) of so many bytes, all of which but the head are one.

    :param mark: that byte.
    """
    head = b"\x50\x01\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return head + bytes([mark & 0xFF]) * (size - len(head))


def payloads(frame: bytes, cut: int = 700) -> Iterator[tuple[bytes, bool]]:
    """What packets carry of a frame (RFC 7741), and whether each is the last one."""
    for at in range(0, len(frame), cut):
        yield (b"\x10" if at == 0 else b"\x00") + frame[at : at + cut], at + cut >= len(frame)
