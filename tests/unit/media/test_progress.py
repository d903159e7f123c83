"""How far an outlet is follows from its source, and stays when the source goes."""

import pytest

from relay.media.outlet import Progress
from relay.media.route import MAX_AHEAD
from relay.media.verdict import Verdict
from tests.support.calls import A_RTX, A_VIDEO
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import DELTA, KEYFRAME, raw_extension, rtp, rtx
from tests.support.sides import REPAIR, VIDEO, Side, flow, part


def video(number: int, payload: bytes = DELTA, **fields: object) -> bytes:
    return rtp(A_VIDEO, number, payload=payload, **fields)  # type: ignore[arg-type]


def progress(side: Side) -> Progress:
    return side.outlet(VIDEO).progress


def test_every_packet_that_goes_out_is_counted(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    sizes = 0
    for number, payload in ((1, KEYFRAME), (2, DELTA), (5, DELTA), (4, DELTA)):
        packet = video(number, payload, rtp_ts=3000 * number)
        out = chromium.sent(packet, now=100.0 + number)
        sizes += len(packet)
        if number != 4:
            assert progress(firefox).last & 0xFFFF == out.number
            assert progress(firefox).rtp_ts == out.rtp_ts
        assert progress(firefox).sent_at == 100.0 + number
    assert (progress(firefox).packets, progress(firefox).bytes) == (4, sizes)
    assert firefox.outlet(VIDEO).expected == 5


def test_what_is_dropped_is_not_counted(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.send(video(1))
    first = len(video(2, KEYFRAME))
    chromium.sent(video(2, KEYFRAME))
    lie = video(3, extension=raw_extension(b"\x1f\x00\x00\x00"))
    assert chromium.send(lie) is Verdict.MALFORMED
    assert chromium.send(video(1)) is Verdict.STALE
    assert chromium.send(rtp(A_VIDEO, 4, payload_type=50)) is Verdict.UNKNOWN_PAYLOAD_TYPE
    assert (progress(firefox).packets, progress(firefox).bytes) == (1, first)


def test_it_stays_when_the_source_goes_and_goes_on_with_the_next(firefox: Side) -> None:
    last = progress(firefox).last
    for partner in range(1, 4):
        sender = Side(CHROMIUM)
        sender.send(video(40_000))  # unpaired
        flow(sender, firefox)
        sender.send(video(60_000))
        sender.sent(video(60_001, KEYFRAME))
        sender.sent(video(60_002))
        part(firefox)
        sender.send(video(60_003))
        assert progress(firefox).packets == 2 * partner
        assert progress(firefox).last == last + 2 * partner


def test_a_partner_who_sends_nothing_changes_nothing(chromium: Side, firefox: Side) -> None:
    before = progress(firefox)
    flow(chromium, firefox)
    chromium.send(video(7))
    assert progress(firefox) == before
    part(firefox)
    assert progress(firefox) == before


def test_another_ssrc_of_the_same_user_goes_on(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(1, KEYFRAME), now=100.0)
    chromium.sent(video(2), now=100.1)
    after = progress(firefox)
    chromium.sent(rtp(77, 500, payload=KEYFRAME), now=105.0)
    assert progress(firefox).packets == 3
    assert progress(firefox).last == after.last + 1


def test_repairs_have_their_own(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    chromium.sent(video(1, KEYFRAME))
    assert firefox.outlet(REPAIR).progress.packets == 0
    chromium.sent(rtx(A_RTX, 10, 1))
    assert firefox.outlet(REPAIR).progress.packets == 1
    assert progress(firefox).packets == 1


def test_a_new_flow_ends_those_that_the_two_had(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    elements = ((3, b"\x00\x05"),)
    chromium.sent(video(1, KEYFRAME, elements=elements))
    other, last = Side(CHROMIUM), progress(firefox).last
    there = flow(other, firefox)
    assert chromium.uplink.flow is None
    assert chromium.send(video(2)) == "unpaired"
    out = other.sent(video(1, KEYFRAME, elements=elements))
    assert out.number == last + 1
    assert out.elements == ((7, there.transport_cc.last.to_bytes(2, "big")),)
    assert there.transport_cc.last == firefox.downlink.transport_cc + 1


LIES: dict[str, dict[str, object]] = {
    "another payload type": {"payload_type": 50},
    "a lying extension": {"extension": raw_extension(b"\x1f\x00\x00\x00")},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_numbers_that_are_dropped_move_nothing_for_the_next_partner(
    chromium: Side, firefox: Side, lie: dict[str, object]
) -> None:
    """SRTP would not know of a roll-over, and a number would be used twice or not be heard."""
    flow(chromium, firefox)
    first = chromium.sent(video(100, KEYFRAME))
    for number in (100 + 0x7FFF, 100 + 0xFFFE, 100 + 0xFFFF):
        packet = rtp(A_VIDEO, number & 0xFFFF, **lie)  # type: ignore[arg-type]
        assert isinstance(chromium.send(packet), Verdict)
    assert progress(firefox).last & 0xFFFF == first.number
    other = Side(CHROMIUM)
    flow(other, firefox)
    assert other.sent(video(7, KEYFRAME)).number == first.number + 1


def test_a_gap_that_is_too_long_is_closed(chromium: Side, firefox: Side) -> None:
    """Or a receiver who misses a packet behind it would take all others for forged."""
    flow(chromium, firefox)
    first = chromium.sent(video(100, KEYFRAME))
    near = chromium.sent(video(99 + MAX_AHEAD))
    assert (near.number - first.number) & 0xFFFF == MAX_AHEAD - 1
    number = 99 + MAX_AHEAD
    for jump in (MAX_AHEAD, 0x7FFF, 20_000):
        number += jump
        out = chromium.sent(video(number))
        assert (out.number - near.number) & 0xFFFF == 1
        assert chromium.send(video(number - 1)) is Verdict.STALE
        near = out
    assert chromium.sent(rtx(A_RTX, 1, number)).payload[:2] == near.number.to_bytes(2, "big")


def test_what_is_dropped_opens_no_gap(chromium: Side, firefox: Side) -> None:
    flow(chromium, firefox)
    first = chromium.sent(video(100, KEYFRAME))
    assert chromium.send(video(20_000, payload_type=50)) is Verdict.UNKNOWN_PAYLOAD_TYPE
    assert progress(firefox).last & 0xFFFF == first.number
    assert chromium.sent(video(20_001)).number == (first.number + 1) & 0xFFFF


def test_ending_a_flow_twice_leaves_the_senders_next_flow(chromium: Side, firefox: Side) -> None:
    former = flow(chromium, firefox)
    chromium.sent(video(1, KEYFRAME))
    flow(chromium, Side(FIREFOX))
    former.end()
    chromium.sent(video(2, KEYFRAME))


def test_ending_a_flow_twice_takes_nothing_from_the_next(chromium: Side, firefox: Side) -> None:
    former = flow(chromium, firefox)
    chromium.sent(video(1, KEYFRAME, elements=((3, b"\x00\x05"),)))
    other = Side(CHROMIUM)
    flow(other, firefox)
    other.sent(video(1, KEYFRAME, elements=((3, b"\x00\x05"),)))
    transport_cc = firefox.downlink.transport_cc
    former.end()
    other.sent(video(2))
    assert progress(firefox).packets == 3
    assert firefox.downlink.transport_cc == transport_cc
