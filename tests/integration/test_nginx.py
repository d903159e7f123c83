"""The recipes for a server behind nginx, with a real one, as ``docs/networks.md`` tells them."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import pytest
from aioice import stun

from relay.bots.client import Client
from relay.protocol.messages import Connected, WebrtcAnswer, WebrtcOffer
from tests.support.bots import Bot, relay
from tests.support.certificates import Files, write_certificate
from tests.support.recipes import recipe
from tests.support.relayed import media_by
from tests.support.thin import ThinPeer
from tests.support.wires import Framed

NGINX = which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
"""Where Debian has it, of the package libnginx-mod-stream."""

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="needs nginx (scripts/need nginx nginx-light)"),
    pytest.mark.usefixtures("relayed"),
]


def free_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@asynccontextmanager
async def nginx(folder: Path, block: str) -> AsyncIterator[None]:
    """It serves with this in its configuration, from when it listens."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    aside = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    http = f"http {{ access_log off; {aside} {'' if 'stream {' in block else block} }}"
    stream = f"load_module {STREAM};\n" if "stream {" in block else ""
    user = "user root;\n" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(
        f"{stream}{user}daemon off;\npid {folder}/nginx.pid;\nevents {{ }}\n{http}\n"
        + (block if stream else "")
    )
    process = await asyncio.create_subprocess_exec(
        str(NGINX), "-p", str(folder), "-c", str(conf), "-e", "stderr", stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(20):
            while not (folder / "nginx.pid").exists():  # which it writes once it listens
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.02)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


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
    files, port, media = write_certificate(tmp_path), free_tcp_port(), free_tcp_port()
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
    files, port = write_certificate(tmp_path), free_tcp_port()
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
    files, port, other = write_certificate(tmp_path), free_tcp_port(), free_tcp_port()
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
