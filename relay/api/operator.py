"""Who passes for an operator: who shows a token, or the cookie that the dashboard's login set.

A token is ``Authorization: Bearer TOKEN`` (RFC 6750). A browser adds the cookie by itself, also
to what another site made it ask, so a request that changes something has to come from this server's
own page: ``SameSite`` keeps the cookie to the site, and a site may be more than this one origin.
"""

import functools
import time
from collections import Counter
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from relay.api import answers
from relay.api.attempts import BURST, MAX_SOURCES, REFILL_S, Attempts
from relay.api.operators import Operators, may
from relay.api.sessions import Sessions
from relay.pace import Seldom
from relay.records import Operator, Role
from relay.signaling.origin import origin_allowed
from relay.source import source_of

KNOWN_S = 600.0
"""For how long after the right token a source is not made to wait."""

OPERATOR = web.RequestKey("operator", Operator)
"""Who asks, in a request that was let through."""

_SAFE_METHODS = ("GET", "HEAD")

_log = structlog.get_logger()


class Bearer:
    """A token as it is shown in ``Authorization``, and who has shown a wrong one.

    Who guesses is slowed as at the dashboard's login, but not where a right token has been shown
    lately: behind a reverse proxy all have one address, and nobody may lock the operators out.

    :param operators: whose tokens are right.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(self, operators: Operators, clock: Callable[[], float] = time.monotonic) -> None:
        self.refusals: Counter[str] = Counter(wrong_token=0, too_many=0)
        """Tokens that did not open anything, by the reason."""
        self._operators = operators
        self._clock = clock
        self._attempts = Attempts()
        self._known: dict[str, float] = {}  # sources, and until when; the latest is last
        self._told = Seldom(REFILL_S, BURST)

    def look(self, request: web.Request) -> Operator | web.Response:
        """Whose token a request shows; the answer to it when it shows none that is right."""
        given = request.headers.get("Authorization")
        if given is None:
            return _refusal()
        now = self._clock()
        source = source_of(request.remote)
        wait_s = self._attempts.wait_s(request.remote, now)
        if wait_s > 0 and now >= self._known.get(source, now):
            self._refused("too_many", now)
            return answers.slow_down(wait_s)
        scheme, _, token = given.partition(" ")
        operator = self._operators.who(token)
        if operator is None or scheme.lower() != "bearer":
            if not wait_s:
                self._attempts.failed(request.remote, now)
            self._refused("wrong_token", now)
            return _refusal()
        self._known.pop(source, None)
        self._known[source] = now + KNOWN_S
        if len(self._known) > MAX_SOURCES:
            del self._known[next(iter(self._known))]
        return operator

    def _refused(self, reason: str, now: float) -> None:
        self.refusals[reason] += 1
        suppressed = self._told.due(now)
        if suppressed is not None:
            _log.warning("token_refused", reason=reason, suppressed=suppressed)


def only_for_operators(
    bearer: Bearer,
    handler: Handler,
    sessions: Sessions | None = None,
    role: Role = Role.VIEWER,
) -> Handler:
    """The handler, behind the token; anyone else gets 401, or 429 when it was tried too often.

    :param sessions: those whose cookies do as well.
    :param role: that it needs; who has less gets 403.
    """

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers and sessions is not None:
            return await _with_cookie(request, handler, sessions, role)
        found = bearer.look(request)
        if isinstance(found, web.Response):
            return found
        _let_through(request, found, role)
        return await handler(request)

    return guarded


def _let_through(request: web.Request, operator: Operator, role: Role) -> None:
    if not may(operator.role, role):
        raise web.HTTPForbidden(
            text=f"this needs the role {role}; {operator.name} has the role {operator.role}"
        )
    request[OPERATOR] = operator


def is_own_page(request: web.Request) -> bool:
    """Whether it is a page of this very server that asks, as browsers tell and pages cannot feign.

    Browsers tell ``Sec-Fetch-Site`` over HTTPS and on localhost, and ``Origin`` with whatever
    changes something.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    host = request.headers.get("Host", "")
    return origin is not None and origin_allowed(origin, host, frozenset())


async def _with_cookie(
    request: web.Request, handler: Handler, sessions: Sessions, role: Role
) -> web.StreamResponse:
    session = sessions.find(sessions.id_of(request))
    if session is None:
        return _refusal()
    if request.method not in _SAFE_METHODS and not is_own_page(request):
        raise web.HTTPForbidden(text="with the cookie, only this server's own page may do this")
    _let_through(request, session.operator, role)
    with session.using(request.transport, sessions.remaining_s(session)):
        return await handler(request)


def _refusal() -> web.Response:
    return answers.error(401, "the operator's token is needed", {"WWW-Authenticate": "Bearer"})
