"""The dashboard's way in: login, logout, and who one is. Its files are in ``web/admin``.

Nobody may try tokens quickly (:mod:`relay.api.attempts`), and what was tried is never logged.
"""

import time
from collections.abc import Callable

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from relay.api import answers, asking
from relay.api.attempts import BURST, REFILL_S, Attempts
from relay.api.operator import is_own_page
from relay.api.operators import Operators
from relay.api.sessions import Sessions
from relay.pace import Seldom
from relay.records import Operator

MAX_BODY_BYTES = 4096

_REASONS = ("wrong_token", "too_many")

_log = structlog.get_logger()


class Login(BaseModel):
    """What is sent to log in."""

    model_config = ConfigDict(extra="forbid")
    token: SecretStr


class Admin:
    """Lets operators in and out.

    :param operators: whose tokens open.
    :param taps_allowed: whether they may look into calls; the dashboard is told.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        operators: Operators,
        sessions: Sessions,
        *,
        taps_allowed: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._operators, self._sessions = operators, sessions
        self._taps_allowed = taps_allowed
        self._clock = clock
        self._attempts = Attempts()
        self._told = {reason: Seldom(REFILL_S, BURST) for reason in _REASONS}

    def _refused(self, reason: str) -> None:
        """Log it, not each time: whoever is a stranger may try for ever."""
        suppressed = self._told[reason].due(self._clock())
        if suppressed is not None:
            _log.warning("login_refused", reason=reason, suppressed=suppressed)

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/admin", self._add_slash),
            web.get("/admin/session", self._tell),
            web.post("/admin/login", self._login),
            web.post("/admin/logout", self._logout),
        ]

    async def _add_slash(self, _: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect("admin/")  # below whatever path it was asked for

    async def _tell(self, request: web.Request) -> web.Response:
        """Say whether the cookie is good: 200 in any case, since asking is no fault."""
        session = self._sessions.find(self._sessions.id_of(request))
        if session is None:
            return web.json_response({"loggedIn": False}, headers=answers.NO_STORE)
        told = {
            "loggedIn": True,
            "tapsAllowed": self._taps_allowed,
            "name": session.operator.name,
            "role": session.operator.role,
        }
        return web.json_response(told, headers=answers.NO_STORE)

    async def _login(self, request: web.Request) -> web.Response:
        _require_own_page(request)
        token = await _token_of(request)
        wait_s = self._attempts.wait_s(request.remote, self._clock())  # no await from here on
        if wait_s > 0:
            self._refused("too_many")
            return answers.slow_down(wait_s)
        operator = self._operators.who(token)
        if operator is None:
            self._attempts.failed(request.remote, self._clock())
            self._refused("wrong_token")
            return answers.error(401, "this is not the operator's token")
        self._attempts.succeeded(request.remote)
        _log.info("operator_logged_in", operator=operator.name)
        return self._welcome(request, operator)

    def _welcome(self, request: web.Request, operator: Operator) -> web.Response:
        response = web.Response(status=204, headers=answers.NO_STORE)
        self._sessions.cookie.give(
            response,
            self._sessions.begin(operator),
            lasts_s=self._sessions.lifetime_s,
            samesite="Strict",
            is_secure=_over_tls(request),
        )
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        _require_own_page(request)
        if (session := self._sessions.find(self._sessions.id_of(request))) is not None:
            self._sessions.end(self._sessions.id_of(request))
            _log.info("operator_logged_out", operator=session.operator.name)
        response = web.Response(status=204, headers=answers.NO_STORE)
        self._sessions.cookie.take_back(response, "Strict")
        return response


def _require_own_page(request: web.Request) -> None:
    if not is_own_page(request):
        raise web.HTTPForbidden(text="only this server's own page may do this")


def _over_tls(request: web.Request) -> bool:
    """Whether the browser speaks HTTPS; its ``Origin`` tells, also when a proxy ends TLS."""
    return request.secure or request.headers.get("Origin", "").startswith("https://")


async def _token_of(request: web.Request) -> str:
    """The token that is shown; raises what becomes 408, 413 or 422 when there is none."""
    body = await asking.read(request, MAX_BODY_BYTES)
    try:
        return Login.model_validate_json(body).token.get_secret_value()
    except ValidationError:  # its text would show the token
        raise answers.Invalid('the body has to be {"token": "..."}, as JSON') from None
