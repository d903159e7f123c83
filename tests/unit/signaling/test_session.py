"""One user."""

from relay.signaling.limits import Limits
from relay.signaling.session import Session
from relay.signaling.tally import Tally


def ann(limits: Limits | None = None) -> Session:
    return Session("ann", limits or Limits(), since_s=0.0, tally=Tally(), is_local=False)


def test_only_the_last_few_partners_are_remembered() -> None:
    session = ann()
    for number in range(10):
        session.remember(f"user {number}", float(number))
    session.remember("user 5", 99.0)
    assert list(session.recent) == [f"user {n}" for n in (2, 3, 4, 6, 7, 8, 9, 5)]
    assert session.recent["user 5"] == 99.0


def test_too_many_faults_close() -> None:
    session = ann(Limits(max_faults=2))
    session.fault(0.0, "bad_message", "no JSON")
    assert session.outbox.closing is None
    session.fault(0.0, "bad_message", "no JSON")
    assert session.outbox.closing is not None
    assert session.outbox.closing.code == 1008


def test_twenty_errors_within_ten_seconds_close() -> None:
    session = ann()
    for number in range(19):
        session.fault(number * 0.52, "bad_message", "no JSON")
    assert session.outbox.closing is None
    session.fault(10.0, "bad_message", "no JSON")
    assert session.outbox.closing is not None


def test_nineteen_errors_within_ten_seconds_do_not_close() -> None:
    session = ann(Limits(max_unsent=1000))
    for number in range(500):
        session.fault(number * 10.01 / 19, "bad_message", "no JSON")
    assert session.outbox.closing is None
