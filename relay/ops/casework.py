"""The part of the client that is about reports, bans, appeals, operators and personal data."""

from dataclasses import dataclass
from typing import Literal

from relay.ops.exchange import Exchange, path_of
from relay.ops.models import (
    AddedOperator,
    AnOperator,
    Appeal,
    AppealCard,
    Appeals,
    Ban,
    Bans,
    Card,
    Forgotten,
    OperatorList,
    Personal,
    Report,
    Reports,
)

_EVERY = {"every": "true"}


@dataclass(frozen=True, slots=True)
class Terms:
    """How somebody is banned."""

    minutes: int | None
    """None for ever."""
    scope: str = "both"
    """``visitor``, ``address`` or ``both``."""
    words: str = ""
    """For the banned person."""

    @property
    def body(self) -> dict[str, object]:
        """As the API takes it."""
        return {"minutes": self.minutes, "scope": self.scope, "words": self.words}


class Casework(Exchange):
    """Looks at cases, and decides them."""

    async def reports(self, limit: int | None = None, *, every: bool = False) -> list[Report]:
        """The open reports as in the queue; with ``every`` all there were, newest first."""
        pages = self.pages(Reports, "reports", limit, _EVERY if every else {})
        return [report async for page in pages for report in page.reports]

    async def report(self, report_id: str) -> Card:
        """One report, with the history of both sides."""
        return await self.ask(Card, "GET", path_of("reports", report_id))

    async def take(self, report_id: str) -> Report:
        """Have a report be one's own for some minutes."""
        return await self.ask(Report, "POST", path_of("reports", report_id, "take"))

    async def give_back(self, report_id: str) -> None:
        """Have it be anybody's again."""
        await self.order("DELETE", path_of("reports", report_id, "take"))

    async def decide(
        self,
        report_id: str,
        outcome: Literal["dismissed", "warned", "banned"],
        why: str = "",
        ban: Terms | None = None,
    ) -> Report:
        """Decide a report.

        :param ban: with the outcome ``banned``.
        """
        body = {"outcome": outcome, "why": why} | ({"ban": ban.body} if ban else {})
        return await self.ask(Report, "POST", path_of("reports", report_id, "decision"), body=body)

    async def bans(self, limit: int | None = None, *, every: bool = False) -> list[Ban]:
        """The bans in force; with ``every`` all there were."""
        pages = self.pages(Bans, "bans", limit, _EVERY if every else {})
        return [ban async for page in pages for ban in page.bans]

    async def ban(self, whom: dict[str, str], reason: str, terms: Terms, why: str = "") -> Ban:
        """Ban somebody.

        :param whom: ``user``, ``report``, or ``visitor`` and ``address``, with their ids.
        """
        body = {**whom, **terms.body, "reason": reason, "why": why}
        return await self.ask(Ban, "POST", "bans", body=body)

    async def unban(self, ban_id: str, why: str = "") -> Ban:
        """Lift a ban."""
        return await self.ask(Ban, "DELETE", path_of("bans", ban_id), {"why": why})

    async def appeals(self, limit: int | None = None, *, every: bool = False) -> list[Appeal]:
        """The open appeals; with ``every`` all there were."""
        pages = self.pages(Appeals, "appeals", limit, _EVERY if every else {})
        return [appeal async for page in pages for appeal in page.appeals]

    async def appeal(self, appeal_id: str) -> AppealCard:
        """One appeal, with the ban and who is banned."""
        return await self.ask(AppealCard, "GET", path_of("appeals", appeal_id))

    async def answer(
        self, appeal_id: str, outcome: Literal["granted", "refused"], answer: str, why: str = ""
    ) -> Appeal:
        """Answer an appeal; ``granted`` lifts the ban."""
        body = {"outcome": outcome, "answer": answer, "why": why}
        return await self.ask(Appeal, "POST", path_of("appeals", appeal_id, "answer"), body=body)

    async def operators(self) -> list[AnOperator]:
        """All operators."""
        return list((await self.ask(OperatorList, "GET", "operators")).operators)

    async def add_operator(self, name: str, role: str) -> AddedOperator:
        """Add one; its token is in the answer, and nowhere else."""
        return await self.ask(AddedOperator, "POST", "operators", body={"name": name, "role": role})

    async def remove_operator(self, name: str) -> None:
        """Remove one."""
        await self.order("DELETE", path_of("operators", name))

    async def personal(self, visitor: str) -> Personal:
        """All that is stored about a visitor."""
        return await self.ask(Personal, "GET", path_of("privacy", visitor))

    async def forget(self, visitor: str) -> int:
        """Remove what is stored about it; returns how many rows have changed."""
        return (await self.ask(Forgotten, "DELETE", path_of("privacy", visitor))).changed
