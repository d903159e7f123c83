"""Sound with earlier sound in it: on its way to who knows RED, and to who does not."""

from __future__ import annotations

import pytest

from relay.media.budget import REPAIRS_AT_ONCE
from relay.media.packets.red import MAX_BLOCKS
from relay.media.route import Route
from relay.media.unwrapping import RedRoute
from relay.media.verdict import Verdict
from tests.support.offers import CHROMIUM, FIREFOX, OUR_PAGE
from tests.support.packets import ONE_BYTE, red, rtp
from tests.support.sides import AUDIO, Side, flow

SSRC = 1001
OTHER_NUMBERS = OUR_PAGE.replace("111", "109").replace("63 109", "62 109").replace(":63", ":62")
STEP = 960


def opus(number: int, **options: object) -> bytes:
    payload = b"sound %d" % number
    return rtp(SSRC, number, payload_type=111, rtp_ts=STEP * number, payload=payload, **options)  # type: ignore[arg-type]


def wrapped(number: int, back: int = 1, **options: object) -> bytes:
    """The same with those before it."""
    earlier = [(STEP * ago, b"sound %d" % (number - ago)) for ago in range(back, 0, -1)]
    payload = red(b"sound %d" % number, *earlier)
    return rtp(SSRC, number, payload_type=63, rtp_ts=STEP * number, payload=payload, **options)  # type: ignore[arg-type]


def test_who_has_none_has_a_plain_route() -> None:
    assert type(flow(Side(FIREFOX), Side(OUR_PAGE)).routes[AUDIO]) is Route
    assert type(flow(Side(OUR_PAGE), Side(FIREFOX)).routes[AUDIO]) is RedRoute


def test_a_partner_without_it_gets_the_packet_s_own() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    flow(a, b)
    packet = wrapped(5, marker=True, elements=((1, b"\x80"),), padding=12)
    out = a.sent(packet)
    assert (out.payload_type, out.payload, out.marker) == (109, b"sound 5", True)
    assert out.elements == ((1, b"\x80"),)
    assert not out.padding
    assert a.filled == []


def test_a_partner_with_it_gets_all_by_its_own_numbers() -> None:
    a, b = Side(OUR_PAGE), Side(OTHER_NUMBERS)
    flow(a, b)
    out = a.sent(wrapped(5))
    assert out.payload_type == 62
    assert out.payload == red(b"sound 5", (STEP, b"sound 4"), payload_type=109)


@pytest.mark.parametrize("receives", [FIREFOX, OTHER_NUMBERS])
def test_the_sender_may_change_with_each_packet(receives: str) -> None:
    a, b = Side(OUR_PAGE), Side(receives)
    flow(a, b)
    outs = [a.sent(packet) for packet in (opus(5), wrapped(6), opus(7), wrapped(8))]
    assert [out.number - outs[0].number for out in outs] == [0, 1, 2, 3]
    assert [out.payload[-7:] for out in outs] == [b"sound %d" % n for n in (5, 6, 7, 8)]
    assert len(a.uplink.streams) == 1


def test_the_counts_are_those_of_what_went_out() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    flow(a, b)
    for number in (5, 6, 7):
        a.sent(wrapped(number))
    progress = b.outlet(AUDIO).progress
    assert (progress.packets, progress.bytes) == (3, 3 * len(opus(5)))


def test_what_was_lost_on_the_way_up_is_in_the_next() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    there = flow(a, b)
    first = a.sent(wrapped(5))
    out = a.sent(wrapped(7))
    (filled,) = a.filled
    assert (filled.number, filled.payload) == (first.number + 1, b"sound 6")
    assert (filled.ssrc, filled.payload_type) == (out.ssrc, 109)
    assert out.rtp_ts - filled.rtp_ts == filled.rtp_ts - first.rtp_ts == STEP
    gaps = there.routes[AUDIO].gaps
    assert gaps is not None
    assert not len(gaps), "it is not asked for"
    assert a.send(opus(6)) is Verdict.STALE, "it has gone out, and under that number nothing else"


@pytest.mark.parametrize("receives", [FIREFOX, OTHER_NUMBERS])
def test_what_was_only_late_is_not_repaired(receives: str) -> None:
    """Or it would hide as many that nobody gets."""
    a, b = Side(OUR_PAGE), Side(receives)
    flow(a, b)
    for number in (5, 7, 9):
        a.sent(wrapped(number))
    (stream,) = a.uplink.streams.values()
    assert (stream.lost, stream.repaired, stream.left) == (2, 2, 0)
    assert a.send(wrapped(6)) is Verdict.STALE
    assert (stream.lost, stream.repaired, stream.left) == (1, 1, 0)


def test_a_gap_that_nobody_pays_for_stays_open() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    there = flow(a, b)
    b.downlink.repairs.owe(REPAIRS_AT_ONCE)
    a.sent(wrapped(5))
    a.sent(wrapped(7))
    unwrapped = there.routes[AUDIO].unwrapped
    assert (unwrapped.fills, unwrapped.over_budget) == ((), 1)
    (stream,) = a.uplink.streams.values()
    assert stream.left == 1
    assert a.sent(wrapped(6)).payload == b"sound 6", "it is heard when it comes itself"
    assert stream.left == 0
    assert b.downlink.repairs.left == 0


def test_what_fills_a_gap_is_paid_for_and_counted_as_sent() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    flow(a, b)
    a.sent(wrapped(5))
    a.sent(wrapped(7))
    assert b.downlink.repairs.left == REPAIRS_AT_ONCE - len(opus(6))
    progress = b.outlet(AUDIO).progress
    assert (progress.packets, progress.bytes) == (3, 3 * len(opus(5)))


def test_what_is_in_no_packet_is_asked_for() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    there = flow(a, b)
    a.sent(wrapped(5))
    a.sent(wrapped(8))
    assert [filled.payload for filled in a.filled] == [b"sound 7"]
    gaps = there.routes[AUDIO].gaps
    assert gaps is not None
    asked, _ = gaps.due(101.0, None)
    assert asked == [6]


def test_an_answer_is_unwrapped_too() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    there = flow(a, b)
    a.sent(wrapped(5))
    a.sent(wrapped(8))
    gaps = there.routes[AUDIO].gaps
    assert gaps is not None
    gaps.due(101.0, None)
    assert a.sent(wrapped(6), now=101.1).payload == b"sound 6"
    assert there.routes[AUDIO].unwrapped.verdict is Verdict.ANSWER


def test_several_come_in_order() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    flow(a, b)
    a.sent(wrapped(5))
    a.sent(wrapped(9, back=3))
    assert [filled.payload for filled in a.filled] == [b"sound 6", b"sound 7", b"sound 8"]


def test_a_partner_with_it_has_it_already() -> None:
    a, b = Side(OUR_PAGE), Side(OTHER_NUMBERS)
    there = flow(a, b)
    a.sent(wrapped(5))
    assert a.sent(wrapped(7)).payload_type == 62
    assert a.filled == []
    gaps = there.routes[AUDIO].gaps
    assert gaps is not None
    assert not len(gaps)


def test_without_nack_nobody_knows_what_is_missing() -> None:
    a, b = Side(CHROMIUM), Side(FIREFOX)
    flow(a, b)
    a.sent(wrapped(5))
    a.sent(wrapped(7))
    assert a.filled == []


def test_nothing_is_filled_before_the_first_packet() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    flow(a, b)
    a.sent(wrapped(5, back=3))
    assert a.filled == []
    assert a.send(wrapped(4)) is Verdict.STALE


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        red(b"", (960, b"earlier")),
        red(b"own", (960, b"earlier"))[:-4],
        red(b"own", *[(960, b"x")] * MAX_BLOCKS),
        red(red(b"own", payload_type=111), payload_type=63),
        bytes([0xEF]) * 1200,
    ],
)
@pytest.mark.parametrize("receives", [FIREFOX, OTHER_NUMBERS])
def test_what_lies_is_dropped(payload: bytes, receives: str) -> None:
    a, b = Side(OUR_PAGE), Side(receives)
    flow(a, b)
    first = a.sent(wrapped(5))
    lie = rtp(SSRC, 6, payload_type=63, payload=payload)
    assert a.send(lie) is Verdict.MALFORMED
    assert a.sent(wrapped(7)).number == first.number + 2
    padded = bytearray(rtp(SSRC, 8, payload_type=63, payload=red(b"own"), padding=4))
    padded[-1] = 255
    assert a.send(bytes(padded)) is Verdict.MALFORMED
    cut = rtp(SSRC, 9, payload_type=63, payload=b"", extension=ONE_BYTE.to_bytes(2) + b"\0\x09")
    assert a.send(cut) is Verdict.MALFORMED


def test_a_renegotiation_without_it_goes_on() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    there = flow(a, b)
    first = a.sent(wrapped(5))
    a.agree(OUR_PAGE.replace(" 63 111 ", " 111 "))
    there.renew()
    assert type(there.routes[AUDIO]) is Route
    assert a.sent(opus(6)).number == first.number + 1
    assert a.send(wrapped(7)) is Verdict.UNKNOWN_PAYLOAD_TYPE


def test_another_order_of_preference_changes_no_route() -> None:
    a, b = Side(OUR_PAGE), Side(FIREFOX)
    there = flow(a, b)
    route = there.routes[AUDIO]
    a.sent(wrapped(5))
    a.agree(OUR_PAGE.replace(" 63 111 ", " 111 63 "))
    there.renew()
    assert there.routes[AUDIO] is route
