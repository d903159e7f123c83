"""The tables, as the newest version has them. A change here needs a file in ``versions``, too."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

HEAD = "0001"
"""The newest version of the tables."""


class Words(TypeDecorator[str]):
    """Text of whatever origin: what a database cannot keep in text is left out, or is a ``?``.

    PostgreSQL has no U+0000 in text, and no database has lone surrogates, which JSON can have.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text as it can be kept."""
        if value is None:
            return None
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


metadata = MetaData()

version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own; it is no part of the metadata, as it is none of what Alembic compares."""

reports = Table(
    "reports",
    metadata,
    Column("id", Words, primary_key=True),
    Column("at", Double, nullable=False),
    Column("reason", Words, nullable=False),
    Column("reporter_visitor", Words, nullable=False),
    Column("reporter_address", Words, nullable=False),
    Column("reported_visitor", Words, nullable=False),
    Column("reported_address", Words, nullable=False),
    Column("room_id", Words, nullable=False),
    Column("words", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("score", Double),
    Column("outcome", Words, nullable=False),
    Column("decided_at", Double),
    Column("taken_by", Words, nullable=False),
    Column("taken_at", Double),
    Column("told_at", Double),
    Column("heard_at", Double),
    Index("reports_at", "at"),
    Index("reports_outcome", "outcome", "at"),
    Index("reports_reporter_visitor", "reporter_visitor"),
    Index("reports_reporter_address", "reporter_address"),
    Index("reports_reported_visitor", "reported_visitor"),
    Index("reports_reported_address", "reported_address"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Words, primary_key=True),
    Column("at", Double, nullable=False),
    Column("by_visitor", Words, nullable=False),
    Column("by_address", Words, nullable=False),
    Column("blocked_visitor", Words, nullable=False),
    Column("blocked_address", Words, nullable=False),
    Index("blocks_at", "at"),
    Index("blocks_by_visitor", "by_visitor"),
    Index("blocks_by_address", "by_address"),
    Index("blocks_blocked_visitor", "blocked_visitor"),
    Index("blocks_blocked_address", "blocked_address"),
)

bans = Table(
    "bans",
    metadata,
    Column("id", Words, primary_key=True),
    Column("party_visitor", Words, nullable=False),
    Column("party_address", Words, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double),
    Column("reason", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("words", Words, nullable=False),
    Column("lifted_at", Double),
    Index("bans_since", "since"),
    Index("bans_party_visitor", "party_visitor"),
    Index("bans_party_address", "party_address"),
)

appeals = Table(
    "appeals",
    metadata,
    Column("id", Words, primary_key=True),
    Column("ban_id", Words, ForeignKey("bans.id", ondelete="CASCADE"), nullable=False),
    Column("at", Double, nullable=False),
    Column("words", Words, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("answer", Words, nullable=False),
    Column("decided_at", Double),
    UniqueConstraint("ban_id", name="appeals_ban_id"),
    Index("appeals_outcome", "outcome", "at"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Words, primary_key=True),
    Column("at", Double, nullable=False),
    Column("by", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("about", Words, nullable=False),
    Column("why", Words, nullable=False),
    Index("decisions_about", "about", "at"),
)

operators = Table(
    "operators",
    metadata,
    Column("name", Words, primary_key=True),
    Column("role", Words, nullable=False),
    Column("token_hash", Words, nullable=False),
    Column("added_at", Double, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Words, primary_key=True),
    Column("report_id", Words, nullable=False),
    Column("at", Double, nullable=False),
    Column("sealed", LargeBinary),
    Column("sealed_digest", Words, nullable=False),
    Column("keep_until", Double, nullable=False),
    Column("held_by", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Words, nullable=False),
    UniqueConstraint("number", name="evidence_number"),
    Index("evidence_report_id", "report_id"),
    Index("evidence_keep_until", "keep_until"),
)
