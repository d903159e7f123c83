"""What outlives the process, and what a database of it can do, whatever it is made of.

Times are seconds since 1970, UTC. Ids are unguessable and made by whoever adds something.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

MAX_WORDS_CHARS = 1000
"""Of a report, an appeal, and of what operators write."""


class Reason(StrEnum):
    """Why somebody is reported; those that cannot wait come first."""

    MINOR = "minor"
    THREAT = "threat"
    VIOLENCE = "violence"
    NUDITY = "nudity"
    HATE = "hate"
    SPAM = "spam"
    OTHER = "other"


class Role(StrEnum):
    """What an operator may do; each may what those before it may."""

    VIEWER = "viewer"
    MODERATOR = "moderator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Party:
    """Whom something is about: a visitor, an address, or both; empty where it is not known."""

    visitor: str = ""
    """The id in its cookie."""
    address: str = ""
    """A keyed hash of its address."""

    def __bool__(self) -> bool:
        return bool(self.visitor or self.address)


ReportOutcome = Literal["open", "dismissed", "warned", "banned"]


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody has reported its partner, or a classifier has."""

    id: str
    at: float
    reason: Reason
    reporter: Party
    reported: Party
    room_id: str
    words: str = ""
    """As the reporter wrote them."""
    source: Literal["user", "classifier"] = "user"
    score: float | None = None
    """A classifier's, from 0 to 1."""
    outcome: ReportOutcome = "open"
    decided_at: float | None = None
    taken_by: str = ""
    """The operator who looks at it."""
    taken_at: float | None = None
    told_at: float | None = None
    """When the reporter was told what came of it."""
    heard_at: float | None = None
    """When the reported one was told, if it was warned."""


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody never wants to meet somebody again."""

    id: str
    at: float
    by: Party
    blocked: Party


@dataclass(frozen=True, slots=True)
class Ban:
    """Somebody may not come in."""

    id: str
    party: Party
    since: float
    until: float | None
    """None for ever."""
    reason: Reason
    by: str
    """The operator's name, or ``rules``."""
    words: str = ""
    """For the banned person."""
    lifted_at: float | None = None

    def holds(self, now: float) -> bool:
        """Whether it is in force."""
        return self.lifted_at is None and (self.until is None or now < self.until)


AppealOutcome = Literal["open", "granted", "refused"]


@dataclass(frozen=True, slots=True)
class Appeal:
    """A banned person asks to be let in again."""

    id: str
    ban_id: str
    at: float
    words: str
    outcome: AppealOutcome = "open"
    answer: str = ""
    """To the banned person."""
    decided_at: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator, or a rule, has decided, and why; kept as long as what it is about."""

    id: str
    at: float
    by: str
    what: Literal[
        "dismissed", "warned", "banned", "lifted", "granted", "refused", "held", "released"
    ]
    about: str
    """The id of a report, a ban, an appeal or a piece of evidence."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a token of its own."""

    name: str
    role: Role
    token_hash: str
    """SHA-256, hexadecimal."""
    added_at: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was kept of a call, sealed: only the holder of the private key can read it."""

    id: str
    report_id: str
    at: float
    sealed: bytes | None
    """None once its time is over: the digests stay, so that the chain can be followed."""
    keep_until: float
    """Then it is gone, unless it is held."""
    held_by: str = ""
    """The operator who holds it longer."""
    number: int = 0
    """Its place in the chain; given when it is added."""
    digest: str = ""
    """SHA-256 over the digest before it and its own fields; given when it is added."""
    sealed_digest: str = ""
    """SHA-256 of what was sealed, which stays when that is gone; given when it is added."""


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is stored about somebody."""

    reports_made: list[Report] = field(default_factory=list)
    reports_about: list[Report] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    bans: list[Ban] = field(default_factory=list)
    appeals: list[Appeal] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits for operators."""

    reports: int
    oldest_at: float | None
    """When the oldest of these reports was made."""
    appeals: int


class Records(Protocol):
    """The database. Every method is one transaction: when it returns, it is on the disk.

    Each raises :class:`relay.errors.RecordsAway` when the database cannot be used at present.
    """

    @property
    def unwritten(self) -> int:
        """How much is in memory alone, since the database is away."""

    @property
    def lost(self) -> int:
        """How much there was no room for there, or could not be written down after all."""

    # reports

    async def add_report(self, report: Report) -> None:
        """Add one; harmless when it is there already."""

    async def report(self, report_id: str) -> Report | None:
        """One report."""

    async def open_reports(self, limit: int) -> list[Report]:
        """Those not decided yet: the most urgent first, and of these the oldest."""

    async def backlog(self) -> Backlog:
        """How many reports and appeals are open."""

    async def reports(self, limit: int, offset: int) -> list[Report]:
        """All, newest first."""

    async def reports_about(self, party: Party, since: float) -> list[Report]:
        """Those about somebody, newest first, at most 1,000.

        Here as elsewhere somebody is a visitor, wherever it is; without a cookie it is whoever has
        its address and no cookie either.
        """

    async def reports_by(self, party: Party, since: float) -> list[Report]:
        """Those that somebody has made, newest first, at most 1,000."""

    async def take_report(self, report_id: str, by: str, now: float, until: float) -> Report | None:
        """Have an operator look at it, unless another one has taken it after ``until``.

        ``by`` empty gives it back.

        :returns: the report as it is then, ``taken_by`` whoever has it; None without one.
        """

    async def decide_report(
        self, report_id: str, outcome: ReportOutcome, decision: Decision
    ) -> bool:
        """Decide an open one, and keep the decision; false when it is not open any more."""

    async def told(self, report_ids: list[str], now: float) -> None:
        """Their reporter knows the outcome."""

    async def heard(self, report_ids: list[str], now: float) -> None:
        """The reported one has got its warning."""

    # blocks

    async def add_block(self, block: Block) -> None:
        """Add one; the same two only once."""

    async def blocks(self, party: Party) -> list[Block]:
        """Those that somebody has made, newest first, at most 1,000."""

    async def remove_block(self, block_id: str, by: Party) -> bool:
        """Undo one's own."""

    # bans and appeals

    async def add_ban(self, ban: Ban, decision: Decision) -> None:
        """Add one."""

    async def ban(self, ban_id: str) -> Ban | None:
        """One ban."""

    async def bans(
        self, limit: int, offset: int = 0, *, holding_at: float | None = None
    ) -> list[Ban]:
        """All, or those in force, newest first."""

    async def bans_of(self, party: Party) -> list[Ban]:
        """All that somebody has ever had, newest first."""

    async def lift_ban(self, ban_id: str, decision: Decision) -> bool:
        """Lift one that is in force; false when it is not."""

    async def add_appeal(self, appeal: Appeal) -> bool:
        """Add one; false when the ban has an appeal already, or does not exist."""

    async def appeal(self, appeal_id: str) -> Appeal | None:
        """One appeal."""

    async def appeal_of(self, ban_id: str) -> Appeal | None:
        """The appeal of a ban."""

    async def appeals(self, limit: int, offset: int = 0, *, is_open: bool = False) -> list[Appeal]:
        """All, or those not answered yet; the oldest open ones first, else the newest."""

    async def answer_appeal(
        self, appeal_id: str, outcome: AppealOutcome, answer: str, decision: Decision
    ) -> bool:
        """Answer an open one; one that is granted lifts the ban. False when it is not open."""

    async def decisions(self, about: str) -> list[Decision]:
        """Those about something, oldest first."""

    # operators

    async def add_operator(self, operator: Operator) -> bool:
        """Add one; false when the name is taken."""

    async def remove_operator(self, name: str) -> bool:
        """Remove one."""

    async def operators(self) -> list[Operator]:
        """All, by name."""

    # evidence

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        """Add one at the end of the chain; returns it with ``number`` and ``digest``."""

    async def evidence(self, evidence_id: str) -> Evidence | None:
        """One."""

    async def evidence_of(self, report_id: str) -> list[Evidence]:
        """A report's, without what is sealed in them."""

    async def chain(self, after: int, limit: int) -> list[Evidence]:
        """All in their order, after a number."""

    async def hold_evidence(self, evidence_id: str, by: str, decision: Decision) -> bool:
        """Have it kept until it is released; ``by`` empty releases it."""

    # time and privacy

    async def expire(self, now: float, evidence_before: float, rest_before: float) -> int:
        """Have what is due be gone: sealed evidence not held, and what is older than the rest.

        :param evidence_before: what was to be kept until then loses what is sealed in it.
        :param rest_before: reports decided and bans ended before that are removed, and blocks of
            which one side has no cookie.
        :returns: how many rows have lost something.
        """

    async def everything(self, party: Party) -> Everything:
        """All about somebody, but the blocks that others have made."""

    async def forget(self, party: Party) -> int:
        """Remove what somebody has made, and take it out of what others have made.

        What is needed against it stays: bans in force, with the decisions, open reports, and that
        others have blocked it. Open
        ones that it has made stay, too, without their reporter.

        :returns: how many rows have changed.
        """
