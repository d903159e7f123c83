"""What the operators' API says of reports, bans, appeals, evidence and operators, as types.

What it takes to decide them is in :mod:`relay.api.orders`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from relay.api.models import Model
from relay.api.queries import Page
from relay.records import Reason, Role
from relay.track import Count

AReason = Annotated[Reason, WithJsonSchema({"type": "string", "enum": list(Reason)})]
ARole = Annotated[Role, WithJsonSchema({"type": "string", "enum": list(Role)})]

_MOMENT = "UTC, RFC 3339"


class Party(Model):
    """Whom something is about."""

    visitor: str | None = Field(description="The id in its cookie; null where it has none.")
    address: str | None = Field(
        description="A keyed hash of its address; null where it is private, or not known."
    )


class Report(Model):
    """Somebody has reported its partner, or a classifier has."""

    id: str
    at: str = Field(description=f"When this was, {_MOMENT}.")
    reason: AReason
    severity: Count = Field(description="0 for what is most urgent.")
    reporter: Party
    reported: Party
    reporters: Count = Field(
        description="How many different ones have reported the same visitor or address, in the"
        " reports that are open; 0 of one that is decided."
    )
    room_id: str
    words: str = Field(description="As the reporter wrote them: hostile, perhaps.")
    source: Literal["user", "classifier"]
    score: float | None = Field(description="A classifier's, from 0 to 1.")
    outcome: Literal["open", "dismissed", "warned", "banned"]
    decided_at: str | None
    taken_by: str | None = Field(description="The operator who looks at it at present.")
    taken_at: str | None


class Reports(Model):
    """A page of reports."""

    reports: list[Report]
    total: Count | None = Field(description="How many there are on all pages; null if not known.")
    more: bool = Field(description="Whether there are others after these.")


class PastReport(Model):
    """A report in somebody's history."""

    id: str
    at: str
    reason: AReason
    outcome: Literal["open", "dismissed", "warned", "banned"]


class Ban(Model):
    """Somebody may not come in."""

    id: str
    party: Party
    since: str = Field(description=f"{_MOMENT}, as all moments.")
    until: str | None = Field(description="null for ever.")
    reason: AReason
    by: str = Field(description="The operator's name, or `rules`.")
    words: str = Field(description="For the banned person.")
    lifted_at: str | None
    holds: bool = Field(description="Whether it is in force.")


class Bans(Model):
    """A page of bans, newest first."""

    bans: list[Ban]
    more: bool


class Decision(Model):
    """What an operator, or a rule, has decided, and why."""

    at: str
    by: str
    what: str = Field(description="Such as `banned`, `lifted` or `refused`.")
    about: str = Field(description="The id of a report, a ban, an appeal or a piece of evidence.")
    why: str


class Side(Model):
    """What is known of one of the two."""

    party: Party
    reports_about: list[PastReport] = Field(description="Newest first, at most 50; as the others.")
    reports_made: list[PastReport]
    bans: list[Ban]


class EvidenceItem(Model):
    """What was kept of a call, sealed; only the holder of the private key can read it."""

    id: str
    report_id: str
    at: str
    keep_until: str = Field(description="Then it is gone, unless it is held.")
    is_kept: bool = Field(description="Whether it is still there.")
    is_intact: bool | None = Field(
        description="In the chain: whether what is sealed is what was added; null where it is gone,"
        " or was not looked at."
    )
    held_by: str | None = Field(description="The operator who holds it longer.")
    number: Count = Field(description="Its place in the chain.")
    digest: str = Field(description="SHA-256 over the one before it and its own fields.")
    sealed_digest: str = Field(description="SHA-256 of what is sealed, also when that is gone.")
    added_at: float = Field(description="`at` as it is in the digest: in seconds since 1970.")


class EvidenceList(Model):
    """Pieces of evidence, in the order in which they were kept."""

    evidence: list[EvidenceItem]


class Card(Model):
    """A report with all that helps to decide it."""

    report: Report
    reported: Side
    reporter: Side
    decisions: list[Decision] = Field(description="About this report, oldest first.")
    evidence: list[EvidenceItem]


class Appeal(Model):
    """A banned person asks to be let in again."""

    id: str
    ban_id: str
    at: str
    words: str = Field(description="As the banned person wrote them.")
    outcome: Literal["open", "granted", "refused"]
    answer: str = Field(description="To the banned person.")
    decided_at: str | None


class Appeals(Model):
    """A page of appeals; the oldest open ones first, else the newest."""

    appeals: list[Appeal]
    more: bool


class AppealCard(Model):
    """An appeal with all that helps to answer it."""

    appeal: Appeal
    ban: Ban
    banned: Side
    decisions: list[Decision] = Field(description="About the ban and the appeal.")


class BanCard(Model):
    """A ban with all that is known of who has it."""

    ban: Ban
    banned: Side
    appeal: Appeal | None
    decisions: list[Decision] = Field(description="About the ban.")


class AnOperator(Model):
    """Somebody with a token of its own."""

    name: str
    role: ARole
    added_at: str | None = Field(description="null of the server's own token.")


class OperatorList(Model):
    """All operators."""

    operators: list[AnOperator]


class AddedOperator(Model):
    """A new operator, and its token: nobody is told it again."""

    name: str
    role: ARole
    token: str


class MadeReport(PastReport):
    """A report that somebody has made."""

    words: str


class OwnDecision(Model):
    """A decision, as the one whom it is about is told it."""

    at: str
    what: str
    about: str


class Personal(Model):
    """All that is stored about a visitor, as it can be handed out to it."""

    visitor: str
    reports_made: list[MadeReport]
    reports_about: list[PastReport] = Field(
        description="Without who made them, and what it wrote: that is somebody else's."
    )
    blocks_made: list[str] = Field(description="When it blocked somebody.")
    bans: list[Ban]
    appeals: list[Appeal]
    decisions: list[OwnDecision] = Field(
        description="Without who has decided, and what operators wrote to each other."
    )


class Forgotten(Model):
    """Somebody's data is gone, but for bans in force and open reports."""

    changed: Count = Field(description="How many rows have changed.")


class ReportQuery(Page):
    """Which reports are wanted."""

    every: bool = Field(
        False, description="Also those decided, newest first; else the open ones as in the queue."
    )


class BanQuery(Page):
    """Which bans are wanted."""

    every: bool = Field(False, description="Also those that are over; else those in force.")


class AppealQuery(Page):
    """Which appeals are wanted."""

    every: bool = Field(False, description="Also those answered.")


class ChainQuery(Model):
    """Which part of the chain of evidence is wanted."""

    model_config = ConfigDict(extra="forbid")
    after: int = Field(0, ge=0, le=2**31 - 1, description="The number before the first one.")
    limit: int = Field(500, ge=1, le=500, description="How many at most.")
