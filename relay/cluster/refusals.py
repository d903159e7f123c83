"""What is logged of those who are not let in: each reason once a minute, and all are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

from relay.cluster.greeting import REASONS
from relay.pace import Latest, Seldom

EVERY_S = 60.0
_MOST = 256

log = structlog.get_logger(__name__)


class Refusals:
    """Counts and logs.

    :param clock: seconds on a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        """How many, by reason."""
        self._clock = clock
        self._told = Latest[Seldom](_MOST)

    def note(self, reason: str, node: str = "") -> None:
        """Somebody was not let in, or has not let us in.

        :param reason: one of :data:`relay.cluster.greeting.REASONS`.
        :param node: who, where that is known.
        """
        self.counts[reason] += 1
        told = self._told.kept(f"{reason} {node}", lambda: Seldom(EVERY_S))
        suppressed = told.due(self._clock())
        if suppressed is not None:
            who = {"node": node} if node else {}
            log.warning("node_refused", reason=reason, suppressed=suppressed, **who)
