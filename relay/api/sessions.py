"""Operators who have logged in at the dashboard: who knows a session's id, and until when.

The id is random and says nothing of the token; only its hash is kept. Sessions live in memory: a
restart ends them all. In a cluster an id is signed (:mod:`relay.api.passes`), and good at each node
until it ends, there or elsewhere.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from relay.api.passes import Pass, Passes
from relay.cookies import Cookie
from relay.records import Operator

COOKIE = "relay_session"
SECURE_COOKIE = Cookie(COOKIE).secure_name

LIFETIME_S = 8 * 3600.0
MAX_SESSIONS = 64
"""How many there are at once; a further one ends the oldest."""
MAX_ENDED = 1024
"""How many ids are remembered that are good no more, though they say so; the oldest goes."""


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
        self,
        lifetime_s: float = LIFETIME_S,
        clock: Callable[[], float] = time.monotonic,
        path: str = "/",
    ) -> None:
        self.lifetime_s = lifetime_s
        self.cookie = Cookie(COOKIE, path)
        self._clock = clock
        self._sessions: dict[bytes, Session] = {}  # by the hashes of their ids, the oldest first
        self._passes: Passes | None = None
        self._who: Callable[[Pass], Operator | None] = lambda _: None
        self._tell: Callable[[str], None] = lambda _: None
        self._ended: dict[bytes, float] = {}  # until when their ids would be good

    def id_of(self, request: web.Request) -> str:
        """What the browser says that its session is; empty when it says nothing."""
        return (
            self.cookie.read(request, is_secure=True)
            or self.cookie.read(request, is_secure=False)
            or ""
        )

    def share(
        self,
        passes: Passes,
        who: Callable[[Pass], Operator | None],
        tell: Callable[[str], None],
    ) -> None:
        """Have sessions that began at another node be good here, and the other way round.

        :param who: whose an id is, as it is now.
        :param tell: told the hash of each id that ends, for :meth:`ended_elsewhere` of the others.
        """
        self._passes, self._who, self._tell = passes, who, tell

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self, operator: Operator) -> str:
        """Begin a session of somebody's; returns its id."""
        self._forget_ended()
        if self._passes is not None:
            session_id = self._passes.write(operator, self.lifetime_s)
        else:
            session_id = secrets.token_urlsafe(32)
        self._add(_hash(session_id), Session(operator, self._clock() + self.lifetime_s))
        return session_id

    def find(self, session_id: str) -> Session | None:
        """The session of an id; None when there is none, or no longer."""
        self._forget_ended()
        key = _hash(session_id)
        return self._sessions.get(key) or self._adopt(key, session_id)

    def remaining_s(self, session: Session) -> float:
        """How long a session lasts."""
        return max(session.ends_at - self._clock(), 0.0)

    def end(self, session_id: str) -> None:
        """End a session, and what goes on in its name; harmless when there is none."""
        if self.find(session_id) is not None:
            self._end(_hash(session_id))

    def ended_elsewhere(self, told: str) -> None:
        """A session has ended at another node.

        :param told: the hash of its id, in hexadecimal.
        """
        try:
            key = bytes.fromhex(told)
        except ValueError:
            return
        self._note_end(key)
        if (session := self._sessions.pop(key, None)) is not None:
            session.close()

    def ended(self) -> list[str]:
        """The hashes of ids that say that they are good, and are not: for a node that has come."""
        return [key.hex() for key in self._ended]

    def review(self, present: Callable[[Operator], Operator | None]) -> None:
        """Take over what has changed: sessions of who was removed end.

        :param present: an operator as it is now; None when it is none any more.
        """
        for key, session in list(self._sessions.items()):
            operator = present(session.operator)
            if operator is None:
                self._sessions.pop(key).close()  # others know by themselves
            else:
                session.operator = operator

    def _forget_ended(self) -> None:
        now = self._clock()
        for key, session in list(self._sessions.items()):
            if session.ends_at <= now:
                self._sessions.pop(key).close()
        for key, ends_at in list(self._ended.items()):
            if ends_at <= now:
                del self._ended[key]

    def _add(self, key: bytes, session: Session) -> None:
        if len(self._sessions) >= MAX_SESSIONS:
            self._end(next(iter(self._sessions)))
        self._sessions[key] = session

    def _adopt(self, key: bytes, session_id: str) -> Session | None:
        """A session that began at another node, if it is good."""
        if self._passes is None or key in self._ended:
            return None
        said = self._passes.read(session_id)
        operator = None if said is None else self._who(said)
        if said is None or operator is None:
            return None
        left_s = min(said.ends_at - self._passes.clock(), self.lifetime_s)
        session = Session(operator, self._clock() + left_s)
        self._add(key, session)
        return session

    def _end(self, key: bytes) -> None:
        session = self._sessions.pop(key, None)
        if session is None:
            return
        session.close()
        if self._passes is not None:
            self._note_end(key)
            self._tell(key.hex())

    def _note_end(self, key: bytes) -> None:
        self._ended.pop(key, None)
        self._ended[key] = self._clock() + self.lifetime_s
        if len(self._ended) > MAX_ENDED:
            del self._ended[next(iter(self._ended))]


def _hash(session_id: str) -> bytes:
    """What is looked up, so that how long that takes tells nothing of any id."""
    return hashlib.sha256(session_id.encode(errors="surrogateescape")).digest()
