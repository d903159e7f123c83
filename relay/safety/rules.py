"""When reports come to a ban without an operator, and how urgent they are: decisions only.

One reporter alone never suffices. Several browsers behind one address are one reporter, since
cookies are thrown away easily; and whoever reports nearly everybody counts less with each report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from relay.records import Ban, Party, Reason, Report

FEW_REPORTS = 3
"""So many a day count in full; of somebody who has made more, each counts as that share of one."""
DAY_S = 86_400.0
GROWTH = 4.0
"""By which each ban is longer than the one before."""
LONGEST_S = 7 * DAY_S
"""Of a ban without an operator."""
MAX_ADDRESS_S = 30 * DAY_S
"""Of a ban of an address: it has another owner soon, and its hash means nothing after that."""

_URGENCY = tuple(Reason)


@dataclass(frozen=True, slots=True)
class BanRules:
    """When reports come to a ban by themselves."""

    reporters: int = 3
    """Different ones, who count in full; 0 for never."""
    within_s: float = DAY_S
    first_s: float = 1800.0
    """How long the first ban lasts."""


def urgency(reason: Reason) -> int:
    """How urgent it is: 0 before all others."""
    return _URGENCY.index(reason)


def reporter_key(party: Party) -> str:
    """What tells one reporter from another: cookies are thrown away easily, addresses are not.

    All of whom no address is known are one: those behind a proxy that is not trusted, say.
    """
    return party.address or "somewhere"


def reporters(reports: Sequence[Report]) -> set[str]:
    """Who has reported."""
    return {reporter_key(report.reporter) for report in reports if report.source == "user"}


def weight(reports_made: int) -> float:
    """What a report of somebody counts who has made so many within a day."""
    return min(1.0, FEW_REPORTS / max(reports_made, 1))


def ban_s(
    about: Sequence[Report],
    made: Mapping[str, int],
    former: Sequence[Ban],
    rules: BanRules,
    now: float,
) -> float | None:
    """How long somebody is to be banned for what was reported; None when that does not suffice.

    :param about: reports about somebody.
    :param made: how many reports each reporter has made within a day, by :func:`reporter_key`.
    :param former: the bans that it has had; what was reported before the last one has been paid.
    :param now: seconds since 1970.
    """
    if not rules.reporters:
        return None
    since = max([now - rules.within_s, *(ban.since for ban in former)])
    counted = [r for r in about if r.at > since and r.outcome != "dismissed"]
    keys = reporters(counted)
    if len(keys) < max(rules.reporters, 2):
        return None
    if sum(weight(made.get(key, 1)) for key in keys) < rules.reporters:
        return None
    growth: float = GROWTH ** len(former)
    return min(rules.first_s * growth, LONGEST_S)
