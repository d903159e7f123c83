"""What becomes of reports, blocks and bans: between whoever acts, and the records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any

import structlog

from relay.errors import RecordsAway
from relay.pace import Paces, TokenBucket, take_all
from relay.records import Appeal, Ban, Block, Decision, Party, Reason, Records, Report
from relay.safety.bans import MAX_BANS, Bans
from relay.safety.findings import Deeds, Filed, Known, shown_appeal
from relay.safety.hearers import Hearers
from relay.safety.identity import Identity, tokens_of
from relay.safety.orders import SafetyTally
from relay.safety.rules import DAY_S, MAX_ADDRESS_S, BanRules, ban_s, reporter_key, urgency

REPORTS_PER_S = 1 / 30
REPORTS_BURST = 10
"""Reports and blocks of one visitor, or of all without a cookie at one address."""
OF_ADDRESS = 20
"""All behind one address may report together what so many may do each."""
OUTCOMES_S = 30 * DAY_S
"""For so long after a report its reporter is told what came of it."""
KEPT_S = 180 * DAY_S
"""For so long reports that are decided, and bans and blocks that are over, are kept."""
RELOAD_S = 60.0
RETRY_S = 5.0
"""Before bans that could not be stored are tried again."""
PATIENCE_S = 2.0
"""Nobody waits longer to come in because of the database."""
_MAX_PACES = 4096
_MAX_TASKS = 256
_RULES = "rules"

log = structlog.get_logger(__name__)


class Safety(Hearers):
    """Takes reports and blocks, and keeps the table of bans. One for a server.

    Use: :meth:`start`, then anything, then :meth:`close`.

    :param rules: when reports come to a ban by themselves.
    :param clock: seconds since 1970.
    """

    def __init__(
        self,
        records: Records,
        rules: BanRules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.records = records
        self.tally = SafetyTally()
        self.bans = Bans()
        self.clock = clock
        self._rules = rules
        self._unstored: dict[str, tuple[Ban, Decision]] = {}
        self._paces = Paces(_MAX_PACES)
        self._tasks: set[asyncio.Task[None]] = set()

    def banned_elsewhere(self, ban_id: str) -> None:
        """Another server has banned somebody, or lifted a ban: follow it now, not in a minute."""
        if len(self._tasks) < _MAX_TASKS:
            self._spawn(self._follow_ban(ban_id), f"ban {ban_id}")

    def decided_elsewhere(self, report_id: str) -> None:
        """Another server has decided a report: tell whom it is about, as far as they are here."""
        if len(self._tasks) < _MAX_TASKS:
            self._spawn(self._tell_decided(report_id), f"decided {report_id}")

    async def start(self) -> None:
        """Load the bans, before anybody comes; while the database is away, it is tried again."""
        await self._follow()
        self._spawn(self._keep_up(), "safety")

    async def close(self) -> None:
        """End what runs; bans that are not stored are, if that can be."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._store_bans()
        except (RecordsAway, TimeoutError):
            log.error("bans_lost", count=len(self._unstored))  # noqa: TRY400 - it is no crash

    # who comes in

    def find_ban(self, identity: Identity) -> Ban | None:
        """What keeps somebody out, if anything does."""
        return self.bans.find(identity, self.clock())

    async def shown(self, ban: Ban) -> dict[str, Any]:
        """A ban as the banned person sees it, with its appeal."""
        try:
            appeal = await self.records.appeal_of(ban.id)
        except RecordsAway:
            appeal = None
        return {
            "id": ban.id,
            "since": ban.since,
            "until": ban.until,
            "reason": ban.reason.value,
            "words": ban.words,
            "appeal": None if appeal is None else shown_appeal(appeal),
        }

    async def known(self, identity: Identity) -> Known:
        """What there is to know of somebody who comes in; nothing while the database is away."""
        party = identity.party
        if not party:
            return Known()
        since = self.clock() - OUTCOMES_S
        try:
            async with asyncio.timeout(PATIENCE_S):
                blocks = await self.records.blocks(party)
                made = await self.records.reports_by(party, since)
                about = await self.records.reports_about(party, since)
        except (RecordsAway, TimeoutError):
            return Known()
        own = identity.own_tokens
        return Known(
            frozenset[str]().union(*(tokens_of(block.blocked) for block in _made(blocks, own))),
            tuple(r for r in made if r.outcome != "open" and r.told_at is None),
            tuple(
                r
                for r in about
                if r.outcome == "warned" and r.heard_at is None and tokens_of(r.reported) & own
            ),
            any(report.source == "user" for report in made),
        )

    def told(self, reports: Sequence[Report]) -> None:
        """Their reporter has been told what came of them; if that is lost, it is told again."""
        if reports:
            ids = [report.id for report in reports]
            self._spawn(self.records.told(ids, self.clock()), "told")

    def heard(self, reports: Sequence[Report]) -> None:
        """The reported one has been warned; if that is lost, it is warned again."""
        if reports:
            ids = [report.id for report in reports]
            self._spawn(self.records.heard(ids, self.clock()), "heard")

    # reports and blocks

    def wait_s(self, identity: Identity, now: float, *, is_report: bool = True) -> float:
        """How long until somebody may report or block again; when it is 0, it counts as done.

        :param now: seconds on any clock, but always the same.
        :param is_report: whether it also counts for those behind the same address: a report does.
        """
        buckets = [self._pace(token) for token in sorted(identity.own_tokens)]
        if is_report:
            others = sorted(identity.tokens - identity.own_tokens)
            buckets += [self._pace(token, OF_ADDRESS) for token in others]
        return take_all(buckets, now)

    async def report(
        self, reporter: Identity, reported: Identity, reason: Reason, words: str, room_id: str
    ) -> Filed:
        """Take a report: it is on the disk, or kept until the database is back."""
        now = self.clock()
        report = Report(
            token_hex(8), now, reason, reporter.party, reported.party, room_id, words.strip()
        )
        is_stored = await self._add(self.records.add_report(report))
        filed = Filed(report, await self.block(reporter, reported), is_stored)
        self._filed(report)
        if len(self._tasks) < _MAX_TASKS:
            self._spawn(self._judge(report), f"judge {report.id}")
        return filed

    async def suspect(self, reported: Identity, room_id: str, score: float) -> Report:
        """Take what a classifier thinks of a picture: operators decide, and no rule does."""
        id_, now, party = token_hex(8), self.clock(), reported.party
        report = Report(
            id_, now, Reason.NUDITY, Party(), party, room_id, source="classifier", score=score
        )
        await self._add(self.records.add_report(report))
        self._filed(report)
        return report

    def _filed(self, report: Report) -> None:
        self.tally.reports[report.reason] += 1
        self.tally.open_reports += 1
        self.tally.oldest_open_at = self.tally.oldest_open_at or report.at
        log.info(
            "report_received",
            report=report.id,
            reason=report.reason,
            room=report.room_id,
            source=report.source,
        )
        self.reported(report)

    async def block(self, by: Identity, blocked: Identity) -> Block:
        """Have somebody never meet somebody again."""
        block = Block(token_hex(8), self.clock(), by.party, blocked.party)
        self.tally.blocks += 1
        if by.party and blocked.party:
            await self._add(self.records.add_block(block))
        return block

    async def deeds(self, identity: Identity) -> Deeds:
        """What somebody has reported and blocked.

        :raises RecordsAway: when it cannot be looked up.
        """
        party, own = identity.party, identity.own_tokens
        if not party:
            return Deeds()
        blocks = await self.records.blocks(party)
        reports = await self.records.reports_by(party, self.clock() - KEPT_S)
        return Deeds(
            tuple(_made(blocks, own)),
            tuple(report for report in reports if report.source == "user"),
        )

    async def unblock(self, identity: Identity, block_id: str) -> bool:
        """Undo a block of one's own; who is here meets the other from the next visit on.

        :raises RecordsAway: when it cannot be stored.
        """
        return bool(identity.party) and await self.records.remove_block(block_id, identity.party)

    # bans

    async def ban(self, ban: Ban, why: str) -> Ban:
        """Put a ban into force, whatever the database does: it is stored when that is back."""
        now = self.clock()
        if ban.party.address and not ban.party.visitor:
            last = now + MAX_ADDRESS_S
            ban = replace(ban, until=last if ban.until is None else min(ban.until, last))
        self.bans.add(ban)
        self._unstored[ban.id] = ban, Decision(token_hex(8), now, ban.by, "banned", ban.id, why)
        self.tally.bans[_RULES if ban.by == _RULES else "operator"] += 1
        log.info("banned", ban=ban.id, reason=ban.reason, until=ban.until, by=ban.by)
        self.banned(ban)
        try:
            self.tally.returned += bool(await self.records.bans_of(ban.party))
            await self._store_bans()
        except RecordsAway:
            log.warning("ban_not_stored", ban=ban.id)
            self._spawn(self._store_later(), "store bans")
        return ban

    def is_stored(self, ban: Ban) -> bool:
        """Whether a ban outlives the server."""
        return ban.id not in self._unstored

    # appeals

    async def appeal(self, identity: Identity, words: str) -> tuple[Appeal | None, bool]:
        """Take the appeal of somebody who is banned.

        :returns: the ban's appeal, and whether it is this one; None when there is no ban.
        :raises RecordsAway: when it cannot be stored.
        """
        ban = self.find_ban(identity)
        if ban is None:
            return None, False
        appeal = Appeal(token_hex(8), ban.id, self.clock(), words.strip())
        if not await self.records.add_appeal(appeal):
            return await self.records.appeal_of(ban.id), False
        self.tally.appeals += 1
        self.tally.open_appeals += 1
        log.info("appeal_received", appeal=appeal.id, ban=ban.id)
        return appeal, True

    # inside

    async def _add(self, adding: Coroutine[Any, Any, None]) -> bool:
        """Whether something is on the disk; else it is kept for then, or dropped and counted."""
        try:
            await adding
        except RecordsAway:
            return False
        return True

    def _pace(self, token: str, users: int = 1) -> TokenBucket:
        return self._paces.of(token, REPORTS_PER_S * users, REPORTS_BURST * users)

    async def _judge(self, report: Report) -> None:
        """Ban whoever was reported, if the rules say so."""
        party = report.reported
        if not party:
            return
        now = self.clock()
        about = await self.records.reports_about(party, now - self._rules.within_s)
        former = [ban for ban in await self.records.bans_of(party) if ban.lifted_at is None]
        made = {
            reporter_key(each.reporter): len(
                await self.records.reports_by(each.reporter, now - DAY_S)
            )
            for each in about[:_MAX_TASKS]
            if each.reporter
        }
        duration_s = ban_s(about, made, former, self._rules, now)
        if duration_s is None:
            return
        banned = party if not party.visitor else Party(visitor=party.visitor)
        worst = min((each.reason for each in about), key=urgency)
        ban = Ban(token_hex(8), banned, now, now + duration_s, worst, _RULES)
        await self.ban(ban, f"{len(about)} reports")

    async def _tell_decided(self, report_id: str) -> None:
        report = await self.records.report(report_id)
        if report is not None and report.outcome != "open":
            self.decided(report)
        await self._count()

    async def _follow_ban(self, ban_id: str) -> None:
        ban = await self.records.ban(ban_id)
        if ban is not None and ban.holds(self.clock()):
            is_news = ban.id not in self.bans
            self.bans.add(ban)
            if is_news:
                self.banned(ban)
        else:
            self.bans.remove(ban_id)
        await self._count()

    async def _keep_up(self) -> None:
        """Follow the database, in which others may write as well; forget what is over."""
        while True:
            await asyncio.sleep(RELOAD_S)
            await self._follow()

    async def _follow(self) -> None:
        try:
            await self._load()
        except RecordsAway:
            pass  # the records say so themselves
        except Exception:
            log.exception("safety_failed")

    async def _store_bans(self) -> None:
        for ban, decision in [*self._unstored.values()]:
            await self.records.add_ban(ban, decision)
            if self._unstored.pop(ban.id, None) is not None:
                self.changed("ban", ban.id)

    async def _store_later(self) -> None:
        while self._unstored:
            await asyncio.sleep(RETRY_S)
            try:
                await self._store_bans()
            except RecordsAway:
                continue

    async def _load(self) -> None:
        now = self.clock()
        await self._store_bans()
        in_force = await self.records.bans(MAX_BANS, holding_at=now)
        others = [ban for ban in in_force if ban.id not in self.bans]
        newer = [ban for ban, _ in self._unstored.values()]  # made while this was looked up
        self.bans.replace([*in_force, *newer])
        for ban in others:  # of another server with the same database
            self.banned(ban)
        await self._count()
        log.debug("safety_loaded", bans=len(self.bans), reports=self.tally.open_reports)
        await self.records.expire(now, now, now - KEPT_S)

    async def _count(self) -> None:
        """How much waits for operators."""
        backlog = await self.records.backlog()
        self.tally.open_reports, self.tally.oldest_open_at = backlog.reports, backlog.oldest_at
        self.tally.open_appeals = backlog.appeals

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, RecordsAway):
            log.error("safety_task_crashed", task=task.get_name(), exc_info=error)


def _made(blocks: Iterable[Block], own: frozenset[str]) -> Iterator[Block]:
    """Those of some blocks that somebody has made who is known by ``own`` tokens."""
    return (block for block in blocks if not own.isdisjoint(tokens_of(block.by)))
