"""RTCP (RFC 3550 section 6, RFC 4585, RFC 5104), translated from one user to the partner.

A relay that only rewrites constants lets the two ends control congestion between themselves; so
reports and feedback messages are mapped back and passed on. Losses are repaired on the hop on which
they happen, so requests for retransmission end here. Times are the
relay's, and counts the outlet's own: nothing tells a receiver that its partners had the same clock,
or a sender that the one before it lost packets. What is not understood is dropped: BYE, SDES
(reissued with the relay's own CNAME), APP, XR.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from relay.media.crossing import Crossing
from relay.media.downlink import Downlink
from relay.media.feedback import rtcp
from relay.media.feedback.reception import ReportBlock
from relay.media.feedback.rtcp import (
    AFB,
    FIR,
    NACK,
    PLI,
    PSFB,
    REPORTS,
    RR,
    RTPFB,
    SDES,
    SR,
    TRANSPORT_CC,
)
from relay.media.flow import Flow
from relay.media.outlet import Outlet
from relay.media.packets.numbering import nearest
from relay.media.packets.rtp import HEADER_BYTES, SSRC
from relay.media.route import Route
from relay.media.stream import Stream
from relay.media.uplink import Uplink
from relay.serial import distance

MAX_REPORT_AGE_S = 10.0
"""How far a sender report's timestamp may be from the outlet's clock."""

MAX_FEEDBACKS = 4
"""Transport-wide ones in one compound packet; a browser sends one, or two."""

MAX_REPEATS = 100
"""Packets that one compound packet can have repeated."""

Course = Flow | Crossing
"""What a user sends to the partner; of one that crosses to another plane no routes are known."""


@dataclass(slots=True)
class Translation:
    """What one compound packet became."""

    data: bytes = b""
    """The compound packet for the partner; empty when nothing of it concerns the partner."""
    keyframe_request: int = 0
    """PLI or FIR when the user asks the partner for a key frame; the caller decides when to ask."""
    pieces: list[bytes] = field(default_factory=list)
    sender_reports: list[tuple[Outlet, int, int]] = field(default_factory=list)
    """Of those passed on: where to, and the middle of the NTP timestamp, ours and the sender's."""
    report_blocks: list[tuple[Outlet, ReportBlock]] = field(default_factory=list)
    """What the user reports of what it receives."""
    nacked: list[tuple[Route, int]] = field(default_factory=list)
    """One entry for each request for retransmission: how many packets it asks for."""
    asked: int = 0
    """Numbers of packets that were asked for in them, as far as they may be."""
    refused: int = 0
    """Further ones."""
    repeats: list[bytes] = field(default_factory=list)
    """Packets that the user asked for and that the relay has kept, as they were sent."""
    retransmissions: list[bytes] = field(default_factory=list)
    """The same as RTX, to be encrypted."""
    is_beyond_repair: bool = False
    """Whether something of a picture is missing that cannot be had, so that a key frame has to
    come."""
    over_budget: int = 0
    """Further ones, for which too much has been sent again already."""
    may_ask: float = inf
    feedbacks: int = 0
    """Transport-wide ones."""
    untrue: int = 0
    """Messages about packets that were never sent, or with times that cannot be."""

    @property
    def repeated(self) -> int:
        """How many packets are sent again."""
        return len(self.repeats) + len(self.retransmissions)

    def note(self, backward: Course, now: float) -> None:
        """Enter what was read into the statistics of the streams that it is about.

        :param backward: what the partner sends back; ``now`` in seconds of the plane's clock.
        """
        for outlet, ours, theirs in self.sender_reports:
            outlet.reception.sender_report_passed(ours, theirs, now)
        for outlet, block in self.report_blocks:
            outlet.reported(block, now)
        for route, asked in self.nacked:
            route.outlet.reception.nacks += 1
            route.outlet.reception.asked += asked
        if self.keyframe_request and backward.video is not None:
            reception = backward.video.outlet.reception
            reception.plis += self.keyframe_request == PLI
            reception.firs += self.keyframe_request == FIR


def translate(
    data: bytes, forward: Course, backward: Course, now: float, may_ask: float = inf
) -> Translation:
    """Translate a user's compound packet for the partner.

    :param data: the decrypted packet.
    :param forward: what the user sends to the partner; ``backward`` what the partner sends back.
    :param now: seconds of the plane's clock.
    :param may_ask: how many packets may be asked for; requests for more are left out.
    :raises MalformedPacket: when a length or a count lies; nothing of the packet is used then.
    """
    result = Translation(may_ask=may_ask)
    named = False
    for kind, count, part in rtcp.checked(data):
        if kind in REPORTS:
            result.pieces.append(_report(part, kind, count, forward, backward, result, now))
        elif kind == SDES:
            named = True
        elif kind == RTPFB:
            result.pieces.append(_transport_feedback(part, count, forward, backward, result, now))
        elif kind == PSFB and count in (PLI, FIR):
            if _asks_for_keyframe(part, count, backward):
                result.keyframe_request = count
        elif kind == PSFB and count == AFB:
            result.pieces.append(_bandwidth(part, forward, backward))
    receiver = forward.downlink
    result.data = rtcp.compound(result.pieces, receiver.reporter, receiver.cname if named else "")
    return result


def sender_reports(data: bytes) -> bytes:
    """What of a compound packet of a user's has to cross to the plane of the partner's link.

    That are the sender reports alone, without the blocks and with no name, but for the news that
    there is one; :func:`translate` makes the partner's of it there.

    :param data: the decrypted packet.
    :returns: nothing when there are none.
    :raises MalformedPacket: when a length lies.
    """
    found, named = [], False
    for kind, _, part in rtcp.parts(data):
        if kind == SR and len(part) >= rtcp.BLOCKS_AT[SR]:
            found.append(rtcp.part(SR, 0, part[rtcp.HEADER_BYTES : rtcp.BLOCKS_AT[SR]]))
        named = named or kind == SDES
    if found and named:
        found.append(rtcp.part(SDES, 0, bytes(SSRC.size)))
    return b"".join(found)


def keyframe_request(kind: int, reporter: int, source: Stream) -> bytes:
    """A request for a key frame, in a compound packet.

    :param kind: PLI (RFC 4585 section 6.3.1) or FIR (RFC 5104 section 4.3.1).
    :param reporter: the SSRC that asks.
    :param source: the stream that is asked; it counts the requests, and each FIR has the number of
        its command.
    """
    if kind == PLI:
        source.plis += 1
        request = rtcp.feedback(PSFB, PLI, (reporter, source.ssrc))
    else:
        source.firs += 1
        entry = rtcp.FIR_ENTRY.pack(source.ssrc, source.fir_number & 0xFF)
        request = rtcp.feedback(PSFB, FIR, (reporter, 0), entry)
    return rtcp.compound([request], reporter)


def transport_feedback(uplink: Uplink, reporter: int, now: float) -> Iterator[bytes]:
    """What the relay has to tell a user of its transport-wide numbers, in compound packets.

    :param reporter: the SSRC that tells; ``now`` in seconds of the plane's clock.
    """
    shown = uplink.flow.shown_numbers if uplink.flow is not None else None
    media = next((stream.ssrc for stream in uplink.current.values()), 0)
    for feedback in uplink.feedback.made(shown, now, (reporter, media)):
        yield rtcp.compound([feedback], reporter)


def _report(
    packet: bytes,
    kind: int,
    count: int,
    forward: Course,
    backward: Course,
    result: Translation,
    now: float,
) -> bytes:
    """Sender and receiver reports (RFC 3550 section 6.4)."""
    blocks_at = rtcp.BLOCKS_AT[kind]
    blocks = [
        block
        for index in range(count)
        if (block := _block(packet, blocks_at + rtcp.BLOCK.size * index, backward, result))
    ]
    body = b"".join(blocks)
    if kind == SR and (sender := _sender_info(packet, forward, result, now)):
        return rtcp.part(SR, len(blocks), sender + body)
    if not blocks:
        return b""
    return rtcp.part(RR, len(blocks), SSRC.pack(forward.downlink.reporter) + body)


def _sender_info(packet: bytes, forward: Course, result: Translation, now: float) -> bytes:
    """A sender's part of its report, on the relay's clock and with the outlet's own counts.

    Octets are those of the payload and of header extensions: they are not told apart for a packet.
    """
    ssrc, theirs, rtp_ts, _, _ = rtcp.SENDER_INFO.unpack_from(packet, rtcp.HEADER_BYTES)
    route = forward.route_of(ssrc)
    if route is None:
        return b""
    outlet = route.outlet
    rtp_ts = (rtp_ts + route.ts_offset) & 0xFFFFFFFF
    clock = (route.media or route).outlet
    if abs(distance(clock.clock(now), rtp_ts)) > MAX_REPORT_AGE_S * clock.clock_rate_hz:
        result.untrue += 1  # it would spoil what the receiver knows of this stream's clock
        return b""
    ours, sent = forward.clock.ntp(theirs, now), outlet.progress
    result.sender_reports.append((outlet, ours >> 16 & 0xFFFFFFFF, theirs >> 16 & 0xFFFFFFFF))
    octets = sent.bytes - HEADER_BYTES * sent.packets
    return rtcp.SENDER_INFO.pack(
        outlet.ssrc, ours, rtp_ts, sent.packets & 0xFFFFFFFF, octets & 0xFFFFFFFF
    )


def _block(packet: bytes, at: int, backward: Course, result: Translation) -> bytes:
    ssrc, losses, highest, *timing = rtcp.BLOCK.unpack_from(packet, at)
    route = backward.route_to(ssrc)
    if route is None or route.source is None:
        return b""
    cumulative = (losses & 0xFFFFFF ^ 0x800000) - 0x800000
    block = ReportBlock(losses >> 24, cumulative, *timing)
    if route.media is not None:
        _note_of_repairs(route.outlet, highest & 0xFFFF, block, result)
        return b""
    number = route.backward(highest & 0xFFFF)
    if number is None:
        return b""
    if number > route.sent:
        result.untrue += 1
        return b""
    expected = number - route.numbers.first + 1
    told = route.outlet.reception.told(block, expected, route.withheld)
    result.report_blocks.append((route.outlet, block))
    losses = told.fraction << 24 | told.lost & 0xFFFFFF
    return rtcp.BLOCK.pack(route.source.ssrc, losses, number & 0xFFFFFFFF, *told[2:])


def _note_of_repairs(outlet: Outlet, highest: int, block: ReportBlock, result: Translation) -> None:
    """Take what is reported of RTX; it goes no further, since some of it the relay has sent."""
    last = outlet.progress.last
    if nearest(last, highest) > last:
        result.untrue += 1
    else:
        result.report_blocks.append((outlet, block))


def _transport_feedback(
    packet: bytes, fmt: int, forward: Course, backward: Course, result: Translation, now: float
) -> bytes:
    """NACK (RFC 4585 section 6.2.1) and transport-wide feedback (draft-holmer-rmcat)."""
    _, ssrc = rtcp.FEEDBACK.unpack_from(packet)
    if fmt == NACK:
        route = backward.route_to(ssrc)
        if route is not None and route.source is not None:
            _nack(packet, route, backward.downlink, result, now)
        return b""
    if fmt != TRANSPORT_CC:
        return b""
    result.feedbacks += 1
    if result.feedbacks > MAX_FEEDBACKS:
        result.untrue += 1
        return b""
    ssrcs = forward.downlink.reporter, _source_ssrc(backward, ssrc)
    told = backward.told(packet, now, ssrcs)
    result.untrue += told is None
    return told or b""


def _nack(packet: bytes, route: Route, receiver: Downlink, result: Translation, now: float) -> None:
    """Requests for retransmission: they end here, since the relay asks the sender by itself."""
    is_of_source, before = False, result.asked
    for at in range(rtcp.FEEDBACK.size, len(packet) - 3, 4):
        number, following = rtcp.NACK_ENTRY.unpack_from(packet, at)
        asked = 1 + following.bit_count()
        if result.asked + asked > result.may_ask:
            result.refused += asked
            continue
        result.asked += asked
        for ahead in range(17):
            if not ahead or following >> ahead - 1 & 1:
                is_of_source |= _repeat(route, receiver, number + ahead & 0xFFFF, result, now)
    if is_of_source:
        result.nacked.append((route, result.asked - before))


def _repeat(route: Route, receiver: Downlink, number: int, result: Translation, now: float) -> bool:
    """Have a packet sent again.

    One that did not come to the relay is waited for; for one of a picture that is beyond repair a
    key frame has to come.

    :returns: whether the present source has sent it.
    """
    original = route.backward(number)
    if original is None:
        return False
    if original > route.sent:
        result.untrue += 1
        return False
    packet, repeats, budget = None, route.repeats, receiver.repairs
    if repeats is not None and repeats.history.has(number, now):
        if result.repeated >= MAX_REPEATS or not budget.has_room(for_picture=route.is_picture):
            repeats.history.refuse(number, now)
            result.over_budget += 1
            return True
        is_first = repeats.history.is_fresh(number, now)
        packet = repeats.again(number, now, receiver.round_trip_s)
        if packet:
            budget.owe(len(packet))
            route.outlet.repeated(is_first=is_first, is_rtx=not repeats.is_sealed)
            (result.repeats if repeats.is_sealed else result.retransmissions).append(packet)
    if packet is None and not _is_coming(route, original, number, receiver, now):
        result.is_beyond_repair |= route.settle(original)
    return True


def _is_coming(route: Route, original: int, number: int, receiver: Downlink, now: float) -> bool:
    """Whether a packet that cannot be sent again is waited for, or on its way for the last time."""
    if route.gaps is not None and original in route.gaps:
        return True
    repeats = route.repeats
    return repeats is not None and repeats.history.is_under_way(number, now, receiver.round_trip_s)


def _asks_for_keyframe(packet: bytes, fmt: int, backward: Course) -> bool:
    """PLI, or FIR (RFC 5104 section 4.3.1) with an entry, about a stream that the partner feeds."""
    video = backward.video
    if video is None:
        return False
    if fmt == PLI:
        _, ssrc = rtcp.FEEDBACK.unpack_from(packet)
        return bool(ssrc == video.outlet.ssrc)
    ends = len(packet) - (len(packet) - rtcp.FEEDBACK.size) % rtcp.FIR_ENTRY.size
    for at in range(rtcp.FEEDBACK.size, ends, rtcp.FIR_ENTRY.size):
        ssrc, number = rtcp.FIR_ENTRY.unpack_from(packet, at)
        if ssrc == video.outlet.ssrc:
            video.command(number)
            return True
    return False


def _bandwidth(packet: bytes, forward: Course, backward: Course) -> bytes:
    """REMB (draft-alvestrand-rmcat-remb section 2.2).

    Of who has not agreed to it, it is a guess without send times, and would starve the sender.
    """
    at = rtcp.FEEDBACK.size
    if not packet.startswith(rtcp.REMB_NAME, at) or not backward.has_bandwidth_caps:
        return b""
    ssrcs_at = at + rtcp.REMB.size
    name, count, rate = rtcp.REMB.unpack_from(packet, at)
    ssrcs = []
    for index in range(count):
        (ssrc,) = SSRC.unpack_from(packet, ssrcs_at + SSRC.size * index)
        route = backward.route_to(ssrc)
        if route is not None and route.source is not None:
            ssrcs.append(SSRC.pack(route.source.ssrc))
    if not ssrcs:
        return b""
    head = rtcp.REMB.pack(name, len(ssrcs), rate)
    return rtcp.feedback(PSFB, AFB, (forward.downlink.reporter, 0), head + b"".join(ssrcs))


def _source_ssrc(backward: Course, ssrc: int) -> int:
    """The source's SSRC for the outlet's; 0 when the route has no source."""
    route = backward.route_to(ssrc)
    return route.source.ssrc if route is not None and route.source is not None else 0
