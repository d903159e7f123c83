"""Numbers go on while sources change."""

import pytest

from relay.media.numbering import Numbering, Renumbering


def begun(first: int, number: int) -> tuple[Numbering, Renumbering]:
    """A receiver that has seen ``first``, and a source that begins with ``number``."""
    numbering = Numbering(first)
    numbers = Renumbering(numbering)
    numbers.begin(number)
    assert numbers.forward(number) == (first + 1) & 0xFFFF
    return numbering, numbers


def test_the_first_number_follows_the_receivers_last() -> None:
    numbering, numbers = begun(100, 40000)
    assert [numbers.forward(n) for n in (40001, 40002, 40005)] == [102, 103, 106]
    assert numbering.last == 106


def test_the_source_wraps() -> None:
    _, numbers = begun(100, 65534)
    assert [numbers.forward(n) for n in (65535, 0, 1)] == [102, 103, 104]


def test_the_receiver_wraps() -> None:
    numbering, numbers = begun(65533, 7)
    assert [numbers.forward(n) for n in (8, 9, 10)] == [65535, 0, 1]
    assert numbering.last == 0x10001, "extended: the low 16 bits were on the wire"


def test_both_wrap_many_times() -> None:
    numbering, numbers = begun(30000, 60000)
    for step in range(1, 200_000, 1000):
        assert numbers.forward((60000 + step) & 0xFFFF) == (30001 + step) & 0xFFFF
    assert numbering.last == 30001 + 199_001


def test_reordered_packets_keep_their_places_and_move_nothing() -> None:
    numbering, numbers = begun(100, 500)
    assert numbers.forward(505) == 106
    assert [numbers.forward(n) for n in (503, 501, 504)] == [104, 102, 105]
    assert numbering.last == 106


def test_a_packet_from_before_the_beginning_is_refused() -> None:
    numbering, numbers = begun(100, 500)
    assert numbers.forward(499) == -1
    assert numbers.forward(501) == 102
    assert numbers.forward(499) == -1
    assert numbering.last == 102


def test_a_packet_from_before_the_beginning_is_refused_across_the_wrap() -> None:
    _, numbers = begun(100, 0)
    assert numbers.forward(65535) == -1
    assert numbers.forward(1) == 102


def test_the_very_first_numbers_of_a_receiver() -> None:
    numbering, numbers = begun(0, 9)
    assert numbers.forward(8) == -1, "it would be number 0, which was never sent"
    assert numbering.last == 1


def test_the_first_packet_may_come_again() -> None:
    numbering, numbers = begun(100, 500)
    assert numbers.forward(501) == 102
    assert numbers.forward(500) == 101
    assert numbering.last == 102


def test_half_the_way_round_is_behind() -> None:
    numbering, numbers = begun(100, 0)
    assert numbers.forward(0x8000) == -1
    assert numbering.last == 101
    assert numbers.forward(0x7FFF) == 101 + 0x7FFF


def test_a_swap_goes_on_where_the_last_source_stopped() -> None:
    numbering = Numbering(10)
    first, second = Renumbering(numbering), Renumbering(numbering)
    first.begin(1000)
    assert [first.forward(n) for n in (1000, 1001, 1002)] == [11, 12, 13]
    second.begin(60000)
    assert [second.forward(n) for n in (60000, 60001)] == [14, 15]


def test_swapping_back_begins_afresh() -> None:
    numbering = Numbering(10)
    sources = [Renumbering(numbering) for _ in range(20)]
    out = []
    for index, numbers in enumerate(sources):
        numbers.begin(index * 3777)
        out += [numbers.forward((index * 3777 + n) & 0xFFFF) for n in range(3)]
    assert out == list(range(11, 71))


def test_backward_is_the_inverse() -> None:
    _, numbers = begun(100, 65000)
    for number in (65001, 65535, 0, 200):
        out = numbers.forward(number)
        back = numbers.backward(out)
        assert back is not None
        assert back & 0xFFFF == number


def test_backward_is_extended_from_the_beginning_of_the_source() -> None:
    _, numbers = begun(100, 65534)
    numbers.forward(65535)
    assert numbers.backward(102) == 65535
    numbers.forward(1)
    assert numbers.backward(104) == 0x10001


def test_backward_of_another_sources_number_is_none() -> None:
    _, numbers = begun(100, 500)
    assert numbers.backward(101) == 500
    assert numbers.backward(100) is None
    assert numbers.backward(50) is None


def test_backward_before_anything_was_sent_is_none() -> None:
    numbers = Renumbering(Numbering(100))
    assert not numbers.begun
    assert numbers.backward(101) is None


def test_backward_across_the_receivers_wrap() -> None:
    _, numbers = begun(65534, 7)
    numbers.forward(10)  # the receiver's 2
    assert numbers.backward(65535) == 7
    assert numbers.backward(2) == 10
    assert numbers.backward(65534) is None


def test_again_moves_nothing() -> None:
    numbering, numbers = begun(100, 500)
    numbers.forward(510)
    assert numbers.again(505) == 106
    assert numbers.again(512) == 113, "its media packet was lost on the way up"
    assert numbering.last == 111


def test_again_refuses_what_came_before_the_beginning() -> None:
    _, numbers = begun(100, 500)
    assert numbers.again(500) == 101
    assert numbers.again(499) == -1


@pytest.mark.parametrize("last", [0, 1, 0x7FFE, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFF])
@pytest.mark.parametrize("number", [0, 1, 0x7FFF, 0x8000, 0xFFFF])
def test_every_corner_begins_and_maps_back(last: int, number: int) -> None:
    numbering, numbers = begun(last, number)
    assert numbering.last == last + 1
    assert numbers.forward((number + 1) & 0xFFFF) == (last + 2) & 0xFFFF
    assert numbers.backward((last + 2) & 0xFFFF) == number + 1
    assert numbers.forward((number - 1) & 0xFFFF) == -1
