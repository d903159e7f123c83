"""Numbers go on while sources change."""

import pytest

from relay.media.packets.numbering import MAX_STRETCHES, Renumbering, TransportNumbers, nearest


def begun(last: int, number: int) -> TransportNumbers:
    """A receiver that has seen ``last``, and a source that begins with ``number``."""
    numbers = TransportNumbers(last)
    assert numbers.pass_on(number) == (last + 1) & 0xFFFF
    return numbers


def original(numbers: TransportNumbers, number: int) -> int | None:
    """The source's number for 16 bits of the receiver's."""
    (found,) = numbers.originals(numbers.extended(number), 1)
    return found


def test_the_first_number_follows_the_receivers_last() -> None:
    numbers = begun(100, 40000)
    assert [numbers.pass_on(n) for n in (40001, 40002, 40005)] == [102, 103, 106]
    assert numbers.last == 106


def test_the_source_wraps() -> None:
    numbers = begun(100, 65534)
    assert [numbers.pass_on(n) for n in (65535, 0, 1)] == [102, 103, 104]


def test_the_receiver_wraps() -> None:
    numbers = begun(65533, 7)
    assert [numbers.pass_on(n) for n in (8, 9, 10)] == [65535, 0, 1]
    assert numbers.last == 0x10001, "extended: the low 16 bits were on the wire"


def test_both_wrap_many_times() -> None:
    numbers = begun(30000, 60000)
    for step in range(1, 200_000, 1000):
        assert numbers.pass_on((60000 + step) & 0xFFFF) == (30001 + step) & 0xFFFF
    assert numbers.last == 30001 + 199_001


def test_reordered_packets_keep_their_places_and_move_nothing() -> None:
    numbers = begun(100, 500)
    assert numbers.pass_on(505) == 106
    assert [numbers.pass_on(n) for n in (503, 501, 504)] == [104, 102, 105]
    assert numbers.last == 106


def test_a_packet_from_before_the_beginning_is_refused() -> None:
    numbers = begun(100, 500)
    assert numbers.pass_on(499) == -1
    assert numbers.pass_on(501) == 102
    assert numbers.pass_on(499) == -1
    assert numbers.last == 102


def test_a_packet_from_before_the_beginning_is_refused_across_the_wrap() -> None:
    numbers = begun(100, 0)
    assert numbers.pass_on(65535) == -1
    assert numbers.pass_on(1) == 102


def test_the_very_first_numbers_of_a_receiver() -> None:
    numbers = begun(0, 9)
    assert numbers.pass_on(8) == -1, "it would be number 0, which was never sent"
    assert numbers.last == 1


def test_the_first_packet_may_come_again() -> None:
    numbers = begun(100, 500)
    assert numbers.pass_on(501) == 102
    assert numbers.pass_on(500) == 101
    assert numbers.last == 102


def test_half_the_way_round_is_behind() -> None:
    numbers = begun(100, 0)
    assert numbers.pass_on(0x8000) == -1
    assert numbers.last == 101
    assert numbers.pass_on(0x7FFF) == 101 + 0x7FFF


def test_a_swap_goes_on_where_the_last_source_stopped() -> None:
    first = begun(10, 1000)
    assert [first.pass_on(n) for n in (1001, 1002)] == [12, 13]
    second = begun(first.last, 60000)
    assert second.pass_on(60001) == 15


def test_swapping_back_begins_afresh() -> None:
    last, out = 10, []
    for index in range(20):
        numbers = begun(last, index * 3777)
        out += [numbers.pass_on((index * 3777 + n) & 0xFFFF) for n in range(3)]
        last = numbers.last
    assert out == list(range(11, 71))


def test_a_source_that_sent_nothing_uses_no_numbers_up() -> None:
    numbers = TransportNumbers(100)
    assert not numbers.begun
    assert numbers.last == 100
    assert original(numbers, 101) is None
    numbers.withhold(5)
    assert numbers.last == 100, "what came before it began is of no account"
    assert numbers.pass_on(6) == 101


def test_original_is_the_inverse() -> None:
    numbers = begun(100, 65000)
    for number in (65001, 65535, 0, 200):
        back = original(numbers, numbers.pass_on(number))
        assert back is not None
        assert back & 0xFFFF == number


def test_originals_are_extended_from_the_beginning_of_the_source() -> None:
    numbers = begun(100, 65534)
    numbers.pass_on(65535)
    assert original(numbers, 102) == 65535
    numbers.pass_on(1)
    assert original(numbers, 104) == 0x10001


def test_another_sources_number_has_no_original() -> None:
    numbers = begun(100, 500)
    assert original(numbers, 101) == 500
    assert original(numbers, 100) is None
    assert original(numbers, 50) is None


def test_originals_across_the_receivers_wrap() -> None:
    numbers = begun(65534, 7)
    numbers.pass_on(10)  # the receiver's 2
    assert original(numbers, 65535) == 7
    assert original(numbers, 2) == 10
    assert original(numbers, 65534) is None


@pytest.mark.parametrize("last", [0, 1, 0x7FFE, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFF])
@pytest.mark.parametrize("number", [0, 1, 0x7FFF, 0x8000, 0xFFFF])
def test_every_corner_begins_and_maps_back(last: int, number: int) -> None:
    numbers = begun(last, number)
    assert numbers.last == last + 1
    assert numbers.pass_on((number + 1) & 0xFFFF) == (last + 2) & 0xFFFF
    assert original(numbers, (last + 2) & 0xFFFF) == number + 1
    assert numbers.pass_on((number - 1) & 0xFFFF) == -1


# what is not passed on


def test_what_is_withheld_leaves_no_gap() -> None:
    numbers = begun(100, 500)
    numbers.withhold(501)
    assert numbers.pass_on(502) == 102
    for number in (503, 504, 507):
        numbers.withhold(number)
    assert numbers.pass_on(508) == 105, "505 and 506 were lost: their gap stays"
    assert numbers.last == 105
    assert [original(numbers, n) for n in range(100, 106)] == [None, 500, 502, 505, 506, 508]


def test_what_comes_late_keeps_the_place_that_it_had() -> None:
    numbers = begun(100, 500)
    assert numbers.pass_on(502) == 103
    numbers.withhold(505)
    assert numbers.pass_on(507) == 107
    assert [numbers.pass_on(n) for n in (501, 503, 504, 506)] == [102, 104, 105, 106]
    assert numbers.pass_on(505) == -1, "it was withheld, and its number is another's"
    assert numbers.pass_on(499) == -1


def test_what_is_withheld_late_or_again_changes_nothing() -> None:
    numbers = begun(100, 500)
    assert numbers.pass_on(503) == 104
    for number in (501, 503, 480):
        numbers.withhold(number)
    assert numbers.pass_on(504) == 105


def test_an_unbroken_stretch_has_one_constant() -> None:
    numbers = begun(100, 500)
    numbers.withhold(501)
    numbers.pass_on(502)
    assert numbers.constant(101) is None
    assert numbers.constant(102) == 102 - 502


def test_stretches_across_both_wraps() -> None:
    numbers = begun(65533, 65534)
    numbers.withhold(65535)
    assert [numbers.pass_on(n) for n in (0, 1)] == [65535, 0]
    numbers.withhold(2)
    assert numbers.pass_on(3) == 1
    found = [original(numbers, n) for n in (65534, 65535, 0, 1)]
    assert found == [65534, 0x10000, 0x10001, 0x10003]


def test_what_was_too_long_ago_has_no_original() -> None:
    numbers = begun(100, 0)
    for number in range(1, 4 * MAX_STRETCHES, 2):
        numbers.withhold(number)
        numbers.pass_on(number + 1)
    assert original(numbers, 101) is None
    assert numbers.starts_at > 101
    assert original(numbers, numbers.last) == 4 * MAX_STRETCHES


def test_what_is_withheld_in_a_row_is_one_stretch() -> None:
    numbers = begun(100, 0)
    for number in range(1, 4 * MAX_STRETCHES):
        numbers.withhold(number)
    assert numbers.pass_on(4 * MAX_STRETCHES) == 102
    assert [original(numbers, n) for n in (101, 102)] == [0, 4 * MAX_STRETCHES]


# extended numbers


@pytest.mark.parametrize(
    ("extended", "number", "found"),
    [
        (500, 500, 500),
        (500, 501, 501),
        (500, 499, 499),
        (65535, 0, 65536),
        (65536, 65535, 65535),
        (0x2FFFF, 1, 0x30001),
        (0x30001, 0xFFFF, 0x2FFFF),
        (3, 65535, -1),
        (0, 0x7FFF, 0x7FFF),
        (0, 0x8000, -0x8000),
    ],
)
def test_the_nearest(extended: int, number: int, found: int) -> None:
    assert nearest(extended, number) == found


def test_extended_numbers_go_there_and_back() -> None:
    numbers = Renumbering()
    assert numbers.forward(500) == -1, "before the beginning"
    numbers.begin(500, last=100)
    assert [numbers.forward(n) for n in (499, 500, 512, 0x10000 + 500)] == [-1, 101, 113, 101]
    assert numbers.backward(113, highest=510) == 512
    assert numbers.backward(100, highest=510) is None
