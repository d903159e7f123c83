"""Which names this server answers to, so that no other site's page can pass for its own.

A page of ``http://evil.example`` whose name is suddenly said to be that of a machine in the
visitor's network (*DNS rebinding*) may talk to that machine as to its own server, and its browser
sends ``Host: evil.example``. A page that came over HTTPS cannot be rebound: the certificate would
be wrong. Nor does an address or ``localhost`` lead anywhere else.
"""

import socket
import time
from collections import Counter
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from relay.logs import cut
from relay.pace import Seldom

_LOGGED_EVERY_S = 5.0
_LOGGED_BURST = 5

_log = structlog.get_logger()


class Hosts:
    """The names of one server.

    :param allowed: what the operator has named; ``*`` allows all. When there is any, each request
        has to name one of these, or this machine; else only a page has to, that is, what sends an
        ``Origin``, and only one that did not come over HTTPS. So a proxy that passes ``Host`` on
        needs nothing to be named.
    :param origins: web origins whose pages are known to be good.
    """

    def __init__(self, allowed: Iterable[str], origins: Iterable[str] = ()) -> None:
        self._is_strict = bool(tuple(allowed))
        self._is_open = "*" in allowed or (not self._is_strict and "*" in origins)
        self._names = {*own_names(), *allowed, *(name_of(origin) for origin in origins)}

    def serves(self, host: str | None, origin: str | None) -> bool:
        """Whether a request may be answered.

        :param host: its ``Host``; who sends none is no browser.
        :param origin: its ``Origin``, which browsers send with whatever may change something, a
            WebSocket included.
        """
        if self._is_open or not host or self._knows(name_of(f"//{host}")):
            return True
        if self._is_strict:
            return False
        return origin is None or origin.startswith("https://") or self._knows(name_of(origin))

    def _knows(self, name: str) -> bool:
        return name in self._names or name.endswith(".localhost") or _is_address(name)


class HostCheck:
    """Turns requests away that go to somebody else's name.

    :param refusals: where WebSockets that are turned away are counted, as ``host``.
    """

    def __init__(self, hosts: Hosts, refusals: Counter[str]) -> None:
        self._hosts = hosts
        self._refusals = refusals
        self._told = Seldom(_LOGGED_EVERY_S, _LOGGED_BURST)

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer with 421 (RFC 9110, section 15.5.20), or let the handler do so."""
        host = request.headers.get("Host")
        if self._hosts.serves(host, request.headers.get("Origin")):
            return await handler(request)
        if "Upgrade" in request.headers:
            self._refusals["host"] += 1
        suppressed = self._told.due(time.monotonic())
        if suppressed is not None:
            _log.warning("host_refused", host=cut(host), suppressed=suppressed)
        raise web.HTTPMisdirectedRequest(
            text="this server does not go by that name; its operator can add it to allowed_hosts"
        )


def own_names() -> set[str]:
    """What this machine is called; nobody is asked for it."""
    full = socket.gethostname().lower()
    short = full.partition(".")[0]
    return {"localhost", full, short, f"{short}.local"}


def name_of(url: str) -> str:
    """The host of a URL, in lower case and without a final dot; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
