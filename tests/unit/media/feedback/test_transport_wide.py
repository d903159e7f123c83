"""What a user is told of its transport-wide numbers: by the partner, and by the relay."""

from __future__ import annotations

import pytest

from relay.errors import MalformedPacket
from relay.media.feedback.transport_wide import (
    LEAP_TICKS,
    MAX_GAP,
    MAX_PACKETS,
    QUIET_S,
    TransportFeedback,
)
from relay.media.packets.numbering import TransportNumbers
from relay.transport_cc import Feedback, read, write

US = 11, 22
"""The SSRCs of who tells, and of what is told of."""


class Told:
    """One user, told by a partner who is shown its numbers from 500 on as 101 and so on."""

    def __init__(self) -> None:
        self.feedback = TransportFeedback()
        self.numbers = TransportNumbers(100)

    def pass_on(self, *numbers: int) -> list[int]:
        return [self.numbers.pass_on(number) for number in numbers]

    def keep(self, *numbers: int, now: float = 10.0) -> None:
        """Have packets come that go nowhere."""
        for number in numbers:
            self.numbers.withhold(number)
            self.feedback.unseen(number, now)

    def hear(self, base: int, *arrivals: int | None, now: float = 10.0) -> Feedback | None:
        """What the partner's feedback becomes."""
        result = self.feedback.translate(
            write(Feedback(base, arrivals, 7), 1, 2), self.numbers, now, US
        )
        return read(result) if result else None

    def made(self, now: float = 10.0, *, shown: bool = False) -> list[Feedback]:
        numbers = self.numbers if shown else None
        return [read(each) for each in self.feedback.made(numbers, now, US)]


@pytest.fixture
def told() -> Told:
    return Told()


def steps(feedback: Feedback | None) -> list[int | None]:
    """Arrivals since the first one, in ticks."""
    assert feedback is not None
    first = next(each for each in feedback.arrivals if each is not None)
    return [None if each is None else each - first & 0xFFFFFFFF for each in feedback.arrivals]


# passed on


def test_the_partners_feedback_is_about_the_users_numbers(told: Told) -> None:
    told.pass_on(500, 501, 503)
    heard = told.hear(101, 1000, 1004, None, 1010)
    assert heard is not None
    assert heard.base == 500
    assert steps(heard) == [0, 4, None, 10], "502 was lost on the way to the relay"


def test_times_are_the_relays_and_keep_their_distances(told: Told) -> None:
    told.pass_on(500, 501, 502)
    first, second = told.hear(101, 77000, 77004), told.hear(103, 77400, now=10.2)
    assert first is not None
    assert second is not None
    assert first.arrivals[0] is not None
    assert second.arrivals[0] is not None
    assert second.arrivals[0] - first.arrivals[0] == 400
    assert (second.count - first.count) & 0xFF == 1


def test_two_partners_times_are_not_comparable(told: Told) -> None:
    """The second one's clock is far off; the user is told of a leap, whatever it is."""
    told.pass_on(500)
    first = told.hear(101, 77000)
    told.numbers = TransportNumbers(told.numbers.last)
    told.pass_on(501)
    second = told.hear(102, 123, now=11.0)
    assert first is not None
    assert second is not None
    assert first.arrivals[0] is not None
    assert second.arrivals[0] is not None
    assert second.arrivals[0] - first.arrivals[0] & 0xFFFFFFFF == 4000 + LEAP_TICKS


def test_nothing_of_the_partners_clock_or_count_is_left(told: Told) -> None:
    """Nor of its phase, which the reference time of 64 ms would hide."""
    tails = set()
    for _ in range(200):
        other = Told()
        other.pass_on(500)
        heard = other.hear(101, 256 * 1000 + 5)
        assert heard is not None
        assert heard.arrivals[0] is not None
        tails.add((heard.arrivals[0] % 256, heard.count))
    assert len(tails) > 150


def test_what_was_withheld_came(told: Told) -> None:
    told.pass_on(500)
    told.keep(501, 502)
    told.pass_on(503)
    told.keep(504)
    told.pass_on(506)
    heard = told.hear(101, 1000, 1010, None, 1030)
    assert heard is not None
    assert heard.base == 500
    assert steps(heard) == [0, 0, 0, 10, 10, None, 30]
    assert told.made(20.0) == [], "nothing is left to tell"


def test_feedback_of_the_time_before_is_not_for_this_user(told: Told) -> None:
    assert told.feedback.translate(write(Feedback(99, (5,)), 1, 2), told.numbers, 1.0, US) == b""
    told.pass_on(500)
    assert told.feedback.translate(write(Feedback(99, (5, 6)), 1, 2), told.numbers, 1.0, US) == b""


def test_feedback_across_the_beginning_is_cut(told: Told) -> None:
    told.pass_on(500, 501)
    heard = told.hear(98, 1, 2, 3, 1000, 1005)
    assert heard is not None
    assert heard.base == 500
    assert steps(heard) == [0, 5]


def test_more_was_withheld_in_between_than_can_be_told(told: Told) -> None:
    told.pass_on(500)
    told.keep(*range(501, 502 + MAX_GAP))
    told.pass_on(502 + MAX_GAP)
    heard = told.hear(101, 1000, 1010)
    assert heard is not None
    assert heard.base == 502 + MAX_GAP
    assert len(heard.arrivals) == 1


@pytest.mark.parametrize("gap", [MAX_GAP, MAX_GAP + 1])
def test_so_many_that_did_not_come_are_lost(told: Told, gap: int) -> None:
    """Beyond, the sender has begun anew."""
    told.feedback.unseen(1, 10.0)
    told.made()
    told.feedback.unseen(1 + gap, 10.1)
    (feedback,) = told.made(now=10.1)
    assert feedback.base == (2 if gap == MAX_GAP else 1 + gap)


def test_long_delays_before_the_beginning_are_of_no_account(told: Told) -> None:
    """As from a partner who lies about the time before, in steps as long as can be written."""
    told.pass_on(500)
    told.keep(501)
    told.pass_on(502)
    early = [256 + 32767 * step for step in range(1, 21)]
    heard = told.hear(81, *early, None, early[-1] + 32767)
    assert heard is not None
    assert heard.base == 500


def test_a_first_feedback_about_nothing_that_came_does_not_spoil_the_next(told: Told) -> None:
    told.pass_on(500)
    told.hear(101, 4_000_000)
    told.numbers = TransportNumbers(told.numbers.last)
    told.pass_on(501, 502)
    told.hear(102, None)
    assert told.hear(103, 100, now=11.0) is not None, "another partner's clock"


# untrue


@pytest.mark.parametrize("base", [102, 101 + 0x4000, 101 + 0x7000])
def test_what_was_never_sent_did_not_come(told: Told, base: int) -> None:
    told.pass_on(500)
    assert told.feedback.translate(write(Feedback(base, (5,)), 1, 2), told.numbers, 1.0, US) is None


def test_more_than_was_sent_did_not_come(told: Told) -> None:
    told.pass_on(500, 501)
    assert told.hear(101, 1, 2, 3) is None
    assert told.hear(101, 1, 2) is not None


def test_time_does_not_go_backward(told: Told) -> None:
    told.pass_on(*range(500, 510))
    assert told.hear(101, 100_000) is not None
    assert told.hear(103, 99_000) is not None, "it was overtaken by the one before"
    assert told.hear(104, 90_000) is None
    assert told.hear(105, 101_000) is not None


def test_a_length_that_lies_is_refused(told: Told) -> None:
    told.pass_on(500)
    with pytest.raises(MalformedPacket):
        told.feedback.translate(write(Feedback(101, (5,)), 1, 2)[:-4], told.numbers, 1.0, US)


# made here


def test_where_the_partner_is_shown_nothing_the_relay_tells(told: Told) -> None:
    assert told.made() == []
    told.keep(65534, now=10.0)
    told.keep(65535, 1, now=10.01)
    (first,) = told.made(10.1)
    assert first.base == 65534
    assert steps(first) == [0, 40, None, 40]
    assert told.made(10.2) == []
    told.keep(2, 4, now=10.25)
    (second,) = told.made(10.3)
    assert second.base == 2
    assert steps(second) == [0, None, 0]
    assert first.arrivals[0] is not None
    assert second.arrivals[0] is not None
    assert second.arrivals[0] - first.arrivals[0] & 0xFFFFFFFF == 1000


def test_losses_between_two_of_the_relays_are_told_once(told: Told) -> None:
    told.keep(1)
    told.made()
    told.keep(4)
    (heard,) = told.made()
    assert (heard.base, len(heard.arrivals)) == (2, 3)
    assert heard.arrivals[:2] == (None, None)


def test_what_comes_late_is_told_by_itself(told: Told) -> None:
    told.keep(1, 4)
    told.made()
    told.keep(3, 5)
    late, new = told.made()
    assert (late.base, len(late.arrivals)) == (3, 1)
    assert (new.base, len(new.arrivals)) == (5, 1)


def test_a_sender_that_begins_anew_has_lost_nothing(told: Told) -> None:
    told.keep(1)
    told.made()
    told.keep(30000)
    (heard,) = told.made()
    assert (heard.base, len(heard.arrivals)) == (30000, 1)


def test_of_a_sender_who_skips_most_numbers_only_what_came_is_told(told: Told) -> None:
    told.keep(*range(0, 30_000, 400))
    heard = told.made()
    assert [each.base for each in heard] == list(range(0, 400 * MAX_PACKETS, 400)), "and not all"
    assert all(len(each.arrivals) == 1 for each in heard)


def test_very_many_are_told_in_several_packets(told: Told) -> None:
    told.keep(*range(1000))
    heard = told.made()
    assert sum(len(each.arrivals) for each in heard) == 1000


def test_old_arrivals_are_forgotten(told: Told) -> None:
    told.keep(1, now=10.0)
    told.keep(2, now=19.0)
    (heard,) = told.made(19.1)
    assert (heard.base, len(heard.arrivals)) == (2, 1)


# both


def test_the_relay_tells_when_the_partner_is_shown_nothing_any_more(told: Told) -> None:
    """The camera is off, and the partner knows no numbers of sound."""
    told.pass_on(500)
    told.keep(501, now=10.0)
    assert told.made(10.0, shown=True) == [], "the partner will tell"
    told.pass_on(502)
    told.keep(504, 505, now=10.2)
    assert told.made(10.1, shown=True) == []
    assert told.made(10.1 + QUIET_S / 2, shown=True) == []
    heard = told.made(10.1 + QUIET_S, shown=True)
    assert [(each.base, len(each.arrivals)) for each in heard] == [(501, 1), (504, 2)]
    assert all(None not in each.arrivals for each in heard), "of others the partner tells"


def test_after_the_partner_the_relay_tells_on_a_clock_that_leapt(told: Told) -> None:
    told.pass_on(500)
    partners = told.hear(101, 5, now=10.0)
    told.keep(501, now=10.0)
    told.made(10.0, shown=True)
    (ours,) = told.made(11.0, shown=True)
    assert partners is not None
    assert partners.arrivals[0] is not None
    assert ours.arrivals[0] is not None
    assert ours.arrivals[0] - partners.arrivals[0] & 0xFFFFFFFF == LEAP_TICKS


# feedback that another plane has made


def relayed(
    told: Told, origin: object, *arrivals: int | None, base: int = 65_535, now: float = 10.0
) -> Feedback:
    packet = write(Feedback(base, arrivals, 200), 5, 6)
    return read(told.feedback.relayed(packet, origin, now))


def test_another_planes_times_are_told_on_this_clock(told: Told) -> None:
    there = object()
    told.feedback.unseen(1, 10.0)
    (ours,) = told.made(10.0)
    one = relayed(told, there, 1000, None, 1040)
    two = relayed(told, there, 1100, base=3)
    assert (one.base, two.base, steps(one)) == (65_535, 3, [0, None, 40])
    assert one.arrivals[0] is not None
    assert two.arrivals[0] is not None
    assert ours.arrivals[0] is not None
    assert two.arrivals[0] - one.arrivals[0] & 0xFFFFFFFF == 100
    assert one.arrivals[0] - ours.arrivals[0] & 0xFFFFFFFF == LEAP_TICKS
    assert [each.count - ours.count & 0xFF for each in (one, two)] == [1, 2]


def test_the_clock_does_not_go_back_behind_another_planes_leaps(told: Told) -> None:
    there = object()
    relayed(told, there, 1000)
    for leap in range(1, 6):
        last = relayed(told, there, 1000 + leap * LEAP_TICKS)
    told.feedback.unseen(9, 10.0)
    (ours,) = told.made(10.0)
    assert ours.arrivals[0] is not None
    assert last.arrivals[0] is not None
    assert ours.arrivals[0] - last.arrivals[0] & 0xFFFFFFFF == LEAP_TICKS
    nobody_leapt = relayed(told, object(), 77)
    assert nobody_leapt.arrivals[0] is not None
    assert nobody_leapt.arrivals[0] - ours.arrivals[0] & 0xFFFFFFFF == LEAP_TICKS


def test_another_planes_feedback_must_fit(told: Told) -> None:
    with pytest.raises(MalformedPacket):
        told.feedback.relayed(write(Feedback(1, (5,), 1), 1, 2)[:16], object(), 10.0)
