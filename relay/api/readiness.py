"""``/health`` (the process lives) and ``/ready`` (it takes new users), for load balancers."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from relay.api.load import Load
from relay.plane import PlaneStats, Sight
from relay.signaling import Gateway

_VERBOSE = "verbose"  # of the address: how much more may come, too


class Readiness:
    """Answers without a token.

    :param media: the media plane.
    :param certificate_left_s: until the certificate ends, less than 0 when it has; None of a server
        that has none.
    """

    def __init__(
        self,
        gateway: Gateway,
        media: Sight,
        load: Load,
        certificate_left_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.certificate_left_s = certificate_left_s
        self._gateway = gateway
        self._media = media
        self._load = load

    def routes(self) -> list[web.RouteDef]:
        """The two routes."""
        return [web.get("/health", self._health), web.get("/ready", self._ready)]

    def reasons(self, media: PlaneStats) -> list[str]:
        """Why no new users should come here, as the plane's counters are; empty when they may."""
        left_s = self.certificate_left_s()
        found = {
            "draining": self._gateway.draining,
            "media_port_down": not media.listening,
            "overloaded": self._load.overloaded,
            "certificate_ended": left_s is not None and left_s <= 0,
        }
        return [reason for reason, applies in found.items() if applies]

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, request: web.Request) -> web.Response:
        reasons = self.reasons(await self._media.stats())
        body: dict[str, Any] = {"status": "not_ready" if reasons else "ready", "reasons": reasons}
        if _VERBOSE in request.query:
            # Who is ready gets somebody, or nobody would find out that it is not.
            body["weight"] = 0 if reasons else max(1, round(100 * self._load.free))
        return web.json_response(body, status=503 if reasons else 200)
