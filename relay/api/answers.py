"""What all answers share: security headers, and errors as JSON."""

import logging
import math
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from relay.errors import RecordsAway
from relay.logs import cut

POLICY = "Content-Security-Policy"


def policy(script: str = "", style: str = "") -> str:
    """What a page of ours may do.

    :param script: the hashes of scripts in it.
    :param style: the same of styles.
    """
    # 'self' covers the page's own WebSocket (CSP 3, section 6.7.2.8)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {script}".strip(),
            f"style-src 'self' {style}".strip(),
            "img-src 'self' blob:",  # a picture of the chat, decoded and drawn anew by the page
            "font-src 'self'",
            "manifest-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "media-src 'self'",  # a stream has no URL: what srcObject plays needs no leave
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",  # no text ever becomes HTML or a script,
            "trusted-types workers",  # and only web/wire/work.js says which worker it starts
        )
    )


SECURITY_HEADERS = {
    POLICY: policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        (
            "camera=(self)",
            "microphone=(self)",
            "fullscreen=(self)",
            "picture-in-picture=(self)",
            "screen-wake-lock=(self)",
            "display-capture=()",
            "geolocation=()",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "Server": "relay",  # rather than the versions of Python and aiohttp
    "X-Content-Type-Options": "nosniff",
}


_log = structlog.get_logger()

NO_STORE = {"Cache-Control": "no-store"}

REQUEST_ID = "X-Request-Id"
_ID_KEY = web.RequestKey("id", str)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_HSTS_S = 180 * 24 * 3600

_KEPT = ("Allow", "Retry-After")


class Invalid(web.HTTPUnprocessableEntity):
    """A parameter is unknown or has a wrong value.

    :param message: names it.
    """

    code = "invalid_parameter"

    def __init__(self, message: str) -> None:
        super().__init__(text=message)


def error(
    status: int,
    message: str,
    headers: dict[str, str] | None = None,
    *,
    code: str | None = None,
    details: Mapping[str, object] | None = None,
) -> web.Response:
    """An error as ``{"error": {"code": ..., "message": ...}}``.

    :param code: the status in words, unless something else is given.
    :param details: what else there is to say.
    """
    code = code or re.sub(r"\W+", "_", HTTPStatus(status).phrase.lower())
    body = {"error": {"code": code, "message": message, **(details or {})}}
    return web.json_response(body, status=status, headers=headers)


def refusal(raised: web.HTTPError | RecordsAway) -> web.Response:
    """What was raised, as an answer; an error that has a ``code`` keeps it, and its ``details``."""
    if isinstance(raised, RecordsAway):
        text = "what is stored cannot be reached at present; try again soon"
        return error(503, text, {"Retry-After": "5"})
    kept = {name: raised.headers[name] for name in _KEPT if name in raised.headers}
    code, details = getattr(raised, "code", None), getattr(raised, "details", None)
    text = (raised.text or raised.reason).strip()
    return error(raised.status, text, kept, code=code, details=details)


def slow_down(wait_s: float) -> web.Response:
    """The answer to who has shown too many wrong tokens."""
    seconds = str(math.ceil(wait_s))
    return error(429, f"too many wrong tokens; try again in {seconds} s", {"Retry-After": seconds})


def unavailable(text: str) -> web.HTTPServiceUnavailable:
    """What becomes 503: not now, but soon."""
    return web.HTTPServiceUnavailable(text=text, headers={"Retry-After": "5"})


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers to an answer that is about to be sent; for ``on_response_prepare``."""
    own = response.headers.get(POLICY, SECURITY_HEADERS[POLICY])
    response.headers.update(SECURITY_HEADERS | {POLICY: own})
    if _ID_KEY in request:
        response.headers[REQUEST_ID] = request[_ID_KEY]


def request_id(request: web.Request) -> str | None:
    """The request's id, as in the log."""
    return request.get(_ID_KEY)


@web.middleware
async def with_request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have all that is logged on behalf of a request carry an id, the proxy's when it gave one."""
    given = request.headers.get(REQUEST_ID, "")
    chosen = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request[_ID_KEY] = chosen
    with structlog.contextvars.bound_contextvars(request=chosen):
        return await handler(request)


async def require_tls(_: web.Request, response: web.StreamResponse) -> None:
    """Have browsers come back over HTTPS only (RFC 6797); for ``on_response_prepare``.

    Only where this server ends TLS itself, with a certificate that is meant to stay: the promise
    holds for every port of the host.
    """
    response.headers["Strict-Transport-Security"] = f"max-age={_HSTS_S}"


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into JSON ones, and a crash into 500; redirects and the like stay as they are."""
    try:
        return await handler(request)
    except (web.HTTPError, RecordsAway) as raised:
        return refusal(raised)
    except web.HTTPException:
        raise
    except Exception:
        if request.writer.output_size > 0:
            raise  # half an answer is out: the connection has to end
        _log.exception("request_failed", path=cut(request.path))
        return error(500, "something went wrong on the server")


def request_logger() -> logging.Logger:
    """A logger for aiohttp's server that keeps silent about bad requests, and about addresses."""
    logger = logging.getLogger("relay.http")
    logger.addFilter(_without_the_peer)
    return logger


def _without_the_peer(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        return False  # the peer's fault, and it was told
    record.msg, record.args = "request_failed", ()
    return True
