"""Retransmissions for a receiver that does not know RTX: made the packets that they repeat."""

from __future__ import annotations

from relay.media.packets.history import KEPT
from relay.media.packets.rtp import (
    CSRC_COUNT,
    HEADER,
    MARKER,
    NUMBER,
    ONE_BYTE_PROFILE,
    PADDING,
    PAYLOAD_TYPE,
    find_extension,
)
from relay.media.route import Route
from relay.media.verdict import Verdict


class RestoringRoute(Route):
    """Undoes RTX (RFC 4588 section 4): what was lost on the way to the relay is repaired."""

    __slots__ = ()

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,  # noqa: ARG002 - RTX numbers end here
        now: float,
    ) -> Verdict:
        """See :meth:`Route.rewrite`; what goes out has two bytes less."""
        media, (first, second, _, rtp_ts, *_) = self.media, header
        if media is None or not media.numbers.begun:
            return Verdict.HELD
        if not self.takes(second & PAYLOAD_TYPE):
            return Verdict.UNKNOWN_PAYLOAD_TYPE
        profile, elements_at, payload_at = find_extension(view, at, end, first)
        last = end - view[end - 1] if first & PADDING else end
        if payload_at > last - NUMBER.size:
            return Verdict.MALFORMED if payload_at > end else Verdict.STALE  # nothing but padding
        repeated = media.original(view, payload_at)
        if not max(media.numbers.first, media.sent - KEPT) < repeated <= media.sent:
            return Verdict.STALE  # of before, or nobody can miss it yet
        number = media.numbers.forward(repeated)
        if self.history is None or self.history.has(number) or not media.is_on_time(rtp_ts, now):
            return Verdict.STALE  # a repeat of what was sent already: SRTP would refuse it
        if first & CSRC_COUNT or (elements_at and profile != ONE_BYTE_PROFILE):
            return Verdict.MALFORMED  # not worth the trouble: no browser sends that
        if elements_at and not self.extensions.apply(view, elements_at, payload_at, now):
            return Verdict.MALFORMED
        view[payload_at : end - NUMBER.size] = view[payload_at + NUMBER.size : end]
        if media.is_picture:
            media.pictures.rewrite_repeated(view, payload_at, last - NUMBER.size)
        second = second & MARKER | media.payload_type_out
        rtp_ts = (rtp_ts + media.ts_offset) & 0xFFFFFFFF
        HEADER.pack_into(view, at, first, second, number, rtp_ts, media.ssrc)
        media.repeated(end - at - NUMBER.size)
        return Verdict.RESTORED
