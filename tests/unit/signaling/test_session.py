"""One user."""

from relay.signaling.limits import Limits
from relay.signaling.session import Session


async def test_only_the_last_few_partners_are_remembered() -> None:
    session = Session("ann", Limits())
    for number in range(10):
        session.remember(f"user {number}", float(number))
    session.remember("user 5", 99.0)
    assert list(session.recent) == [f"user {n}" for n in (2, 3, 4, 6, 7, 8, 9, 5)]
    assert session.recent["user 5"] == 99.0


async def test_a_look_that_is_under_way_is_not_asked_for_again() -> None:
    session = Session("ann", Limits())
    session.look_again()
    session.look_again()
    await session.inbox.get()
    assert session.inbox.empty()


async def test_too_many_faults_close() -> None:
    session = Session("ann", Limits(max_faults=2))
    session.fault(0.0, "bad_message", "no JSON")
    assert session.outbox.closing is None
    session.fault(0.0, "bad_message", "no JSON")
    assert session.outbox.closing is not None
    assert session.outbox.closing.code == 1008
