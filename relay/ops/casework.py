"""The part of the client that is about reports, bans, appeals, operators and personal data."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from relay.ops.exchange import SILENT_S, Exchange, path_of
from relay.ops.models import (
    AddedOperator,
    AnOperator,
    Appeal,
    AppealCard,
    Appeals,
    Ban,
    Bans,
    Card,
    EvidenceItem,
    EvidenceList,
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

    async def evidence(self, report_id: str) -> list[EvidenceItem]:
        """What was kept for a report."""
        path = path_of("reports", report_id, "evidence")
        return list((await self.ask(EvidenceList, "GET", path)).evidence)

    async def chain(self) -> AsyncIterator[EvidenceItem]:
        """All that was ever kept, in its order."""
        after = 0
        while True:
            page = await self.ask(EvidenceList, "GET", "evidence/chain", {"after": str(after)})
            for each in page.evidence:
                yield each
                after = each.number
            if not page.evidence:
                return

    async def piece(self, evidence_id: str) -> bytes:
        """What is sealed, and its place in the chain; it is written down who has asked for it."""
        path = path_of("evidence", evidence_id)
        async with self.streamed("GET", path, {}, SILENT_S) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def hold(self, evidence_id: str, why: str = "") -> None:
        """Have it kept until it is released."""
        await self.order("POST", path_of("evidence", evidence_id, "hold"), {"why": why})

    async def release(self, evidence_id: str) -> None:
        """Have it kept no longer than others."""
        await self.order("DELETE", path_of("evidence", evidence_id, "hold"))

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
