"""Other people's programs that stand in front of a relay: nginx, HAProxy, Caddy, as processes."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
NGINX = which("nginx", path=_PATH)
HAPROXY = which("haproxy", path=_PATH)
CADDY = which("caddy", path=_PATH)
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
"""Where Debian has it, of the package libnginx-mod-stream."""


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


class HaProxy:
    """One that runs, as its socket for administrators has it."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    async def tell(self, command: str) -> str:
        """What it answers."""
        reader, writer = await asyncio.open_unix_connection(self._path)
        writer.write(command.encode() + b"\n")
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
        return answer.decode().strip()

    async def until(self, server: str, status: str) -> None:
        """Wait until it takes a server, as ``relay/a``, for ``UP`` or ``DOWN``."""
        where = server.replace("/", ",") + ","
        async with asyncio.timeout(20):
            while f",{status}," not in await self._line(where):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _line(self, where: str) -> str:
        lines = (await self.tell("show stat")).splitlines()
        return next((line for line in lines if line.startswith(where)), "")


@asynccontextmanager
async def haproxy(folder: Path, configuration: str) -> AsyncIterator[HaProxy]:
    """It serves with this configuration, from when it listens."""
    conf, admin = folder / "haproxy.cfg", folder / "admin.sock"
    conf.write_text(f"global\n    stats socket {admin} level admin\n\n{configuration}")
    process = await asyncio.create_subprocess_exec(
        str(HAPROXY), "-db", "-dW", "-f", str(conf), stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(20):
            while not admin.exists():  # which it opens beside its ports
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.02)
        yield HaProxy(admin)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@asynccontextmanager
async def caddy(folder: Path, sites: str) -> AsyncIterator[None]:
    """It serves these sites, from when it listens, and asks no authority for certificates."""
    conf = folder / "Caddyfile"
    conf.write_text(f"{{\n\tadmin off\n\tauto_https disable_redirects\n}}\n\n{sites}")
    process = await asyncio.create_subprocess_exec(
        *(str(CADDY), "run", "--config", str(conf), "--adapter", "caddyfile"),
        env={"HOME": str(folder), "PATH": _PATH},
        stdout=DEVNULL,
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while b"serving initial configuration" not in (line := await process.stderr.readline()):
                assert line, "it does not start"
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
