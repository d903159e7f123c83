"""Whole compound packets: what is reissued and dropped, switches of partners, and lies."""

import struct

import pytest

from relay.errors import MalformedPacket
from relay.media.feedback.rtcp import MAX_BYTES
from relay.media.translation import sender_reports, translate
from tests.support.calls import (
    A_RTX,
    A_VIDEO,
    B_VIDEO,
    PSFB,
    RR,
    RTPFB,
    SDES,
    SR,
    Call,
    begin,
)
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import (
    KEYFRAME,
    block,
    bye,
    fir,
    nack,
    pli,
    read_rtcp,
    remb,
    rr,
    rtcp,
    rtp,
    sdes,
    sr,
    transport_cc,
)
from tests.support.sides import VIDEO, Side, pair, part


@pytest.fixture
def call() -> Call:
    return begin(Side(CHROMIUM), Side(FIREFOX))


# compounds


def test_a_whole_compound(call: Call) -> None:
    known = block(call.outlet(VIDEO), call.b_sent[VIDEO].number)
    parts = call.from_a(
        sr(A_VIDEO, 60, known),
        sdes(A_VIDEO, b"4TOk42mSjXCkVIa6"),
        nack(A_VIDEO, call.outlet(VIDEO), (call.b_sent[VIDEO].number, 1)),
        pli(A_VIDEO, call.outlet(VIDEO)),
        remb(A_VIDEO, call.outlet(VIDEO)),
    )
    assert [(p.kind, p.count) for p in parts] == [(SR, 1), (SDES, 1), (PSFB, 15)]


def test_the_name_is_ours(call: Call) -> None:
    data = call.translation(sr(A_VIDEO, 60), sdes(A_VIDEO, b"4TOk42mSjXCkVIa6")).data
    report, name = read_rtcp(data)
    assert name.ssrc == report.ssrc == call.b.outlet(VIDEO).ssrc
    cname = call.b.downlink.cname.encode()
    assert name.body[4:].rstrip(b"\0") == b"\x01" + bytes([len(cname)]) + cname
    assert name.body[-1] == 0, "ends with a null item"
    assert b"4TOk42" not in data


def test_a_name_alone_says_nothing(call: Call) -> None:
    assert call.from_a(rr(A_VIDEO), sdes(A_VIDEO, b"name")) == []


def test_goodbye_and_the_unknown_are_dropped(call: Call) -> None:
    app = rtcp(204, 0, struct.pack("!I4s", A_VIDEO, b"name"))
    xr = rtcp(207, 0, struct.pack("!III", A_VIDEO, 0x04000002, 1))
    other_feedback = rtcp(RTPFB, 3, bytes(12))
    other_picture_feedback = rtcp(PSFB, 2, bytes(12))
    unknown = rtcp(195, 0, bytes(8))
    for packet in (bye(A_VIDEO), app, xr, other_feedback, other_picture_feedback, unknown):
        assert call.from_a(packet) == []
    parts = call.from_a(sr(A_VIDEO, 60), bye(A_VIDEO), app, xr)
    assert [p.kind for p in parts] == [SR]


def test_a_packet_that_is_too_short_to_name_anyone_is_dropped(call: Call) -> None:
    assert [p.kind for p in call.from_a(rtcp(203, 0, b""), sr(A_VIDEO, 60))] == [SR]


def test_nothing_at_all(call: Call) -> None:
    assert call.from_a() == []


def test_a_long_compound_is_cut_at_a_packets_end(call: Call) -> None:
    known = block(call.outlet(VIDEO), call.b_sent[VIDEO].number)
    data = call.translation(*[rr(A_VIDEO, *[known] * 31)] * 2).data
    assert len(data) == 8 + 24 * 31
    assert len(data) <= MAX_BYTES


def test_both_ways(call: Call) -> None:
    reverse = Call(call.b, call.a, call.back, call.there, call.b_sent, call.a_sent)
    heard = call.a_sent[VIDEO].number
    report, request = reverse.from_a(
        sr(B_VIDEO, 1000, block(reverse.outlet(VIDEO), heard)),
        remb(B_VIDEO, reverse.outlet(VIDEO)),
    )
    assert report.ssrc == call.a.outlet(VIDEO).ssrc
    assert report.blocks == [(A_VIDEO, 200)]
    assert request.fci[8:] == struct.pack("!I", A_VIDEO)


# after a switch


def test_after_a_switch_only_the_present_partner_is_spoken_of(call: Call) -> None:
    old = call.b_sent[VIDEO].number
    old_tcc = int.from_bytes((call.b_sent[VIDEO].elements or ())[0][1], "big")
    part(call.a)
    now = begin(call.a, Side(FIREFOX), now=101.0)
    outlet = now.outlet(VIDEO)
    assert now.from_a(rr(A_VIDEO, block(outlet, old))) == []
    assert now.from_a(nack(A_VIDEO, outlet, (old, 0))) == []
    assert now.from_a(transport_cc(A_VIDEO, outlet, old_tcc)) == []
    new = now.b_sent[VIDEO]
    (report,) = now.from_a(rr(A_VIDEO, block(outlet, new.number)))
    assert report.blocks == [(B_VIDEO, 40000)]
    request = nack(A_VIDEO, outlet, (old, 0), (new.number, 0))
    assert now.translation(request).repeated == 1


def test_after_a_switch_before_the_first_packet_nothing_is_said(call: Call) -> None:
    part(call.a)
    a, outlet = call.a, call.outlet(VIDEO)
    there, back = pair(a, Side(FIREFOX))
    number = a.outlet(VIDEO).progress.last
    for packet in (
        rr(A_VIDEO, block(outlet, number)),
        nack(A_VIDEO, outlet, (number & 0xFFFF, 0)),
        remb(A_VIDEO, outlet),
        sr(A_VIDEO, 60),
        transport_cc(A_VIDEO, outlet, a.downlink.transport_cc),
    ):
        assert translate(packet, there, back, 100.0).data == b""


# lies

LIES = {
    "a header cut": b"\x80\xc8\0",
    "a length beyond the end": rtcp(RR, 0, bytes(4), words=9),
    "the longest length": rtcp(RR, 0, bytes(4), words=65535),
    "another version": b"\x40\xc9\0\1\0\0\0\1",
    "a sender report cut": rtcp(SR, 0, bytes(20)),
    "more blocks than there are": rr(1, block(1, 1), count=2),
    "31 blocks of none": rr(1, count=31),
    "31 blocks of none in a sender report": sr(1, 1, count=31),
    "a NACK of nothing": nack(1, 2),
    "a NACK cut": rtcp(RTPFB, 1, bytes(4)),
    "transport-wide feedback cut": rtcp(RTPFB, 15, bytes(8)),
    "transport-wide feedback about nothing": rtcp(RTPFB, 15, bytes(16)),
    "transport-wide feedback that ends too early": transport_cc(
        1, 2, 0, bytes.fromhex("0009 00000100 2009 0500")
    ),
    "a picture loss cut": rtcp(PSFB, 1, bytes(4)),
    "an intra request of nothing": fir(1),
    "an intra request cut": rtcp(PSFB, 4, bytes(12)),
    "a bandwidth count that lies": remb(1, 2, 3, count=3),
    "the largest bandwidth count": remb(1, count=255),
    "a bandwidth without count": rtcp(PSFB, 15, bytes(8) + b"REMB"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_lies_spoil_the_whole_compound(call: Call, lie: bytes) -> None:
    for packets in ((lie,), (sr(A_VIDEO, 60), lie)):
        with pytest.raises(MalformedPacket):
            call.translation(*packets)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_nothing_of_such_a_compound_is_used(call: Call, lie: bytes) -> None:
    """Or a storm of requests would cost its sender nothing, with a lie at its end."""
    sent = call.b_sent[VIDEO].number
    request = nack(A_VIDEO, call.outlet(VIDEO), (sent, 1))
    command = fir(A_VIDEO, (call.outlet(VIDEO), 7))
    assert call.back.video is not None
    assert call.back.video.repeats is not None
    with pytest.raises(MalformedPacket):
        call.translation(sr(A_VIDEO, 60), request, command, lie)
    assert call.back.video.repeats.history.is_fresh(sent, 100.0)
    assert call.back.video.outlet.repaired == 0
    assert call.back.video.fir_number == -1
    assert call.translation(request).repeated == 1


def test_padding_that_lies_leaves_nothing_to_read(call: Call) -> None:
    known = block(call.outlet(VIDEO), call.b_sent[VIDEO].number)
    body = struct.pack("!I", A_VIDEO) + known
    assert call.from_a(rtcp(RR, 1, body + b"\0\0\0\xff", padded=True)) == []
    (report,) = call.from_a(rtcp(RR, 1, body + b"\0\0\0\4", padded=True))
    assert report.blocks == [(B_VIDEO, 40000)]
    with pytest.raises(MalformedPacket):
        call.translation(rtcp(RR, 1, body + b"\0\0\0\x08", padded=True))


def test_without_rtx_everything_else_is_translated() -> None:
    call_a, call_b = Side(CHROMIUM), Side(without(FIREFOX, "a=fmtp:124"))
    there, back = pair(call_a, call_b)
    call_a.sent(rtp(A_VIDEO, 200, payload=KEYFRAME))
    assert translate(sr(A_VIDEO, 1), there, back, 100.0).data
    assert translate(sr(A_RTX, 1), there, back, 100.0).data == b""


# what crosses to another plane


def test_sender_reports_cross_without_blocks_and_names() -> None:
    data = sr(A_VIDEO, 5, block(1, 2)) + sdes(A_VIDEO, b"secret") + pli(1, 2) + bye(A_VIDEO)
    report, named = read_rtcp(sender_reports(data))
    assert (report.kind, report.count, report.body) == (SR, 0, sr(A_VIDEO, 5)[4:])
    assert (named.kind, named.body) == (SDES, bytes(4))
    assert [part.kind for part in read_rtcp(sender_reports(sr(A_VIDEO, 5)))] == [SR]


def test_nothing_crosses_without_a_sender_report() -> None:
    assert sender_reports(rr(A_VIDEO, block(1, 2)) + sdes(A_VIDEO, b"x")) == b""
    assert sender_reports(rtcp(SR, 0, bytes(8))) == b"", "it is cut"
    with pytest.raises(MalformedPacket):
        sender_reports(sr(A_VIDEO, 5)[:-4])
