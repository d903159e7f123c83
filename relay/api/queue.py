"""In which order operators see the reports that are open: decisions only."""

from collections.abc import Sequence

from relay.records import Party, Report
from relay.safety import urgency
from relay.safety.rules import reporter_key


class Queue:
    """The open reports: the most urgent first, then those about whom most complain, the oldest.

    :param reports: all that are open.
    """

    def __init__(self, reports: Sequence[Report]) -> None:
        self._reporters: dict[str, set[str]] = {}
        for report in reports:
            for key in _keys(report.reported):
                who = self._reporters.setdefault(key, set())
                if report.source == "user":
                    who.add(reporter_key(report.reporter))
        self.reports = sorted(reports, key=self._place)

    def reporters(self, report: Report) -> int:
        """How many different ones have reported the same visitor or address."""
        who = (self._reporters.get(key, set()) for key in _keys(report.reported))
        return len(set[str]().union(*who))

    def _place(self, report: Report) -> tuple[int, int, float]:
        return urgency(report.reason), -self.reporters(report), report.at


def _keys(party: Party) -> list[str]:
    return [f"{kind}:{key}" for kind, key in (("v", party.visitor), ("a", party.address)) if key]
