"""Whom the server waits for: sessions whose sockets are lost, and what lets one come back.

A session is *attached* while it has a socket, and *away* while that is lost and may be followed by
another; then it goes on or ends. To go on it takes a token, which serves once: with each socket the
client gets another one. If that socket is lost before anything has come by it, the client may not
know of it, and the former serves again beside it. Of tokens only hashes are kept, so that looking
one up tells nothing of it by the time that it takes; of those that can serve no more, some, to say
why.

A session ends by :class:`~relay.signaling.mailbox.SessionEnded` in its inbox, and nobody can come
back to it from the moment that this is decided. Decisions only, time passed in.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from hashlib import sha256
from itertools import islice
from secrets import token_urlsafe
from typing import Literal, NamedTuple

import structlog

from relay.matching import State
from relay.pace import Seldom
from relay.plane import LinkState
from relay.protocol.messages import Resume, Resumed
from relay.signaling.effort import Effort
from relay.signaling.limits import Limits
from relay.signaling.mailbox import SessionEnded
from relay.signaling.outbox import CLOSE_REPLACED, CLOSE_RIGHT_BACK
from relay.signaling.session import Session
from relay.signaling.tally import Tally

RIGHT_BACK_S = 10.0
"""How long somebody is waited for at most who has closed with ``CLOSE_RIGHT_BACK``."""
LEFT_MISSED_S = 1.0
"""After so long the partner is told: the page was reloaded by then, or it was closed."""
MISSED_S = 3.0
"""When the partner is told."""
_REMEMBERED = 4096
"""Tokens that serve no more."""
_LOOKED_AT = 64
"""Of those who are away, when one of them has to go."""
_LOST = 1006  # RFC 6455 section 7.4.1
_TOLD_EVERY_S, _TOLD_BURST = 1.0, 60  # of those who come, and of those who go, in the log

log = structlog.get_logger(__name__)

Refusal = Literal["unknown", "used", "ended", "missed", "node_lost"]


def new_token(node: str = "") -> str:
    """An unguessable one: 256 bits, base64url.

    :param node: whose it is, which stands before it; empty where there are no others.
    """
    token = token_urlsafe(32)
    return f"{node}.{token}" if node else token


class _Away(NamedTuple):
    """When the partner of somebody who is away is told, and until when they are waited for."""

    missed_s: float
    until_s: float


class Sessions:
    """All sessions with their tokens, and how long those are waited for that are away.

    :param node: this one's name; empty where there are no others.
    """

    def __init__(self, limits: Limits, tally: Tally, node: str = "") -> None:
        self._node = node
        self._limits = limits
        self._tally = tally
        self._by_token: dict[bytes, Session] = {}
        self._tokens_of: dict[Session, list[bytes]] = {}
        self._served: dict[Session, tuple[bytes, int]] = {}
        """The token that a session was resumed with last, and how many frames had come then."""
        self._spent: OrderedDict[bytes, Refusal] = OrderedDict()
        self._away: dict[Session, _Away] = {}  # who left first is first
        self._by_source: Counter[str] = Counter()
        self._comings = Seldom(_TOLD_EVERY_S, _TOLD_BURST)
        self._goings = Seldom(_TOLD_EVERY_S, _TOLD_BURST)

    @property
    def away(self) -> int:
        """How many are away."""
        return len(self._away)

    def new_token(self) -> str:
        """What may let somebody come back."""
        return new_token(self._node)

    def come(self, session: Session, token: str | None, now: float) -> None:
        """A new user is here.

        :param token: what lets it come back, if it can.
        """
        if token is not None:
            self._give(session, token)
        if session.source:
            self._by_source[session.source] += 1
        suppressed = self._comings.due(now)
        if suppressed is not None:
            log.info("user_connected", user=session.user_id, suppressed=suppressed)

    def gone(
        self, session: Session, close_code: int | None, now: float, away_s: float = 0.0
    ) -> None:
        """A user is here no longer.

        :param away_s: how long it was waited for.
        """
        suppressed = self._goings.due(now)
        if suppressed is not None:
            log.info(
                "user_disconnected",
                user=session.user_id,
                close_code=close_code,
                away_s=away_s,
                suppressed=suppressed,
            )

    def lose(self, session: Session, goodbye: int | None, now: float) -> bool:
        """A session's socket is lost, or was closed.

        :param goodbye: the code with which either side has closed it; None without one.
        :returns: whether the session is waited for; else it ends.
        """
        wait_s = self._wait_s(session, goodbye)
        if not wait_s:
            self.end(session)
            return False
        missed_s = MISSED_S if goodbye is None else LEFT_MISSED_S
        self._away[session] = _Away(now + missed_s, now + wait_s)
        self._let_serve_again(session)
        session.left(now)
        suppressed = session.interruptions.due(now)
        if suppressed is not None:
            state = session.state.value
            log.info("user_interrupted", user=session.user_id, state=state, suppressed=suppressed)
        if session.source and self._by_source[session.source] > self._limits.sessions_per_source:
            self.give_up(self._first_of(session.source), now)
        return True

    def resume(
        self, resume: Resume, now: float, *, source: str, is_local: bool, effort: Effort
    ) -> tuple[Session, Resumed] | None:
        """Somebody comes back: the session goes on with its socket, whatever it had before.

        :param source: where the socket comes from, as ``is_local``; ``effort`` is of a user there.
        :returns: the session, and what its socket is told first; none when it cannot be had.
        """
        session = self._find(resume.resume_token)
        if session is None:
            return None
        if not session.outbox.has_after(resume.received):
            self._disappoint(session, now)
            return None
        token = self.new_token()
        self._spend(session, "used")
        self._give(session, token)
        self._served[session] = _hash(resume.resume_token), session.frames
        self._move(session, source)
        session.is_local = is_local
        session.effort.move(effort)
        missed = session.outbox.go_on(resume.received)
        self._away.pop(session, None)
        away_s = round(_away_s(session, now), 3)
        session.returned(now)
        self._tally.resumes += 1
        suppressed = session.returns.due(now)
        if suppressed is not None:
            log.info(
                "user_resumed",
                user=session.user_id,
                away_s=away_s,
                missed=missed,
                suppressed=suppressed,
            )
        return session, Resumed(
            user_id=session.user_id,
            resume_token=token,
            received=session.frames,
            missed=missed,
            state=session.state.value,
            room_id=session.call.room.room_id if session.call is not None else None,
        )

    def end(self, session: Session) -> None:
        """A session ends; nobody comes back to it."""
        self._spend(session, "ended")
        self._served.pop(session, None)
        self._away.pop(session, None)
        self._move(session, "")
        session.inbox.put(SessionEnded())

    def tick(self, now: float) -> None:
        """Let time pass: who is away is missed first, and then waited for no longer."""
        for session, times in list(self._away.items()):
            if now >= times.until_s or session.outbox.closing is not None:
                self.give_up(session, now)
            elif not session.is_missed and now >= times.missed_s:
                session.missed()

    def expendable(self) -> Session | None:
        """Who can go when there is no room: away for a while, and nobody waits for it."""
        for session in islice(self._away, _LOOKED_AT):
            partner = session.call.partner_of(session) if session.call is not None else None
            if session.is_missed and (partner is None or partner.is_away):
                return session
        return None

    def give_up(self, session: Session, now: float) -> None:
        """Wait no longer for one who is away."""
        away_s = round(_away_s(session, now), 3)
        self.end(session)
        closing = session.outbox.closing
        code = closing.code if closing is not None else _LOST
        self.gone(session, code, now, away_s)

    def end_all(self, now: float) -> None:
        """Wait for nobody."""
        for session in list(self._away):
            self.give_up(session, now)

    def refuse(self, why: Refusal) -> None:
        """Somebody could not come back."""
        self._tally.resumes_refused[why] += 1
        log.debug("resume_refused", reason=why)

    def _wait_s(self, session: Session, goodbye: int | None) -> float:
        is_lost = goodbye is None or goodbye == CLOSE_RIGHT_BACK
        has_nothing = session.state is State.CONNECTED and session.link.state is LinkState.NONE
        if not is_lost or has_nothing or not session.can_resume or session.outbox.closing:
            return 0.0
        longest_s = self._limits.resume_s
        return longest_s if goodbye is None else min(longest_s, RIGHT_BACK_S)

    def _first_of(self, source: str) -> Session:
        """Of those of a source who are away, the one that has been so for longest."""
        return next(session for session in self._away if session.source == source)

    def _move(self, session: Session, source: str) -> None:
        """A session counts for another source from now on, or for none."""
        if session.source:
            self._by_source[session.source] -= 1
            if not self._by_source[session.source]:
                del self._by_source[session.source]
        if source:
            self._by_source[source] += 1
        session.source = source

    # tokens

    def _give(self, session: Session, token: str) -> None:
        self._accept(session, _hash(token))

    def _accept(self, session: Session, hashed: bytes) -> None:
        self._by_token[hashed] = session
        self._tokens_of.setdefault(session, []).append(hashed)

    def _spend(self, session: Session, why: Refusal) -> None:
        """The session's token serves no more."""
        for hashed in self._tokens_of.pop(session, ()):
            del self._by_token[hashed]
            self._spent[hashed] = why
        while len(self._spent) > _REMEMBERED:
            self._spent.popitem(last=False)

    def _let_serve_again(self, session: Session) -> None:
        """Have the last token serve again, if the client may not have been told the new one."""
        hashed, frames = self._served.pop(session, (b"", -1))
        if frames == session.frames:
            self._spent.pop(hashed, None)
            self._accept(session, hashed)

    def _find(self, token: str) -> Session | None:
        hashed = _hash(token)
        session = self._by_token.get(hashed)
        if session is None:
            self.refuse(self._spent.get(hashed, "unknown"))
        elif session.outbox.closing is not None:  # it is about to end
            self.refuse("ended")
            return None
        return session

    def _disappoint(self, session: Session, now: float) -> None:
        """Whom the session belongs to has lost what cannot be sent again: nobody can go on."""
        if session.is_away:
            self.give_up(session, now)
        else:
            session.outbox.close(CLOSE_REPLACED, "another socket has taken over")
        self.refuse("missed")


def _away_s(session: Session, now: float) -> float:
    return now - session.away_since_s if session.away_since_s is not None else 0.0


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
