"""What clients are told of TURN servers: the relay itself, and those of the operator's."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from relay.tunnel import credentials

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")
_AUTHORITY = re.compile(
    r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?"
)
_MAX_PORT = 65535


class Own:
    """The relay as a TURN server.

    :param secret: of its credentials.
    :param port: the one to announce; None for the one by which the page was asked for.
    :param clock: see :class:`relay.tunnel.arrival.Reception`.
    """

    def __init__(
        self, secret: bytes, port: int | None, clock: Callable[[], float], *, has_tls: bool
    ) -> None:
        self._secret, self._port, self._clock = secret, port, clock
        self._has_tls = has_tls

    def server(self, request: web.Request, user_id: str) -> dict[str, Any] | None:
        """As an RTCIceServer, for the user who sends a request; None when it cannot be reached.

        It is where the page is: the client has just been there. Behind a reverse proxy it is not,
        as that understands HTTP alone; then it needs a port of its own.
        """
        found = _AUTHORITY.fullmatch(request.headers.get("Host", ""))
        if found is None:
            return None
        port = self._port
        if port is None and not any(name in request.headers for name in _FORWARDED):
            port = int(found[2] or (443 if request.secure else 80))
        if port is None or not 0 < port <= _MAX_PORT:
            return None
        scheme = "turns" if request.secure and self._has_tls else "turn"
        username, credential = credentials.made(self._secret, user_id, self._clock())
        url = f"{scheme}:{found[1]}:{port}?transport=tcp"
        return {"urls": [url], "username": username, "credential": credential}


class IceServers:
    """All of them, for one user after another.

    :param named: RTCIceServer dictionaries of the operator's.
    :param turn_secret: with which those of them that are TURN servers make credentials.
    :param own: the relay, if it is one.
    """

    def __init__(
        self,
        named: Iterable[dict[str, Any]],
        turn_secret: bytes | None = None,
        own: Own | None = None,
    ) -> None:
        self._named, self._turn_secret, self._own = list(named), turn_secret, own

    def __call__(self, request: web.Request, user_id: str) -> list[dict[str, Any]]:
        """What a user is told who sends a request."""
        servers = [self._with_credentials(server, user_id) for server in self._named]
        own = None if self._own is None else self._own.server(request, user_id)
        return servers if own is None else [*servers, own]

    def _with_credentials(self, server: dict[str, Any], user_id: str) -> dict[str, Any]:
        is_turn = any(url.startswith("turn") for url in server["urls"])
        if self._turn_secret is None or not is_turn or "username" in server:
            return server
        username, credential = credentials.made(self._turn_secret, user_id, time.time())
        return {**server, "username": username, "credential": credential}
