"""Which datagrams have come already, of those that may still be on their way."""

from __future__ import annotations

WIDTH = 1024
"""So far behind the latest one a datagram may come; a power of two."""

_AT = WIDTH - 1


class Window:
    """Of datagrams that are counted by who sends them, each of which is to be taken once.

    It has a place for each count of its width, where the last one is that has come there: so it
    never moves, as that of RFC 6479 does not.
    """

    __slots__ = ("_latest", "_seen")

    def __init__(self) -> None:
        self._latest = -1
        self._seen = [-1] * WIDTH

    def is_new(self, count: int) -> bool:
        """Whether a datagram has not come, for all that is known: what is too old may have."""
        if count > self._latest:
            return True
        return count > self._latest - WIDTH and self._seen[count & _AT] != count

    def take(self, count: int) -> None:
        """A datagram that is new has come, and is authentic."""
        self._seen[count & _AT] = count
        self._latest = max(self._latest, count)
