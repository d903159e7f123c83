"""The nodes of a cluster, for operators: each answers for itself, and any of them for all.

What is asked goes to the others as a :class:`relay.cluster.messages.Call`. A node that does not
answer in time is named in the answer, and what is asked of it alone gets 503; so is one whose
answer is not understood. Nodes of two versions understand each other while a field that is added to
what they answer has a default.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from aiohttp import web

from relay.api import answers, asked, asking, joining, models, queries
from relay.api.asked import Asked
from relay.cluster import Cluster
from relay.cluster.messages import Call, Done
from relay.errors import ClusterError, NodeLost, RecordsAway

PAGE_ROWS = 200
"""How many rows of a list one message between nodes has."""
MAX_ROWS = 10_000
"""So far lists of a whole cluster go: what comes after is asked of one node."""

Answer = models.Model | models.Track | None
Answering = Callable[[Asked], Awaitable[Answer]]
"""Answers what is asked; raises what becomes the status of an error."""
Leases = Callable[[], Mapping[str, float] | None]
"""For how many seconds more each node has its place in the store; None while that is away."""

_JOINS: dict[str, Callable[[Sequence[Any], Any], models.Joined]] = {
    "getTotals": joining.totals,
    "getHistory": joining.history,
    "listUsers": joining.users,
    "listRooms": joining.rooms,
    "listLinks": joining.links,
    "listTracks": joining.tracks,
    "listWorkers": joining.workers,
    "listAudit": joining.audit,
    "streamEvents": joining.snapshot,
}
"""What all nodes answer together."""
_ROWS = {"listUsers": "users", "listRooms": "rooms", "listLinks": "links", "listTracks": "tracks"}
"""Of these, those that have pages, and where their rows are."""
_OWNED = frozenset({"disconnectUser", "endRoom", "getTrack", "ban"})
"""What the node does that has whoever is meant."""
LOOKED_INTO = {"takeSnapshot": "track", "recordRoom": "room", "captureLink": "link"}
"""What is done by the node alone that has it, at its own address; others ask who that is."""
CARRIED = frozenset({*_JOINS, *_OWNED, *LOOKED_INTO, "startDrain", "endDrain"})
"""What nodes ask each other for."""

_FAULTS: dict[int, type[web.HTTPError]] = {
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
    409: web.HTTPConflict,
}


class Nodes:
    """Asks the nodes of a cluster; without one, this server alone.

    :param here: answers for this node.
    :param leases: how long each node has its place in the store.
    """

    def __init__(self, here: Answering, cluster: Cluster | None, leases: Leases) -> None:
        self._here, self._cluster, self._leases = here, cluster, leases
        if cluster is not None:
            cluster.serve(Call, self._serve)

    async def ask(self, what: Asked) -> Answer:
        """The answer of the node that is named, or can do it, or of all in one.

        :raises HTTPError: when it is refused, or cannot be at present.
        """
        kind = what.endpoint.query
        query = None if kind is None else what.parameters(kind)
        if isinstance(query, queries.NodeQuery) and query.node is not None:
            return await self._one(query.node, what.with_query(node=None))
        if what.operation == "listNodes":
            return await self._list(what)
        if self._cluster is None:
            return await self._here(what)
        if what.operation in _JOINS:
            return await self._all(what, query)
        if what.operation in _OWNED:
            return await self._owner(what)
        return await self._here(what)

    # for other nodes

    async def _serve(self, _: str, call: Call) -> Done:
        try:
            found = await self._here(asked.of_call(call, CARRIED))
        except (web.HTTPError, RecordsAway) as error:
            refusal = answers.refusal(error)
            return Done(refusal.status, refusal.text or "")
        return Done(204) if found is None else Done(200, asking.written(found).decode())

    # one node

    async def _one(self, node: str, what: Asked) -> Answer:
        if self._cluster is None:
            raise answers.Invalid("node: this server is no node of a cluster")
        if node == self._cluster.here.name:
            return await self._here(what)
        if node not in self._cluster.others:
            names = ", ".join(sorted([self._cluster.here.name, *self._cluster.others]))
            raise answers.Invalid(f"node: there is none of this name; there are {names}")
        try:
            return await self._carry(node, what)
        except ClusterError:
            raise answers.unavailable(f"node {node} does not answer") from None

    async def _carry(self, node: str, what: Asked) -> Answer:
        """Another node's answer.

        :raises ClusterError: when it gives none that is understood.
        :raises HTTPError: as it has refused.
        """
        if self._cluster is None:
            raise NodeLost(f"there is no node {node}")
        done = await self._cluster.ask(node, what.call())
        if not isinstance(done, Done):
            raise ClusterError(f"node {node} gives no answer")
        try:
            if done.status >= 400:
                raise _refused(done)
            kind = what.endpoint.answer
            return None if kind is None else asking.understood(kind, done.body)
        except ValueError:
            raise ClusterError(f"node {node} gives no answer") from None

    # whoever has it

    async def _owner(self, what: Asked) -> Answer:
        """Of the node that has what is meant: this one, or else all others are asked."""
        try:
            return await self._here(what)
        except web.HTTPNotFound as nowhere:
            _, answer = await self.elsewhere(what, nowhere)
            return answer

    async def elsewhere(self, what: Asked, nowhere: web.HTTPNotFound) -> tuple[str, Answer]:
        """Which other node has what is meant, and its answer; this one has it not.

        :raises HTTPError: ``nowhere`` when no other one has it either, 503 when one that does not
            answer may have it, and what the one says that has it, but refuses.
        """
        others = sorted(self._cluster.others) if self._cluster is not None else []
        found = await asyncio.gather(
            *(self._carry(node, what) for node in others), return_exceptions=True
        )
        silent = []
        for node, one in zip(others, found, strict=True):
            if isinstance(one, ClusterError):
                silent.append(node)
            elif not isinstance(one, web.HTTPNotFound):
                if isinstance(one, BaseException):
                    raise one
                return node, one
        if silent:
            raise answers.unavailable(
                f"no node that answers has it; {', '.join(silent)} did not answer"
            )
        raise nowhere

    # all of them

    async def _all(self, what: Asked, query: Any) -> models.Joined:
        """What all nodes answer, in one."""
        found = await self._each(what, query)
        silent = [node for node, one in found.items() if one is None]
        parts = [one for one in found.values() if one is not None]
        joined = _JOINS[what.operation](parts, query)
        told: dict[str, Any] = {"silent_nodes": silent}
        if isinstance(joined, models.Snapshot):
            each = {node: None if one is None else one.totals for node, one in found.items()}
            told |= {
                "totals": joined.totals.model_copy(update=told),
                "nodes": self._rows(each),
                "store_away": self._leases() is None,
            }
        return joined.model_copy(update=told)

    async def _each(self, what: Asked, query: Any) -> dict[str, Any]:
        """By the names of nodes, in order, what each answers; None of one that does not.

        One that cannot be spoken to but has a lease still is one that does not.
        """
        if self._cluster is None:
            return {}
        asks: dict[str, Answering] = {
            node: partial(self._carry, node) for node in self._cluster.others
        } | {self._cluster.here.name: self._here}

        async def tried(node: str) -> Any:
            if node not in asks:
                return None
            try:
                return await _first(asks[node], what, query)
            except (ClusterError, web.HTTPError):
                if asks[node] is self._here:
                    raise
                return None

        names = sorted({*asks, *(self._leases() or ())})
        return dict(zip(names, await asyncio.gather(*map(tried, names)), strict=True))

    async def _list(self, what: Asked) -> models.Nodes:
        if self._cluster is None:
            return models.Nodes(nodes=[])
        totals = await self._each(Asked("getTotals", what.by, what.role), None)
        return models.Nodes(
            nodes=self._rows(totals),
            store_away=self._leases() is None,
            silent_nodes=[node for node, one in totals.items() if one is None],
        )

    def _rows(self, totals: Mapping[str, models.Totals | None]) -> list[models.Node]:
        """A row for each node: those that are reached, and those that have a place in the store."""
        if self._cluster is None:
            return []
        here, leases = self._cluster.here, self._leases() or {}
        known = {here.name: here, **self._cluster.others}
        return [
            models.Node(
                name=name,
                here=name == here.name,
                version=known[name].version if name in known else None,
                lease_s=max(leases[name], 0.0) if name in leases else None,
                totals=totals.get(name),
            )
            for name in sorted({*known, *totals, *leases})
        ]


async def _first(ask: Answering, what: Asked, query: Any) -> Any:
    """A node's part of an answer: of a list its first rows, page by page.

    Whatever is cut out of all rows in order, no node has to give more than the rows before its end.
    """
    if what.operation == "streamEvents":
        wanted = min(query.offset + query.limit, queries.MAX_EVENT_ROWS)
        return await ask(what.with_query(offset=0, limit=wanted))
    if (rows := _ROWS.get(what.operation)) is None:
        return await ask(what)
    wanted = query.offset + query.limit
    if wanted > MAX_ROWS:
        raise answers.Invalid(
            f"offset: lists of a cluster go to {MAX_ROWS}; ask its nodes one by one, with 'node'"
        )
    found: list[Any] = []
    while True:
        limit = min(PAGE_ROWS, wanted - len(found))
        page: Any = await ask(what.with_query(offset=len(found), limit=limit))
        found += getattr(page, rows)
        if not getattr(page, rows) or len(found) >= min(wanted, page.total):
            return page.model_copy(update={rows: found})


def _refused(done: Done) -> web.HTTPError:
    text = asking.understood(models.Failure, done.body).error.message
    if done.status == 422:
        return answers.Invalid(text)
    kind = _FAULTS.get(done.status)
    return answers.unavailable(text) if kind is None else kind(text=text)
