"""What a link may cause, what its network may, and when that has been too much for long."""

from __future__ import annotations

from collections import Counter

import pytest

from relay.media.budget import (
    AUTHENTICATION,
    CHECKS,
    DTLS,
    LONG,
    LOOKS,
    MAX_NETWORKS,
    NACKS,
    OF_LINK,
    OF_NETWORK,
    REPAIR_SHARE,
    REPAIRS_AT_ONCE,
    REPAIRS_FOR_SOUND,
    REPAIRS_PER_S,
    REPAIRS_SPAN_S,
    RTCP,
    RTP,
    Budget,
    Network,
    Networks,
    RepairBudget,
)

LOOK_S = 0.1


@pytest.fixture
def drops() -> Counter[str]:
    return Counter()


@pytest.fixture
def budget() -> Budget:
    return Budget(0.0)


@pytest.mark.parametrize("kind", [RTCP, NACKS, CHECKS, DTLS])
def test_a_kind_may_be_paid_at_once_and_then_as_fast_as_it_is_earned(
    budget: Budget, drops: Counter[str], kind: str
) -> None:
    per_s, at_once = OF_LINK[kind]
    assert budget.pay(kind, at_once, 0.0, drops)
    assert not budget.pay(kind, 1, 0.0, drops)
    assert drops == {f"{kind}_over_budget": 1}
    assert budget.pay(kind, per_s / 2, 0.5, drops)
    assert not budget.pay(kind, 1, 0.5, drops)
    assert budget.pay(kind, at_once, 1000.0, drops), "no more than at once is ever saved"
    assert not budget.pay(kind, 1, 1000.0, drops)


def test_kinds_do_not_pay_for_each_other(budget: Budget, drops: Counter[str]) -> None:
    while budget.pay(RTCP, 1000, 0.0, drops):
        pass
    assert budget.pay(NACKS, 1, 0.0, drops)
    assert budget.pay(CHECKS, 1, 0.0, drops)
    assert budget.rtp == OF_LINK[RTP].at_once


def test_rtp_is_refilled_by_the_clock(budget: Budget) -> None:
    per_s, at_once = OF_LINK[RTP]
    budget.rtp = 0
    budget.look(LOOK_S)
    assert budget.rtp == pytest.approx(per_s * LOOK_S)
    budget.look(1000.0)
    assert budget.rtp == at_once


def test_links_of_one_network_share_what_it_has(drops: Counter[str]) -> None:
    network = Network()
    paid = 0
    for _ in range(50):
        budget = Budget(0.0)
        while budget.pay(CHECKS, 1, 0.0, drops, network):
            paid += 1
    assert paid == OF_NETWORK[CHECKS].at_once
    assert Budget(0.0).pay(CHECKS, 1, 0.0, drops, Network()), "another network has its own"


def test_what_the_network_cannot_pay_is_not_taken_from_the_link(drops: Counter[str]) -> None:
    network, budget = Network(), Budget(0.0)
    network.pay(CHECKS, OF_NETWORK[CHECKS].at_once, 0.0)
    assert not budget.pay(CHECKS, 1, 0.0, drops, network)
    assert budget.left(CHECKS, 0.0) == OF_LINK[CHECKS].at_once
    assert drops == {"checks_over_budget": 1}


def test_the_table_of_networks_is_bounded_and_keeps_those_that_are_heard() -> None:
    networks = Networks()
    kept = networks.find("heard")
    for number in range(3 * MAX_NETWORKS):
        networks.find(number)
        assert networks.find("heard") is kept
    assert len(networks) == MAX_NETWORKS
    first = networks.find(0)
    assert first is not kept
    assert networks.find(0) is first


# forgeries


def test_a_forged_packet_costs_the_user_nothing(budget: Budget, drops: Counter[str]) -> None:
    budget.network = Network()
    budget.rtp -= 1500
    budget.forged(RTP, 1500, 0.0)
    assert budget.rtp == OF_LINK[RTP].at_once
    budget.pay(RTCP, 600, 0.0, drops)
    budget.forged(RTCP, 600, 0.0)
    assert budget.left(RTCP, 0.0) == OF_LINK[RTCP].at_once
    assert not budget.over_lately


def test_too_many_forged_packets_are_not_looked_at_and_nobody_is_sent_away_for_them(
    budget: Budget, drops: Counter[str]
) -> None:
    network = budget.network = Network()
    now = 0.0
    for _ in range(2 * LOOKS):
        while network.pay(AUTHENTICATION, 1, now):
            pass
        budget.forged(RTP, 1500, now)
        assert budget.rtp == 0
        budget.refuse(RTP, now, drops)
        budget.forged(RTCP, 600, now)
        budget.refuse(RTCP, now, drops)
        now += LOOK_S
        assert budget.look(now) is None
    assert drops == {"authentication_over_budget": 4 * LOOKS}
    assert budget.over_lately == (AUTHENTICATION,)


# for long


def over_in(budget: Budget, kind: str, looks: list[bool]) -> list[str]:
    """Be over, or not, before each of some looks; returns what these have told."""
    told = []
    for number, is_over in enumerate(looks):
        now = number * LOOK_S
        if is_over:
            budget.refuse(kind, now, Counter())
        if (kind_told := budget.look(now)) is not None:
            told.append(kind_told)
    return told


def test_who_is_over_most_of_the_time_is_told_of_again_and_again(budget: Budget) -> None:
    assert over_in(budget, RTCP, [True] * (LONG + 1)) == [RTCP]
    assert over_in(budget, RTCP, [True] * LONG) == []
    assert over_in(budget, RTCP, [True]) == [RTCP]


def test_who_is_over_now_and_then_is_not() -> None:
    assert over_in(Budget(0.0), RTP, [True, False] * 500) == []
    assert over_in(Budget(0.0), RTP, ([True] * LONG + [False] * (LOOKS - LONG)) * 5) == []


def test_two_kinds_are_not_added_up(budget: Budget) -> None:
    for number in range(200):
        budget.refuse((RTP, RTCP)[number % 2], 0.0, Counter())
        assert budget.look(number * LOOK_S) is None


@pytest.mark.parametrize("kind", [DTLS, AUTHENTICATION])
def test_nobody_is_sent_away_for_what_others_may_have_forged(budget: Budget, kind: str) -> None:
    assert over_in(budget, kind, [True] * 3 * LOOKS) == []


def test_what_was_over_lately_is_seen_for_some_seconds(budget: Budget) -> None:
    budget.refuse(RTP, 0.0, Counter())
    budget.refuse(CHECKS, 0.0, Counter())
    assert budget.over_lately == (CHECKS, RTP)
    for number in range(29):
        budget.look(number * LOOK_S)
    assert budget.over_lately == (CHECKS, RTP)
    budget.look(3.0)
    assert not budget.over_lately


def test_repairs_are_a_share_of_what_is_sent() -> None:
    repairs = RepairBudget()
    assert repairs.left == REPAIRS_AT_ONCE
    sent, repeated = 0, 0
    repairs.earn(sent, 100.0)
    for second in range(1, 61):
        sent += 100_000
        repairs.earn(sent, 100.0 + second)
        while repairs.left > 0:
            repairs.owe(1000)
            repeated += 1000
    share = REPAIR_SHARE * sent + 60 * REPAIRS_PER_S + REPAIRS_AT_ONCE
    assert share - 1000 <= repeated <= share + 1000


def test_repairs_save_up_what_a_few_seconds_earn() -> None:
    repairs = RepairBudget()
    for second in range(60):
        repairs.earn(100_000 * second, 100.0 + second)
    assert repairs.left == REPAIR_SHARE * 100_000 * REPAIRS_SPAN_S
    for second in range(60, 120):
        repairs.earn(100_000 * 59, 100.0 + second)
    assert repairs.left == REPAIRS_AT_ONCE, "nothing is sent any more"


def test_repairs_whose_counts_begin_anew_cost_nothing() -> None:
    repairs = RepairBudget()
    for now, sent in ((100.0, 50_000), (101.0, 10), (101.0, 90_000)):
        repairs.earn(sent, now)
    assert repairs.left == REPAIRS_AT_ONCE


def test_pictures_leave_something_for_the_sound() -> None:
    budget = RepairBudget()
    while budget.has_room(for_picture=True):
        budget.owe(1100)
    assert 0 < budget.left <= REPAIRS_FOR_SOUND
    assert budget.has_room(for_picture=False)
    budget.owe(REPAIRS_FOR_SOUND)
    assert not budget.has_room(for_picture=False)
    for second in (1, 2):
        budget.earn(second, float(second))
    assert budget.has_room(for_picture=False)
    assert not budget.has_room(for_picture=True)
