"""What outlives the process: reports, blocks, bans, appeals, evidence, and operators.

- ``interface``  what there is to keep, and what a database of it can do
"""

from relay.records.interface import (
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
