"""What becomes of a packet between two users who number everything differently."""

from typing import Any

import pytest

from relay.media.feedback.reception import ReportBlock
from relay.media.outlet import MAX_PAUSE_S
from relay.media.packets.clocks import ntp
from relay.media.packets.gaps import MAX_OPEN
from relay.media.route import (
    AHEAD_S,
    BEHIND_S,
    KEYFRAME_REQUEST_INTERVAL_S,
    MAX_AHEAD,
    PATIENCE_S,
)
from relay.media.verdict import Verdict
from relay.serial import distance
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import (
    CONTINUATION,
    DELTA,
    KEYFRAME,
    beginning,
    raw_extension,
    read_rtp,
    rtp,
    rtx,
)
from tests.support.sides import AUDIO, REPAIR, VIDEO, Side, flow, part

A_AUDIO, A_VIDEO, A_RTX = 1001, 2001, 2002
OTHER_VIDEO = 5001
RELAYS_TIME = (ntp(100.0) >> 14 & 0xFFFFFF).to_bytes(3, "big")
"""The moment at which sides send, as abs-send-time has it."""


def audio(number: int, **fields: Any) -> bytes:
    return rtp(A_AUDIO, number, payload_type=111, **fields)


def video(number: int, payload: bytes = DELTA, **fields: Any) -> bytes:
    return rtp(A_VIDEO, number, payload_type=96, payload=payload, **fields)


def numbers(*packets: object) -> list[object]:
    return [getattr(packet, "number", packet) for packet in packets]


def test_the_whole_header_is_the_receivers(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    last, rtp_ts = firefox.outlet(VIDEO).progress.last, firefox.outlet(VIDEO).clock(100.0)
    out = chromium.sent(video(65535, KEYFRAME, rtp_ts=7, marker=True, csrcs=(1, 2, 3)))
    assert out.ssrc == firefox.outlet(VIDEO).ssrc
    assert out.payload_type == 120
    assert out.marker
    assert out.csrcs == (0, 0, 0)
    assert out.number == last + 1
    assert out.rtp_ts == rtp_ts
    assert out.payload == KEYFRAME
    assert chromium.sent(video(0)).number == last + 2
    assert not chromium.sent(video(1)).marker


def test_each_kind_has_its_own_outlet_and_numbers(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    out = chromium.sent(audio(5))
    assert (out.ssrc, out.payload_type) == (firefox.outlet(AUDIO).ssrc, 109)
    assert out.number == firefox.outlet(AUDIO).progress.last
    assert out.payload == b"payload"


def test_extensions_are_mapped(chromium: Side, firefox: Side) -> None:
    """Chromium: level 1, time 2, transport-cc 3, mid 4; Firefox: mid 3, time 4, transport-cc 7."""
    there = flow(chromium, firefox)
    sent = ((4, b"1"), (2, b"abc"), (3, b"\0\5"), (13, b"\1"), (1, b"\x80"))
    out = chromium.sent(video(1, KEYFRAME, elements=sent))
    transport = there.transport_cc.last.to_bytes(2, "big")
    assert out.elements == ((4, RELAYS_TIME), (7, transport))
    back = Side(CHROMIUM)
    there = flow(firefox, back)
    sent_back = ((3, b"0"), (4, b"abc"), (7, b"\0\5"))
    out = firefox.sent(rtp(9, 1, payload_type=120, payload=KEYFRAME, elements=sent_back))
    transport = there.transport_cc.last.to_bytes(2, "big")
    assert out.elements == ((2, RELAYS_TIME), (3, transport))


def test_a_packet_without_extensions_gets_none(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    assert chromium.sent(audio(1)).elements is None
    assert chromium.sent(audio(2, elements=())).elements == ()


def test_two_byte_headers_are_blanked_and_made_one_byte(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    block = raw_extension(b"\x04\x01\x31\x00\x02\x03abc\x00\x00\x00", profile=0x1000)
    out = chromium.sent(audio(1, extension=block))
    assert out.elements == ()
    assert out.payload == b"payload"


@pytest.mark.parametrize(
    ("packet", "verdict"),
    [
        (audio(1, extension=raw_extension(bytes(4), words=100)), Verdict.MALFORMED),
        (audio(1, extension=raw_extension(bytes(4), words=65535)), Verdict.MALFORMED),
        (audio(1, extension=b"\xbe", payload=b""), Verdict.MALFORMED),
        (audio(1, extension=b"", payload=b"\xbe\xde\x00"), Verdict.MALFORMED),
        (audio(1, extension=raw_extension(b"\x1f\x00\x00\x00"), payload=b""), Verdict.MALFORMED),
        (audio(1, csrcs=(1,) * 15)[:30], Verdict.MALFORMED),
        (rtp(A_AUDIO, 1, payload_type=8), Verdict.UNKNOWN_PAYLOAD_TYPE),
        (rtp(A_AUDIO, 1, payload_type=96), Verdict.UNKNOWN_PAYLOAD_TYPE),
    ],
)
def test_lies_are_dropped_and_the_stream_goes_on(
    chromium: Side, firefox: Side, packet: bytes, verdict: Verdict
) -> None:
    flow(chromium, firefox)
    first = chromium.sent(audio(0)).number
    assert chromium.send(packet) is verdict
    assert chromium.sent(audio(2)).number == first + 2


def test_nothing_behind_the_packet_is_read(chromium: Side, firefox: Side) -> None:
    """A packet may end where its buffer does."""
    route = flow(chromium, firefox).routes[AUDIO]
    for packet in (
        audio(1, extension=b"", payload=b""),
        audio(1, extension=b"\xbe\xde", payload=b""),
        audio(1, extension=raw_extension(b"", words=1), payload=b""),
        audio(1, csrcs=(1, 2), payload=b"")[:-4],
    ):
        verdict = route.rewrite(
            memoryview(bytearray(packet)), 0, len(packet), beginning(packet), 1, 100.0
        )
        assert verdict is Verdict.MALFORMED


def test_padding_passes(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    assert chromium.sent(video(1, KEYFRAME, padding=200)).padding == 200
    out = chromium.sent(video(2, b"", padding=255))
    assert (out.padding, out.payload) == (255, b"")


# time


def test_timestamps_keep_their_distances(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    first = chromium.sent(audio(1, rtp_ts=0xFFFFFFF0)).rtp_ts
    assert chromium.sent(audio(2, rtp_ts=0x10)).rtp_ts == (first + 0x20) & 0xFFFFFFFF


@pytest.mark.parametrize(("kind", "rate"), [("audio", 48000), ("video", 90000)])
def test_after_a_swap_timestamps_go_on_with_the_wall_clock(kind: str, rate: int) -> None:
    viewer, first, second = Side(FIREFOX), Side(CHROMIUM), Side(CHROMIUM)
    packet = audio if kind == "audio" else video
    flow(first, viewer)
    last = first.sent(packet(1, payload=KEYFRAME, rtp_ts=10), now=100.0).rtp_ts
    part(first)
    flow(second, viewer)
    out = second.sent(packet(900, payload=KEYFRAME, rtp_ts=0xDEADBEEF), now=102.5).rtp_ts
    assert (out - last) & 0xFFFFFFFF == round(2.5 * rate)


def test_a_swap_in_no_time_still_moves_the_timestamp_on() -> None:
    viewer, first, second = Side(FIREFOX), Side(CHROMIUM), Side(CHROMIUM)
    flow(first, viewer)
    last = first.sent(audio(1), now=100.0).rtp_ts
    flow(second, viewer)
    out = second.sent(audio(1), now=100.0).rtp_ts
    assert (out - last) & 0xFFFFFFFF == 960, "one audio frame"


def swapped(viewer: Side, now: float, packet: bytes) -> int:
    """The timestamp of the first packet of the next partner."""
    part_of = Side(CHROMIUM)
    flow(part_of, viewer)
    return part_of.sent(packet, now=now).rtp_ts


@pytest.mark.parametrize("jump_s", [8, -30, 3600, -3600, 20_000])
@pytest.mark.parametrize(("make", "rate"), [(audio, 48000), (video, 90000)])
def test_timestamps_that_jump_delay_nobody(make: Any, rate: int, jump_s: int) -> None:
    """Neither the present partner, nor the next."""
    viewer, first = Side(FIREFOX), Side(CHROMIUM)
    flow(first, viewer)
    start = first.sent(make(1, payload=KEYFRAME, rtp_ts=9), now=100.0).rtp_ts
    jumped = first.sent(make(2, payload=KEYFRAME, rtp_ts=9 + jump_s * rate), now=100.1)
    assert (jumped.rtp_ts - start) & 0xFFFFFFFF == rate // 10
    following = first.sent(make(3, payload=DELTA, rtp_ts=9 + jump_s * rate + 960), now=100.12)
    assert (following.rtp_ts - jumped.rtp_ts) & 0xFFFFFFFF == 960
    part(first)
    out = swapped(viewer, 101.0, make(1, payload=KEYFRAME, rtp_ts=77))
    assert (out - start) & 0xFFFFFFFF == rate


@pytest.mark.parametrize("speed", [0.5, 0.99, 1.01, 2])
def test_a_clock_of_another_speed_stays_within_bounds(speed: float) -> None:
    viewer, first = Side(FIREFOX), Side(CHROMIUM)
    flow(first, viewer)
    outlet, before = viewer.outlet(AUDIO), None
    for step in range(2000):
        now = 100 + step
        out = first.sent(audio(step, rtp_ts=round(step * 48000 * speed)), now=now).rtp_ts
        assert -BEHIND_S <= distance(outlet.clock(now), out) / 48000 <= AHEAD_S
        assert before is None or distance(before, out) > 0, "and goes forward"
        before = out
    out = swapped(viewer, 2100.0, audio(1))
    assert 0 <= distance(outlet.clock(2100.0), out) <= 960


def test_the_next_partner_is_never_behind_what_was_sent() -> None:
    viewer, first = Side(FIREFOX), Side(CHROMIUM)
    flow(first, viewer)
    first.sent(audio(1, rtp_ts=0), now=100.0)
    last = first.sent(audio(2, rtp_ts=40_000), now=100.1).rtp_ts  # 0.7 s ahead of the clock
    out = swapped(viewer, 100.2, audio(1))
    assert (out - last) & 0xFFFFFFFF == 960


def test_timestamps_may_wrap(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    first = chromium.sent(audio(1, rtp_ts=0xFFFFFFF0), now=100.0).rtp_ts
    for step in range(1, 200):
        packet = audio(1 + step, rtp_ts=0xFFFFFFF0 + 48000 * step)
        out = chromium.sent(packet, now=100.0 + step).rtp_ts
        assert (out - first) & 0xFFFFFFFF == 48000 * step


@pytest.mark.parametrize("hours", [1, 6, 7, 13, 24, 24 * 30])
@pytest.mark.parametrize(("make", "rate"), [(audio, 48000), (video, 90000)])
def test_after_a_long_time_without_a_partner_an_hour_has_passed(
    make: Any, rate: int, hours: int
) -> None:
    viewer, first = Side(FIREFOX), Side(CHROMIUM)
    flow(first, viewer)
    last = first.sent(make(1, payload=KEYFRAME), now=100.0).rtp_ts
    part(first)
    out = swapped(viewer, 100.0 + 3600 * hours, make(1, payload=KEYFRAME))
    assert distance(last, out) == MAX_PAUSE_S * rate


def test_a_repair_has_the_timestamp_that_its_media_has_now(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(1, KEYFRAME, rtp_ts=0), now=100.0)
    chromium.sent(rtx(A_RTX, 1, 1, rtp_ts=0), now=100.0)
    media = chromium.sent(video(3, rtp_ts=90_000_000), now=100.1)
    out = chromium.sent(rtx(A_RTX, 2, 2, rtp_ts=90_000_000), now=100.1)
    assert out.rtp_ts == media.rtp_ts


def test_a_late_packet_does_not_set_the_clock_back() -> None:
    viewer, first, second = Side(FIREFOX), Side(CHROMIUM), Side(CHROMIUM)
    flow(first, viewer)
    first.sent(audio(1, rtp_ts=960), now=100.0)
    last = first.sent(audio(3, rtp_ts=2880), now=100.04).rtp_ts
    first.sent(audio(2, rtp_ts=1920), now=100.05)
    flow(second, viewer)
    out = second.sent(audio(1), now=100.06).rtp_ts
    assert (out - last) & 0xFFFFFFFF == 960


def test_after_swaps_numbers_go_on() -> None:
    viewer = Side(FIREFOX)
    out = []
    for index in range(5):
        sender = Side(CHROMIUM)
        flow(sender, viewer)
        base = 60000 + 4000 * index
        out += [sender.sent(video(base & 0xFFFF, KEYFRAME)).number]
        out += [sender.sent(video((base + n) & 0xFFFF)).number for n in (1, 2)]
        part(sender)
    assert out == list(range(out[0], out[0] + 15))


def test_transport_wide_numbers_go_on_after_a_swap(chromium: Side, firefox: Side) -> None:
    viewer = Side(CHROMIUM)
    out = []
    for sender, number, key in ((chromium, 111, 3), (firefox, 109, 7), (Side(CHROMIUM), 111, 3)):
        flow(sender, viewer)
        for step in range(3):
            value = (65534 + step & 0xFFFF).to_bytes(2, "big")
            packet = rtp(77, step, payload_type=number, elements=((key, value),))
            elements = sender.sent(packet).elements
            assert elements is not None or number == 109
            out += [int.from_bytes(value, "big") for _, value in elements or ()]
        part(sender)
    assert out == list(range(out[0], out[0] + 6)), "Firefox's audio has no transport-cc"


# key frames


def test_video_is_held_until_a_key_frame(chromium: Side, firefox: Side) -> None:
    there = flow(chromium, firefox)
    assert there.video is not None
    assert chromium.send(video(1, DELTA)) is Verdict.HELD
    assert chromium.send(video(2, CONTINUATION)) is Verdict.HELD
    assert there.video.waits_for_keyframe
    first = chromium.sent(video(3, KEYFRAME))
    assert not there.video.waits_for_keyframe
    assert numbers(chromium.send(video(4, CONTINUATION)), chromium.send(video(5))) == [
        first.number + 1,
        first.number + 2,
    ]
    assert chromium.send(video(2)) is Verdict.STALE, "from before the key frame"


def test_a_picture_that_nobody_can_read_passes_in_the_end(chromium: Side, firefox: Side) -> None:
    """As from who encrypts whole frames: nothing looks like a key frame."""
    flow(chromium, firefox)
    assert chromium.send(video(1), now=100.0) is Verdict.HELD
    assert chromium.send(video(2), now=100.0 + PATIENCE_S - 0.01) is Verdict.HELD
    assert chromium.send(video(3, CONTINUATION), now=100.0 + PATIENCE_S) is Verdict.HELD
    first = chromium.sent(video(4), now=100.0 + PATIENCE_S)
    assert chromium.sent(video(5, CONTINUATION), now=102.1).number == first.number + 1


def test_held_packets_use_no_numbers_up(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    before = firefox.outlet(VIDEO).progress.last
    for number in range(100):
        assert chromium.send(video(number)) is Verdict.HELD
    assert firefox.outlet(VIDEO).progress.last == before


def test_audio_is_not_held(chromium: Side, firefox: Side) -> None:
    there = flow(chromium, firefox)
    assert not there.routes[AUDIO].waits_for_keyframe
    chromium.sent(audio(1, payload=DELTA))


def test_key_frames_are_counted(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    for number, payload in enumerate((KEYFRAME, CONTINUATION, DELTA, KEYFRAME, DELTA)):
        chromium.sent(video(number, payload))
    assert chromium.uplink.streams[A_VIDEO].keyframes == 2


def test_a_new_pair_is_held_again() -> None:
    viewer, sender = Side(FIREFOX), Side(CHROMIUM)
    flow(sender, viewer)
    sender.sent(video(1, KEYFRAME))
    part(sender)
    flow(sender, viewer)
    assert sender.send(video(2)) is Verdict.HELD
    sender.sent(video(3, KEYFRAME))


def test_key_frames_are_asked_for_at_once_and_then_not_too_often(
    chromium: Side, firefox: Side
) -> None:
    route = flow(chromium, firefox).video
    assert route is not None
    step = KEYFRAME_REQUEST_INTERVAL_S
    asked = [route.keyframe_due(now) for now in (0, step / 2, step * 0.99, step, step * 1.5)]
    assert asked == [True, False, False, True, False]


def test_a_key_frame_meets_what_was_wanted(chromium: Side, firefox: Side) -> None:
    route = flow(chromium, firefox).video
    assert route is not None
    route.put_off(1)
    chromium.sent(video(1, KEYFRAME))
    assert route.wanted, "it only looks like one, as what is encrypted may"
    chromium.sent(video(2, bytes.fromhex("10 500100 9d012a 4001f000") + bytes(20)))
    assert not route.wanted


def test_a_command_that_is_repeated_is_one(chromium: Side, firefox: Side) -> None:
    route = flow(chromium, firefox).video
    assert route is not None
    chromium.sent(video(1, KEYFRAME))
    source = chromium.uplink.streams[A_VIDEO]
    numbers = []
    for number in (7, 7, 7, 8, 7, 7):
        route.command(number)
        numbers.append(source.fir_number)
    assert numbers == [1, 1, 1, 2, 3, 3]


# retransmissions


def repaired(side: Side, number: int, original: int, **fields: Any) -> object:
    return side.send(rtx(A_RTX, number, original, **fields))


def test_rtx_has_its_own_numbers_and_the_medias_timestamps(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    media = chromium.sent(video(1000, KEYFRAME, rtp_ts=5000))
    for number in (1001, 1002):
        chromium.sent(video(number, rtp_ts=8000))
    out = chromium.sent(rtx(A_RTX, 40000, 1001, rtp_ts=8000, payload=DELTA))
    assert out.ssrc == firefox.outlet(REPAIR).ssrc
    assert out.payload_type == 124
    assert out.number == firefox.outlet(REPAIR).progress.last
    assert out.rtp_ts == (media.rtp_ts + 3000) & 0xFFFFFFFF
    assert out.payload == ((media.number + 1) & 0xFFFF).to_bytes(2, "big") + DELTA


def test_rtx_after_a_swap_carries_the_present_medias_constants() -> None:
    viewer, first, second = Side(FIREFOX), Side(CHROMIUM), Side(CHROMIUM)
    flow(first, viewer)
    first.sent(video(1, KEYFRAME), now=100)
    repair = first.sent(rtx(A_RTX, 7, 1), now=100)
    part(first)
    flow(second, viewer)
    media = second.sent(video(30000, KEYFRAME, rtp_ts=9), now=101)
    out = second.sent(rtx(A_RTX, 50000, 30000, rtp_ts=9), now=105)
    assert out.number == repair.number + 1
    assert out.rtp_ts == media.rtp_ts, "not the wall clock's: the media stream's offset"
    assert int.from_bytes(out.payload[:2], "big") == media.number


def test_rtx_extensions_are_mapped(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(1, KEYFRAME))
    out = chromium.sent(rtx(A_RTX, 1, 1, elements=((2, b"abc"), (11, b"1"))))
    assert out.elements == ((4, RELAYS_TIME),)


def test_rtx_before_its_media_is_held(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    assert repaired(chromium, 1, 1) is Verdict.HELD
    assert chromium.send(video(5, DELTA)) is Verdict.HELD
    assert repaired(chromium, 2, 5) is Verdict.HELD
    chromium.sent(video(6, KEYFRAME))
    chromium.sent(rtx(A_RTX, 3, 6))


def test_rtx_of_a_packet_from_before_the_switch_is_dropped(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    assert repaired(chromium, 1, 99) is Verdict.STALE
    chromium.sent(rtx(A_RTX, 2, 100))


def test_rtx_of_what_is_impossibly_far_ahead_is_dropped(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    assert repaired(chromium, 1, 100 + MAX_AHEAD) is Verdict.STALE
    chromium.sent(rtx(A_RTX, 2, 99 + MAX_AHEAD))


def test_rtx_of_no_time_is_dropped(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME, rtp_ts=0))
    chromium.sent(rtx(A_RTX, 1, 100, rtp_ts=0))
    assert repaired(chromium, 2, 100, rtp_ts=90_000_000) is Verdict.STALE


def test_what_was_held_is_not_missed(chromium: Side, firefox: Side) -> None:
    there = flow(chromium, firefox)
    for number in (1, 2, 3):
        assert chromium.send(video(number)) is Verdict.HELD
    chromium.sent(video(4, KEYFRAME))
    assert there.video is not None
    assert there.video.withheld == 0
    assert (
        chromium.send(video(5, extension=raw_extension(bytes(4), words=100))) is Verdict.MALFORMED
    )
    assert there.video.withheld == 1


def test_reports_are_counted_anew_for_each_source() -> None:
    viewer, first, second = Side(FIREFOX), Side(CHROMIUM), Side(CHROMIUM)
    reception = viewer.outlet(VIDEO).reception
    flow(first, viewer)
    first.sent(video(1, KEYFRAME))
    reception.reported(ReportBlock(0, 0, 0, 0, 0), 100.0)
    flow(second, viewer)
    assert reception.reports == 1, "the second has not begun"
    second.sent(video(1, KEYFRAME))
    assert reception.reports == 0


def test_rtx_moves_the_media_numbering_nowhere(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    media = chromium.sent(video(100, KEYFRAME))
    chromium.sent(rtx(A_RTX, 1, 105))
    assert chromium.sent(video(101)).number == media.number + 1
    assert firefox.outlet(VIDEO).progress.last == media.number + 1


@pytest.mark.parametrize("padding", [1, 4, 255])
def test_rtx_of_padding_alone_passes_as_it_is(chromium: Side, firefox: Side, padding: int) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    packet = rtp(A_RTX, 9, payload_type=97, payload=b"", padding=padding)
    out = chromium.sent(packet)
    assert (out.payload, out.padding) == (b"", padding)


def test_rtx_that_is_padded_has_an_original_number(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    media = chromium.sent(video(100, KEYFRAME))
    out = chromium.sent(rtx(A_RTX, 9, 100, padding=8))
    assert int.from_bytes(out.payload[:2], "big") == media.number
    assert out.padding == 8


@pytest.mark.parametrize("payload", [b"", b"\1"])
def test_rtx_that_is_too_short_passes_as_it_is(
    chromium: Side, firefox: Side, payload: bytes
) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    assert chromium.sent(rtp(A_RTX, 9, payload_type=97, payload=payload)).payload == payload


def test_rtx_whose_padding_lies_passes_as_it_is(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    packet = bytearray(rtx(A_RTX, 9, 100, padding=2))
    packet[-1] = 255
    buffer = memoryview(packet + bytes(160))
    chromium.sent(rtx(A_RTX, 8, 100))
    route = chromium.uplink.streams[A_RTX].route
    assert route is not None
    verdict = route.rewrite(buffer, 0, len(packet), beginning(packet), 9, 100.0)
    assert verdict is Verdict.FORWARD
    assert buffer[12:14] == packet[12:14]


def test_the_original_number_wraps(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    first = chromium.sent(video(65535, KEYFRAME))
    for number in (0, 1):
        chromium.sent(video(number))
    out = chromium.sent(rtx(A_RTX, 9, 0))
    assert int.from_bytes(out.payload[:2], "big") == first.number + 1


@pytest.fixture
def plain() -> Side:
    """A user whose browser has no RTX."""
    return Side(without(FIREFOX, "a=fmtp:124"))


def test_a_receiver_without_rtx_gets_the_packet_itself(chromium: Side, plain: Side) -> None:
    flow(chromium, plain)
    first = chromium.sent(video(100, KEYFRAME, rtp_ts=7))
    last = chromium.sent(video(102, rtp_ts=9))
    lost = rtx(A_RTX, 5, 101, rtp_ts=8, payload=DELTA, marker=True, elements=((2, b"abc"),))
    out = chromium.sent(lost)
    assert (out.ssrc, out.payload_type) == (first.ssrc, first.payload_type)
    assert (out.number, out.rtp_ts) == (first.number + 1, (first.rtp_ts + 1) & 0xFFFFFFFF)
    assert (out.payload, out.marker, out.elements) == (DELTA, True, ((4, RELAYS_TIME),))
    assert plain.outlet(VIDEO).progress.packets == 3
    assert plain.outlet(VIDEO).progress.last == last.number
    assert chromium.sent(video(103)).number == last.number + 1


def test_padding_of_a_restored_packet_stays(chromium: Side, plain: Side) -> None:
    flow(chromium, plain)
    chromium.sent(video(100, KEYFRAME))
    chromium.sent(video(102))
    out = chromium.sent(rtx(A_RTX, 5, 101, payload=DELTA, padding=4))
    assert (out.payload, out.padding) == (DELTA, 4)


def test_what_repairs_nothing_is_not_restored(chromium: Side, plain: Side) -> None:
    flow(chromium, plain)
    assert repaired(chromium, 1, 99) is Verdict.HELD
    chromium.sent(video(100, KEYFRAME))
    assert repaired(chromium, 2, 99) is Verdict.STALE, "from before"
    assert repaired(chromium, 3, 101) is Verdict.STALE, "nobody can miss it yet"
    padding = rtp(A_RTX, 4, payload_type=97, payload=b"", padding=8)
    assert chromium.send(padding) is Verdict.STALE
    chromium.sent(video(103))
    lie = rtx(A_RTX, 5, 102, extension=raw_extension(b"\x1f\x00\x00\x00"))
    assert chromium.send(lie) is Verdict.MALFORMED
    assert chromium.send(rtx(A_RTX, 7, 102, payload_type=50)) is Verdict.UNKNOWN_PAYLOAD_TYPE
    assert chromium.send(rtx(A_RTX, 8, 102, rtp_ts=90_000_000)) is Verdict.STALE, "of no time"
    out = chromium.sent(rtx(A_RTX, 9, 102, payload=DELTA, csrcs=(1, 2)))
    assert (out.payload, out.csrcs) == (DELTA, (0, 0)), "it is missed all the same"
    assert repaired(chromium, 10, 102) is Verdict.STALE, "once"


def test_what_is_long_gone_is_not_restored(chromium: Side, plain: Side) -> None:
    flow(chromium, plain)
    for number in (100, 103, 105 + MAX_OPEN):
        chromium.sent(video(number, KEYFRAME))
    assert repaired(chromium, 1, 101) is Verdict.STALE
    assert repaired(chromium, 2, 103) is Verdict.STALE, "it came"
    assert chromium.sent(rtx(A_RTX, 3, 106, payload=DELTA)).payload == DELTA


def test_who_knows_rtx_gets_what_was_missing_as_the_packet_itself(
    chromium: Side, firefox: Side
) -> None:
    """And what was not, which tries how much the line can carry, as the RTX that it is."""
    flow(chromium, firefox)
    first = chromium.sent(video(100, KEYFRAME, rtp_ts=7))
    chromium.sent(video(102, rtp_ts=9))
    out = chromium.sent(rtx(A_RTX, 5, 101, rtp_ts=8, payload=DELTA, marker=True))
    assert (out.ssrc, out.payload_type) == (first.ssrc, first.payload_type)
    assert (out.number, out.payload) == ((first.number + 1) & 0xFFFF, DELTA)
    probe = chromium.sent(rtx(A_RTX, 6, 101, rtp_ts=8, payload=DELTA))
    assert probe.ssrc == firefox.outlet(REPAIR).ssrc
    assert probe.number == firefox.outlet(REPAIR).progress.last & 0xFFFF


def test_media_that_comes_after_its_repeat_goes_nowhere(chromium: Side, firefox: Side) -> None:
    """Its number was encrypted already."""
    there = flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    chromium.sent(video(103))
    chromium.sent(rtx(A_RTX, 5, 101, payload=DELTA))
    assert chromium.send(video(101)) is Verdict.STALE
    chromium.sent(video(102))
    assert there.video is not None
    assert there.video.gaps is not None
    assert len(there.video.gaps) == 0


def test_retransmissions_are_numbered_without_gaps(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(100, KEYFRAME))
    sent = [chromium.sent(rtx(A_RTX, number, 100)) for number in (7, 9, 8, 40_000)]
    first = sent[0].number
    assert numbers(*sent) == [first + ahead & 0xFFFF for ahead in range(4)]


def test_what_is_missing_is_noted_and_what_comes_late_is_not_missing(
    chromium: Side, firefox: Side
) -> None:
    there = flow(chromium, firefox)
    assert there.video is not None
    gaps = there.video.gaps
    assert gaps is not None
    for number in (10, 14, 13):
        chromium.sent(video(number, KEYFRAME))
    assert [number for number in range(8, 20) if number in gaps] == [11, 12]
    chromium.sent(video(13 + 2 * MAX_AHEAD, KEYFRAME))
    assert len(gaps) == 0, "begun anew"


def test_who_cannot_be_asked_is_not_waited_for(firefox: Side) -> None:
    sender = Side(without(CHROMIUM, "a=rtcp-fb:96 nack"))
    there = flow(sender, firefox)
    for number in (10, 14, 13, 12):
        sender.sent(video(number, KEYFRAME))
    assert {route.gaps for route in there.routes.values()} == {None}


def test_only_for_who_asks_anything_is_kept(chromium: Side) -> None:
    kept = flow(chromium, Side(FIREFOX)).routes
    assert kept[VIDEO].keep is not None
    assert kept[VIDEO].sealed is None
    plain = flow(chromium, Side(without(FIREFOX, "a=fmtp:124"))).routes
    assert plain[VIDEO].keep is None
    assert plain[VIDEO].sealed is not None
    for route in (kept[AUDIO], plain[AUDIO], flow(Side(FIREFOX), silent()).routes[VIDEO]):
        assert (route.repeats, route.keep, route.sealed) == (None, None, None)


def test_sound_is_repaired_too_where_both_know_how() -> None:
    """No browser has RTX for it: what is repeated is the packet itself."""
    sender, receiver = Side(NACKS_SOUND), Side(NACKS_SOUND)
    there = flow(sender, receiver)
    for number in (1, 2, 5):
        sender.sent(audio(number))
    route = there.routes[AUDIO]
    assert route.gaps is not None
    assert [number for number in range(7) if number in route.gaps] == [3, 4]
    assert route.sealed is not None
    sender.sent(audio(4))
    assert len(route.gaps) == 1


NACKS_SOUND = CHROMIUM.replace(
    "a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 nack\na=rtcp-fb:111 transport-cc"
)


def silent() -> Side:
    """A user that asks for nothing."""
    return Side(without(CHROMIUM, "a=rtcp-fb:96 nack"))


def test_late_media_leaves_room_for_its_repair(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    first = chromium.sent(video(10, KEYFRAME))
    assert chromium.sent(video(14)).number == first.number + 4
    assert chromium.sent(video(12)).number == first.number + 2
    assert read_rtp(video(12)).number == 12
