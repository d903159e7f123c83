"""Retransmissions: they go on as such, or are made the packets that they repeat."""

from __future__ import annotations

from relay.media.packets.rtp import (
    CSRC_COUNT,
    EXTENSION_HEADER,
    HEADER,
    MARKER,
    NUMBER,
    ONE_BYTE_PROFILE,
    PADDING,
    PAYLOAD_TYPE,
    blank_contributors,
    blank_extensions,
    find_extension,
)
from relay.media.route import MAX_AHEAD, Route
from relay.media.verdict import Verdict


class RepairRoute(Route):
    """RTX (RFC 4588 section 4), which undone repairs what was lost on the way to the relay.

    The receiver's RTX is numbered by its outlet, since the relay sends some of its own.
    """

    __slots__ = ()

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """See :meth:`Route.rewrite`; what is restored has two bytes less."""
        media, (first, second, _, rtp_ts, *_) = self._repaired, header
        if not self.takes(second & PAYLOAD_TYPE):
            return Verdict.UNKNOWN_PAYLOAD_TYPE
        if not media.numbers.begun:
            return Verdict.HELD
        profile, elements_at, payload_at = find_extension(view, at, end, first)
        if payload_at > end:
            return Verdict.MALFORMED
        last = end - view[end - 1] if first & PADDING else end
        repeated = media.original(view, payload_at) if last - payload_at >= NUMBER.size else None
        gaps = media.gaps
        restores = gaps is not None and repeated in gaps
        if not (restores or self._passes(repeated)) or not media.is_on_time(rtp_ts, now):
            return Verdict.STALE
        if first & CSRC_COUNT:
            blank_contributors(view, at, first)
        if elements_at and profile != ONE_BYTE_PROFILE:
            blank_extensions(view, elements_at - EXTENSION_HEADER.size, payload_at)
        elif elements_at and not self.extensions.apply(view, elements_at, payload_at, now):
            return Verdict.MALFORMED
        if gaps is not None and repeated is not None and gaps.restored(repeated, now):
            self._restore(view, at, end - NUMBER.size, payload_at, header, repeated, now)
            return Verdict.RESTORED
        if not self.numbers.begun:
            self.numbers.begin(extended, self.outlet.progress.last)
            self.outlet.reception.source_began()
        if repeated is not None:
            NUMBER.pack_into(view, payload_at, media.numbers.forward(repeated))
            if media.is_picture:
                media.pictures.rewrite_repeated(view, payload_at + NUMBER.size, last)
        self.ts_offset = media.ts_offset
        rtp_ts = (rtp_ts + media.ts_offset) & 0xFFFFFFFF
        number = self.outlet.send_on(end - at, rtp_ts, now)
        second = second & MARKER | self.payload_type_out
        HEADER.pack_into(view, at, first, second, number, rtp_ts, self.ssrc)
        return Verdict.FORWARD

    @property
    def _repaired(self) -> Route:
        """The route of the stream that it repairs."""
        if self.media is None:
            raise RuntimeError("a repair route was made without what it repairs")
        return self.media

    @property
    def _is_hidden(self) -> bool:
        """Whether the receiver knows no RTX."""
        return self.payload_type_out == self._repaired.payload_type_out

    def _passes(self, repeated: int | None) -> bool:
        """Whether a retransmission may go on as one.

        That of a packet from before the switch may not, nor that of one that cannot be; one of
        padding alone says nothing, and passes as it is.
        """
        if self._is_hidden:
            return False
        media = self._repaired
        return repeated is None or media.numbers.first <= repeated < media.sent + MAX_AHEAD

    def _restore(
        self,
        view: memoryview,
        at: int,
        end: int,
        payload_at: int,
        header: tuple[int, ...],
        repeated: int,
        now: float,
    ) -> None:
        """Make it the packet ``view[at:end]`` that it repeats."""
        media, (first, second, _, rtp_ts, *_) = self._repaired, header
        view[payload_at:end] = view[payload_at + NUMBER.size : end + NUMBER.size]
        if media.is_picture:
            last = end - view[end - 1] if first & PADDING else end
            media.pictures.rewrite_repeated(view, payload_at, last)
        second = second & MARKER | media.payload_type_out
        rtp_ts = (rtp_ts + media.ts_offset) & 0xFFFFFFFF
        number = media.numbers.forward(repeated)
        HEADER.pack_into(view, at, first, second, number, rtp_ts, media.ssrc)
        media.repeated(end - at)
        if media.keep is not None:
            media.keep(number, view, at, end, now)
