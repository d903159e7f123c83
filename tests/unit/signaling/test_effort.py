"""What descriptions cost, and who pays."""

import pytest

from relay.signaling.effort import MAX_SOURCES, OF_SOURCE, OF_USER, Effort, Efforts

NOW = 100.0


def offers_at_once(effort: Effort, cpu_s: float = 0.003) -> int:
    """How many are taken before one has to wait."""
    count = 0
    while not effort.wait_s(NOW):
        effort.spend(cpu_s)
        count += 1
    return count


def test_a_user_may_offer_some_times_and_waits_then() -> None:
    effort = Efforts().of("")
    assert offers_at_once(effort) == pytest.approx(OF_USER[1] / 0.003, abs=1)
    wait_s = effort.wait_s(NOW)
    assert 0 < wait_s < 1
    assert effort.wait_s(NOW + wait_s) == pytest.approx(0)


def test_users_of_one_source_pay_from_its_share_too() -> None:
    efforts = Efforts()
    per_user = offers_at_once(efforts.of("192.0.2.1"))
    crowd = [offers_at_once(efforts.of("192.0.2.1")) for _ in range(99)]
    assert per_user * 100 > per_user + sum(crowd)
    assert per_user + sum(crowd) == pytest.approx(OF_SOURCE[1] / 0.003, abs=2)
    assert offers_at_once(efforts.of("192.0.2.2")) == per_user
    assert offers_at_once(efforts.of("")) == per_user


def test_sources_are_bounded() -> None:
    efforts = Efforts()
    for number in range(MAX_SOURCES + 10):
        efforts.of(f"source {number}")
    assert len(efforts._of_sources) == MAX_SOURCES


def test_who_has_no_budget_never_waits() -> None:
    effort = Effort()
    effort.spend(1000)
    assert effort.wait_s(NOW) == 0
