"""The operators' API, ``/api/v1``: the handlers of the table in ``endpoints``."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic.alias_generators import to_snake

from relay.api import answers, asked, models, openapi, orders
from relay.api.asked import Asked
from relay.api.asking import Unknown, answer, nothing
from relay.api.endpoints import ENDPOINTS, PREFIX
from relay.api.events import Events
from relay.api.history import History
from relay.api.models import ALL_THRESHOLDS, Drain, Thresholds
from relay.api.nodes import CARRIED, LOOKED_INTO, Answer, Leases, Nodes
from relay.api.operator import OPERATOR, Bearer, only_for_operators
from relay.api.overview import Overview
from relay.api.queries import EventQuery, Page, RoomQuery, TrackQuery
from relay.api.sessions import Sessions
from relay.cluster import Cluster

_log = structlog.get_logger()


class Api:
    """Answers operators.

    :param groups: those that carry out the operations that this does not: taps, desk and so on.
    :param bearer: what they have to show.
    :param sessions: those whose cookies do as well.
    :param cluster: the other nodes, if this is one.
    :param leases: how long each has its place in the store.
    """

    def __init__(
        self,
        overview: Overview,
        history: History,
        events: Events,
        groups: Sequence[object],
        bearer: Bearer,
        sessions: Sessions,
        cluster: Cluster | None = None,
        leases: Leases = dict,
    ) -> None:
        self._overview = overview
        self._gateway = overview.gateway
        self._history, self._events, self._groups = history, events, groups
        self._bearer, self._sessions = bearer, sessions
        self._document = openapi.text()
        self._nodes = Nodes(self.here, cluster, leases)

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
        """The method that is called as the operation is, or the nodes that have such methods."""
        if operation == "streamEvents":
            return self._serve_events
        if operation in LOOKED_INTO:
            return partial(self._look_into, operation)
        if operation in CARRIED or operation == "listNodes":
            return partial(self._ask, operation)
        handler: Handler = self._method(operation)
        return handler

    def _method(self, operation: str) -> Callable[..., Awaitable[Any]]:
        """The one that is called as the operation is, here or in one of the groups."""
        name = to_snake(operation)
        found: Callable[..., Awaitable[Any]] = getattr(self, f"_{name}", None) or next(
            getattr(group, name) for group in self._groups if hasattr(group, name)
        )
        return found

    async def here(self, what: Asked) -> Answer:
        """This node's own answer; of what is looked into, whether it is here."""
        if what.operation in LOOKED_INTO:
            await self._find(what)
            return None
        found: Answer = await self._method(what.operation)(what)
        return found

    async def _ask(self, operation: str, request: web.Request) -> web.Response:
        return answer(await self._nodes.ask(await asked.of_request(operation, request)))

    async def _look_into(self, operation: str, request: web.Request) -> web.StreamResponse:
        """Of what another node has, it is told which one that is."""
        try:
            found: web.StreamResponse = await self._method(operation)(request)
        except Unknown as nowhere:
            by, id_ = request[OPERATOR], request.match_info["id"]
            what = Asked(operation, by.name, by.role, id_)
            node, _ = await self._nodes.elsewhere(what, nowhere)
            raise web.HTTPNotFound(
                text=f"node {node} has this {LOOKED_INTO[operation]}: look into it there, at that"
                " node's own address"
            ) from None
        return found

    async def _find(self, what: Asked) -> None:
        """Raises what becomes 404 when what is to be looked into is not here."""
        seen, noun = await self._overview.look(), LOOKED_INTO[what.operation]
        look: dict[str, Callable[[str], object]] = {
            "track": seen.track,
            "room": seen.room,
            "link": seen.link,
        }
        if look[noun](what.id) is None:
            raise nothing(what.id, noun)

    # looking

    async def _get_totals(self, _: Asked) -> models.Totals:
        return self._overview.totals(await self._overview.look())

    async def _get_history(self, _: Asked) -> models.History:
        return self._history.answer()

    async def _list_users(self, what: Asked) -> models.Users:
        seen = await self._overview.look()
        return seen.users(what.parameters(Page))

    async def _list_rooms(self, what: Asked) -> models.Rooms:
        seen = await self._overview.look()
        return seen.rooms(what.parameters(RoomQuery))

    async def _list_links(self, what: Asked) -> models.Links:
        seen = await self._overview.look()
        return seen.links(what.parameters(Page))

    async def _list_tracks(self, what: Asked) -> models.Tracks:
        seen = await self._overview.look()
        return seen.tracks(what.parameters(TrackQuery))

    async def _list_workers(self, _: Asked) -> models.Workers:
        return models.Workers(workers=(await self._overview.look()).workers())

    async def _get_track(self, what: Asked) -> models.Track:
        seen = await self._overview.look()
        track = seen.track(what.id)
        if track is None:
            raise nothing(what.id, "track")
        return track

    async def _stream_events(self, what: Asked) -> models.Snapshot:
        """One event of them."""
        return await self._events.snapshot(what.parameters(EventQuery))

    async def _serve_events(self, request: web.Request) -> web.StreamResponse:
        what = await asked.of_request("streamEvents", request)
        what.parameters(EventQuery)

        async def take() -> models.Snapshot:
            return cast("models.Snapshot", await self._nodes.ask(what))

        return await self._events.serve(request, take)

    async def _get_open_api(self, _: web.Request) -> web.Response:
        return web.Response(text=self._document, content_type="application/json")

    # doing

    async def _disconnect_user(self, what: Asked) -> None:
        if not await _in_time(self._gateway.disconnect(what.id)):
            raise nothing(what.id, "user")
        _log.info("user_kicked", user=what.id, by=what.by)

    async def _end_room(self, what: Asked) -> None:
        if not await _in_time(self._gateway.end_room(what.id)):
            raise nothing(what.id, "room")
        _log.info("room_ended", room=what.id, by=what.by)

    async def _get_thresholds(self, _: web.Request) -> web.Response:
        return answer(Thresholds(**ALL_THRESHOLDS))

    async def _start_drain(self, what: Asked) -> Drain:
        order = what.content(orders.DrainOrder)
        return self._drained(what, is_news=self._gateway.drain(order.deadline))

    async def _end_drain(self, what: Asked) -> Drain:
        return self._drained(what, is_news=self._gateway.stop_draining())

    def _drained(self, what: Asked, *, is_news: bool) -> Drain:
        left_s = self._gateway.drain_left_s
        told = Drain(
            draining=self._gateway.draining,
            deadline_s=None if left_s is None else round(left_s, 1),
            node=self._overview.node,
        )
        if is_news:
            is_on, deadline_s = told.draining, told.deadline_s
            _log.info("drain_changed", draining=is_on, deadline_s=deadline_s, by=what.by)
        return told


async def _in_time(order: Awaitable[bool]) -> bool:
    try:
        return await order
    except TimeoutError:
        raise answers.unavailable("this was ordered, but is not done yet") from None
