"""A tap takes what it can hold, and nothing of another room."""

from relay.plane import Direction, TappedPacket
from relay.taps.tap import PacketTap, tapped
from tests.support.fake_plane import FakePlane

PACKET = TappedPacket(Direction.UP, "audio", False, 0.0, b"packet")


def test_what_came_is_fetched_once() -> None:
    tap = PacketTap()
    tap.take(PACKET)
    assert tap.fetch() == [PACKET]
    assert tap.fetch() == []


def test_what_finds_no_room_is_dropped_and_counted() -> None:
    tap = PacketTap(max_packets=2)
    for _ in range(5):
        tap.take(PACKET)
    assert (len(tap.fetch()), tap.dropped) == (2, 3)
    tap.take(PACKET)
    assert (len(tap.fetch()), tap.dropped) == (1, 3)


def test_a_tap_on_one_call_ends_with_the_call() -> None:
    tap = PacketTap(one_partner=True)
    tap.take(PACKET)
    tap.link_closed()  # the two may go on over another link
    assert not tap.ended
    tap.parted()
    tap.take(PACKET)  # of the next room
    assert tap.ended
    assert len(tap.fetch()) == 1
    assert tap.dropped == 0


def test_a_tap_on_a_link_ends_with_the_link() -> None:
    tap = PacketTap()
    tap.parted()
    assert not tap.ended
    tap.link_closed()
    assert tap.ended


def test_a_tap_is_there_for_as_long_as_its_context() -> None:
    plane = FakePlane()
    with tapped(plane, "ann", *Direction) as tap:
        assert plane.taps == [("ann", Direction.UP, tap), ("ann", Direction.DOWN, tap)]
    assert plane.taps == []


def test_a_tap_that_comes_too_late_for_its_room_sees_nothing() -> None:
    plane = FakePlane()
    plane.pair("ann", "eve")
    with tapped(plane, "ann", Direction.UP, partner="bob") as tap:
        assert tap.ended
    with tapped(plane, "ann", Direction.UP, partner="eve") as tap:
        assert not tap.ended
