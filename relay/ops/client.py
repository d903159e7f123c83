"""The operators' API as an asynchronous client.

    async with Client("http://localhost:8080", token) as relay:
        for track in await relay.tracks(Wanted(bad=True)):
            print(track.id, track.problems)

Every method raises :class:`relay.errors.Refused` when the relay answers with an error, and
:class:`relay.errors.Unreachable` when it does not answer; both say why in one line.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from relay.ops.casework import Casework
from relay.ops.exchange import SILENT_S, path_of
from relay.ops.models import (
    Audit,
    AuditEntry,
    Drain,
    Link,
    Links,
    Nodes,
    Room,
    Rooms,
    Snapshot,
    Thresholds,
    Totals,
    Track,
    Tracks,
    User,
    Users,
    Worker,
    Workers,
)
from relay.ops.stream import EventReader

TAP_TIMEOUT_S = 30.0
"""A tap's first bytes may wait for a key frame."""

_EVENTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tracks are wanted, and in which order; as in the API."""

    user: str | None = None
    room: str | None = None
    kind: Literal["audio", "video"] | None = None
    direction: Literal["up", "down"] | None = None
    bad: bool = False
    sort: str = "link"
    """``link``, or the word of one of :data:`relay.ops.models.FIGURES`."""
    node: str | None = None
    """Of a cluster; None for all."""

    def query(self) -> dict[str, str]:
        """As parameters of the query."""
        said = {
            "user": self.user,
            "room": self.room,
            "kind": self.kind,
            "direction": self.direction,
            "bad": "true" if self.bad else None,
            "sort": self.sort if self.sort != "link" else None,
            "node": self.node,
        }
        return {name: value for name, value in said.items() if value is not None}


class Client(Casework):
    """One relay, asked by one operator; use it as an async context manager.

    Of a cluster, any node answers for all; with ``node``, for the one of that name.
    """

    # looking

    async def totals(self, node: str | None = None) -> Totals:
        """How the server is doing."""
        return await self.ask(Totals, "GET", "totals", _of(node))

    async def nodes(self) -> Nodes:
        """The nodes of the cluster, and how each is doing; none where there is no cluster."""
        return await self.ask(Nodes, "GET", "nodes")

    async def thresholds(self) -> Thresholds:
        """From where on figures are bad, and nearly so."""
        return await self.ask(Thresholds, "GET", "thresholds")

    async def users(self, limit: int | None = None, node: str | None = None) -> list[User]:
        """Who is connected, in the order in which they came; at most ``limit``."""
        pages = self.pages(Users, "users", limit, _of(node))
        return [user async for page in pages for user in page.users]

    async def rooms(
        self, limit: int | None = None, *, bad: bool = False, node: str | None = None
    ) -> list[Room]:
        """Who talks, the oldest first; with ``bad`` only those with a problem."""
        query = ({"bad": "true"} if bad else {}) | _of(node)
        pages = self.pages(Rooms, "rooms", limit, query)
        return [room async for page in pages for room in page.rooms]

    async def links(self, limit: int | None = None) -> list[Link]:
        """The media connections, the oldest first."""
        return [link async for page in self.pages(Links, "links", limit) for link in page.links]

    async def tracks(self, wanted: Wanted | None = None, limit: int | None = None) -> list[Track]:
        """Streams, up and down."""
        pages = self.pages(Tracks, "tracks", limit, (wanted or Wanted()).query())
        return [track async for page in pages for track in page.tracks]

    async def workers(self, node: str | None = None) -> list[Worker]:
        """The media processes, in order; none where media is in the server's own process."""
        return list((await self.ask(Workers, "GET", "workers", _of(node))).workers)

    async def track(self, track_id: str) -> Track:
        """One stream."""
        return await self.ask(Track, "GET", path_of("tracks", track_id))

    async def events(
        self, wanted: Wanted | None = None, limit: int = _EVENTS_MAX
    ) -> AsyncGenerator[Snapshot]:
        """A snapshot each second, until the relay stops.

        :param limit: how many tracks and rooms each has at most, up to 200.
        """
        query = (wanted or Wanted()).query() | {"limit": str(min(limit, _EVENTS_MAX))}
        reader = EventReader()
        async with self.streamed("GET", "events", query, SILENT_S) as chunks:
            async for chunk in chunks:
                for event in reader.feed(chunk):
                    if event.name == "snapshot":
                        yield self.read(Snapshot, event.data)

    # doing

    async def disconnect(self, user_id: str) -> None:
        """Disconnect a user."""
        await self.order("DELETE", path_of("users", user_id))

    async def end_room(self, room_id: str) -> None:
        """End a room; both users stay connected."""
        await self.order("DELETE", path_of("rooms", room_id))

    async def drain(
        self, *, wanted: bool = True, node: str | None = None, deadline_s: float | None = None
    ) -> bool:
        """Turn new users away, or take them again; returns whether they are turned away now.

        :param node: of a cluster; None for the one that is asked.
        :param deadline_s: after so many seconds those who are left are moved, or disconnected.
        """
        told = await self.drained(wanted=wanted, node=node, deadline_s=deadline_s)
        return told.draining

    async def drained(
        self, *, wanted: bool, node: str | None = None, deadline_s: float | None = None
    ) -> Drain:
        """The same; tells also which node of a cluster it was."""
        if not wanted:
            return await self.ask(Drain, "DELETE", "drain", _of(node))
        body = {} if deadline_s is None else {"deadline": deadline_s}
        return await self.ask(Drain, "POST", "drain", _of(node), body)

    # taps: each is written to the relay's audit log

    @asynccontextmanager
    async def snapshot(self, track_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The next decoded frame of a video track, as PNG."""
        async with self._tap(path_of("tracks", track_id, "snapshot"), {}) as chunks:
            yield chunks

    @asynccontextmanager
    async def record(
        self, room_id: str, seconds: float | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """What both users of a room send, as WebM.

        It ends after ``seconds``, with the room, or when no longer read.
        """
        async with self._tap(path_of("rooms", room_id, "record"), _seconds(seconds)) as chunks:
            yield chunks

    @asynccontextmanager
    async def capture(
        self, link_id: str, seconds: float | None = None, *, payload: bool = False
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A link's decrypted RTP and RTCP, as pcapng; headers alone unless ``payload``.

        It ends as :meth:`record` does.
        """
        query = _seconds(seconds) | ({"payload": "true"} if payload else {})
        async with self._tap(path_of("links", link_id, "pcap"), query) as chunks:
            yield chunks

    async def audit(self, limit: int = 100) -> list[AuditEntry]:
        """The newest entries of the audit log, up to 500; the oldest of them first."""
        return list((await self.ask(Audit, "GET", "audit", {"limit": str(limit)})).entries)

    @asynccontextmanager
    async def _tap(self, path: str, query: dict[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self.streamed("POST", path, query, TAP_TIMEOUT_S) as chunks:
            yield chunks


def _of(node: str | None) -> dict[str, str]:
    return {} if node is None else {"node": node}


def _seconds(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"seconds": f"{seconds:g}"}
