"""Operators who have logged in at the dashboard: who knows a session's id, and until when.

The id is random and says nothing of the token; only its hash is kept. Sessions live in memory: a
restart ends them all.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from relay.records import Operator

LIFETIME_S = 8 * 3600.0
MAX_SESSIONS = 64
"""How many there are at once; a further one ends the oldest."""


@dataclass(eq=False)
class Session:
    """One login."""

    operator: Operator
    """Who has logged in."""
    ends_at: float
    """On the clock of :class:`Sessions`."""
    _connections: list[asyncio.Transport] = field(default_factory=list)

    @contextmanager
    def using(self, transport: asyncio.Transport | None, seconds: float) -> Iterator[None]:
        """Have a request's connection closed when the session ends before the request does.

        :param seconds: how long the session lasts.
        """
        if transport is None:  # the client has gone
            yield
            return
        timer = asyncio.get_running_loop().call_later(seconds, transport.close)
        self._connections.append(transport)
        try:
            yield
        finally:
            self._connections.remove(transport)
            timer.cancel()

    def close(self) -> None:
        """Close the connections of requests that go on."""
        for transport in self._connections:
            transport.close()


class Sessions:
    """The table of sessions.

    :param lifetime_s: how long one lasts.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self, lifetime_s: float = LIFETIME_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.lifetime_s = lifetime_s
        self._clock = clock
        self._sessions: dict[bytes, Session] = {}  # by the hashes of their ids, the oldest first

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self, operator: Operator) -> str:
        """Begin a session of somebody's; returns its id."""
        self._forget_ended()
        if len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions))).close()
        session_id = secrets.token_urlsafe(32)
        self._sessions[_hash(session_id)] = Session(operator, self._clock() + self.lifetime_s)
        return session_id

    def find(self, session_id: str) -> Session | None:
        """The session of an id; None when there is none, or no longer."""
        self._forget_ended()
        return self._sessions.get(_hash(session_id))

    def remaining_s(self, session: Session) -> float:
        """How long a session lasts."""
        return max(session.ends_at - self._clock(), 0.0)

    def end(self, session_id: str) -> None:
        """End a session, and what goes on in its name; harmless when there is none."""
        session = self._sessions.pop(_hash(session_id), None)
        if session is not None:
            session.close()

    def review(self, present: Callable[[Operator], Operator | None]) -> None:
        """Take over what has changed: sessions of who was removed end.

        :param present: an operator as it is now; None when it is none any more.
        """
        for key, session in list(self._sessions.items()):
            operator = present(session.operator)
            if operator is None:
                self._sessions.pop(key).close()
            else:
                session.operator = operator

    def _forget_ended(self) -> None:
        now = self._clock()
        while self._sessions:
            oldest = next(iter(self._sessions))
            if self._sessions[oldest].ends_at > now:
                return
            self._sessions.pop(oldest).close()


def _hash(session_id: str) -> bytes:
    """What is looked up, so that how long that takes tells nothing of any id."""
    return hashlib.sha256(session_id.encode(errors="surrogateescape")).digest()
