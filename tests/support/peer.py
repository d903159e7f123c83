"""A gateway on a real socket, and plain WebSocket clients that read as a transcript."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from relay.cluster import Cluster
from relay.matching import MediaMode
from relay.safety import BanRules, Safety
from relay.signaling import Gateway, Limits
from relay.store import MemoryStore, Store
from tests.support.fake_plane import FakePlane
from tests.support.memory_records import MemoryRecords

PATIENCE_S = 10


class Peer:
    """One client: ``send`` a message, ``hear`` the next one."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.user_id = ""
        self.token: str | None = None
        self.ice_servers: list[dict[str, Any]] = []
        self.received = 0  # messages of the session

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of this type."""
        frame = await self.socket.receive(timeout=PATIENCE_S)
        assert frame.type is aiohttp.WSMsgType.TEXT, f"{kind} expected, got {frame}"
        message: dict[str, Any] = json.loads(frame.data)
        assert message["type"] == kind, f"{kind} expected, got {message}"
        self.received += kind not in {"connected", "resumed"}
        return message

    async def resume(self, token: str | None, received: int) -> None:
        """Ask for a session, as the first message."""
        await self.send("resume", resumeToken=token, received=received)

    async def hear_resumed(self) -> dict[str, Any]:
        resumed = await self.hear("resumed")
        self.user_id, self.token = resumed["userId"], resumed["resumeToken"]
        return resumed

    async def hear_error(self, code: str) -> dict[str, Any]:
        message = await self.hear("error")
        assert message["code"] == code, message
        return message

    async def hear_close(self) -> int:
        """Skip what is still said; the code that the server closes with."""
        while True:
            frame = await self.socket.receive(timeout=PATIENCE_S)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
        assert self.socket.close_code is not None
        return self.socket.close_code

    def cut(self) -> None:
        """Lose the connection without a word."""
        transport_of(self.socket).abort()


def transport_of(socket: aiohttp.ClientWebSocketResponse) -> asyncio.Transport:
    """What an open socket's bytes go through."""
    connection = socket._response.connection
    assert connection is not None
    transport = connection.transport
    assert transport is not None
    return transport


class Door:
    """Opens clients to one gateway."""

    def __init__(
        self,
        gateway: Gateway,
        url: str,
        http: aiohttp.ClientSession,
        site: web.BaseSite | None = None,
    ) -> None:
        self.gateway = gateway
        self.url = url
        self._http = http
        self._site = site
        self._sockets: list[aiohttp.ClientWebSocketResponse] = []

    async def open(self, resume: str = "", **options: Any) -> aiohttp.ClientWebSocketResponse:
        """A socket of which nothing has been read."""
        url = f"{self.url}?resume={resume}" if resume else self.url
        socket: aiohttp.ClientWebSocketResponse = await self._http.ws_connect(url, **options)
        self._sockets.append(socket)
        return socket

    async def shut(self) -> None:
        """Let nobody else in; who is there stays."""
        assert self._site is not None
        await self._site.stop()

    async def get(self) -> int:
        """The status of a request that is no WebSocket's."""
        async with self._http.get(self.url) as response:
            return response.status

    async def close(self) -> None:
        for socket in self._sockets:
            await socket.close()

    async def come(self, headers: Mapping[str, str] | None = None, *, resume: str = "") -> Peer:
        """:param resume: ``new`` or ``back`` for one who can."""
        peer = Peer(await self.open(resume, headers=headers))
        connected = await peer.hear("connected")
        peer.user_id, peer.token = connected["userId"], connected.get("resumeToken")
        peer.ice_servers = connected["iceServers"]
        return peer

    async def come_back(self, former: Peer, *, lost: int = 0) -> tuple[Peer, dict[str, Any]]:
        """Whose socket is lost, with another one, and what the server has said to that.

        :param lost: so many of the last messages are taken not to have come in.
        """
        peer = await self.come(resume="back")
        await peer.resume(former.token, former.received - lost)
        resumed = await peer.hear_resumed()
        peer.received = former.received - lost
        return peer, resumed

    async def pair(self, *, resume: str = "") -> tuple[Peer, Peer]:
        """Two who have met; the second is the initiator."""
        first, second = await self.come(resume=resume), await self.come(resume=resume)
        await first.send("find_partner")
        await first.hear("waiting_for_partner")
        await second.send("find_partner")
        assert (await second.hear("partner_found"))["isInitiator"] is True
        found = await first.hear("partner_found")
        assert found["isInitiator"] is False
        if found["mediaMode"] == "relay":
            await first.hear("webrtc_offer")
        return first, second

    async def until(self, **counts: int) -> None:
        """Wait until the gateway's counts are these."""
        await until(lambda: all(getattr(self.gateway.counts(), k) == v for k, v in counts.items()))


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so of which there is no event."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    plane: FakePlane,
    *,
    store: Store | None = None,
    media_mode: MediaMode = "relay",
    limits: Limits | None = None,
    allowed_origins: frozenset[str] = frozenset(),
    cluster: Cluster | None = None,
    beside: Callable[[Gateway], Iterable[web.RouteDef]] = lambda _: (),
) -> AsyncIterator[Door]:
    """A gateway on 127.0.0.1, closed at the end like a server that shuts down.

    :param beside: what is served beside its own route.
    """
    stun = "stun" if cluster is None else cluster.here.name
    gateway = Gateway(
        plane=plane,
        store=store or MemoryStore(),
        media_mode=media_mode,
        ice_servers=lambda *_: [{"urls": f"stun:{stun}.example.org"}],
        limits=limits or Limits(),
        allowed_origins=allowed_origins,
        safety=Safety(MemoryRecords(), BanRules()),
        cluster=cluster,
    )
    app = web.Application()
    app.add_routes([*gateway.routes(), *beside(gateway)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    await gateway.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as http:
            door = Door(gateway, f"http://{host}:{port}/ws", http, site)
            try:
                yield door
            finally:
                await door.close()
                await gateway.close()
    finally:
        await runner.cleanup()
