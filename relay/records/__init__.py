"""What outlives the process: reports, blocks, bans, appeals, evidence, and operators.

- ``interface``  what there is to keep, and what a database of it can do
- ``database``   the same in SQLite or PostgreSQL
- ``lasting``    a database, and a ``ledger`` of what is new while it is away
- ``chain``      digests over evidence, each with the one before it

What ``database`` is made of:

- ``engine``     how a database is reached, and what it is asked to be careful with
- ``lane``       calls one after the other, in a thread of their own
- ``schema``     the tables; ``rows`` are what stands in them, ``finding`` what all have in common
- ``reports``    statements about reports and blocks
- ``bans``       statements about bans and appeals
- ``kept``       statements about evidence, decisions and operators
- ``look``       what is in a database, without a change of it
- ``privacy``    what goes in time, or when somebody asks for it
- ``version``    which version the tables have; ``upgrading`` brings them to another
- ``versions``   the steps of that; ``env`` is what Alembic runs for them
"""

from relay.records.interface import (
    MAX_WORDS_CHARS,
    Appeal,
    AppealOutcome,
    Backlog,
    Ban,
    Block,
    Decision,
    Everything,
    Evidence,
    Operator,
    Party,
    Reason,
    Records,
    Report,
    ReportOutcome,
    Role,
)

__all__ = [
    "MAX_WORDS_CHARS",
    "Appeal",
    "AppealOutcome",
    "Backlog",
    "Ban",
    "Block",
    "Decision",
    "Everything",
    "Evidence",
    "Operator",
    "Party",
    "Reason",
    "Records",
    "Report",
    "ReportOutcome",
    "Role",
]
