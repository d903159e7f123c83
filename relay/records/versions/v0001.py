"""The first version: reports, blocks, bans, appeals, decisions, operators and evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _number(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=nullable)


def upgrade() -> None:
    """Make the tables."""
    _reports_and_blocks()
    _bans_and_appeals()
    _decisions_and_operators()
    _evidence()


def _reports_and_blocks() -> None:
    parties = ("reporter_visitor", "reporter_address", "reported_visitor", "reported_address")
    op.create_table(
        "reports",
        _key("id"),
        _number("at"),
        _text("reason"),
        *map(_text, parties),
        _text("room_id"),
        _text("words"),
        _text("source"),
        _number("score", nullable=True),
        _text("outcome"),
        _number("decided_at", nullable=True),
        _text("taken_by"),
        _number("taken_at", nullable=True),
        _number("told_at", nullable=True),
        _number("heard_at", nullable=True),
    )
    op.create_index("reports_at", "reports", ["at"])
    op.create_index("reports_outcome", "reports", ["outcome", "at"])
    for name in parties:
        op.create_index(f"reports_{name}", "reports", [name])
    parties = ("by_visitor", "by_address", "blocked_visitor", "blocked_address")
    op.create_table("blocks", _key("id"), _number("at"), *map(_text, parties))
    op.create_index("blocks_at", "blocks", ["at"])
    for name in parties:
        op.create_index(f"blocks_{name}", "blocks", [name])


def _bans_and_appeals() -> None:
    op.create_table(
        "bans",
        _key("id"),
        _text("party_visitor"),
        _text("party_address"),
        _number("since"),
        _number("until", nullable=True),
        _text("reason"),
        _text("by"),
        _text("words"),
        _number("lifted_at", nullable=True),
    )
    for name in ("since", "party_visitor", "party_address"):
        op.create_index(f"bans_{name}", "bans", [name])
    op.create_table(
        "appeals",
        _key("id"),
        sa.Column("ban_id", sa.Text, sa.ForeignKey("bans.id", ondelete="CASCADE"), nullable=False),
        _number("at"),
        _text("words"),
        _text("outcome"),
        _text("answer"),
        _number("decided_at", nullable=True),
        sa.UniqueConstraint("ban_id", name="appeals_ban_id"),
    )
    op.create_index("appeals_outcome", "appeals", ["outcome", "at"])


def _decisions_and_operators() -> None:
    op.create_table(
        "decisions",
        _key("id"),
        _number("at"),
        _text("by"),
        _text("what"),
        _text("about"),
        _text("why"),
    )
    op.create_index("decisions_about", "decisions", ["about", "at"])
    op.create_table(
        "operators",
        _key("name"),
        _text("role"),
        _text("token_hash"),
        _number("added_at"),
    )


def _evidence() -> None:
    op.create_table(
        "evidence",
        _key("id"),
        _text("report_id"),
        _number("at"),
        sa.Column("sealed", sa.LargeBinary),
        _text("sealed_digest"),
        _number("keep_until"),
        _text("held_by"),
        sa.Column("number", sa.Integer, nullable=False),
        _text("digest"),
        sa.UniqueConstraint("number", name="evidence_number"),
    )
    op.create_index("evidence_report_id", "evidence", ["report_id"])
    op.create_index("evidence_keep_until", "evidence", ["keep_until"])
