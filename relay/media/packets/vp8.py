"""VP8 in RTP (RFC 7741) as far as a relay has to know it: key frames, sizes and numberings.

Nothing is decoded. Only a key frame says its size, and only the payload descriptor in front of a
frame is changed: its numberings are the sender's own, and would tell two partners in a row that
they met the same person.
"""

from __future__ import annotations

import secrets
import struct

from relay.media.packets.rtp import NUMBER

HEAD = struct.Struct("!HH")
"""The descriptor's first two bytes and, as browsers write it, the picture id of 15 bits."""
STARTS, FRAME_STARTS = 0x1700, 0x1000
"""Of the first two bytes: S is set, of partition 0, which begins a frame."""
_STARTS, _FRAME_STARTS = STARTS >> 8, FRAME_STARTS >> 8
HAS_FIELDS = 0x8000
"""Of the same: X is set, without which there is nothing to be numbered."""
USUAL_FIELDS, USUAL = 0x80FF, 0x8080
"""Of the same: X, and I alone of the fields."""
LONG = 0x8000
"""A picture id of 15 bits."""

_X = _I = _M = 0x80
_L, _K, _T_OR_K = 0x40, 0x10, 0x30
"""Bits of the descriptor that say which fields follow, as section 4.2 names them."""
_TID_AND_Y, _KEYIDX = 0xE0, 0x1F
_MIN_BYTES = 4  # with the longest picture id

_START_CODE = b"\x9d\x01\x2a"
_SIZE_MASK = 0x3FFF  # the two bits above it are the scaling factor
_MARGIN = 16
"""Pictures that may have been lost since the last one that was seen of a source: the next source's
first picture must not have the id of one of them."""


def starts_frame(view: memoryview, at: int, end: int) -> bool:
    """Whether a payload begins a frame: S is set, of partition 0 (section 4.2)."""
    return at < end and view[at] & _STARTS == _FRAME_STARTS


def is_keyframe_start(view: memoryview, at: int, end: int) -> bool:
    """Whether a payload begins a key frame (sections 4.2 and 4.3).

    :param at: where the payload begins; ``end`` where it ends.
    """
    if not starts_frame(view, at, end):
        return False
    at = frame_at(view, at, end)
    return at < end and view[at] & 0x01 == 0  # P: 0 for a key frame


def frame_at(view: memoryview, at: int, end: int) -> int:
    """Where a payload goes on behind its descriptor (section 4.2).

    :param at: where the payload begins; ``end`` where it ends.
    :returns: ``end``, or beyond, when there is nothing behind it.
    """
    if at >= end:
        return end
    descriptor, at = view[at], at + 1
    if descriptor & _X:  # an extension byte says which fields follow
        if at >= end:
            return end
        extension, at = view[at], at + 1
        if extension & _I:  # picture id, one or two bytes
            if at >= end:
                return end
            at += 2 if view[at] & _M else 1
        at += bool(extension & _L)
        at += bool(extension & _T_OR_K)
    return at


def size(view: memoryview, at: int, end: int) -> tuple[int, int] | None:
    """Width and height from the first packet of a key frame (RFC 6386 section 9.1).

    :param at: where the RTP payload begins; ``end`` where it ends.
    :returns: pixels; None when the frame header is cut, or is none.
    """
    at = frame_at(view, at, end)
    if at + 10 > end or view[at + 3 : at + 6] != _START_CODE:
        return None
    width = (view[at + 6] | view[at + 7] << 8) & _SIZE_MASK
    height = (view[at + 8] | view[at + 9] << 8) & _SIZE_MASK
    return (width, height) if width and height else None


class PictureNumbers:
    """The numberings in the descriptors of one outlet, which go on while its sources change.

    Picture ids, TL0PICIDX and KEYIDX of a source all differ from the outlet's by constants, which
    are fixed by the source's first packet.
    """

    __slots__ = ("_keyframe", "_keyframe_offset", "_layer", "_layer_offset", "last", "offset")

    def __init__(self) -> None:
        self.last = secrets.randbits(15)
        """The last picture id that went out, and the last indexes."""
        self._layer, self._keyframe = secrets.randbits(8), secrets.randbits(5)
        self.offset = 0
        """What is added to the present source's picture ids, and to its indexes."""
        self._layer_offset = self._keyframe_offset = 0

    def begin(self, view: memoryview, at: int, end: int) -> None:
        """Have the payload ``view[at:end]`` of another source follow what went out."""
        last, layer, keyframe = self.last, self._layer, self._keyframe
        self.last = self._layer = self._keyframe = 0
        self.offset = self._layer_offset = self._keyframe_offset = 0
        self.rewrite(view, at, end)  # which changes nothing so, and notes what is there
        fields = view[at + 1] if at + _MIN_BYTES <= end and view[at] & _X else 0
        # What is not there yet, and comes later, goes on from nowhere rather than as it is.
        self.offset = last + _MARGIN - self.last if fields & _I else secrets.randbits(15)
        self._layer_offset = layer + _MARGIN - self._layer if fields & _L else secrets.randbits(8)
        self._keyframe_offset = (
            keyframe + 1 - self._keyframe if fields & _K else secrets.randbits(5)
        )
        self.last, self._layer, self._keyframe = last, layer, keyframe

    def rewrite(self, view: memoryview, at: int, end: int) -> None:
        """Rewrite the descriptor of the payload ``view[at:end]`` in place.

        What is cut short stays as it is: no receiver can read it.
        """
        if at + _MIN_BYTES > end or not view[at] & _X:
            return
        fields = view[at + 1]
        at += 2
        if fields & _I:
            if view[at] & _M:
                (number,) = NUMBER.unpack_from(view, at)
                self.last = number = number + self.offset & 0x7FFF
                NUMBER.pack_into(view, at, LONG | number)
                at += 2
            else:
                view[at] = short = view[at] + self.offset & 0x7F
                self.last += short - self.last & 0x7F
                at += 1
        if fields & _L and at < end:
            self._layer = view[at] = view[at] + self._layer_offset & 0xFF
            at += 1
        if fields & _K and at < end:
            self._keyframe = view[at] + self._keyframe_offset & _KEYIDX
            view[at] = view[at] & _TID_AND_Y | self._keyframe

    def rewrite_repeated(self, view: memoryview, at: int, end: int) -> None:
        """The same for a payload that was sent before: it is not the last one."""
        last = self.last, self._layer, self._keyframe
        self.rewrite(view, at, end)
        self.last, self._layer, self._keyframe = last
