"""``/health`` (the process lives) and ``/ready`` (it takes new users), for load balancers."""

from aiohttp import web

from relay.api.load import Load
from relay.plane import PlaneStats, Sight
from relay.signaling import Gateway


class Readiness:
    """Answers without a token.

    :param media: the media plane.
    """

    def __init__(self, gateway: Gateway, media: Sight, load: Load) -> None:
        self._gateway = gateway
        self._media = media
        self._load = load

    def routes(self) -> list[web.RouteDef]:
        """The two routes."""
        return [web.get("/health", self._health), web.get("/ready", self._ready)]

    def reasons(self, media: PlaneStats) -> list[str]:
        """Why no new users should come here, as the plane's counters are; empty when they may."""
        found = {
            "draining": self._gateway.draining,
            "media_port_down": not media.listening,
            "overloaded": self._load.overloaded,
        }
        return [reason for reason, applies in found.items() if applies]

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _: web.Request) -> web.Response:
        reasons = self.reasons(await self._media.stats())
        body = {"status": "not_ready" if reasons else "ready", "reasons": reasons}
        return web.json_response(body, status=503 if reasons else 200)
