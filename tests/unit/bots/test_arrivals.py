"""What a bot tells of the packets that came."""

from __future__ import annotations

from relay.bots.arrivals import Arrivals, age_s, transport_number
from relay.transport_cc import Feedback, read
from tests.support.packets import read_rtcp, rtp

ID = 3


def packet(number: int, ssrc: int = 9) -> bytes:
    value = (number & 0xFFFF).to_bytes(2, "big")
    return rtp(ssrc, 1, elements=((1, b"\x80"), (ID, value)))


def told(arrivals: Arrivals) -> Feedback:
    """What the next feedback says; it is a whole compound packet."""
    compound = arrivals.feedback()
    report, feedback = read_rtcp(compound)
    assert (report.kind, report.count) == (201, 0)
    assert (feedback.kind, feedback.count, feedback.media) == (205, 15, 9)
    assert report.ssrc == feedback.ssrc
    return read(compound[8:])


def test_the_first_packet_makes_feedback_due_and_feedback_tells_of_all() -> None:
    arrivals = Arrivals(ID)
    assert arrivals.feedback() == b""
    assert arrivals.note(packet(7), 10.0)
    assert not arrivals.note(packet(8), 10.001)
    assert not arrivals.note(packet(11), 10.02)
    assert told(arrivals) == Feedback(7, (40000, 40004, None, None, 40080), 0)
    assert arrivals.feedback() == b""


def test_what_is_missing_before_the_next_packet_is_told_as_lost() -> None:
    arrivals = Arrivals(ID)
    arrivals.note(packet(0xFFFE), 10.0)
    assert told(arrivals).base == 0xFFFE
    assert arrivals.note(packet(1), 10.1)
    assert told(arrivals) == Feedback(0xFFFF, (None, None, 40400), 1)


def test_a_late_packet_is_told_of_again() -> None:
    arrivals = Arrivals(ID)
    arrivals.note(packet(7), 10.0)
    arrivals.note(packet(9), 10.0)
    told(arrivals)
    arrivals.note(packet(8), 10.1)
    assert told(arrivals) == Feedback(8, (40400,), 1)
    arrivals.note(packet(10), 10.2)
    assert told(arrivals) == Feedback(10, (40800,), 2)


def test_a_jump_and_a_flood_are_bounded() -> None:
    arrivals = Arrivals(ID)
    arrivals.note(packet(0), 10.0)
    told(arrivals)
    arrivals.note(packet(30_000), 10.1)
    assert told(arrivals).arrivals == (None,) * 1999 + (40400,)
    for number in range(30_001, 40_000):
        arrivals.note(packet(number), 10.2)
    assert len(arrivals._noted) == 2000
    assert len(told(arrivals).arrivals) == 2000


def test_what_came_long_before_a_pause_of_ours_is_told_as_lost() -> None:
    arrivals = Arrivals(ID)
    arrivals.note(packet(1), 10.0)
    arrivals.note(packet(2), 30.0)
    assert told(arrivals) == Feedback(1, (None, 120_000), 0)


def test_its_number_is_found_among_a_packets_extensions() -> None:
    assert transport_number(packet(0x1234), ID) == 0x1234
    assert transport_number(packet(0x1234), ID + 1) is None
    assert transport_number(rtp(9, 1), ID) is None
    assert transport_number(rtp(9, 1, csrcs=(1, 2), elements=((ID, b"\1\2"),)), ID) == 0x102
    assert transport_number(rtp(9, 1, elements=((ID, b"\1"),)), ID) is None
    assert transport_number(packet(5)[:19], ID) is None
    assert transport_number(b"\x90", ID) is None


def test_without_a_socket_a_packet_came_just_now() -> None:
    assert age_s(-1) == 0.0
