"""The recipes for a server behind nginx, with a real one, as ``docs/proxies.md`` tells them."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from aioice import stun

from relay.bots.client import Client
from relay.protocol.messages import Connected, WebrtcAnswer, WebrtcOffer
from tests.support.balancers import NGINX, STREAM, nginx
from tests.support.bots import Bot, relay
from tests.support.certificates import Files, write_certificate
from tests.support.ports import free_port
from tests.support.recipes import recipe
from tests.support.relayed import media_by
from tests.support.thin import ThinPeer
from tests.support.wires import Framed

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="needs nginx (scripts/need nginx nginx-light)"),
    pytest.mark.usefixtures("relayed"),
]


def ending_tls(files: Files, url: str, port: int) -> str:
    """The recipe's block, for a relay on this machine."""
    return recipe(
        "nginx ends TLS",
        "nginx",
        **{
            "    listen [::]:443 ssl;\n": "",
            "443 ssl": f"127.0.0.1:{port} ssl",
            "127.0.0.1:8443": url.split("/")[2],
            "/etc/letsencrypt/live/chat.example.org/fullchain.pem": str(files.cert),
            "/etc/letsencrypt/live/chat.example.org/privkey.pem": str(files.key),
        },
    )


async def test_it_ends_tls_and_media_has_a_port_of_its_own(tmp_path: Path) -> None:
    files, port, media = write_certificate(tmp_path), free_port(), free_port()
    async with relay(
        tls_cert=files.cert, tls_key=files.key, tcp_port=media, trusted_proxies="127.0.0.1"
    ) as url:
        page = f"wss://127.0.0.1:{port}/ws"
        async with (
            nginx(tmp_path, ending_tls(files, url, port)),
            Bot(page, 1) as one,
            Bot(page, 2) as two,
        ):
            (own,) = one._ice_servers
            assert own["urls"] == [f"turns:127.0.0.1:{media}?transport=tcp"]
            assert await media_by(one, two) == {"relay"}


async def test_what_breaks_tls_open_and_speaks_http_alone_carries_no_media(tmp_path: Path) -> None:
    files, port = write_certificate(tmp_path), free_port()
    trusting = ssl.create_default_context(cafile=files.cert)
    allocate = stun.Message(stun.Method.ALLOCATE, stun.Class.REQUEST)
    async with (
        relay(tls_cert=files.cert, tls_key=files.key) as url,
        nginx(tmp_path, ending_tls(files, url, port)),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.write(bytes(allocate))
        async with asyncio.timeout(20):
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()


@pytest.mark.skipif(not STREAM.exists(), reason="needs nginx' stream (libnginx-mod-stream)")
async def test_it_passes_tls_on_and_one_port_is_enough(tmp_path: Path) -> None:
    files, port, other = write_certificate(tmp_path), free_port(), free_port()
    async with relay(tls_cert=files.cert, tls_key=files.key, public_tcp_port=port) as url:
        block = recipe(
            "nginx passes TLS on",
            "nginx",
            **{
                "        listen [::]:443;\n": "",
                "listen 443": f"listen 127.0.0.1:{port}",
                "127.0.0.1:9443": f"127.0.0.1:{other}",
                "127.0.0.1:8443": url.split("/")[2],
            },
        )
        page = f"wss://127.0.0.1:{port}/ws"
        async with nginx(tmp_path, block):
            async with Bot(page, 1) as one, Bot(page, 2) as two:
                (own,) = one._ice_servers
                assert own["urls"] == [f"turns:127.0.0.1:{port}?transport=tcp"]
                assert await media_by(one, two) == {"relay"}
            await has_a_link_over_ice_tcp(page, port)


async def has_a_link_over_ice_tcp(page: str, port: int) -> None:
    """Which is no TLS, and so has no server name by which nginx could know where it goes."""
    async with Client(page) as client:
        await client.expect(Connected)
        wire, peer = await Framed.connect(port), ThinPeer()
        try:
            await client.send(WebrtcOffer(sdp=peer.offer()))
            answer = (await client.expect(WebrtcAnswer)).sdp
            assert f" 127.0.0.1 {port} typ host tcptype passive" in answer
            (udp,) = {line.split()[5] for line in answer.splitlines() if " udp " in line}
            framed = answer.replace(f" 127.0.0.1 {udp} ", f" 127.0.0.1 {wire.address[1]} ")
            peer.take_answer(framed)
            async with asyncio.timeout(30):
                await peer.connect()
        finally:
            await peer.close()
            await wire.close()
