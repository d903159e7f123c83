"""What clients are told of TURN servers: the relay itself, and those of the operator's."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from relay.source import is_proxied
from relay.tunnel import credentials

_AUTHORITY = re.compile(
    r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?"
)


class Own:
    """The relay as a TURN server.

    :param secret: of its credentials.
    :param port: by which it is reached.
    :param clock: see :class:`relay.tunnel.arrival.Reception`.
    :param is_chosen: whether an operator has said so; else it is the page's, and only who asks for
        the page by that very port is known to reach it.
    """

    def __init__(
        self, secret: bytes, port: int, clock: Callable[[], float], *, is_chosen: bool
    ) -> None:
        self._secret, self._port, self._clock = secret, port, clock
        self._is_chosen = is_chosen

    def server(self, request: web.Request, user_id: str) -> dict[str, Any] | None:
        """As an RTCIceServer, for the user who sends a request; None when it cannot be reached.

        It is at the host where the page is: the client has just been there. Behind a reverse proxy
        it is not at that port, as a proxy understands HTTP alone.
        """
        found = _AUTHORITY.fullmatch(request.headers.get("Host", ""))
        if found is None:
            return None
        asked_port = int(found[2] or (443 if request.secure else 80))
        if not self._is_chosen and (is_proxied(request.headers) or asked_port != self._port):
            return None
        username, credential = credentials.made(self._secret, user_id, self._clock())
        scheme = "turns" if request.secure else "turn"
        url = f"{scheme}:{found[1]}:{self._port}?transport=tcp"
        return {"urls": [url], "username": username, "credential": credential}


class IceServers:
    """All of them, for one user after another.

    :param named: RTCIceServer dictionaries of the operator's.
    :param turn_secret: with which those of them that are TURN servers make credentials.
    """

    own: Own | None = None
    """The relay, once it is one."""

    def __init__(self, named: Iterable[dict[str, Any]], turn_secret: bytes | None = None) -> None:
        self._named, self._turn_secret = list(named), turn_secret

    def __call__(self, request: web.Request, user_id: str) -> list[dict[str, Any]]:
        """What a user is told who sends a request."""
        servers = [self._with_credentials(server, user_id) for server in self._named]
        own = None if self.own is None else self.own.server(request, user_id)
        return servers if own is None else [*servers, own]

    def _with_credentials(self, server: dict[str, Any], user_id: str) -> dict[str, Any]:
        is_turn = any(url.startswith("turn") for url in server["urls"])
        if self._turn_secret is None or not is_turn or server.get("username"):
            return server
        username, credential = credentials.made(self._turn_secret, user_id, time.time())
        return {**server, "username": username, "credential": credential}
