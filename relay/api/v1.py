"""The operators' API, ``/api/v1``: the handlers of the table in ``endpoints``."""

from collections.abc import Awaitable, Sequence

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic.alias_generators import to_snake

from relay.api import answers, openapi
from relay.api.asking import answer, query, unknown
from relay.api.endpoints import ENDPOINTS, PREFIX
from relay.api.events import Events
from relay.api.history import History
from relay.api.models import ALL_THRESHOLDS, Drain, Thresholds, Workers
from relay.api.operator import OPERATOR, Bearer, only_for_operators
from relay.api.overview import Overview
from relay.api.queries import EventQuery, Page, RoomQuery, TrackQuery
from relay.api.sessions import Sessions

_log = structlog.get_logger()


class Api:
    """Answers operators.

    :param groups: those that carry out the operations that this does not: taps, desk and so on.
    :param bearer: what they have to show.
    :param sessions: those whose cookies do as well.
    """

    def __init__(
        self,
        overview: Overview,
        history: History,
        events: Events,
        groups: Sequence[object],
        bearer: Bearer,
        sessions: Sessions,
    ) -> None:
        self._overview = overview
        self._gateway = overview.gateway
        self._history, self._events, self._groups = history, events, groups
        self._bearer, self._sessions = bearer, sessions
        self._document = openapi.text()

    def routes(self) -> list[web.RouteDef]:
        """One route for each endpoint."""
        return [
            web.route(
                endpoint.method,
                PREFIX + endpoint.path,
                self._handler(name)
                if endpoint.is_public
                else only_for_operators(
                    self._bearer, self._handler(name), self._sessions, endpoint.role
                ),
            )
            for name, endpoint in ENDPOINTS.items()
        ]

    def _handler(self, operation: str) -> Handler:
        """The method that is called as the operation is, here or in one of the groups."""
        name = to_snake(operation)
        handler: Handler = getattr(self, f"_{name}", None) or next(
            getattr(group, name) for group in self._groups if hasattr(group, name)
        )
        return handler

    # looking

    async def _get_totals(self, _: web.Request) -> web.Response:
        return answer(self._overview.totals(await self._overview.look()))

    async def _get_history(self, _: web.Request) -> web.Response:
        return answer(self._history.answer())

    async def _list_users(self, request: web.Request) -> web.Response:
        seen = await self._overview.look()
        return answer(seen.users(query(request, Page)))

    async def _list_rooms(self, request: web.Request) -> web.Response:
        seen = await self._overview.look()
        return answer(seen.rooms(query(request, RoomQuery)))

    async def _list_links(self, request: web.Request) -> web.Response:
        seen = await self._overview.look()
        return answer(seen.links(query(request, Page)))

    async def _list_tracks(self, request: web.Request) -> web.Response:
        seen = await self._overview.look()
        return answer(seen.tracks(query(request, TrackQuery)))

    async def _list_workers(self, _: web.Request) -> web.Response:
        return answer(Workers(workers=(await self._overview.look()).workers()))

    async def _get_track(self, request: web.Request) -> web.Response:
        seen = await self._overview.look()
        track = seen.track(request.match_info["id"])
        if track is None:
            raise unknown(request, "track")
        return answer(track)

    async def _stream_events(self, request: web.Request) -> web.StreamResponse:
        return await self._events.serve(request, query(request, EventQuery))

    async def _get_open_api(self, _: web.Request) -> web.Response:
        return web.Response(text=self._document, content_type="application/json")

    # doing

    async def _disconnect_user(self, request: web.Request) -> web.Response:
        user_id = request.match_info["id"]
        if not await _in_time(self._gateway.disconnect(user_id)):
            raise unknown(request, "user")
        _log.info("user_kicked", user=user_id, by=request[OPERATOR].name)
        return web.Response(status=204)

    async def _end_room(self, request: web.Request) -> web.Response:
        room_id = request.match_info["id"]
        if not await _in_time(self._gateway.end_room(room_id)):
            raise unknown(request, "room")
        _log.info("room_ended", room=room_id, by=request[OPERATOR].name)
        return web.Response(status=204)

    async def _get_thresholds(self, _: web.Request) -> web.Response:
        return answer(Thresholds(**ALL_THRESHOLDS))

    async def _start_drain(self, request: web.Request) -> web.Response:
        return self._drain(request, wanted=True)

    async def _end_drain(self, request: web.Request) -> web.Response:
        return self._drain(request, wanted=False)

    def _drain(self, request: web.Request, *, wanted: bool) -> web.Response:
        if self._gateway.draining is not wanted:
            self._gateway.draining = wanted
            _log.info("drain_changed", draining=wanted, by=request[OPERATOR].name)
        return answer(Drain(draining=wanted))


async def _in_time(order: Awaitable[bool]) -> bool:
    try:
        return await order
    except TimeoutError:
        raise answers.unavailable("this was ordered, but is not done yet") from None
