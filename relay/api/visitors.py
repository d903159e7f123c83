"""What a visitor may ask: whether it is banned, whom it has blocked, what came of its reports.

Answers are for the server's own page alone: who asks is known by its cookie and its address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import ceil
from time import monotonic

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

from relay.api import answers, asking
from relay.api.operator import is_own_page
from relay.errors import RecordsAway
from relay.pace import Paces, TokenBucket, take_all
from relay.records import MAX_WORDS_CHARS
from relay.safety import Identity, Safety, shown_appeal
from relay.source import source_of

ASKED_PER_S, ASKED_BURST = 0.5, 20
"""How often a visitor may ask, or all without a cookie at one address."""
OF_SOURCE = 20
"""All at one address may ask as often as so many."""
_MAX_NAMES = 4096

IdentityOf = Callable[[web.Request], Identity]
_Handler = Callable[[web.Request, Identity], Awaitable[web.StreamResponse]]


class _Words(BaseModel):
    """What a banned person writes."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)
    words: str = Field(min_length=1, max_length=MAX_WORDS_CHARS, pattern=r"^[^\x00]*$")


class VisitorApi:
    """The endpoints.

    :param identity_of: who asks.
    """

    def __init__(
        self,
        safety: Safety,
        identity_of: IdentityOf,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._safety = safety
        self._identity_of = identity_of
        self._clock = clock
        self._paces = Paces(_MAX_NAMES)

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/visitor", self._paced(self._tell)),
            web.post("/visitor/appeals", self._paced(self._appeal)),
            web.delete("/visitor/blocks/{id}", self._paced(self._unblock)),
        ]

    def _paced(self, handler: _Handler) -> Handler:
        async def paced(request: web.Request) -> web.StreamResponse:
            identity = self._identity_of(request)  # once: a cookie that is refused is counted
            wait_s = self._wait_s(source_of(request.remote), identity.visitor)
            if wait_s:
                seconds = str(ceil(wait_s))
                return answers.error(429, "too many requests", {"Retry-After": seconds})
            if request.method != "GET" and not is_own_page(request):
                raise web.HTTPForbidden(text="only this server's own page may do this")
            try:
                return await handler(request, identity)
            except RecordsAway:
                raise answers.unavailable("the database is away") from None

        return paced

    def _wait_s(self, source: str, visitor: str) -> float:
        """How long somebody has to wait: by its cookie, and together with others at its address."""
        paces = [self._pace(source, OF_SOURCE), self._pace(visitor or f"plain {source}", 1)]
        return take_all(paces, self._clock())

    def _pace(self, name: str, users: int) -> TokenBucket:
        return self._paces.of(name, ASKED_PER_S * users, ASKED_BURST * users)

    async def _tell(self, _: web.Request, identity: Identity) -> web.Response:
        ban = self._safety.find_ban(identity)
        mine = await self._safety.deeds(identity)
        told = {
            "visitor": identity.visitor or None,
            "ban": None if ban is None else await self._safety.shown(ban),
            "blocks": [{"id": block.id, "at": block.at} for block in mine.blocks],
            "reports": [
                {"id": each.id, "at": each.at, "reason": each.reason, "outcome": each.outcome}
                for each in mine.reports
            ],
        }
        return web.json_response(told, headers=answers.NO_STORE)

    async def _appeal(self, request: web.Request, identity: Identity) -> web.Response:
        words = (await asking.body(request, _Words)).words
        appeal, is_new = await self._safety.appeal(identity, words)
        if appeal is None:
            raise web.HTTPNotFound(text="you are not banned")
        if not is_new:
            raise web.HTTPConflict(text="this ban has an appeal already")
        return web.json_response(shown_appeal(appeal), status=201, headers=answers.NO_STORE)

    async def _unblock(self, request: web.Request, identity: Identity) -> web.Response:
        if not await self._safety.unblock(identity, request.match_info["id"]):
            raise web.HTTPNotFound(text="there is no such block")
        return web.Response(status=204)
