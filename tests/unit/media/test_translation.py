"""Feedback between two users, translated so that each believes the relay to be the other end."""

import struct

import pytest

from relay import transport_cc as transport_wide
from relay.media.budget import REPAIRS_AT_ONCE
from relay.media.feedback.rtcp import FIR, PLI
from relay.media.feedback.rtcp import nack as own_nack
from relay.media.packets.clocks import ntp as clock
from relay.media.stream import Stream
from relay.media.translation import (
    MAX_FEEDBACKS,
    MAX_REPEATS,
    Translation,
    keyframe_request,
    translate,
)
from tests.support.calls import (
    A_AUDIO,
    A_RTX,
    A_VIDEO,
    B_AUDIO,
    B_RTX,
    B_VIDEO,
    PSFB,
    RR,
    RTPFB,
    SR,
    Call,
    begin,
)
from tests.support.offers import CHROMIUM, FIREFOX, section, without
from tests.support.packets import (
    KEYFRAME,
    Rtcp,
    Rtp,
    block,
    fir,
    nack,
    pli,
    read_rtcp,
    read_rtp,
    remb,
    rr,
    rtcp,
    rtp,
    sr,
    transport_cc,
)
from tests.support.sides import AUDIO, REPAIR, VIDEO, Side, pair

Key = tuple[str, bool]

PICTURE = bytes.fromhex("10 000000 9d012a 4001 f000") + bytes(9)
"""The beginning of a key frame that says its size."""


@pytest.fixture
def call() -> Call:
    return begin(Side(CHROMIUM), Side(FIREFOX))


# reports


def test_packets_that_came_twice_are_losses_below_0(call: Call) -> None:
    known = block(call.outlet(VIDEO), call.b_sent[VIDEO].number, lost=0xFFFFFF)
    [(outlet, read)] = call.translation(rr(A_VIDEO, known)).report_blocks
    assert outlet is call.a.outlet(VIDEO)
    assert read.lost == -1


def test_a_report_covers_the_first_packet_too(call: Call) -> None:
    """Half of three packets are two that the present source has lost, and not one."""
    for number in (40001, 40002):
        last = call.b.sent(rtp(B_VIDEO, number, payload_type=120, payload=KEYFRAME))
    known = block(call.outlet(VIDEO), last.number, fraction=128, lost=10)
    (report,) = call.from_a(rr(A_VIDEO, known))
    assert report.body[8:12] == bytes([128, 0, 0, 2])


def test_so_much_feedback_counts_in_one_compound(call: Call) -> None:
    number = int.from_bytes((call.b_sent[VIDEO].elements or ())[0][1], "big")
    told = transport_cc(A_VIDEO, call.outlet(VIDEO), number)
    assert call.translation(*[told] * MAX_FEEDBACKS).untrue == 0
    result = call.translation(*[told] * (MAX_FEEDBACKS + 2))
    assert (result.untrue, len(read_rtcp(result.data))) == (2, 1 + MAX_FEEDBACKS)


@pytest.mark.parametrize(
    ("ssrc", "key", "base_ts"),
    [(A_AUDIO, AUDIO, 50), (A_VIDEO, VIDEO, 60), (A_RTX, REPAIR, 60)],
)
def test_a_sender_report(call: Call, ssrc: int, key: tuple[str, bool], base_ts: int) -> None:
    (report,) = call.from_a(sr(ssrc, base_ts + 960))
    assert (report.kind, report.count) == (SR, 0)
    assert report.ssrc == call.b.outlet(key).ssrc
    ntp, rtp_ts, packets, octets = struct.unpack_from("!8sIII", report.body, 4)
    assert ntp == clock(100.0).to_bytes(8, "big"), "the relay's"
    sent = call.b.outlet(key).progress
    assert (packets, octets) == (1, sent.bytes - 12), "the outlet's"
    assert rtp_ts == (call.a_sent[key].rtp_ts + 960) & 0xFFFFFFFF


def test_a_sender_reports_blocks(call: Call) -> None:
    heard = call.b_sent[VIDEO]
    (report,) = call.from_a(sr(A_AUDIO, 50, block(call.outlet(VIDEO), heard.number)))
    assert (report.kind, report.count) == (SR, 1)
    assert report.blocks == [(B_VIDEO, 40000)]
    assert report.body[28:] == block(B_VIDEO, 40000, fraction=0, lost=0, lsr=0, dlsr=0)[4:]


def test_a_receiver_report(call: Call) -> None:
    blocks = [block(call.outlet(key), call.b_sent[key].number) for key in (AUDIO, VIDEO, REPAIR)]
    (report,) = call.from_a(rr(A_VIDEO, *blocks))
    assert (report.kind, report.count) == (RR, 2)
    assert report.blocks == [(B_AUDIO, 65530), (B_VIDEO, 40000)], "some of the RTX was the relay's"
    assert report.ssrc == call.b.downlink.reporter
    assert report.body[4:28] == block(B_AUDIO, 65530, fraction=0, lost=0, lsr=0, dlsr=0)


def test_the_highest_number_is_extended_from_the_sources_first(call: Call) -> None:
    for number in range(65531, 65536):
        call.b.sent(rtp(B_AUDIO, number, payload_type=109))
    last = call.b.sent(rtp(B_AUDIO, 2, payload_type=109))
    (report,) = call.from_a(rr(A_VIDEO, block(call.outlet(AUDIO), 0x30000 | last.number)))
    assert report.blocks == [(B_AUDIO, 0x10002)]


def test_blocks_about_other_streams_are_left_out(call: Call) -> None:
    known = block(call.outlet(AUDIO), call.b_sent[AUDIO].number)
    strange = [block(77, 1), block(B_AUDIO, 1), block(A_AUDIO, 1)]
    (report,) = call.from_a(rr(1, strange[0], known, strange[1], strange[2]))
    assert report.blocks == [(B_AUDIO, 65530)]


def test_a_report_about_nothing_is_dropped(call: Call) -> None:
    assert call.from_a(rr(A_VIDEO)) == []
    assert call.from_a(rr(A_VIDEO, block(77, 1))) == []
    assert call.from_a(sr(55, 1)) == []


def test_a_sender_report_of_an_unknown_stream_still_carries_blocks(call: Call) -> None:
    known = block(call.outlet(AUDIO), call.b_sent[AUDIO].number)
    (report,) = call.from_a(sr(55, 1, known))
    assert (report.kind, report.blocks) == (RR, [(B_AUDIO, 65530)])


def test_a_sender_report_of_a_held_stream_is_dropped() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    there, back = pair(a, b)
    a.send(rtp(A_VIDEO, 1, payload=b"\0\0"))
    assert translate(sr(A_VIDEO, 1), there, back, 100.0).data == b""


def test_extensions_of_a_report_are_dropped(call: Call) -> None:
    known = block(call.outlet(AUDIO), call.b_sent[AUDIO].number)
    plain = call.from_a(rr(1, known))
    longer = rtcp(RR, 1, struct.pack("!I", 1) + known + b"profile-specific")
    assert call.from_a(longer) == plain


def test_what_is_reported_of_rtx_tells_of_the_way_to_the_user(call: Call) -> None:
    known = block(call.outlet(REPAIR), call.b_sent[REPAIR].number)
    [(outlet, _)] = call.translation(rr(A_VIDEO, known)).report_blocks
    assert outlet is call.a.outlet(REPAIR)
    never = block(call.outlet(REPAIR), call.b_sent[REPAIR].number + 1)
    assert call.translation(rr(A_VIDEO, never)).untrue == 1


# feedback


def asked_again(call: Call, *entries: tuple[int, int], key: Key = VIDEO) -> Translation:
    """What comes of a request of a's for retransmissions."""
    return call.translation(nack(A_VIDEO, call.outlet(key), *entries))


def test_what_was_sent_is_sent_again_and_the_partner_hears_nothing_of_it(call: Call) -> None:
    for number in range(40_001, 40_011):
        heard = call.b.sent(rtp(B_VIDEO, number, payload_type=120, payload=b"\0\0%d" % number))
    repair = call.a.outlet(REPAIR)
    before = repair.progress.last
    result = asked_again(call, (heard.number - 3, 0b101), (heard.number - 1, 0))
    assert (result.data, result.repeats) == (b"", [])
    sent = [read_rtp(packet) for packet in result.retransmissions]
    assert {packet.ssrc for packet in sent} == {repair.ssrc}
    assert {packet.payload_type for packet in sent} == {97}
    assert [packet.number for packet in sent] == [before + 1 + n for n in range(4)]
    numbers = [heard.number - ahead for ahead in (3, 2, 0, 1)]
    payloads = [b"\0\0%d" % (40_010 - ahead) for ahead in (3, 2, 0, 1)]
    assert [packet.payload for packet in sent] == [
        struct.pack("!H", number) + payload
        for number, payload in zip(numbers, payloads, strict=True)
    ]
    assert result.nacked == [(call.back.video, 4)]
    assert not result.is_beyond_repair


def test_what_did_not_come_is_waited_for(call: Call) -> None:
    heard = call.b.sent(rtp(B_VIDEO, 40_010, payload_type=120))
    result = asked_again(call, (heard.number - 3, 0b11))
    assert (result.data, result.repeated, result.is_beyond_repair) == (b"", 0, False)
    assert result.nacked == [(call.back.video, 3)]


def given_up(call: Call) -> Rtp:
    """A picture's packet, of which those before did not come in time."""
    heard = call.b.sent(rtp(B_VIDEO, 40_010, payload_type=120))
    route = call.back.video
    assert route is not None
    assert route.gaps is not None
    route.gaps.give_up()
    return heard


def test_for_what_cannot_be_repaired_a_key_frame_is_asked_for_once(call: Call) -> None:
    heard = given_up(call)
    assert asked_again(call, (heard.number - 3, 0)).is_beyond_repair
    assert not asked_again(call, (heard.number - 2, 0)).is_beyond_repair, "the same will do"
    call.b.sent(rtp(B_VIDEO, 40_012, payload_type=120, payload=PICTURE))
    call.back.routes[VIDEO].gaps.give_up()  # type: ignore[union-attr]
    assert not asked_again(call, (heard.number + 1, 0)).is_beyond_repair, "it is here"
    call.b.sent(rtp(B_VIDEO, 40_014, payload_type=120))
    call.back.routes[VIDEO].gaps.give_up()  # type: ignore[union-attr]
    assert asked_again(call, (heard.number + 3, 0)).is_beyond_repair


def test_sound_needs_no_key_frame(call: Call) -> None:
    call.b.sent(rtp(B_AUDIO, 65535, payload_type=109))
    heard = call.b.sent(rtp(B_AUDIO, 1, payload_type=109))
    result = asked_again(call, (heard.number - 1, 0), key=AUDIO)
    assert (result.data, result.repeated, result.is_beyond_repair) == (b"", 0, False)


def test_a_sender_who_repeats_nothing_is_asked_for_a_key_frame() -> None:
    a, b = Side(CHROMIUM), Side(without(FIREFOX, "a=rtcp-fb:120 nack"))
    there, back = pair(a, b)
    b.sent(rtp(B_VIDEO, 1, payload_type=120, payload=KEYFRAME))
    heard = b.sent(rtp(B_VIDEO, 3, payload_type=120))
    request = nack(A_VIDEO, a.outlet(VIDEO).ssrc, (heard.number - 1, 0))
    assert translate(request, there, back, 100.0).is_beyond_repair


def test_what_another_source_sent_is_asked_for_in_vain(call: Call) -> None:
    first = call.b_sent[VIDEO].number
    result = asked_again(call, (first - 1, 0), (first - 8, 0b111111))
    assert (result.repeated, result.nacked, result.is_beyond_repair) == (0, [], False)
    assert asked_again(call, (first - 1, 0xFFFF), (first, 0)).repeated == 2


def test_nack_about_other_streams_is_dropped(call: Call) -> None:
    assert call.translation(nack(A_VIDEO, B_VIDEO, (40000, 0))).asked == 0
    assert call.translation(nack(A_VIDEO, 77, (40000, 0))).asked == 0


def test_padding_of_a_nack_is_no_entry(call: Call) -> None:
    number = call.b_sent[VIDEO].number
    body = struct.pack("!IIHH", A_VIDEO, call.outlet(VIDEO), number, 0)
    body += struct.pack("!HH", number + 1, 0) + b"\0\0\0\x08"
    result = call.translation(rtcp(RTPFB, 1, body, padded=True))
    assert (result.asked, result.repeated) == (1, 1)


def test_what_is_sent_again_is_paid_for(call: Call) -> None:
    """A share of what was sent; whoever asks for ever gets no more."""
    for number in range(40_001, 40_061):
        heard = call.b.sent(rtp(B_VIDEO, number, payload_type=120, payload=bytes(1002)))
    got = refused = 0
    for _ in range(5):
        for ahead in range(0, 51, 17):
            result = asked_again(call, (heard.number - 55 + ahead, 0xFFFF))
            got += sum(map(len, result.retransmissions))
            refused += result.over_budget
            assert not result.is_beyond_repair
    assert got <= REPAIRS_AT_ONCE + 1100
    assert refused > 100
    for second in (1, 2):
        call.back.fit(100.0 + second)
    assert asked_again(call, (heard.number, 0)).repeated == 1


def test_a_picture_that_is_asked_for_beyond_the_budget_begins_anew(call: Call) -> None:
    """Who has asked for a packet ten times asks no more, and would see nothing for long."""
    heard = call.b.sent(rtp(B_VIDEO, 40_001, payload_type=120, payload=b"\0\0"))
    call.a.downlink.repairs.owe(REPAIRS_AT_ONCE)
    results = [asked_again(call, (heard.number, 0)) for _ in range(12)]
    assert [result.over_budget for result in results] == [1] * 10 + [0, 0]
    assert [result.is_beyond_repair for result in results] == [False] * 10 + [True, False]


def test_the_relays_own_request() -> None:
    request = read_nack(5, 77, [65_535, 65_536, 65_551, 65_552, 70_000])
    assert (request.kind, request.count, request.ssrc, request.media) == (RTPFB, 1, 5, 77)
    assert request.fci == struct.pack("!HHHHHH", 65_535, 1 | 1 << 15, 16, 0, 70_000 & 0xFFFF, 0)


def read_nack(reporter: int, ssrc: int, numbers: list[int]) -> Rtcp:
    (request,) = read_rtcp(own_nack(reporter, ssrc, numbers))
    return request


def test_transport_wide_feedback(call: Call) -> None:
    element = call.b_sent[VIDEO].elements
    assert element is not None
    base = int.from_bytes(element[0][1], "big")
    data = call.translation(transport_cc(A_VIDEO, call.outlet(VIDEO), base)).data
    _, report = read_rtcp(data)
    assert (report.kind, report.count) == (RTPFB, 15)
    assert (report.ssrc, report.media) == (call.b.downlink.reporter, B_VIDEO)
    told = transport_wide.read(data[8:])
    assert told.base == 0xFFFE, "as b numbered it"
    assert len(told.arrivals) == 1
    assert told.arrivals[0] is not None


def test_transport_wide_feedback_about_what_was_never_sent_is_untrue(call: Call) -> None:
    element = call.b_sent[VIDEO].elements
    assert element is not None
    base = int.from_bytes(element[0][1], "big")
    result = call.translation(transport_cc(A_VIDEO, call.outlet(VIDEO), base + 1))
    assert (result.data, result.untrue) == (b"", 1)


def test_reports_and_requests_about_what_was_never_sent_are_untrue(call: Call) -> None:
    number = call.b_sent[VIDEO].number + 1
    result = call.translation(
        rr(A_VIDEO, block(call.outlet(VIDEO), number)),
        nack(A_VIDEO, call.outlet(VIDEO), (number, 0)),
    )
    assert (result.data, result.untrue) == (b"", 2)


@pytest.mark.parametrize("age_s", [-11, 11])
def test_a_sender_report_far_from_the_clock_is_untrue(call: Call, age_s: int) -> None:
    result = call.translation(sr(A_AUDIO, 50 + age_s * 48000))
    assert (result.data, result.untrue) == (b"", 1)


def test_transport_wide_feedback_names_any_stream(call: Call) -> None:
    element = call.b_sent[VIDEO].elements
    assert element is not None
    base = int.from_bytes(element[0][1], "big")
    for media, named in ((call.outlet(AUDIO), B_AUDIO), (0, 0), (77, 0)):
        _, report = call.from_a(transport_cc(A_VIDEO, media, base))
        assert report.media == named


def test_transport_wide_feedback_about_packets_from_before_the_switch_is_dropped(
    call: Call,
) -> None:
    element = call.b_sent[VIDEO].elements
    assert element is not None
    base = int.from_bytes(element[0][1], "big")
    assert call.from_a(transport_cc(A_VIDEO, call.outlet(VIDEO), base - 1)) == []


def test_transport_wide_feedback_without_any_numbers_is_dropped() -> None:
    there, back = pair(Side(CHROMIUM), Side(FIREFOX))
    assert translate(transport_cc(1, 2, 3), there, back, 100.0).data == b""


def test_bandwidth(call: Call) -> None:
    ssrcs = [call.outlet(key) for key in (VIDEO, REPAIR)]
    _, report = call.from_a(remb(A_VIDEO, ssrcs[0], 77, ssrcs[1]))
    assert (report.kind, report.count) == (PSFB, 15)
    assert (report.ssrc, report.media) == (call.b.downlink.reporter, 0)
    assert report.fci == b"REMB\2\x12\x34\x56" + struct.pack("!II", B_VIDEO, B_RTX)


@pytest.mark.parametrize("who", ["the one who says it", "the one who is told"])
def test_bandwidth_is_passed_only_if_both_have_agreed_to_it(who: str) -> None:
    plain = without(CHROMIUM, "a=rtcp-fb:96 goog-remb")
    offers = (plain, CHROMIUM) if who == "the one who says it" else (CHROMIUM, plain)
    a, b = (Side(offer) for offer in offers)
    there, back = pair(a, b)
    b.sent(rtp(B_VIDEO, 1, payload=KEYFRAME))
    packet = remb(A_VIDEO, a.outlet(VIDEO).ssrc)
    assert translate(packet, there, back, 100.0).data == b""


def test_who_tells_of_transport_wide_numbers_has_no_say_by_remb(call: Call) -> None:
    """It would be about what the relay has sent again, which has no such numbers."""
    element = call.b_sent[VIDEO].elements
    assert element is not None
    base = int.from_bytes(element[0][1], "big")
    assert call.from_a(transport_cc(A_VIDEO, call.outlet(VIDEO), base))
    assert call.from_a(remb(A_VIDEO, call.outlet(VIDEO))) == []


def test_bandwidth_of_other_streams_is_dropped(call: Call) -> None:
    assert call.from_a(remb(A_VIDEO, 77, B_VIDEO)) == []
    assert call.from_a(remb(A_VIDEO)) == []


def test_other_application_feedback_is_dropped(call: Call) -> None:
    body = struct.pack("!II", A_VIDEO, call.outlet(VIDEO))
    assert call.from_a(rtcp(PSFB, 15, body)) == []
    assert call.from_a(rtcp(PSFB, 15, body + b"ELSE" + bytes(8))) == []


# key frames


def test_a_picture_loss_is_told_to_the_caller_not_passed_on(call: Call) -> None:
    result = call.translation(pli(A_VIDEO, call.outlet(VIDEO)))
    assert (result.data, result.keyframe_request) == (b"", PLI)


def test_a_full_intra_request(call: Call) -> None:
    result = call.translation(fir(A_VIDEO, (77, 1), (call.outlet(VIDEO), 2)))
    assert (result.data, result.keyframe_request) == (b"", FIR)


@pytest.mark.parametrize("other", [77, B_VIDEO, A_VIDEO, None])
def test_requests_about_other_streams_are_dropped(call: Call, other: int | None) -> None:
    ssrc = call.outlet(AUDIO) if other is None else other
    assert call.translation(pli(A_VIDEO, ssrc)).keyframe_request == 0
    assert call.translation(fir(A_VIDEO, (ssrc, 1))).keyframe_request == 0


def test_the_media_ssrc_of_a_full_intra_request_is_not_read(call: Call) -> None:
    body = struct.pack("!IIIB3x", A_VIDEO, call.outlet(VIDEO), 77, 1)
    assert call.translation(rtcp(PSFB, 4, body)).keyframe_request == 0


def test_a_key_frame_may_be_asked_for_before_any_picture_came() -> None:
    a = Side(CHROMIUM)
    there, back = pair(a, Side(FIREFOX))
    assert translate(pli(1, a.outlet(VIDEO).ssrc), there, back, 100.0).keyframe_request == PLI


def test_who_takes_no_video_asks_for_none() -> None:
    video = section(CHROMIUM, "video")
    a = Side(CHROMIUM.replace(video, video.replace("sendrecv", "sendonly")))
    there, back = pair(a, Side(FIREFOX))
    assert translate(pli(1, a.outlet(VIDEO).ssrc), there, back, 100.0).keyframe_request == 0


def test_our_own_picture_loss_indication() -> None:
    report, request = read_rtcp(keyframe_request(PLI, 5, Stream(77, "video", rtx=False)))
    assert (report.kind, report.count, report.ssrc) == (RR, 0, 5)
    assert (request.kind, request.count, request.body) == (PSFB, 1, struct.pack("!II", 5, 77))


def test_our_own_full_intra_requests_are_numbered() -> None:
    source = Stream(77, "video", rtx=False)
    seen = []
    for _ in range(258):
        source.fir_number += 1
        _, request = read_rtcp(keyframe_request(FIR, 5, source))
        assert (request.kind, request.count, request.ssrc, request.media) == (PSFB, 4, 5, 0)
        ssrc, number = struct.unpack("!IB3x", request.fci)
        assert ssrc == 77
        seen.append(number)
    assert seen == [*range(1, 256), 0, 1, 2]


def test_so_many_packets_are_repeated_for_one_compound() -> None:
    a, b = Side(without(CHROMIUM, "a=fmtp:97")), Side(FIREFOX)
    there, back = pair(a, b)
    route = back.video
    assert route is not None
    assert route.repeats is not None
    first = b.sent(rtp(B_VIDEO, 1, payload_type=120, payload=KEYFRAME)).number
    for number in range(MAX_REPEATS + 20):
        packet = memoryview(b"%d" % number)
        route.repeats.history.keep(first + number & 0xFFFF, packet, 0, len(packet), 100.0)
    route.sent += MAX_REPEATS + 20
    asked = [nack(9, a.outlet(VIDEO).ssrc, (first + n, 0xFFFF)) for n in range(0, 119, 17)]
    result = translate(b"".join(asked), there, back, 100.0)
    assert result.repeats == [b"%d" % number for number in range(MAX_REPEATS)]
