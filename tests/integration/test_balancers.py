"""The recipes for balancers, with real ones, as ``docs/cluster.md`` tells them."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from relay.api.load import Load
from relay.api.readiness import Readiness
from relay.signaling import Gateway
from tests.support.balancers import HAPROXY, NGINX, HaProxy, haproxy, nginx
from tests.support.certificates import write_certificate
from tests.support.fake_plane import FakePlane
from tests.support.nodes import Between
from tests.support.peer import Door, Peer, serving, until
from tests.support.ports import free_port
from tests.support.recipes import recipe

needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="needs nginx (scripts/need nginx nginx-light)"
)
needs_haproxy = pytest.mark.skipif(
    HAPROXY is None, reason="needs HAProxy (scripts/need haproxy haproxy)"
)


@dataclass
class Balanced:
    """Two nodes, and the balancer in front of them."""

    between: Between
    a: Door
    b: Door
    front: Door
    """Through the balancer."""
    told: HaProxy | None = None

    async def nodes_of(self, many: int) -> Counter[str]:
        """Where so many come who are new."""
        peers = [await self.front.come(resume="new") for _ in range(many)]
        return Counter(node_of(peer) for peer in peers)


def node_of(peer: Peer) -> str:
    assert peer.token is not None
    return peer.token.partition(".")[0]


def readiness(plane: FakePlane) -> Callable[[Gateway], Iterable[web.RouteDef]]:
    return lambda gateway: Readiness(gateway, plane, Load(plane)).routes()


@asynccontextmanager
async def behind(kind: str, folder: Path) -> AsyncIterator[Balanced]:
    """Two nodes behind a balancer of a kind."""
    between, planes = Between(), (FakePlane(connects=True), FakePlane(connects=True))
    a, b = between.node("a"), between.node("b")
    async with (
        serving(planes[0], cluster=a, beside=readiness(planes[0])) as first,
        serving(planes[1], cluster=b, beside=readiness(planes[1])) as second,
        balancer(kind, folder, address(first), address(second)) as (url, told),
        aiohttp.ClientSession(connector=trusting(folder)) as http,
    ):
        front = Door(first.gateway, url, http)
        try:
            yield Balanced(between, first, second, front, told)
        finally:
            await front.close()


def trusting(folder: Path) -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=folder / "cert.pem"))


def address(door: Door) -> str:
    return door.url.split("/")[2]


@asynccontextmanager
async def balancer(
    kind: str, folder: Path, a: str, b: str, **media: str
) -> AsyncIterator[tuple[str, HaProxy | None]]:
    """Its page's WebSocket address, and what it can be told."""
    files, port = write_certificate(folder), free_port()
    url = f"https://127.0.0.1:{port}/ws"
    if kind == "nginx":
        block = recipe(
            "nginx",
            "nginx",
            page="cluster",
            **{
                "    listen [::]:443 ssl;\n": "",
                "443 ssl": f"127.0.0.1:{port} ssl",
                "10.0.0.1:8080": a,
                "10.0.0.2:8080": b,
                "/etc/letsencrypt/live/chat.example.org/fullchain.pem": str(files.cert),
                "/etc/letsencrypt/live/chat.example.org/privkey.pem": str(files.key),
            },
        )
        async with nginx(folder, block):
            yield url, None
    else:
        both = folder / "both.pem"
        both.write_text(files.cert.read_text() + files.key.read_text())
        places = {
            "bind :443": f"bind 127.0.0.1:{port}",
            "10.0.0.1:8080": a,
            "10.0.0.2:8080": b,
            "/etc/haproxy/chat.example.org.pem": str(both),
        }
        block = recipe("HAProxy", "haproxy", page="cluster", **places)
        async with haproxy(folder, block + media.get("block", "")) as told:
            yield url, told


@pytest.fixture(
    params=[pytest.param("nginx", marks=needs_nginx), pytest.param("haproxy", marks=needs_haproxy)]
)
async def balanced(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Balanced]:
    async with behind(request.param, tmp_path) as found:
        yield found


@pytest.fixture
async def with_haproxy(tmp_path: Path) -> AsyncIterator[Balanced]:
    async with behind("haproxy", tmp_path) as found:
        yield found


async def test_users_are_spread_over_the_nodes_and_may_be_a_page_of_its_name(
    balanced: Balanced,
) -> None:
    assert await balanced.nodes_of(6) == {"a": 3, "b": 3}
    origin = balanced.front.url.removesuffix("/ws")
    await balanced.front.come({"Origin": origin}, resume="new")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await balanced.front.come({"Origin": "https://foe.example"}, resume="new")


async def test_who_is_cut_off_comes_back_at_the_node_that_can_be_reached(
    balanced: Balanced,
) -> None:
    first, second = await balanced.a.pair(resume="new")
    await balanced.a.shut()
    first.cut()
    await until(lambda: balanced.a.gateway.away == 1)
    await second.send("chat_message", text="are you there?")
    back, resumed = await balanced.front.come_back(first)
    assert (resumed["userId"], resumed["missed"]) == (first.user_id, 1)
    assert (await back.hear("chat_message"))["text"] == "are you there?"
    await back.send("chat_message", text="I am")
    await second.hear("chat_message")
    assert len(balanced.b.gateway._sockets) == 1


async def test_when_its_node_has_gone_the_client_is_somebody_new_at_once(
    balanced: Balanced,
) -> None:
    first, _ = await balanced.a.pair(resume="new")
    await balanced.a.shut()
    balanced.between.lose("a")
    first.cut()
    back = await balanced.front.come(resume="back")
    assert node_of(back) == "b"
    await back.resume(first.token, first.received)
    await back.hear_error("resume_failed")
    await back.send("find_partner")
    await back.hear("waiting_for_partner")


async def test_a_node_that_drains_gets_nobody_new_and_keeps_who_is_there(
    balanced: Balanced,
) -> None:
    peers = [await balanced.front.come(resume="new") for _ in range(2)]
    stays = next(peer for peer in peers if node_of(peer) == "a")
    balanced.a.gateway.drain()
    assert await balanced.nodes_of(5) == {"b": 5}
    if balanced.told is not None:
        await balanced.told.until("relay/a", "DOWN")
        assert await balanced.nodes_of(2) == {"b": 2}
    await stays.send("find_partner")
    await stays.hear("waiting_for_partner")


async def test_who_comes_back_is_let_in_though_every_node_drains(balanced: Balanced) -> None:
    first, second = await balanced.a.pair(resume="new")
    for node, door in (("a", balanced.a), ("b", balanced.b)):
        door.gateway.drain()
        if balanced.told is not None:
            await balanced.told.until(f"relay/{node}", "DOWN")
    first.cut()
    await until(lambda: balanced.a.gateway.away == 1)
    back, _ = await balanced.front.come_back(first)
    await back.send("chat_message", text="hello")
    await second.hear("chat_message")
    with pytest.raises(aiohttp.WSServerHandshakeError) as full:
        await balanced.front.come(resume="new")
    assert full.value.status == 503


@needs_haproxy
async def test_haproxy_takes_a_node_back_that_is_ready_again(with_haproxy: Balanced) -> None:
    assert with_haproxy.told is not None
    with_haproxy.a.gateway.drain()
    await with_haproxy.told.until("relay/a", "DOWN")
    with_haproxy.a.gateway.stop_draining()
    await with_haproxy.told.until("relay/a", "UP")
    assert (await with_haproxy.nodes_of(2)).keys() == {"a", "b"}


@needs_haproxy
async def test_haproxy_takes_the_weight_that_a_node_tells(with_haproxy: Balanced) -> None:
    assert with_haproxy.told is not None
    url = with_haproxy.a.url.replace("/ws", "/ready?verbose")
    async with aiohttp.request("GET", url) as response:
        weight = (await response.json())["weight"]
    for percent in (weight, 28):
        assert await with_haproxy.told.tell(f"set server relay/a weight {percent}%") == ""
        assert await with_haproxy.told.tell("get weight relay/a") == f"{percent} (initial 100)"


@needs_haproxy
async def test_haproxy_passes_media_over_tcp_on_as_it_is(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"a has " + await reader.readexactly(4))
        writer.close()

    media = await asyncio.start_server(answer, "127.0.0.1", 0)
    port, other = free_port(), free_port()
    block = recipe(
        "Media for networks without UDP",
        "haproxy",
        page="cluster",
        **{
            "bind :7441": f"bind 127.0.0.1:{port}",
            "bind :7442": f"bind 127.0.0.1:{other}",
            "10.0.0.1:7443": f"127.0.0.1:{media.sockets[0].getsockname()[1]}",
            "10.0.0.2:7443": f"127.0.0.1:{free_port()}",
        },
    )
    nobody = f"127.0.0.1:{free_port()}"
    async with media, balancer("haproxy", tmp_path, nobody, nobody, block=block):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes(4))
        async with asyncio.timeout(20):
            assert await reader.read() == b"a has " + bytes(4)
        writer.close()
