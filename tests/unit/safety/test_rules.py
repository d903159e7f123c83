from dataclasses import replace

import pytest

from relay.records import Ban, Party, Reason, Report
from relay.safety.rules import DAY_S, LONGEST_S, BanRules, ban_s, urgency, weight

NOW = 1_700_000_000.0
RULES = BanRules()


def report(reporter: Party, age_s: float = 60.0) -> Report:
    return Report("r", NOW - age_s, Reason.HATE, reporter, Party("bob"), "room")


def by(*names: str) -> list[Report]:
    return [report(Party(name, f"{name}'s home")) for name in names]


def ban(age_s: float) -> Ban:
    return Ban("b", Party("bob"), NOW - age_s, NOW - age_s + 60, Reason.HATE, "rules")


def test_so_many_different_reporters_ban() -> None:
    assert ban_s(by("a", "b"), {}, [], RULES, NOW) is None
    assert ban_s(by("a", "b", "c"), {}, [], RULES, NOW) == RULES.first_s


def test_one_reporter_never_suffices() -> None:
    assert ban_s(by(*"aaaaaaaa"), {}, [], RULES, NOW) is None
    assert ban_s(by("a", "a"), {}, [], BanRules(reporters=1), NOW) is None
    assert ban_s(by("a", "b"), {}, [], BanRules(reporters=1), NOW) is not None


def test_those_behind_one_address_are_one_and_so_are_those_of_whom_no_address_is_known() -> None:
    neighbours = [report(Party(name, "home")) for name in "abcd"]
    assert ban_s(neighbours, {}, [], RULES, NOW) is None
    somewhere = [report(Party(name)) for name in "abcdefg"]
    assert ban_s([*by("a"), *somewhere], {}, [], RULES, NOW) is None
    assert ban_s([*by("a", "b"), *somewhere], {}, [], RULES, NOW) is not None


def test_whoever_reports_everybody_counts_less() -> None:
    assert weight(1) == weight(3) == 1
    assert weight(6) == 0.5
    assert ban_s(by("a", "b", "c"), {"c's home": 6}, [], RULES, NOW) is None
    assert ban_s(by("a", "b", "c", "d"), {"c's home": 6, "d's home": 6}, [], RULES, NOW) is not None


def test_what_is_old_or_was_dismissed_or_paid_for_does_not_count() -> None:
    old = report(Party("c", "c's home"), DAY_S + 1)
    assert ban_s([*by("a", "b"), old], {}, [], RULES, NOW) is None
    dismissed = replace(report(Party("c", "c's home")), outcome="dismissed")
    assert ban_s([*by("a", "b"), dismissed], {}, [], RULES, NOW) is None
    assert ban_s(by("a", "b", "c"), {}, [ban(age_s=30)], RULES, NOW) is None


@pytest.mark.parametrize(("before", "longer"), [(1, 4), (2, 16)])
def test_each_ban_is_longer_than_the_one_before(before: int, longer: int) -> None:
    former = [ban(age_s=1000)] * before
    assert ban_s(by("a", "b", "c"), {}, former, RULES, NOW) == longer * RULES.first_s
    assert ban_s(by("a", "b", "c"), {}, [ban(age_s=1000)] * 40, RULES, NOW) == LONGEST_S


def test_it_can_be_switched_off() -> None:
    assert ban_s(by(*"abcdefg"), {}, [], BanRules(reporters=0), NOW) is None


def test_what_cannot_wait_is_first() -> None:
    assert min(Reason, key=urgency) is Reason.MINOR
