"""Who passes for an operator: who shows the token, or the cookie that the dashboard's login set.

The token is ``Authorization: Bearer TOKEN`` (RFC 6750). A browser adds the cookie by itself, also
to what another site made it ask, so a request that changes something has to come from this server's
own page: ``SameSite`` keeps the cookie to the site, and a site may be more than this one origin.
"""

import functools
import hmac

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import SecretStr

from relay.api import answers
from relay.api.sessions import Sessions
from relay.signaling.origin import origin_allowed

COOKIE = "relay_session"
"""What a browser keeps that came over plain HTTP."""
SECURE_COOKIE = f"__Host-{COOKIE}"
"""What it keeps over HTTPS: nobody else, not even a neighbour of the same domain, can set it
(RFC 6265bis, section 4.1.3.2)."""

_SAFE_METHODS = ("GET", "HEAD")


def only_for_operators(
    token: SecretStr, handler: Handler, sessions: Sessions | None = None
) -> Handler:
    """The handler, behind the token; anyone else gets 401.

    :param sessions: those whose cookies do as well.
    """

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if "Authorization" not in request.headers and sessions is not None:
            return await _with_cookie(request, handler, sessions)
        if not _authorized(request.headers.get("Authorization", ""), token):
            return _refusal()
        return await handler(request)

    return guarded


def is_token(given: str, token: SecretStr) -> bool:
    """Compare in constant time, so that the answer's delay tells nothing of the token."""
    expected = token.get_secret_value().encode()
    return hmac.compare_digest(given.strip().encode(errors="surrogateescape"), expected)


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


def session_id(request: web.Request) -> str:
    """What the browser says that its session is; empty when it says nothing."""
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE, "")


async def _with_cookie(
    request: web.Request, handler: Handler, sessions: Sessions
) -> web.StreamResponse:
    session = sessions.find(session_id(request))
    if session is None:
        return _refusal()
    if request.method not in _SAFE_METHODS and not is_own_page(request):
        raise web.HTTPForbidden(text="with the cookie, only this server's own page may do this")
    with session.using(request.transport, sessions.remaining_s(session)):
        return await handler(request)


def _refusal() -> web.Response:
    return answers.error(401, "the operator's token is needed", {"WWW-Authenticate": "Bearer"})


def _authorized(header: str, token: SecretStr) -> bool:
    scheme, _, given = header.partition(" ")
    return is_token(given, token) and scheme.lower() == "bearer"
