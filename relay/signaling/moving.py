"""Whom to move to another server, since this one is about to go, and when.

While a server *drains* it takes nobody new. Who can move (see ``move`` in docs/protocol.md) is told
to do so when it has no partner to lose: soon if it waits for one or does nothing, and else when it
searches again. At the *deadline*, if there is one, all who are left are told, and those who
cannot move are let go; :data:`LAST_S` later everybody is. Time is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import structlog

from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import Move
from relay.signaling.mailbox import MoveDue
from relay.signaling.outbox import CLOSE_RESTART
from relay.signaling.session import Session

NOTICE_S = 5.0
"""So long load balancers have to notice that nobody is to be sent here: nobody moves before."""
LAST_S = 10.0
"""How long those have for it who are told at the deadline."""
SPREAD_S = 5
"""Over so many seconds many are told, so that they do not all come to the others at once."""
_FEW = 50
"""So many within a second are not too many."""

log = structlog.get_logger(__name__)


class Moving:
    """Decides who moves; to be asked once a second."""

    def __init__(self) -> None:
        self.is_on = False
        """Whether the server is being drained."""
        self._since_s = 0.0
        self._deadline_s: float | None = None
        self._is_last = False  # the deadline has passed
        self._call = 0  # how often people were called to move: a session hears each call once
        self._share = 0  # how many hear the present call within a second; 0: not known yet

    def begin(self, now: float, left_s: float | None = None) -> bool:
        """Drain.

        :param left_s: the deadline, in so many seconds, but not before anybody moves; None leaves
            it as it is.
        :returns: whether that is news.
        """
        since_s = self._since_s if self.is_on else now
        deadline_s = self._deadline_s
        if left_s is not None:
            deadline_s = max(now + left_s, since_s + NOTICE_S)
        if self.is_on and deadline_s == self._deadline_s:
            return False
        if not self.is_on or self._is_last:
            self._next_call()
        self.is_on, self._deadline_s, self._is_last = True, deadline_s, False
        self._since_s = since_s
        return True

    def end(self) -> bool:
        """Drain no longer; whether that is news."""
        was_on, self.is_on = self.is_on, False
        self._deadline_s, self._is_last = None, False
        return was_on

    def left_s(self, now: float) -> float | None:
        """Until the deadline; None without one."""
        return None if self._deadline_s is None else max(0.0, self._deadline_s - now)

    def message(self, now: float) -> Move:
        """What somebody is told who is to move."""
        if self._deadline_s is None:
            return Move()
        return Move(within=round(max(0.0, self._deadline_s + LAST_S - now), 1))

    def diverts(self, session: Session, now: float, *, stays: bool) -> bool:
        """Whether a user who searches is to search elsewhere.

        :param stays: it says that it has found no other server.
        """
        return self._has_begun(now) and session.can_move and not stays

    def tick(self, sessions: Iterable[Session], now: float) -> None:
        """Let time pass: have those told who are to move, and those let go who have to."""
        if not self.is_on:
            return
        everybody = list(sessions)
        for session in self.due(everybody, now):
            session.inbox.put(MoveDue())
        for session in self.let_go(everybody, now):
            session.outbox.close(CLOSE_RESTART, "the server is about to be replaced")

    def concerns(self, session: Session) -> bool:
        """Whether a user is to move of the server's own accord, as things are with it."""
        if not (self.is_on and session.can_move):
            return False
        is_idle = session.state is State.CONNECTED and session.link.state is LinkState.NONE
        return self._is_last or is_idle or session.state is State.WAITING

    def due(self, sessions: Iterable[Session], now: float) -> list[Session]:
        """Who is to be told now, each once in a call."""
        if not self._has_begun(now):
            return []
        everybody = list(sessions)
        if not self._is_last and self._deadline_s is not None and now >= self._deadline_s:
            self._is_last = True
            self._next_call()
            log.info("drain_deadline", users=len(everybody))
        self._share = self._share or max(_FEW, math.ceil(len(everybody) / SPREAD_S))
        found: list[Session] = []
        for session in everybody:
            if len(found) == self._share:
                break
            if session.call_heard != self._call and self.concerns(session):
                session.call_heard = self._call
                found.append(session)
        return found

    def let_go(self, sessions: Iterable[Session], now: float) -> list[Session]:
        """Whose sockets are to be closed."""
        if self._deadline_s is None or now < self._deadline_s:
            return []
        is_over = now >= self._deadline_s + LAST_S
        return [
            session
            for session in sessions
            if (is_over or not session.can_move) and session.outbox.closing is None
        ]

    def _has_begun(self, now: float) -> bool:
        return self.is_on and now >= self._since_s + NOTICE_S

    def _next_call(self) -> None:
        self._call += 1
        self._share = 0
