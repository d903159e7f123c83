"""Who is logged in, and until when."""

import asyncio
from typing import cast

from relay.api.passes import Pass, Passes, mark_of
from relay.api.sessions import MAX_ENDED, MAX_SESSIONS, Sessions
from relay.records import Operator, Role

ANN = Operator("ann", Role.MODERATOR, "0" * 64, 0.0)
BOB = Operator("bob", Role.VIEWER, "1" * 64, 0.0)


class Connection:
    """A transport that tells whether it was closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def close(self) -> None:
        self.closed.set()


class TimedSessions:
    """Sessions on a clock that a test moves on."""

    def __init__(self, lifetime_s: float = 100.0) -> None:
        self.now = 1000.0
        self.sessions = Sessions(lifetime_s, lambda: self.now)


def transport(connection: Connection) -> asyncio.Transport:
    return cast("asyncio.Transport", connection)


def test_a_session_is_known_by_its_id_alone() -> None:
    sessions = TimedSessions().sessions
    first, second = sessions.begin(ANN), sessions.begin(ANN)
    assert first != second
    assert len(first) >= 43, "256 bits"
    assert sessions.find(first) is not None
    assert sessions.find(first) is not sessions.find(second)
    for other in ("", first[:-1], first + "A", "ü\udcff"):
        assert sessions.find(other) is None
    assert first not in repr(vars(sessions))


def test_a_session_ends_in_time() -> None:
    timed = TimedSessions()
    session_id = timed.sessions.begin(ANN)
    timed.now += 99
    session = timed.sessions.find(session_id)
    assert session is not None
    assert timed.sessions.remaining_s(session) == 1
    timed.now += 1
    assert timed.sessions.find(session_id) is None
    assert timed.sessions.remaining_s(session) == 0
    assert len(timed.sessions) == 0


def test_ending_one_leaves_the_others() -> None:
    sessions = TimedSessions().sessions
    first, second = sessions.begin(ANN), sessions.begin(ANN)
    sessions.end(first)
    sessions.end(first)
    assert sessions.find(first) is None
    assert sessions.find(second) is not None


def test_there_are_so_many_and_the_oldest_has_to_go() -> None:
    sessions = TimedSessions().sessions
    ids = [sessions.begin(ANN) for _ in range(MAX_SESSIONS + 1)]
    assert len(sessions) == MAX_SESSIONS
    assert [sessions.find(session_id) is not None for session_id in ids] == (
        [False] + [True] * MAX_SESSIONS
    )


async def test_the_end_closes_what_goes_on() -> None:
    sessions = TimedSessions().sessions
    session_id = sessions.begin(ANN)
    session = sessions.find(session_id)
    assert session is not None
    done, running = Connection(), Connection()
    with session.using(transport(done), 60):
        pass
    with session.using(transport(running), 60):
        sessions.end(session_id)
        assert running.closed.is_set()
    assert not done.closed.is_set()


async def test_what_goes_on_is_closed_when_time_is_over() -> None:
    sessions = TimedSessions().sessions
    session = sessions.find(sessions.begin(ANN))
    assert session is not None
    running = Connection()
    with session.using(transport(running), 0.01):
        async with asyncio.timeout(5):
            await running.closed.wait()


async def test_what_ended_in_time_keeps_its_connection() -> None:
    """Another request may come over it."""
    sessions = TimedSessions().sessions
    session = sessions.find(sessions.begin(ANN))
    assert session is not None
    done, time_over = Connection(), asyncio.Event()
    with session.using(transport(done), 0):
        pass
    asyncio.get_running_loop().call_later(0, time_over.set)
    await time_over.wait()
    assert not done.closed.is_set()


async def test_a_client_that_has_gone_needs_nothing_closed() -> None:
    session = TimedSessions().sessions.find("")
    assert session is None
    sessions = TimedSessions().sessions
    session = sessions.find(sessions.begin(ANN))
    assert session is not None
    with session.using(None, 60):
        session.close()


def test_a_review_ends_the_sessions_of_who_was_removed_and_renews_the_others() -> None:
    sessions = TimedSessions().sessions
    anns, bobs = sessions.begin(ANN), sessions.begin(BOB)
    promoted = Operator("bob", Role.ADMIN, "1" * 64, 0.0)
    sessions.review(lambda operator: promoted if operator.name == "bob" else None)
    assert sessions.find(anns) is None
    session = sessions.find(bobs)
    assert session is not None
    assert session.operator == promoted


async def test_a_review_cuts_off_what_goes_on_in_the_name_of_who_was_removed() -> None:
    sessions = TimedSessions().sessions
    session = sessions.find(sessions.begin(ANN))
    assert session is not None
    connection = Connection()
    with session.using(transport(connection), 100):
        sessions.review(lambda _: None)
        assert connection.closed.is_set()


# in a cluster


class Node:
    """A node's sessions; what it tells is heard by those that are there."""

    def __init__(self, others: "list[Node]", key: bytes = b"k" * 32) -> None:
        self.now = 1000.0
        self.operators = [ANN, BOB]
        self.sessions = Sessions(100.0, lambda: self.now)
        self.sessions.share(
            Passes(key, lambda: 1e9 + self.now),
            self._who,
            self._tell,
        )
        self._others = others
        others.append(self)

    def _tell(self, ended: str) -> None:
        for other in self._others:
            if other is not self:
                other.sessions.ended_elsewhere(ended)

    def _who(self, shown: Pass) -> Operator | None:
        found = (each for each in self.operators if each.name == shown.name)
        return next((each for each in found if mark_of(each) == shown.mark), None)


def two_nodes() -> tuple[Node, Node]:
    others: list[Node] = []
    return Node(others), Node(others)


def test_a_session_is_good_at_each_node_and_for_as_long() -> None:
    one, other = two_nodes()
    session_id = one.sessions.begin(ANN)
    other.now += 60
    found = other.sessions.find(session_id)
    assert found is not None
    assert found.operator == ANN
    assert other.sessions.remaining_s(found) == 40
    assert other.sessions.find(session_id) is found
    other.now += 40
    assert other.sessions.find(session_id) is None


async def test_it_ends_everywhere_wherever_it_is_ended() -> None:
    one, other = two_nodes()
    session_id = one.sessions.begin(ANN)
    connection = Connection()
    session = one.sessions.find(session_id)
    assert session is not None
    with session.using(transport(connection), 100.0):
        other.sessions.end(session_id)  # which has never seen it before
        assert connection.closed.is_set()
    assert one.sessions.find(session_id) is None
    assert other.sessions.find(session_id) is None
    for ended in one.sessions.ended():  # as a node is told that comes later
        late = Node([])
        late.sessions.ended_elsewhere(ended)
        assert late.sessions.find(session_id) is None
    assert len(one.sessions.ended()) == 1
    one.now += 101
    one.sessions.find("")
    assert one.sessions.ended() == []


def test_one_too_many_ends_the_oldest_everywhere() -> None:
    one, other = two_nodes()
    first = one.sessions.begin(ANN)
    for _ in range(MAX_SESSIONS):
        one.sessions.begin(BOB)
    assert one.sessions.find(first) is None
    assert other.sessions.find(first) is None


def test_a_removed_operator_has_no_session_elsewhere() -> None:
    one, other = two_nodes()
    session_id = one.sessions.begin(ANN)
    other.operators = [Operator("ann", Role.ADMIN, "2" * 64, 0.0)]  # another one of that name
    assert other.sessions.find(session_id) is None


def test_nothing_strange_is_taken_or_remembered() -> None:
    one, other = two_nodes()
    stranger = Node([], key=b"x" * 32).sessions.begin(ANN)
    for given in ("", "a.b", stranger):
        assert one.sessions.find(given) is None
        one.sessions.end(given)
    one.sessions.ended_elsewhere("no hexadecimal")
    assert one.sessions.ended() == other.sessions.ended() == []
    for number in range(MAX_ENDED + 9):
        one.sessions.ended_elsewhere(f"{number:064x}")
    assert len(one.sessions.ended()) == MAX_ENDED
