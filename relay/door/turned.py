"""Says in the log that connections are turned away: at once, and then once in a while."""

import structlog

from relay.door.clients import DoorTally

QUIET_S = 60.0
"""How long nothing more is said."""
MANY_SILENT = 100
"""Fewer that say nothing in ``QUIET_S`` are no news: browsers open some in advance."""

_log = structlog.get_logger()


class TurnedAway:
    """What has been told of a tally, and when."""

    def __init__(self) -> None:
        self.has_more = False
        """Whether there is news that was not told, since something was a moment ago."""
        self._told: dict[str, int] = {}
        self._told_at = float("-inf")
        self._quiet_until_s = float("-inf")

    def tell(self, tally: DoorTally, there: int, now: float) -> None:
        """Say what is new, if it is worth it and was not said a moment ago.

        :param there: how many connections there are.
        """
        counted = {f"refused_{reason}": count for reason, count in tally.refusals.items()}
        counted |= {"evicted": tally.drops["evicted"], "silent": tally.drops["silent"]}
        news = {name: count - self._told.get(name, 0) for name, count in counted.items()}
        if news["silent"] >= MANY_SILENT or any(news[name] for name in news if name != "silent"):
            self.has_more = now < self._quiet_until_s
            if self.has_more:
                return
            fields = {name: count for name, count in news.items() if count}
            _log.warning("connections_turned_away", connections=there, **fields)
            self._quiet_until_s = now + QUIET_S
        elif now - self._told_at < QUIET_S:
            return
        self._told, self._told_at = counted, now
