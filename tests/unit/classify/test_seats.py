"""Who is looked at, in which order, and what scores come to."""

from __future__ import annotations

import pytest

from relay.classify.seats import Seat, Seats
from relay.matching import State
from relay.signaling import UserView


def user(name: str, room: str | None = "room", partner: str | None = "other") -> UserView:
    return UserView(name, State.IN_CALL, room, partner, 0.0, None)


def names(seats: list[Seat]) -> list[str]:
    return [seat.user_id for seat in seats]


@pytest.mark.parametrize(
    ("scores", "suspect"),
    [
        ([0.5, 0.79, 0.1], False),
        ([0.8], False),
        ([0.8, 0.8], True),
        ([0.9, 0.1, 0.9, 0.1], False),
        ([0.1, 0.9, 0.81], True),
        ([0.98], True),
        ([0.97], False),
        ([0.1, 1.0], True),
    ],
)
def test_two_in_a_row_or_one_that_is_sure(scores: list[float], suspect: bool) -> None:
    seat = Seat("ann", "bob", "room")
    assert [seat.judge(score, 0.8) for score in scores][-1] is suspect


def test_a_threshold_above_what_is_sure_is_kept() -> None:
    seat = Seat("ann", "bob", "room")
    assert [seat.judge(0.985, 0.99) for _ in range(3)] == [False] * 3
    assert seat.judge(0.99, 0.99)


def test_only_those_with_a_partner_are_looked_at() -> None:
    seats = Seats()
    assert names(seats.in_turn([user("ann"), user("bob", None, None)])) == ["ann"]


def test_of_two_nodes_each_looks_at_the_others_user() -> None:
    """A picture is kept where it is received."""
    ann = UserView("ann", State.IN_CALL, "room", "bob", 0.0, None, partner_node="b")
    seats = Seats()
    (seat,) = seats.in_turn([ann])
    assert (seat.user_id, seat.partner_id, seat.room_id) == ("bob", "ann", "room")
    assert seats.in_turn([ann]) == [seat]


def test_newcomers_are_first_and_then_who_has_waited_longest() -> None:
    seats = Seats()
    ann, bob = seats.in_turn([user("ann"), user("bob")])
    ann.looked_at, bob.looked_at = 2.0, 1.0
    assert names(seats.in_turn([user("ann"), user("bob"), user("cid")])) == ["cid", "bob", "ann"]


def test_who_is_being_looked_at_or_was_found_suspect_is_left_alone_in_that_room() -> None:
    seats = Seats()
    ann, bob = seats.in_turn([user("ann"), user("bob")])
    ann.is_busy = True
    bob.judge(1.0, 0.8)
    assert seats.in_turn([user("ann"), user("bob")]) == []
    ann.is_busy = False
    assert names(seats.in_turn([user("ann"), user("bob", "next room")])) == ["ann", "bob"]


def test_what_was_seen_in_a_room_is_forgotten_with_it() -> None:
    seats = Seats()
    (seat,) = seats.in_turn([user("ann")])
    seat.judge(0.9, 0.8)
    seats.in_turn([])
    (again,) = seats.in_turn([user("ann")])
    assert again.high == 0


def test_a_picture_is_judged_once_however_its_age_is_told() -> None:
    seat = Seat("ann", "bob", "room")
    assert seat.is_news(100.0)
    seat.picture_at = 100.0
    assert not seat.is_news(100.02)
    assert not seat.is_news(99.98)
    assert seat.is_news(100.3)
