"""One stream's way from one link to another: what changes in each of its packets.

A route adds constants that its first packet fixes, as a *transport translator* does (RFC 7667
section 3.2.1): the receiver sees one stream that never ends, whoever feeds it. Nothing is kept for
a packet that its source, a :class:`Stream`, does not know, but for the highest number sent; how far
the outlet is gets computed when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable

from relay.media.keeper import Keeper
from relay.media.outlet import Outlet, Progress
from relay.media.packets import vp8
from relay.media.packets.gaps import Gaps
from relay.media.packets.history import History
from relay.media.packets.numbering import Renumbering, nearest
from relay.media.packets.rtp import (
    CSRC_COUNT,
    EXTENSION,
    EXTENSION_HEADER,
    HEADER,
    HEADERS,
    NUMBER,
    ONE_BYTE_PROFILE,
    PAYLOAD_TYPE,
    RTP_BITS,
    ExtensionMap,
    blank_contributors,
    blank_extensions,
    find_extension,
)
from relay.media.packets.vp8 import FRAME_STARTS, HAS_FIELDS, LONG, STARTS, USUAL, USUAL_FIELDS
from relay.media.repeats import Repeats
from relay.media.stream import NOTHING_UNWRAPPED, Receiver, Stream, Unwrapped
from relay.media.verdict import Verdict
from relay.serial import distance

KEYFRAME_REQUEST_INTERVAL_S = 0.3
"""At most one request for a source in this time, and another one while no key frame has come."""

PATIENCE_S = 2.0
"""A picture is held for a key frame for so long; then it passes anyway. Whoever encrypts whole
frames end to end shows nobody which are key frames."""

MAX_AHEAD = 1000
"""Of a gap this long nothing is left: the numbers go on behind the last one sent. A receiver who
misses what comes 32,768 numbers after the last that it got takes all that follows for forged (RFC
3711 section 3.3.1), which no sender must bring about: the next partner would not be heard."""

AHEAD_S, BEHIND_S, LATE_S = 1.0, 3.0, 10.0
"""How far timestamps may be from the relay's clock: a first packet that was delayed for a second
makes all others early, and a full buffer on the way makes them late. Beyond, the sender's clock is
wrong, and must not become the next partner's trouble. What others have overtaken, and repeats, may
be some seconds later than that."""


_NEVER = -(1 << 42)
"""No number follows this one, not even the first of a source that has begun to be counted late."""

_head_at, _put_number = vp8.HEAD.unpack_from, NUMBER.pack_into
_FORWARD, _AHEAD = Verdict.FORWARD, Verdict.AHEAD  # looking them up on their class is slow
_USUAL = RTP_BITS | EXTENSION  # the first byte of what browsers send: no CSRCs and no padding


class Route:
    """Rewrites the packets of one stream for one receiver."""

    __slots__ = (
        "_bytes_ahead",
        "_held",
        "_held_since",
        "_packets_ahead",
        "_payload_type_change",
        "_payload_type_in",
        "downlink",
        "extensions",
        "fir_number",
        "gaps",
        "is_picture",
        "keep",
        "keeper",
        "media",
        "numbers",
        "outlet",
        "pictures",
        "repeats",
        "requested_at",
        "sealed",
        "sent",
        "settled",
        "source",
        "ssrc",
        "ts_offset",
        "wanted",
        "withheld",
    )

    unwrapped: Unwrapped = NOTHING_UNWRAPPED

    def __init__(
        self,
        downlink: Receiver,
        outlet: Outlet,
        payload_types: tuple[int, int],
        extensions: ExtensionMap,
        media: Route | None = None,
    ) -> None:
        """Prepare a route; its constants are fixed by its first packet.

        :param downlink: the receiver, and ``outlet`` the SSRC on which it gets the stream.
        :param payload_types: the sender's number and the receiver's for the same codec.
        :param media: for an RTX route, the route of the stream that it repairs.
        """
        self.downlink = downlink
        self.outlet = outlet
        self.ssrc = outlet.ssrc  # here as well, for it is read for each packet
        self.media = media
        self.numbers = Renumbering()
        self.ts_offset = 0
        self.sent = _NEVER
        """The source's highest extended number that went out, once one has."""
        self.source: Stream | None = None
        """The stream that feeds the outlet."""
        self.withheld = 0
        """Packets dropped here since the first that went out: the receiver misses their numbers."""
        self.requested_at = float("-inf")
        self.wanted = 0
        """The kind of a request for a key frame that came too early, and is still to be sent."""
        self.fir_number = -1
        """Of the last command for a key frame that the receiver gave (RFC 5104 section 4.3.1)."""
        self.pictures = outlet.pictures
        self.keeper: Keeper | None = None
        """Who is told of key frames, of pictures, while evidence is kept."""
        self.repeats: Repeats | None = None
        """What was sent last and can be sent again, where the receiver asks for that."""
        self.gaps: Gaps | None = None
        """What of the source did not come, where it can be asked for that."""
        self.settled = _NEVER
        """The source's number before which what is lost matters no more: a key frame begins there,
        or one was asked for when it had been sent."""
        self.keep: Callable[[int, memoryview, int, int, float], None] | None = None
        """Keeps a packet that was rewritten, where that is to be encrypted anew."""
        self.sealed: History | None = None
        """See :class:`relay.media.stream.Way`."""
        self._payload_type_in = payload_types[0]
        self._payload_type_change = payload_types[0] ^ payload_types[1]
        self.extensions = extensions
        self.is_picture = outlet.kind == "video" and media is None
        self._held = self.is_picture
        self._held_since = float("inf")
        self._packets_ahead = self._bytes_ahead = 0
        """By how much the outlet's counters are ahead of the source's; below 0 mostly."""

    def takes(self, payload_type: int) -> bool:
        """Whether packets of a type belong on this route."""
        return payload_type == self._payload_type_in

    @property
    def payload_type_out(self) -> int:
        """The receiver's number for the codec."""
        return self._payload_type_in ^ self._payload_type_change

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether video is held back until the source sends a key frame."""
        return self._held

    def rewrite(  # noqa: PLR0912 - the way of each packet: calls cost more than they clear up
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """Rewrite the packet ``view[at:end]`` in place, or say why it is to be dropped.

        :param header: its beginning, as :data:`relay.media.packets.rtp.HEADERS` unpacks it.
        :param extended: its sequence number, as :meth:`Stream.arrived` extended it.
        :param now: seconds of the plane's clock.
        """
        first, second, _, rtp_ts, _, profile, words = header
        if second & PAYLOAD_TYPE != self._payload_type_in:
            return Verdict.UNKNOWN_PAYLOAD_TYPE
        if first == _USUAL:
            elements_at = at + HEADERS.size
            payload_at = elements_at + 4 * words
        else:
            profile, elements_at, payload_at = find_extension(view, at, end, first)
            if first & CSRC_COUNT and payload_at <= end:
                blank_contributors(view, at, first)
        if payload_at > end:
            return Verdict.MALFORMED
        if self.is_picture:
            head, picture = _head_at(view, payload_at) if payload_at < end - 4 else (0, 0)
            is_usual = head & USUAL_FIELDS == USUAL and picture >= LONG
            if head & STARTS == FRAME_STARTS and (
                self._held or not is_usual or not view[payload_at + 4] & 1  # mostly it is: P
            ):
                self._look_for_keyframe(view, at, payload_at, end, header, extended, now)
        verdict = _FORWARD
        follows = extended == self.sent + 1  # which it mostly does
        if not follows:
            verdict = self._place(view, payload_at, end, extended, rtp_ts, end - at, now)
            if verdict and verdict is not Verdict.ANSWER:
                return verdict
        if elements_at:
            if profile != ONE_BYTE_PROFILE:
                blank_extensions(view, elements_at - EXTENSION_HEADER.size, payload_at)
            elif not self.extensions.apply(view, elements_at, payload_at, now):
                return Verdict.MALFORMED
        if self.is_picture:
            pictures = self.pictures
            if is_usual:
                pictures.last = picture = picture + pictures.offset & 0x7FFF
                _put_number(view, payload_at + 2, picture | LONG)
            elif head & HAS_FIELDS:
                pictures.rewrite(view, payload_at, end)
        if follows:
            self.sent = extended
        elif extended > self.sent:  # only what goes out moves the numbers on
            verdict = self._leap(extended, now)
        second ^= self._payload_type_change
        number = (extended + self.numbers.offset) & 0xFFFF
        rtp_ts = (rtp_ts + self.ts_offset) & 0xFFFFFFFF
        HEADER.pack_into(view, at, first, second, number, rtp_ts, self.ssrc)
        keep = self.keep
        if keep is not None:
            keep(number, view, at, end, now)
        return verdict

    def original(self, view: memoryview, at: int) -> int:
        """The extended number that an RTX payload at ``at`` tells of (RFC 4588 section 4)."""
        (number,) = NUMBER.unpack_from(view, at)
        return nearest(self.sent, number)

    def repeated(self, size: int) -> None:
        """Count a packet of ``size`` bytes that goes out and came as a retransmission."""
        self._packets_ahead += 1
        self._bytes_ahead += size
        if self.source is not None:
            self.source.repaired += 1

    def dropped(self, size: int, *, missed: bool = True, is_refused: bool = False) -> None:
        """Count a packet of ``size`` bytes that the source counts and that did not go out.

        (Those before the first that goes out are taken off where the constants are fixed.)

        :param missed: whether the receiver sees a gap for it.
        :param is_refused: whether that is the sender's fault.
        """
        self._packets_ahead -= 1
        self._bytes_ahead -= size
        if missed and self.numbers.begun:
            self.withheld += 1
            if is_refused and self.source is not None:
                self.source.refused += 1
            else:
                self.outlet.withheld += 1

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

    def command(self, number: int) -> None:
        """Take a command for a key frame; one with the number of the last is that one, repeated.

        (RFC 5104 section 4.3.1.2.)
        """
        if number != self.fir_number and self.source is not None:
            self.fir_number = number
            self.source.fir_number += 1

    def settle(self, number: int) -> bool:
        """Have a picture begin anew, of which a packet cannot be repaired.

        What else of it did not come is of no use either then.

        :param number: the packet's, extended.
        :returns: whether a key frame is to be asked for: not where one has come since, or has been
            asked for.
        """
        if not self.is_picture or number < self.settled:
            return False
        self.settled = self.sent + 1
        if self.gaps is not None:
            self.gaps.clear()
        return True

    def keyframe_due(self, now: float) -> bool:
        """Whether its sender may be asked for a key frame now; a yes counts as asking."""
        if now - self.requested_at < KEYFRAME_REQUEST_INTERVAL_S:
            return False
        self.requested_at = now
        self.wanted = 0
        return True

    def put_off(self, kind: int) -> None:
        """Note a request for a key frame that comes too early."""
        self.wanted = kind

    def is_on_time(self, rtp_ts: int, now: float, behind_s: float = LATE_S) -> bool:
        """Whether a source's timestamp is within the bounds around the clock."""
        rate = self.outlet.clock_rate_hz
        ahead = distance(self.outlet.clock(now), rtp_ts + self.ts_offset & 0xFFFFFFFF)
        return -behind_s * rate <= ahead <= AHEAD_S * rate

    def takes_late(self, rtp_ts: int, now: float) -> bool:
        """Whether a packet that others have overtaken has a timestamp that can be."""
        media = self.media or self
        return not media.numbers.begun or media.is_on_time(rtp_ts, now)

    def hold_to_clock(self, source: Stream, before: int, now: float) -> None:
        """Follow timestamps that have left their bounds, or have begun again at 0.

        :param before: the source's last timestamp but one.
        :param now: seconds of the plane's clock.
        """
        if not self.numbers.begun or self.media is not None:
            return
        if not self.is_on_time(source.rtp_ts, now, BEHIND_S):
            last = Progress(0, before + self.ts_offset & 0xFFFFFFFF, now)
            self.ts_offset = self.outlet.behind(last, now) - source.rtp_ts
        self._bound(source, now)

    def _bound(self, source: Stream, now: float) -> None:
        """Have the source say when its timestamps leave the bounds around the clock."""
        rate = self.outlet.clock_rate_hz
        ahead = distance(self.outlet.clock(now), source.rtp_ts + self.ts_offset & 0xFFFFFFFF)
        transit = now * rate - source.rtp_ts + ahead
        source.earliest, source.latest = transit - AHEAD_S * rate, transit + BEHIND_S * rate

    def _look_for_keyframe(
        self,
        view: memoryview,
        at: int,
        payload_at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> None:
        """Note a key frame's beginning in a packet with a frame's beginning: see :meth:`rewrite`.

        :param payload_at: where the VP8 payload begins.
        """
        if not vp8.is_keyframe_start(view, payload_at, end):
            if self._held:
                self._held_since = min(self._held_since, now)
                self._held = now - self._held_since < PATIENCE_S
            return
        size = vp8.size(view, payload_at, end)
        self._held = False
        if size is not None:  # it is one; what is encrypted looks like one half the time
            self.wanted = 0
            self.settled = max(self.settled, extended)
            if self.keeper is not None and self.source is not None:
                self.keeper.begin(self.source, view, at, end, header, extended, size, now)
        if self.source is not None:
            self.source.keyframes += 1
            self.source.size = size or self.source.size
        self.outlet.keyframes += 1
        self.outlet.size = size or self.outlet.size

    def _place(
        self,
        view: memoryview,
        payload_at: int,
        end: int,
        extended: int,
        rtp_ts: int,
        size: int,
        now: float,
    ) -> Verdict:
        """Find the place of a packet that does not follow the last one: see :meth:`rewrite`.

        :param size: of the whole packet.
        """
        if extended < self.numbers.first:
            verdict = self._begin(extended, rtp_ts, size, now)
            if not verdict and self.is_picture:
                self.pictures.begin(view, payload_at, end)
            return verdict
        gaps = self.gaps
        if extended > self.sent or gaps is None:
            return _FORWARD
        is_answer = gaps.has_asked(extended)
        if not gaps.came(extended, now):
            if self.source is not None:
                self.source.repaired -= 1  # it was only late
            return Verdict.STALE
        return Verdict.ANSWER if is_answer else _FORWARD

    def _begin(self, extended: int, rtp_ts: int, size: int, now: float) -> Verdict:
        """Fix the constants at the first packet, which the source has counted already.

        :returns: why not: a key frame is waited for, or another packet was the first.
        """
        source, outlet = self.source, self.outlet
        if self.numbers.begun:
            return Verdict.STALE
        if self._held or source is None:
            return Verdict.HELD
        before = outlet.progress
        self.numbers.begin(extended, before.last)
        self.sent = extended - 1
        self._packets_ahead = before.packets - (source.packets - 1)
        self._bytes_ahead = before.bytes - (source.bytes - size)
        outlet.route = self
        outlet.reception.source_began()
        self.ts_offset = outlet.behind(before, now) - rtp_ts
        self._bound(source, now)
        if self.is_picture:
            self.downlink.begins, self.downlink.plain = True, False
        return _FORWARD

    def _leap(self, extended: int, now: float) -> Verdict:
        """Go on with a packet before which some did not come, or none has come at all."""
        gaps, last = self.gaps, self.sent
        self.sent = extended
        if extended >= last + MAX_AHEAD:  # with the next number
            self.numbers.begin(extended, last + self.numbers.offset)
            return _FORWARD if gaps is None or not gaps.give_up() else _AHEAD
        if gaps is None or extended == last + 1:
            return _FORWARD
        gaps.open(last + 1, extended, now)
        return _AHEAD
