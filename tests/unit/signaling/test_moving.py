"""Whom to move, and when."""

from relay.matching import Happened
from relay.plane import Description, LinkState
from relay.signaling.limits import Limits
from relay.signaling.moving import LAST_S, NOTICE_S, SPREAD_S, Moving
from relay.signaling.session import Session
from relay.signaling.tally import Tally

NOW = 100.0


BEFORE = NOW - NOTICE_S
"""When draining begins of which load balancers know by now."""


def user(name: str, *happened: Happened, can_move: bool = True) -> Session:
    session = Session(name, Limits(), since_s=NOW, tally=Tally(), is_local=False, can_move=can_move)
    for each in happened:
        session.happened(each)
    return session


def waiting(name: str, *, can_move: bool = True) -> Session:
    return user(name, Happened.SEARCHED, can_move=can_move)


def talking(name: str, *, can_move: bool = True) -> Session:
    return user(name, Happened.SEARCHED, Happened.PAIRED, can_move=can_move)


def names(sessions: list[Session]) -> list[str]:
    return [session.user_id for session in sessions]


def test_nobody_moves_before_it_drains() -> None:
    moving = Moving()
    assert moving.due([waiting("ann")], NOW) == []
    assert moving.let_go([waiting("ann")], NOW) == []
    assert not moving.diverts(waiting("ann"), NOW, stays=False)


def test_who_has_no_partner_is_told_once() -> None:
    moving = Moving()
    everybody = [waiting("ann"), user("bob"), talking("cem"), waiting("old", can_move=False)]
    moving.begin(BEFORE)
    assert names(moving.due(everybody, NOW)) == ["ann", "bob"]
    assert moving.due(everybody, NOW + 1) == []
    assert moving.due(everybody, NOW + 1e6) == [], "there is no deadline"
    assert moving.let_go(everybody, NOW + 1e6) == []


def test_who_has_just_opened_a_link_will_search_at_once_and_is_not_called() -> None:
    moving, ann = Moving(), user("ann")
    ann.link.offered(NOW, Description("a link"), was_asked_for=False, in_call=False)
    assert ann.link.state is LinkState.CONNECTING
    moving.begin(BEFORE)
    assert moving.due([ann], NOW) == []


def test_at_the_deadline_all_are_told_and_those_who_cannot_move_go() -> None:
    moving = Moving()
    everybody = [waiting("ann"), talking("cem"), talking("old", can_move=False)]
    moving.begin(BEFORE, NOTICE_S + 60)
    assert names(moving.due(everybody, NOW)) == ["ann"]
    assert moving.due(everybody, NOW + 59) == []
    assert moving.let_go(everybody, NOW + 59) == []
    assert names(moving.due(everybody, NOW + 60)) == ["ann", "cem"], "who stayed hears it again"
    assert names(moving.let_go(everybody, NOW + 60)) == ["old"]
    assert moving.due(everybody, NOW + 61) == []
    assert names(moving.let_go(everybody, NOW + 60 + LAST_S)) == ["ann", "cem", "old"]


def test_who_is_let_go_already_is_not_let_go_again() -> None:
    moving, old = Moving(), talking("old", can_move=False)
    moving.begin(BEFORE, 0)
    old.outbox.close(1012, "")
    assert moving.let_go([old], NOW) == []


def test_many_are_told_over_some_seconds() -> None:
    moving, many = Moving(), [waiting(str(number)) for number in range(1000)]
    moving.begin(BEFORE, NOTICE_S + 600)
    told = [len(moving.due(many, NOW + second)) for second in range(SPREAD_S + 1)]
    assert told == [200] * SPREAD_S + [0]
    told = [len(moving.due(many, NOW + 600 + second)) for second in range(SPREAD_S + 1)]
    assert told == [200] * SPREAD_S + [0], "as many at the deadline, in time for the end"
    assert SPREAD_S < LAST_S


def test_who_is_told_hears_how_long_the_server_will_be_there() -> None:
    moving = Moving()
    moving.begin(BEFORE)
    assert moving.message(NOW).within is None
    moving.begin(BEFORE, NOTICE_S + 60)
    assert moving.message(NOW + 20).within == 40 + LAST_S
    assert moving.message(NOW + 62).within == LAST_S - 2
    assert moving.message(NOW + 1000).within == 0


def test_a_search_is_diverted_unless_there_is_nowhere_to_go() -> None:
    moving = Moving()
    moving.begin(BEFORE)
    assert moving.diverts(user("ann"), NOW, stays=False)
    assert not moving.diverts(user("ann"), NOW, stays=True)
    assert not moving.diverts(user("old", can_move=False), NOW, stays=False)


def test_a_deadline_can_be_set_later_and_put_off_and_stays_when_none_is_named() -> None:
    moving, cem = Moving(), talking("cem")
    assert moving.begin(BEFORE)
    assert not moving.begin(NOW), "no news"
    assert moving.left_s(NOW) is None
    assert moving.begin(NOW, 10)
    assert not moving.begin(NOW + 4)
    assert moving.left_s(NOW + 4) == 6
    assert names(moving.due([cem], NOW + 10)) == ["cem"]
    assert moving.begin(NOW + 11, 60), "they may stay a little longer"
    assert moving.let_go([cem], NOW + 30) == []
    assert moving.due([cem], NOW + 30) == []
    assert names(moving.due([cem], NOW + 71)) == ["cem"]


def test_it_can_be_taken_back_and_begun_again() -> None:
    moving, ann = Moving(), waiting("ann")
    moving.begin(BEFORE, NOTICE_S + 5)
    assert moving.due([ann], NOW) == [ann]
    assert moving.end()
    assert not moving.end(), "no news"
    assert moving.due([ann], NOW + 9) == []
    assert moving.let_go([ann], NOW + 99) == []
    moving.begin(NOW + 100)
    assert moving.left_s(NOW + 100) is None
    assert moving.due([ann], NOW + 99 + NOTICE_S) == []
    assert moving.due([ann], NOW + 100 + NOTICE_S) == [ann]


def test_load_balancers_have_time_to_notice_whatever_the_deadline() -> None:
    moving, cem, old = Moving(), talking("cem"), talking("old", can_move=False)
    moving.begin(NOW, 0)
    assert moving.left_s(NOW) == NOTICE_S
    soon = NOW + NOTICE_S - 1
    assert moving.due([cem, old], soon) == moving.let_go([cem, old], soon) == []
    assert not moving.diverts(cem, soon, stays=False)
    assert moving.due([cem, old], NOW + NOTICE_S) == [cem]
    assert moving.let_go([cem, old], NOW + NOTICE_S) == [old]
