"""Who may come, and who goes first."""

from relay.door.visitors import DoorLimits, Visitor, Visitors

ANN, BOB = "192.0.2.1", "192.0.2.2"


def house(connections: int = 10, per_source: int = 3) -> Visitors:
    return Visitors(DoorLimits(connections, per_source, silent_s=20, idle_s=100))


def come(visitors: Visitors, source: str = "", now: float = 0.0) -> Visitor:
    visitor = Visitor(source)
    visitors.come(visitor, now)
    return visitor


def overdue(visitors: Visitors, now: float) -> list[tuple[Visitor, str]]:
    return list(visitors.overdue(now))


def test_a_source_has_so_many_and_others_are_not_affected() -> None:
    visitors = house(per_source=2)
    first = come(visitors, ANN)
    assert visitors.may_come(ANN)
    come(visitors, ANN)
    assert not visitors.may_come(ANN)
    assert visitors.may_come(BOB)
    visitors.leave(first)
    assert visitors.may_come(ANN)


def test_without_a_source_one_is_not_bounded_by_it() -> None:
    visitors = house(per_source=1)
    come(visitors)
    assert visitors.may_come("")


def test_it_is_full_whatever_they_do() -> None:
    visitors = house(connections=3)
    come(visitors)
    visitors.ask(come(visitors))
    assert not visitors.is_full()
    idle = come(visitors)
    visitors.ask(idle)
    visitors.rest(idle, 1)
    assert visitors.is_full()
    assert visitors.counts() == {"silent": 1, "idle": 1, "busy": 1}


def test_the_oldest_of_the_silent_goes_first_then_of_the_idle_and_nobody_who_is_busy() -> None:
    visitors = house()
    busy, idle, later_idle, silent, later = (come(visitors) for _ in range(5))
    for visitor in (busy, later_idle, idle):
        visitors.ask(visitor)
    visitors.rest(idle, 1)
    visitors.rest(later_idle, 2)
    went = []
    while (first := visitors.expendable()) is not None:
        went.append(first)
        visitors.leave(first)
    assert went == [silent, later, idle, later_idle]
    assert visitors.counts() == {"silent": 0, "idle": 0, "busy": 1}


def test_who_says_nothing_for_too_long_is_overdue() -> None:
    visitors = house()
    silent = come(visitors, now=0)
    come(visitors, now=5)
    assert overdue(visitors, 19.9) == []
    assert overdue(visitors, 20) == [(silent, "silent")]


def test_after_a_request_there_is_another_limit_and_it_begins_anew() -> None:
    visitors = house()
    visitor = come(visitors)
    visitors.ask(visitor)
    assert overdue(visitors, 1000) == []
    visitors.rest(visitor, 1000)
    assert overdue(visitors, 1099) == []
    assert overdue(visitors, 1100) == [(visitor, "idle")]
    visitors.ask(visitor)
    visitors.rest(visitor, 1100)
    assert overdue(visitors, 1199) == []


def test_who_has_left_is_nowhere_whatever_is_still_said_of_it() -> None:
    visitors = house(per_source=1)
    visitor = come(visitors, ANN)
    visitors.leave(visitor)
    visitors.leave(visitor)
    visitors.ask(visitor)
    visitors.rest(visitor, 0)
    assert len(visitors) == 0
    come(visitors, ANN)
    assert not visitors.may_come(ANN)
