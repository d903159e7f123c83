"""What is lost on the way to the relay is asked for by the relay, and goes on as what it is."""

from __future__ import annotations

import struct
from math import inf

import pytest

from relay.media.flow import Flow
from relay.media.packets.gaps import EARLIEST_S, FIRST_S, USABLE_S
from tests.support.forwarding import A, B, Caller, Port, video
from tests.support.offers import CHROMIUM, OUR_PAGE, without
from tests.support.packets import (
    DELTA,
    KEYFRAME,
    nack,
    raw_extension,
    read_rtcp,
    red,
    rr,
    rtp,
    rtx,
)
from tests.support.sides import AUDIO, VIDEO


def send(port: Port, caller: Caller, *numbers: int) -> list[object]:
    """Have pictures arrive; returns the numbers under which the partner has them."""
    packets = [caller.rtp(video(number, KEYFRAME if number == 1 else DELTA)) for number in numbers]
    return [data for _, data in port.hear(A, *packets)]


def asked(caller: Caller) -> list[int]:
    """The numbers that a user was asked for, since the last call."""
    told, caller.told[:] = caller.told[:], []
    found: list[int] = []
    for data in told:
        for part in read_rtcp(data):
            if (part.kind, part.count) == (205, 1):
                assert part.media == 2
                for number, mask in struct.iter_unpack("!HH", part.fci):
                    found += [number, *(number + n + 1 for n in range(16) if mask >> n & 1)]
    return found


def keyframes(caller: Caller) -> int:
    """How often a user was asked for a key frame, since the last call."""
    told, caller.told[:] = caller.told[:], []
    return sum(part.kind == 206 for data in told for part in read_rtcp(data))


def wait(port: Port, seconds: float) -> None:
    """Let time pass, with a look whenever one is due."""
    until = port.now + seconds
    while port.forwarder.repairs.due_at <= until:
        port.now = max(port.forwarder.repairs.due_at, port.now)
        port.forwarder.repairs.look(port.now)
    port.now = until


async def test_what_did_not_come_is_asked_for_until_it_does(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    woken: list[float] = []
    port.forwarder.repairs.wake = woken.append
    send(port, a, 1, 2, 5, 6)
    assert asked(a) == []
    assert woken == [pytest.approx(FIRST_S)]
    port.now += FIRST_S
    send(port, a, 7)
    assert asked(a) == [3, 4], "with the next batch, too"
    send(port, a, 8)
    assert asked(a) == []
    (heard,) = b.hears(port.hear(A, a.rtp(rtx(3, 1, 4, payload=DELTA))))
    assert (heard.ssrc, heard.payload) == (b.downlink.outlets[VIDEO].ssrc, DELTA)
    wait(port, 0.2)
    assert set(asked(a)) == {3}
    assert len(b.hears(port.hear(A, a.rtp(rtx(3, 2, 3, payload=DELTA))))) == 1
    wait(port, 10)
    assert asked(a) == []
    assert port.forwarder.repairs.due_at == inf
    assert port.forwarder.repairs.counts["given_up"] == 0
    assert a.uplink.streams[2].nacks == port.forwarder.repairs.asked
    assert port.drops == {}


async def test_what_was_only_overtaken_is_not_asked_for(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    send(port, a, 1, 3)
    port.now += FIRST_S / 2
    send(port, a, 2)
    wait(port, 10)
    assert asked(a) == []
    assert port.forwarder.repairs.counts["restored"] == 0


async def test_a_sender_without_rtx_is_asked_too(port: Port) -> None:
    a = port.join("a", without(CHROMIUM, "a=fmtp:97"), A)
    b = port.join("b", CHROMIUM, B)
    Flow(a.uplink, b.downlink)
    late = a.rtp(video(1, KEYFRAME)), a.rtp(video(2, DELTA)), a.rtp(video(3, DELTA))
    port.hear(A, late[0], late[2])
    wait(port, 0.04)
    assert asked(a) == [2]
    assert len(b.hears(port.hear(A, late[1]))) == 1, "it sends the packet itself again"
    wait(port, 10)
    assert asked(a) == []
    assert port.forwarder.repairs.counts["restored"] == 1


async def test_what_is_given_up_has_a_key_frame_asked_for_at_once(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    send(port, a, 1, 2, 5)
    port.now += 0.5  # it was asked for one when the two met
    wait(port, USABLE_S - 0.6)
    assert keyframes(a) == 0
    wait(port, 0.4)
    assert port.forwarder.repairs.counts["given_up"] == 2
    assert keyframes(a) == 1
    wait(port, 10)
    assert keyframes(a) == 0, "once for all that is lost"


async def test_what_a_partner_misses_and_is_waited_for_is_not_asked_for_twice(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    (first, *_) = b.hears(port.hear(A, *(a.rtp(video(n, KEYFRAME)) for n in (1, 3))))
    a.told.clear()
    outlet = b.downlink.outlets[VIDEO].ssrc
    assert port.hear(B, b.rtcp(rr(9) + nack(9, outlet, (first.number + 1, 0)))) == []
    assert a.told == []


async def test_a_picture_that_nobody_can_repair_begins_anew(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    (first, *_) = b.hears(port.hear(A, *(a.rtp(video(n, KEYFRAME)) for n in (1, 2, 3))))
    port.now += 3.0  # a round trip so long that what is asked for is there no more
    a.told.clear()
    outlet = b.downlink.outlets[VIDEO].ssrc
    for ahead in (1, 2, 1):
        port.hear(B, b.rtcp(rr(9) + nack(9, outlet, (first.number + ahead, 0))))
        port.now += 0.5
    assert keyframes(a) == 1


async def test_what_is_on_its_way_for_the_second_time_is_not_given_up(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    """Half a second away, what was repeated once is there no more when it is asked for again."""
    a, b = couple
    (first, *_) = b.hears(port.hear(A, *(a.rtp(video(n, KEYFRAME)) for n in (1, 2, 3))))
    outlet = b.downlink.outlets[VIDEO]
    outlet.reception.round_trip_s = 0.6
    asking = rr(9) + nack(9, outlet.ssrc, (first.number + 1, 0))
    port.now += 0.6
    assert len(b.hears(port.hear(B, b.rtcp(asking)))) == 1
    a.told.clear()
    port.now += 0.6
    port.hear(B, b.rtcp(asking))
    assert keyframes(a) == 0
    port.now += 0.2
    port.hear(B, b.rtcp(asking))
    assert keyframes(a) == 1, "nor is it waited for any longer"


async def test_what_came_late_after_its_repeat_is_not_repaired(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, _ = couple
    late = a.rtp(video(2, DELTA))
    send(port, a, 1, 3)
    stream = a.uplink.streams[2]
    wait(port, FIRST_S)
    port.hear(A, a.rtp(rtx(3, 1, 2, payload=DELTA)))
    assert (stream.lost, stream.repaired, stream.left) == (1, 1, 0)
    port.hear(A, late)
    assert (stream.lost, stream.repaired, stream.left) == (0, 0, 0)
    assert port.drops == {"stale": 1}


async def test_sound_that_filled_a_gap_can_be_had_again(port: Port) -> None:
    """It is kept as it was encrypted, like all that went out."""
    a = port.join("a", OUR_PAGE, A)
    b = port.join("b", OUR_PAGE.replace(" 63 111 ", " 111 "), B)
    Flow(a.uplink, b.downlink)
    Flow(b.uplink, a.downlink)
    for number in (1, 3):
        payload = red(b"own", (960, b"filled"))
        packet = rtp(1, number, payload_type=63, rtp_ts=960 * number, payload=payload)
        sent = port.hear(A, a.rtp(packet))
    filled, own = b.hears(sent)
    assert (filled.payload, own.payload) == (b"filled", b"own")
    port.now += 0.1
    outlet = b.downlink.outlets[AUDIO].ssrc
    again = port.hear(B, b.rtcp(rr(9) + nack(9, outlet, (filled.number, 0))))
    assert again == sent[:1], "the very same bytes"


async def test_a_swap_in_the_middle_of_repair_ends_it(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    send(port, a, 1, 2, 5)
    flow = a.uplink.flow
    assert flow is not None
    flow.end()
    wait(port, 10)
    assert asked(a) == []
    Flow(a.uplink, b.downlink)
    port.hear(A, a.rtp(video(9, KEYFRAME)))
    assert port.hear(A, a.rtp(rtx(3, 1, 4, payload=DELTA))) == [], "it is nobody's any more"
    wait(port, 10)
    assert asked(a) == []


async def test_who_has_gone_is_not_asked(port: Port, couple: tuple[Caller, Caller]) -> None:
    a, _ = couple
    send(port, a, 1, 2, 5)
    a.downlink.tx = None
    wait(port, 10)
    assert asked(a) == []
    assert port.forwarder.repairs.due_at == inf


@pytest.mark.parametrize("step", [20, 200, 999])
async def test_a_sender_that_leaves_most_out_is_asked_now_and_then(
    port: Port, couple: tuple[Caller, Caller], step: int
) -> None:
    """What the relay says to it is bounded by the time, not by what it sends."""
    a, _ = couple
    send(port, a, 1)
    number = 1
    for _ in range(500):
        number += step
        port.hear(A, a.rtp(rtp(2, number, payload=DELTA, rtp_ts=1000)))
        port.now += 0.001
    assert 0 < len(a.told) <= 0.5 / EARLIEST_S + 1
    assert sum(map(len, a.told)) < 50_000


async def test_lies_about_what_is_repeated_repair_nothing(
    port: Port, couple: tuple[Caller, Caller]
) -> None:
    a, b = couple
    send(port, a, 1, 2, 5)
    outlet = b.downlink.outlets[VIDEO].ssrc
    for number, original in enumerate((1, 2, 5, 6, 0, 65_535, 900)):
        for heard in b.hears(port.hear(A, a.rtp(rtx(3, number, original, payload=DELTA)))):
            assert heard.ssrc != outlet
    wait(port, FIRST_S)
    assert asked(a) == [3, 4]


async def test_a_packet_that_lies_opens_no_gap(port: Port, couple: tuple[Caller, Caller]) -> None:
    """It has no place; what is missing before it is known with the next one, and repaired once."""
    a, b = couple
    outlet = b.downlink.outlets[VIDEO]
    send(port, a, 1, 2)
    last = outlet.progress.last
    lie = rtp(2, 5, payload=DELTA, extension=raw_extension(b"\x1f\x00\x00\x00"))
    assert port.hear(A, a.rtp(lie)) == []
    for heard in b.hears(port.hear(A, a.rtp(rtx(3, 1, 4, payload=DELTA)))):
        assert heard.ssrc != outlet.ssrc, "or the next partner's numbers would begin with this one"
    assert outlet.progress.last == last
    wait(port, FIRST_S)
    assert asked(a) == []
    send(port, a, 6)
    wait(port, FIRST_S)
    assert asked(a) == [3, 4, 5]
    for number in (3, 4, 5):
        (heard,) = b.hears(port.hear(A, a.rtp(rtx(3, number, number, payload=DELTA))))
        assert heard.number == last - 2 + number & 0xFFFF
    assert port.drops == {"malformed": 1}
