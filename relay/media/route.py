"""One stream's way from one link to another: what changes in each of its packets.

A route adds constants that its first packet fixes, as a *transport translator* does (RFC 7667
section 3.2.1): the receiver sees one stream that never ends, whoever feeds it. Nothing is kept for
a packet that the source's :class:`Stream` does not know, but for the highest number sent; how far
the outlet is gets computed when somebody asks.
"""

from __future__ import annotations

from enum import IntEnum

from relay.media.downlink import Downlink
from relay.media.inspect import vp8_size
from relay.media.numbering import Renumbering, nearest
from relay.media.rtp import (
    EXTENSION_HEADER,
    HEADER,
    HEADER_BYTES,
    HEADERS,
    NUMBER,
    ONE_BYTE_PROFILE,
    ExtensionMap,
    is_vp8_keyframe_start,
)
from relay.media.stream import Outlet, Progress, Stream

KEYFRAME_REQUEST_INTERVAL_S = 0.3
"""At most one request to a source in this time, and another one while no key frame has come."""


MAX_AHEAD = 0x8000
"""A number this far ahead of the last one sent would be taken for one far behind by SRTP at both
ends (RFC 3711 section 3.3.1), which a sender must not bring about: the partner's next partner would
not be heard."""


class Verdict(IntEnum):
    """What became of a packet; anything but FORWARD is a reason to drop it."""

    FORWARD = 0
    MALFORMED = 1
    UNKNOWN_PAYLOAD_TYPE = 2
    HELD = 3  # video before this source's first key frame, or RTX before its media
    STALE = 4  # sent before the packet with which this source began, or impossibly far ahead


_FORWARD = Verdict.FORWARD  # looking it up on its class is slow
_USUAL = 0x90  # the first byte of what browsers send: an extension, no CSRCs and no padding


class Route:
    """Rewrites the packets of one stream for one receiver."""

    __slots__ = (
        "_bytes_ahead",
        "_extensions",
        "_held",
        "_packets_ahead",
        "_payload_type_change",
        "_payload_type_in",
        "_video",
        "downlink",
        "media",
        "numbers",
        "outlet",
        "requested_at",
        "sent",
        "source",
        "ssrc",
        "ts_offset",
    )

    def __init__(
        self,
        downlink: Downlink,
        outlet: Outlet,
        payload_types: tuple[int, int],
        extensions: ExtensionMap,
        media: Route | None = None,
    ) -> None:
        """Prepare a route; its constants are fixed by its first packet.

        :param downlink: the receiver, and ``outlet`` the SSRC on which it gets the stream.
        :param payload_types: the source's number and the receiver's for the same codec.
        :param media: for an RTX route, the route of the stream that it repairs.
        """
        self.downlink = downlink
        self.outlet = outlet
        self.ssrc = outlet.ssrc  # here as well, for it is read for each packet
        self.media = media
        self.numbers = Renumbering()
        self.ts_offset = 0
        self.sent = 0
        """The source's highest extended number that went out, once one has."""
        self.source: Stream | None = None
        self.requested_at = float("-inf")
        self._payload_type_in = payload_types[0]
        self._payload_type_change = payload_types[0] ^ payload_types[1]
        self._extensions = extensions
        self._video = outlet.kind == "video" and media is None
        self._held = self._video
        self._packets_ahead = self._bytes_ahead = 0
        """By how much the outlet's counters are ahead of the source's; below 0 mostly."""

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether video is held back until the source sends a key frame."""
        return self._held

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """Rewrite the packet ``view[at:end]`` in place, or say why it is to be dropped.

        :param header: the packet's beginning, as :data:`relay.media.rtp.HEADERS` unpacks it.
        :param extended: its sequence number, as :meth:`Stream.arrived` extended it.
        :param now: seconds of the plane's clock.
        """
        first, second, _, rtp_ts, _, profile, words = header
        if second & 0x7F != self._payload_type_in:
            return Verdict.UNKNOWN_PAYLOAD_TYPE
        if first == _USUAL:
            elements_at = at + HEADERS.size
            payload_at = elements_at + 4 * words
        else:
            profile, elements_at, payload_at = _find_extension(view, at, end, first)
        if payload_at > end:
            return Verdict.MALFORMED
        if self._video and payload_at < end and view[payload_at] & 0x17 == 0x10:  # begins a frame
            self._look_for_keyframe(view, payload_at, end)
        numbers = self.numbers
        if not numbers.first <= extended < self.sent + MAX_AHEAD:
            verdict = self._begin(extended, rtp_ts, end - at, now)
            if verdict:
                return verdict
        if self.media is not None and not _restore(self.media, view, payload_at, end, first):
            return Verdict.STALE
        if elements_at:
            if profile != ONE_BYTE_PROFILE:
                _blank_extensions(view, elements_at - EXTENSION_HEADER.size, payload_at)
            elif not self._extensions.apply(view, elements_at, payload_at):
                return Verdict.MALFORMED
        if extended > self.sent:  # noqa: PLR1730 - calling max() takes longer
            self.sent = extended
        second ^= self._payload_type_change
        number = (extended + numbers.offset) & 0xFFFF
        rtp_ts = (rtp_ts + self.ts_offset) & 0xFFFFFFFF
        HEADER.pack_into(view, at, first, second, number, rtp_ts, self.ssrc)
        return _FORWARD

    def dropped(self, size: int) -> None:
        """Count a packet of ``size`` bytes that the source counts and that did not go out.

        (Those before the first that goes out are taken off where the constants are fixed.)
        """
        self._packets_ahead -= 1
        self._bytes_ahead -= size

    @property
    def progress(self) -> Progress:
        """How far the outlet is while this route feeds it."""
        source = self.source
        if source is None:
            return self.outlet.left_at
        return Progress(
            last=self.sent + self.numbers.offset,
            rtp_ts=(source.rtp_ts + self.ts_offset) & 0xFFFFFFFF,
            sent_at=source.last_at,
            packets=source.packets + self._packets_ahead,
            bytes=source.bytes + self._bytes_ahead,
        )

    def backward(self, number: int) -> int | None:
        """The source's extended number for the 16 bits that the receiver reports.

        None when it was another source's.
        """
        return self.numbers.backward(number, self.sent)

    def again(self, number: int) -> int:
        """The receiver's 16 bits for a number that the source sent before, or -1."""
        return self.numbers.forward(nearest(self.sent, number))

    def keyframe_due(self, now: float) -> bool:
        """Whether the source may be asked for a key frame now; a yes counts as asking."""
        if now - self.requested_at < KEYFRAME_REQUEST_INTERVAL_S:
            return False
        self.requested_at = now
        return True

    def _look_for_keyframe(self, view: memoryview, at: int, end: int) -> None:
        """Note a key frame's beginning in the VP8 payload ``view[at:end]``."""
        if not is_vp8_keyframe_start(view, at, end):
            return
        size = vp8_size(view, at, end)
        self._held = False
        if self.source is not None:
            self.source.keyframes += 1
            self.source.size = size or self.source.size
        self.outlet.keyframes += 1
        self.outlet.size = size or self.outlet.size

    def _begin(self, extended: int, rtp_ts: int, size: int, now: float) -> Verdict:
        """Fix the constants at the first packet, which the source has counted already.

        :returns: why not: a key frame is waited for, an RTX route has no media yet, or another
            packet was the first.
        """
        source, outlet, media = self.source, self.outlet, self.media
        if self.numbers.begun:
            return Verdict.STALE
        if self._held or source is None or (media is not None and not media.numbers.begun):
            return Verdict.HELD
        before = outlet.progress
        if media is not None:
            self.ts_offset = media.ts_offset
        else:
            gap_s = max(now - before.sent_at, 0.02) if before.sent_at else 0.0
            self.ts_offset = before.rtp_ts + round(gap_s * outlet.clock_rate_hz) - rtp_ts
        self.numbers.begin(extended, before.last)
        self.sent = extended - 1
        self._packets_ahead = before.packets - (source.packets - 1)
        self._bytes_ahead = before.bytes - (source.bytes - size)
        outlet.route = self
        return _FORWARD


def _find_extension(view: memoryview, at: int, end: int, first: int) -> tuple[int, int, int]:
    """The extension's profile, and where its elements and the payload begin.

    Without an extension the elements are at 0; when it is cut, the payload is behind the end.
    """
    at += HEADER_BYTES + 4 * (first & 0x0F)
    if not first & 0x10:
        return 0, 0, at
    if at + EXTENSION_HEADER.size > end:
        return 0, 0, end + 1
    profile, words = EXTENSION_HEADER.unpack_from(view, at)
    at += EXTENSION_HEADER.size
    return profile, at, at + 4 * words


def _restore(media: Route, view: memoryview, at: int, end: int, first: int) -> bool:
    """Map an RTX payload's original sequence number (RFC 4588 section 4).

    Padding-only packets have none and pass as they are.

    :returns: False when it repairs a packet from before the switch.
    """
    padding = view[end - 1] if first & 0x20 else 0
    if end - padding - at < NUMBER.size:
        return True
    (original,) = NUMBER.unpack_from(view, at)
    original = media.again(original)
    if original < 0:
        return False
    NUMBER.pack_into(view, at, original)
    return True


def _blank_extensions(view: memoryview, at: int, end: int) -> None:
    """Make padding of a block ``view[at:end]`` with two-byte headers, which are not negotiated."""
    EXTENSION_HEADER.pack_into(view, at, ONE_BYTE_PROFILE, (end - at) // 4 - 1)
    view[at + 4 : end] = bytes(end - at - 4)
