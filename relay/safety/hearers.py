"""Who wants to hear of reports, of what is decided about them, and of bans."""

from __future__ import annotations

from collections.abc import Callable

from relay.records import Ban, Report


class Hearers:
    """Told one after the other, in the order in which they came."""

    def __init__(self) -> None:
        self._of_reports: list[Callable[[Report], None]] = []
        self._of_decisions: list[Callable[[Report], None]] = []
        self._of_bans: list[Callable[[Ban], None]] = []
        self._of_changes: list[Callable[[str, str], None]] = []

    def on_report(self, hearer: Callable[[Report], None]) -> None:
        """Have every new report told."""
        self._of_reports.append(hearer)

    def on_decision(self, hearer: Callable[[Report], None]) -> None:
        """Have each report told that is decided."""
        self._of_decisions.append(hearer)

    def on_ban(self, hearer: Callable[[Ban], None]) -> None:
        """Have every new ban told."""
        self._of_bans.append(hearer)

    def on_change(self, hearer: Callable[[str, str], None]) -> None:
        """Have told what other servers of the same database should look up again.

        That is a ``ban``, made or over, or a ``report`` that is decided, each with its id.
        """
        self._of_changes.append(hearer)

    def reported(self, report: Report) -> None:
        """There is a new report."""
        for hearer in self._of_reports:
            hearer(report)

    def decided(self, report: Report) -> None:
        """A report is decided."""
        for hearer in self._of_decisions:
            hearer(report)

    def banned(self, ban: Ban) -> None:
        """A ban is in force."""
        for hearer in self._of_bans:
            hearer(ban)

    def changed(self, what: str, about: str) -> None:
        """Something that is stored has changed."""
        for hearer in self._of_changes:
            hearer(what, about)
