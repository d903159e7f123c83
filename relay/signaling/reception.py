"""Who is let in at ``/ws``: from which pages, how many in all, and how many of one of them."""

from __future__ import annotations

from time import monotonic, time
from typing import Any, NamedTuple, NoReturn

import structlog
from aiohttp import web

from relay.logs import cut
from relay.pace import Seldom
from relay.safety import Identity
from relay.safety.arrivals import Admitted, Allowance, Answer, Arrivals, TooMany, WorkWanted
from relay.safety.work import Work
from relay.signaling.limits import Limits
from relay.signaling.origin import origin_allowed
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions
from relay.signaling.tally import Tally

RESUME = "resume"  # of the address: "new", or "back"
MOVE = "move"  # "1" of who can go to another server when it is told to
WORK = "altcha"  # of the address: the work that was asked for
_RETRY_S = 10
_TOLD_EVERY_S = 60.0
_FEW = 4  # sockets beyond the users that there may be, of those who come back

log = structlog.get_logger(__name__)


class TurnedAway(web.HTTPServiceUnavailable):
    """The server takes nobody new at the moment; ``code`` says why, in the answer too."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text=f"{text}\n", headers={"Retry-After": str(_RETRY_S)})
        self.code = code


class ComesTooOften(web.HTTPTooManyRequests):
    """Too many come, of one visitor or from one address; ``details`` go into the answer."""

    def __init__(
        self, code: str, text: str, retry_after_s: int, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(text=f"{text}\n", headers={"Retry-After": str(retry_after_s)})
        self.code = code
        self.details = details or {}


_LOGGED_EVERY_S, _LOGGED_BURST = 5.0, 5


class Ticket(NamedTuple):
    """With what somebody has been let in."""

    comes_back: bool
    """It says that it has a session, and is nobody new unless that cannot be had."""
    has_worked: bool


class Reception:
    """Decides at the door, and once more when somebody becomes a user.

    :param sessions: who is away, and may have to make room.
    """

    def __init__(
        self, limits: Limits, allowed_origins: frozenset[str], sessions: Sessions, tally: Tally
    ) -> None:
        self._limits = limits
        self._allowed_origins = allowed_origins
        self._sessions = sessions
        self._tally = tally
        self._arrivals = Arrivals(
            Allowance(limits.users_per_visitor, limits.arrivals_per_minute_visitor),
            Allowance(limits.users_per_address, limits.arrivals_per_minute_address),
        )
        self.work = Work()
        self._told = Seldom(_TOLD_EVERY_S)
        self._logged = Seldom(_LOGGED_EVERY_S, _LOGGED_BURST)
        self.is_closing = False
        self.is_draining = False

    def require_origin(self, request: web.Request) -> None:
        """Answer a page that may not connect with 403."""
        origin = request.headers.get("Origin")
        if not origin_allowed(origin, request.headers.get("Host", ""), self._allowed_origins):
            self._tally.refusals["origin"] += 1
            suppressed = self._logged.due(monotonic())
            if suppressed is not None:
                host = cut(request.headers.get("Host", ""))
                log.warning("origin_refused", origin=cut(origin), host=host, suppressed=suppressed)
            raise web.HTTPForbidden(text="this page may not connect here\n")

    def require_upgrade(self, request: web.Request) -> None:
        """Answer with 426 what a proxy has left of a WebSocket's request, and have it mended."""
        if "Sec-WebSocket-Key" not in request.headers or _is_upgrade(request):
            return
        suppressed = self._told.due(monotonic())
        if suppressed is not None:
            log.warning("upgrade_missing", headers="Upgrade, Connection", suppressed=suppressed)
        raise web.HTTPUpgradeRequired(
            text="a proxy has taken the Upgrade header away\n", headers={"Upgrade": "websocket"}
        )

    def admit(self, request: web.Request, identity: Identity, sockets: int) -> Ticket:
        """Let a request be upgraded, or answer it with 429 or 503.

        :param sockets: how many there are.
        """
        comes_back = self._limits.resume_s > 0 and request.query.get(RESUME) == "back"
        if self.is_closing or (self.is_draining and not comes_back):
            self._turn_away(request, "draining", "the server takes no new users")
        if comes_back:
            # Not all of its sockets need be alive, and it may be full of those who are away.
            users = self._limits.max_users
            if sockets >= users + max(users // 16, _FEW):
                self._turn_away(request, "full", "the server is full")
            return Ticket(comes_back=True, has_worked=False)
        leaving = None
        if sockets + self._sessions.away >= self._limits.max_users:
            leaving = self._sessions.expendable()
            if leaving is None:
                self._turn_away(request, "full", "the server is full")
        has_worked = self._require_calm(request, identity)
        if leaving is not None and _is_upgrade(request):
            self._sessions.give_up(leaving, monotonic())
        return Ticket(comes_back=False, has_worked=has_worked)

    def may_enter(
        self, request: web.Request, identity: Identity, ticket: Ticket, others: int
    ) -> bool:
        """Whether a socket that is here already may be a new user's.

        :param others: how many other sockets there are.
        """
        is_full = others + self._sessions.away >= self._limits.max_users
        if self.is_closing or self.is_draining or is_full:
            return False
        answer = self._arrivals.ask(identity, monotonic(), solved=ticket.has_worked)
        if isinstance(answer, WorkWanted) and ticket.comes_back:
            answer = self._look_at_work(request, identity, answer)
        return isinstance(answer, Admitted)

    def came(self, session: Session) -> None:
        """A new user is here."""
        self._arrivals.came(session.identity, monotonic())

    def left(self, session: Session) -> None:
        """A user is gone."""
        self._arrivals.left(session.identity)

    def count(self, request: web.Request, reason: str) -> None:
        """Count a refusal; a page that asks for the reason of one is no further one."""
        if _is_upgrade(request):
            self._tally.refusals[reason] += 1

    def _require_calm(self, request: web.Request, identity: Identity) -> bool:
        """Answer those of whom too many come; whether somebody has worked to be let in."""
        first = answer = self._arrivals.ask(identity, monotonic())
        if isinstance(answer, WorkWanted) and _is_upgrade(request):
            answer = self._look_at_work(request, identity, answer)
        match answer:
            case TooMany():
                self.count(request, "too_many")
                text = "too many users come from where you are; please try again later"
                raise ComesTooOften("too_many", text, answer.retry_after_s)
            case WorkWanted():
                self.count(request, "work_wanted")
                text = "many users come from where you are: there is some work to be done first"
                details = {"challenge": self.work.challenge(time())}
                raise ComesTooOften("work_wanted", text, answer.retry_after_s, details)
        return isinstance(first, WorkWanted)

    def _look_at_work(self, request: web.Request, identity: Identity, asked: Answer) -> Answer:
        done = request.query.get(WORK)
        if done is None or not self.work.is_done(done, time()):
            return asked
        return self._arrivals.ask(identity, monotonic(), solved=True)

    def _turn_away(self, request: web.Request, reason: str, text: str) -> NoReturn:
        self.count(request, reason)
        raise TurnedAway(reason, text)


def _is_upgrade(request: web.Request) -> bool:
    # A page sees no status of its WebSocket's, so it asks once more without an upgrade.
    return "Upgrade" in request.headers
