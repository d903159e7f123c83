"""What a packet tells of the picture in it, without decoding it.

Only VP8, since links negotiate nothing else, and only its key frames: no other says its size.
"""

from __future__ import annotations

from relay.media.rtp import vp8_frame_at

_START_CODE = b"\x9d\x01\x2a"
_SIZE_MASK = 0x3FFF  # the two bits above it are the scaling factor


def vp8_size(view: memoryview, at: int, end: int) -> tuple[int, int] | None:
    """Width and height from the first packet of a key frame (RFC 6386 section 9.1).

    :param at: where the RTP payload begins; ``end`` where it ends.
    :returns: pixels; None when the frame header is cut, or is none.
    """
    at = vp8_frame_at(view, at, end)
    if at + 10 > end or view[at + 3 : at + 6] != _START_CODE:
        return None
    width = (view[at + 6] | view[at + 7] << 8) & _SIZE_MASK
    height = (view[at + 8] | view[at + 9] << 8) & _SIZE_MASK
    return (width, height) if width and height else None
