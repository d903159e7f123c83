"""How many may be here and come, on a clock that only tests move."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.safety import NOBODY, Identity
from relay.safety.arrivals import (
    HARD,
    MAX_NAMES,
    SEATS_RETRY_S,
    WINDOW_S,
    Admitted,
    Allowance,
    Arrivals,
    TooMany,
    WorkWanted,
)

ANN = Identity("ann", ("home",))
NOW = 1000.0


def test_who_has_neither_cookie_nor_public_address_is_not_counted() -> None:
    arrivals = Arrivals(Allowance(1, 1), Allowance(1, 1))
    for _ in range(100):
        arrivals.came(NOBODY, NOW)
    assert arrivals.ask(NOBODY, NOW) == Admitted()


@pytest.mark.parametrize("identity", [Identity("ann"), Identity("", ("home",))])
def test_beyond_the_seats_it_takes_work_and_beyond_four_times_as_many_nothing_helps(
    identity: Identity,
) -> None:
    arrivals = Arrivals(Allowance(2, 1000), Allowance(2, 1000))
    for _ in range(2):
        assert arrivals.ask(identity, NOW) == Admitted()
        arrivals.came(identity, NOW)
    for _ in range(6):
        assert arrivals.ask(identity, NOW) == WorkWanted(SEATS_RETRY_S)
        assert arrivals.ask(identity, NOW, solved=True) == Admitted()
        arrivals.came(identity, NOW)
    assert arrivals.ask(identity, NOW, solved=True) == TooMany(SEATS_RETRY_S)
    for _ in range(7):
        arrivals.left(identity)
    assert arrivals.ask(identity, NOW) == Admitted()


def test_who_comes_again_and_again_has_to_wait_or_to_work() -> None:
    arrivals = Arrivals(Allowance(100, 3), Allowance(100, 1000))
    for second in range(3):
        arrivals.came(ANN, NOW + 10 * second)
        arrivals.left(ANN)
    assert arrivals.ask(ANN, NOW + 20) == WorkWanted(41)
    assert arrivals.ask(ANN, NOW + 61) == Admitted()


def test_the_strictest_answer_counts() -> None:
    arrivals = Arrivals(Allowance(100, 100), Allowance(1, 100))
    for _ in range(HARD):
        arrivals.came(Identity("ben", ("home",)), NOW)
    assert arrivals.ask(ANN, NOW, solved=True) == TooMany(SEATS_RETRY_S)
    assert arrivals.ask(Identity("ann", ("elsewhere",)), NOW) == Admitted()


def test_a_rotated_key_does_not_leave_anybody_counted() -> None:
    arrivals = Arrivals(Allowance(1, 100), Allowance(1, 100))
    arrivals.came(Identity("", ("new", "old")), NOW)
    arrivals.left(Identity("", ("new", "old")))
    assert not arrivals._addresses._here


def test_of_what_is_long_past_nothing_is_kept() -> None:
    arrivals = Arrivals()
    arrivals.came(ANN, NOW)
    arrivals.left(ANN)
    arrivals.came(Identity("ben", ("elsewhere",)), NOW + WINDOW_S)
    assert [*arrivals._visitors._times] == ["ben"]


def test_what_is_remembered_is_bounded() -> None:
    arrivals = Arrivals()
    for number in range(MAX_NAMES + 10):
        arrivals.came(Identity(f"v{number}", (f"a{number}",)), NOW)
        arrivals.left(Identity(f"v{number}", (f"a{number}",)))
    for table in (arrivals._visitors, arrivals._addresses):
        assert len(table._times) == MAX_NAMES
        assert not table._here


WHO = st.sampled_from(
    [
        Identity("ann", ("home",)),
        Identity("ben", ("home",)),
        Identity("", ("home",)),
        Identity("ann", ("work",)),
        Identity("eve"),
        NOBODY,
    ]
)
STEP = st.tuples(st.floats(0, 30), WHO, st.booleans(), st.booleans())
OF_VISITOR, OF_ADDRESS = Allowance(2, 3), Allowance(3, 4)


def names(identity: Identity) -> list[tuple[str, Allowance]]:
    found = [(f"v:{identity.visitor}", OF_VISITOR)] if identity.visitor else []
    return found + [(f"a:{address}", OF_ADDRESS) for address in identity.addresses]


@given(st.lists(STEP, max_size=80))
def test_whatever_comes_there_are_never_more_than_may_be_and_waiting_always_helps(
    steps: list[tuple[float, Identity, bool, bool]],
) -> None:
    arrivals, now = Arrivals(OF_VISITOR, OF_ADDRESS), NOW
    here: deque[Identity] = deque()
    came: dict[str, list[float]] = {}
    for pause_s, identity, solved, one_leaves in steps:
        now += pause_s
        if one_leaves and here:
            arrivals.left(here.popleft())
        answer = arrivals.ask(identity, now, solved=solved)
        if not isinstance(answer, Admitted):
            assert answer.retry_after_s > 0
            assert names(identity), "who is not counted is never refused"
            others = Arrivals(OF_VISITOR, OF_ADDRESS)
            assert others.ask(identity, now) == Admitted()  # it is for what was done here
            assert arrivals.ask(Identity("new", ("else",)), now) == Admitted()
            if not any(set(names(identity)) & set(names(other)) for other in here):
                later = now + answer.retry_after_s
                then = arrivals.ask(identity, later)
                # Who was refused for good may be asked for work once that is over.
                assert then == Admitted() or (
                    isinstance(answer, TooMany) and isinstance(then, WorkWanted)
                )
            continue
        arrivals.came(identity, now)
        here.append(identity)
        for name, allowed in names(identity):
            factor = HARD if solved else 1
            times = came.setdefault(name, [])
            times.append(now)
            assert sum(now - at < WINDOW_S for at in times) <= factor * allowed.arrivals
            present = sum((name, allowed) in names(other) for other in here)
            assert present <= factor * allowed.users
