"""The stream of live events: what it holds, who may read it, and who is dropped."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from relay.api.events import MAX_READERS, Events
from relay.api.load import Load
from relay.api.overview import Overview
from relay.api.queries import EventQuery
from relay.api.readiness import Readiness
from relay.plane import MediaView
from relay.safety import BanRules, Safety
from relay.signaling import Gateway, Limits
from relay.store import MemoryStore
from tests.support.fake_plane import FakePlane
from tests.support.memory_records import MemoryRecords
from tests.support.operating import KEYFRAME, TOKEN, VIDEO, operating
from tests.unit.api.observed import Seen, link, track

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


async def next_snapshot(response: aiohttp.ClientResponse) -> Any:
    async with asyncio.timeout(10):
        event = await response.content.readuntil(b"\n\n")
    name, data = event.decode().rstrip("\n").split("\n")
    assert name == "event: snapshot"
    return json.loads(data.removeprefix("data: "))


async def test_a_snapshot_at_once_and_then_each_second() -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        async with server.operator.http.get("/api/v1/events") as response:
            assert response.status == 200
            assert response.content_type == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            first = await next_snapshot(response)
            assert set(first) == {
                *("totals", "rooms", "tracks", "workers", "failures"),
                *("nodes", "silentNodes", "storeAway"),
            }
            assert first["nodes"] == []
            assert (first["totals"]["rooms"], first["totals"]["eventReaders"]) == (1, 1)
            assert [room["id"] for room in first["rooms"]] == [room_id]
            ann.send(VIDEO, KEYFRAME)
            await bob.received(1)
            ways: set[str] = set()
            while "up" not in ways:
                ways = {track["direction"] for track in (await next_snapshot(response))["tracks"]}
        await server.operator.until("totals", lambda totals: totals["eventReaders"] == 0)


async def test_the_query_chooses_the_tracks() -> None:
    async with operating() as server:
        ann, _, _ = await server.pair()
        query = f"user={ann.user_id}&kind=video&limit=1"
        async with server.operator.http.get(f"/api/v1/events?{query}") as response:
            [found] = (await next_snapshot(response))["tracks"]
        assert (found["userId"], found["kind"]) == (ann.user_id, "video")


async def test_there_is_room_for_so_many_readers() -> None:
    async with operating() as server:
        get = server.operator.http.get
        readers = [await get("/api/v1/events") for _ in range(MAX_READERS)]
        status, body = await server.operator.ask("/api/v1/events")
        assert status == 503
        assert str(MAX_READERS) in body["error"]["message"]
        for reader in readers:
            reader.close()
        await server.operator.until("totals", lambda totals: totals["eventReaders"] == 0)
        async with get("/api/v1/events") as response:
            await next_snapshot(response)


async def test_a_server_that_stops_ends_the_streams() -> None:
    async with aiohttp.ClientSession(headers=HEADERS) as http:
        async with operating() as server:
            response = await http.get(f"{server.relay.url}/api/v1/events")
            await next_snapshot(response)
            begun_s = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun_s < 2.5, "it did not wait for the reader"
        await response.read()
        assert response.content.at_eof()
        response.close()


CROWDED = Seen(MediaView([link("ann")], [track("ann", id=f"t{number}") for number in range(200)]))


@asynccontextmanager
async def a_busy_stream(period_s: float, patience_s: float) -> AsyncIterator[tuple[int, Events]]:
    """The stream alone, with large snapshots that come quickly; its port."""
    plane, safety = FakePlane(), Safety(MemoryRecords(), BanRules())
    gateway = Gateway(
        plane=plane,
        store=MemoryStore(),
        media_mode="relay",
        ice_servers=lambda *_: [],
        limits=Limits(),
        allowed_origins=frozenset(),
        safety=safety,
    )
    load = Load(plane)
    readiness = Readiness(gateway, plane, load)
    overview = Overview(gateway, CROWDED, load, readiness, safety, sees_addresses=False)
    events = Events(overview, period_s=period_s, patience_s=patience_s)

    async def serve(request: web.Request) -> web.StreamResponse:
        return await events.serve(request, lambda: events.snapshot(EventQuery(limit=200)))

    app = web.Application()
    app.add_routes([web.get("/events", serve)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], events
    finally:
        events.close()
        await runner.cleanup()


@pytest.fixture
def slow() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setblocking(False)
        yield made


async def read_to_the_end(slow: socket.socket) -> None:
    """Take what the system has buffered, until the connection is found closed."""
    while await asyncio.get_running_loop().sock_recv(slow, 1 << 20):
        pass


@pytest.mark.timeout(60)
async def test_a_reader_that_does_not_read_is_dropped(slow: socket.socket) -> None:
    async with a_busy_stream(period_s=0.001, patience_s=0.3) as (port, events):
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, ("127.0.0.1", port))
        await loop.sock_sendall(slow, b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(30):
            while events.dropped == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            await read_to_the_end(slow)


async def test_a_reader_that_goes_is_no_drop() -> None:
    async with a_busy_stream(period_s=0.001, patience_s=5) as (port, events):
        async with aiohttp.ClientSession() as http:
            response = await http.get(f"http://127.0.0.1:{port}/events")
            await next_snapshot(response)
            response.close()
            async with asyncio.timeout(10):
                while events._overview.event_readers:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        assert events.dropped == 0
