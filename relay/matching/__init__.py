"""Who may meet whom, and in which state a user is: decisions only."""

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
