"""A VP8 key frame in a RIFF container is a WebP picture (RFC 9649 section 2.5): nothing is decoded.

What a stranger sends may be anything. So it is looked at whether the frame's own header says what a
reader of WebP needs, and how much a reader would have to unpack.
"""

from __future__ import annotations

import struct

from relay.errors import EvidenceError

MAX_PIXELS = 4096 * 4096
"""A frame of a few bytes may claim 268 million."""

_HEAD_BYTES = 10
_START_CODE = b"\x9d\x01\x2a"
_SIZE_MASK = 0x3FFF  # the two bits above it are the scaling factor


def size_of(frame: bytes) -> tuple[int, int]:
    """Width and height of a VP8 key frame (RFC 6386 section 9.1).

    :raises EvidenceError: when it is none that a reader of WebP would take.
    """
    if len(frame) < _HEAD_BYTES or frame[3:6] != _START_CODE:
        raise EvidenceError("it is no VP8 key frame")
    bits = int.from_bytes(frame[:3], "little")
    is_inter, version, is_shown, first_part = bits & 1, bits >> 1 & 7, bits >> 4 & 1, bits >> 5
    width, height = (each & _SIZE_MASK for each in struct.unpack_from("<HH", frame, 6))
    if is_inter or version > 3 or not is_shown or first_part > len(frame) - _HEAD_BYTES:
        raise EvidenceError("it is no VP8 key frame that can be shown alone")
    if not width or not height or width * height > MAX_PIXELS:
        raise EvidenceError(f"it claims {width} x {height} pixels")
    return width, height


def to_webp(frame: bytes) -> bytes:
    """The picture that a VP8 key frame is.

    :raises EvidenceError: as :func:`size_of`.
    """
    size_of(frame)
    padding = b"\0" * (len(frame) & 1)
    chunk = b"VP8 " + struct.pack("<I", len(frame)) + frame + padding
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
