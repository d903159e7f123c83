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
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import ValidationError

from relay.errors import Refused, Unreachable
from relay.ops import reasons
from relay.ops.address import Address
from relay.ops.models import (
    Audit,
    AuditEntry,
    Drain,
    Link,
    Links,
    Model,
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

TIMEOUT_S = 10.0
SILENT_S = 15.0
"""A stream that says nothing for this long is lost; the event stream speaks each second."""
TAP_TIMEOUT_S = 30.0
"""A tap's first bytes may wait for a key frame."""

_PAGE = 500
_EVENTS_MAX = 200

_M = TypeVar("_M", bound=Model)
_Json = dict[str, Any]


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

    def query(self) -> dict[str, str]:
        """As parameters of the query."""
        said = {
            "user": self.user,
            "room": self.room,
            "kind": self.kind,
            "direction": self.direction,
            "bad": "true" if self.bad else None,
            "sort": self.sort if self.sort != "link" else None,
        }
        return {name: value for name, value in said.items() if value is not None}


class Client:
    """One relay, asked by one operator; use it as an async context manager.

    :param url: of the relay, such as ``https://chat.example.org``.
    :param token: the operator's.
    :param fingerprint: the SHA-256 of the one certificate to accept, in hexadecimal digits, with
        or without colons; for certificates that no authority has signed.
    :raises ConfigError: when one of them cannot be right.
    """

    def __init__(self, url: str, token: str, fingerprint: str | None = None) -> None:
        self._address = Address(url, token, fingerprint)
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._address.token}"},
            connector=aiohttp.TCPConnector(ssl=self._address.ssl),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session().close()

    # looking

    async def totals(self) -> Totals:
        """How the server is doing."""
        return await self._ask(Totals, "GET", "totals")

    async def thresholds(self) -> Thresholds:
        """From where on figures are bad, and nearly so."""
        return await self._ask(Thresholds, "GET", "thresholds")

    async def users(self, limit: int | None = None) -> list[User]:
        """Who is connected, in the order in which they came; at most ``limit``."""
        return [user async for page in self._pages(Users, "users", limit) for user in page.users]

    async def rooms(self, limit: int | None = None, *, bad: bool = False) -> list[Room]:
        """Who talks, the oldest first; with ``bad`` only those with a problem."""
        query = {"bad": "true"} if bad else {}
        pages = self._pages(Rooms, "rooms", limit, query)
        return [room async for page in pages for room in page.rooms]

    async def links(self, limit: int | None = None) -> list[Link]:
        """The media connections, the oldest first."""
        return [link async for page in self._pages(Links, "links", limit) for link in page.links]

    async def tracks(self, wanted: Wanted | None = None, limit: int | None = None) -> list[Track]:
        """Streams, up and down."""
        pages = self._pages(Tracks, "tracks", limit, (wanted or Wanted()).query())
        return [track async for page in pages for track in page.tracks]

    async def workers(self) -> list[Worker]:
        """The media processes, in order; none where media is in the server's own process."""
        return list((await self._ask(Workers, "GET", "workers")).workers)

    async def track(self, track_id: str) -> Track:
        """One stream."""
        return await self._ask(Track, "GET", _path("tracks", track_id))

    async def events(
        self, wanted: Wanted | None = None, limit: int = _EVENTS_MAX
    ) -> AsyncGenerator[Snapshot]:
        """A snapshot each second, until the relay stops.

        :param limit: how many tracks and rooms each has at most, up to 200.
        """
        query = (wanted or Wanted()).query() | {"limit": str(min(limit, _EVENTS_MAX))}
        reader = EventReader()
        async with self._streamed("GET", "events", query, SILENT_S) as chunks:
            async for chunk in chunks:
                for event in reader.feed(chunk):
                    if event.name == "snapshot":
                        yield self._read(Snapshot, event.data)

    # doing

    async def disconnect(self, user_id: str) -> None:
        """Disconnect a user."""
        await self._order("DELETE", _path("users", user_id))

    async def end_room(self, room_id: str) -> None:
        """End a room; both users stay connected."""
        await self._order("DELETE", _path("rooms", room_id))

    async def drain(self, *, wanted: bool = True) -> bool:
        """Turn new users away, or take them again; returns whether they are turned away now."""
        answer = await self._ask(Drain, "POST" if wanted else "DELETE", "drain")
        return answer.draining

    # taps: each is written to the relay's audit log

    @asynccontextmanager
    async def snapshot(self, track_id: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The next decoded frame of a video track, as PNG."""
        async with self._tap(_path("tracks", track_id, "snapshot"), {}) as chunks:
            yield chunks

    @asynccontextmanager
    async def record(
        self, room_id: str, seconds: float | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """What both users of a room send, as WebM.

        It ends after ``seconds``, with the room, or when no longer read.
        """
        async with self._tap(_path("rooms", room_id, "record"), _seconds(seconds)) as chunks:
            yield chunks

    @asynccontextmanager
    async def capture(
        self, link_id: str, seconds: float | None = None, *, payload: bool = False
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A link's decrypted RTP and RTCP, as pcapng; headers alone unless ``payload``.

        It ends as :meth:`record` does.
        """
        query = _seconds(seconds) | ({"payload": "true"} if payload else {})
        async with self._tap(_path("links", link_id, "pcap"), query) as chunks:
            yield chunks

    async def audit(self, limit: int = 100) -> list[AuditEntry]:
        """The newest entries of the audit log, up to 500; the oldest of them first."""
        return list((await self._ask(Audit, "GET", "audit", {"limit": str(limit)})).entries)

    # HTTP

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("the client is used outside of 'async with'")
        return self._http

    async def _ask(
        self, model: type[_M], method: str, path: str, query: dict[str, str] | None = None
    ) -> _M:
        async with self._answered(method, path, query) as response:
            with reasons.told(self._address):
                body = await response.read()
        return self._read(model, body)

    async def _order(self, method: str, path: str) -> None:
        async with self._answered(method, path):
            pass

    async def _pages(
        self, model: type[_M], path: str, limit: int | None, query: dict[str, str] | None = None
    ) -> AsyncIterator[_M]:
        """Pages, until there are no more or ``limit`` items were read."""
        offset = 0
        while limit is None or offset < limit:
            size = min(_PAGE, _PAGE if limit is None else limit - offset)
            part = {"limit": str(size), "offset": str(offset)}
            page = await self._ask(model, "GET", path, (query or {}) | part)
            yield page
            offset += size
            if offset >= getattr(page, "total", 0):
                return

    @asynccontextmanager
    async def _tap(self, path: str, query: dict[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._streamed("POST", path, query, TAP_TIMEOUT_S) as chunks:
            yield chunks

    @asynccontextmanager
    async def _streamed(
        self, method: str, path: str, query: dict[str, str], silent_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT_S, sock_read=silent_s)
        async with self._answered(method, path, query, timeout) as response:
            yield self._chunks(response)

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body as it comes; a failure of the reader's own is left alone."""
        chunks = response.content.iter_any()
        while True:
            with reasons.told(self._address):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield chunk

    @asynccontextmanager
    async def _answered(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,  # noqa: ASYNC109 - it is aiohttp's
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask; the body is read inside, in ``reasons.told``."""
        url = f"{self._address.url}/api/v1/{path}"
        more: _Json = {} if timeout is None else {"timeout": timeout}
        with reasons.told(self._address):
            response = await self._session().request(
                method, url, params=query, allow_redirects=False, **more
            )
        async with response:
            if response.status >= 300:
                raise await self._refusal(response)
            yield response

    async def _refusal(self, response: aiohttp.ClientResponse) -> Refused | Unreachable:
        if response.status < 400:
            where = response.headers.get("Location", "elsewhere")
            return Unreachable(f"{self._address.url} redirects to {where}: give that as --url")
        try:
            said = await response.json()
            message = str(said["error"]["message"])
        except (ValueError, KeyError, TypeError, aiohttp.ClientError):
            message = ""
        names_a_thing = "/" in response.url.path.partition("/api/v1/")[2]
        if response.status == 404 and not names_a_thing:
            message = ""  # no list of the API's is ever missing: this is something else
        return reasons.refused(response.status, message, self._address)

    def _read(self, model: type[_M], body: bytes | str) -> _M:
        try:
            return model.model_validate_json(body)
        except ValidationError:
            raise self._no_relay() from None

    def _no_relay(self) -> Unreachable:
        return Unreachable(f"{self._address.url} does not answer as a relay of this version does")


def _path(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _seconds(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"seconds": f"{seconds:g}"}
