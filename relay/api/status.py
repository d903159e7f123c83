"""``/stats`` and ``/rooms``; ``docs/endpoints.md`` is their reference."""

import time
from collections.abc import Callable

from aiohttp import web

from relay.api.operator import Bearer, only_for_operators
from relay.plane import Sight
from relay.signaling import Gateway

MAX_ROOMS = 1000
"""How many rooms one answer lists at most; the oldest come first."""


class Status:
    """Answers with what the server is doing at this moment.

    :param media: the media plane.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        gateway: Gateway,
        media: Sight,
        bearer: Bearer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._media = media
        self._bearer = bearer
        self._clock = clock
        self._started_at = clock()

    def routes(self) -> list[web.RouteDef]:
        """The status routes."""
        return [
            web.get("/stats", self._stats),
            web.get("/rooms", only_for_operators(self._bearer, self._rooms)),
        ]

    async def _stats(self, _: web.Request) -> web.Response:
        users = self._gateway.counts()
        media = await self._media.stats()
        return web.json_response(
            {
                "connected": users.connected,
                "waiting": users.waiting,
                "rooms": users.led,
                "inCall": users.in_call,
                "links": media.links,
                "packetsForwarded": media.packets_forwarded,
                "uptimeSeconds": round(self._clock() - self._started_at, 1),
            }
        )

    async def _rooms(self, _: web.Request) -> web.Response:
        rooms = [
            {
                "roomId": room.room_id,
                "users": room.users,
                "state": room.state,
                "ageSeconds": round(room.age_s, 1),
            }
            for room in self._gateway.rooms()[:MAX_ROOMS]
        ]
        return web.json_response({"rooms": rooms})
