"""Who may meet whom, and in which state a user is: decisions only.

- ``states``      the tables: what happened leads where, and which message each state allows
- ``matchmaker``  brings waiting users together, over a store that others use at the same time
- ``policy``      whom a user should meet
"""

from relay.matching.matchmaker import Matchmaker
from relay.matching.states import Happened, MediaMode, State, advance, require_allowed

__all__ = [
    "Happened",
    "Matchmaker",
    "MediaMode",
    "State",
    "advance",
    "require_allowed",
]
