"""What outlives the process: reports, blocks, bans, appeals, evidence, and operators.

- ``interface``  what there is to keep, and what a database of it can do
- ``memory``     the same in memory
"""

from relay.records.interface import (
    MAX_WORDS_CHARS,
    Appeal,
    AppealOutcome,
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
