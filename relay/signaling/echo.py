"""A user's own media comes back to it, so that it can be measured: decisions only, time passed in.

An echo is about one link, and ends with it; or after a while, or when the user does anything else.
It costs the server what half a call does, so a user may have a few at once, and then one now and
then.
"""

from relay.pace import TokenBucket

ECHO_S = 10.0
"""How long one lasts."""
ECHOES_PER_S = 0.1
ECHOES_BURST = 6
"""A test of each way that there is, over IPv4 and over IPv6."""


class Echoing:
    """Whether a user has an echo, and how often it may."""

    def __init__(self) -> None:
        self._pace = TokenBucket(ECHOES_PER_S, ECHOES_BURST)
        self._link_id: str | None = None
        self._until = 0.0

    @property
    def is_on(self) -> bool:
        """Whether there is one."""
        return self._link_id is not None

    def begin(self, link_id: str, now: float) -> float:
        """Begin one on a link, or begin its time anew.

        :returns: 0, or how many seconds the user has to wait; nothing has changed then.
        """
        wait_s = self._pace.take(now)
        if not wait_s:
            self._link_id, self._until = link_id, now + ECHO_S
        return wait_s

    def end(self) -> None:
        """There is none any more."""
        self._link_id = None

    def is_over(self, link_id: str | None, now: float) -> bool:
        """Whether there is one that is to end: its time is up, or its link another one or none.

        :param link_id: the user's present link.
        """
        return self.is_on and (self._link_id != link_id or now >= self._until)
