"""Who is logged in, and until when."""

import asyncio
from typing import cast

from relay.api.sessions import MAX_SESSIONS, Sessions
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
