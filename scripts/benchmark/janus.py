"""Janus, from the distribution's packages: its videocall plugin, spoken to over its WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from scripts.benchmark.servers import JANUS, NotStarted, Server, running

PACKAGE = "janus"
_ANSWER_S = 10.0
_STARTED = r"Websockets server started \(port (\d+)\)"

_CONFIGS = {
    "janus.jcfg": """
general: {{ debug_level = 4, session_timeout = 0, configs_folder = "{folder}" }}
nat: {{ ice_lite = true, ice_enforce_list = "{address}", ice_tcp = false, full_trickle = false }}
plugins: {{ disable = "{other_plugins}" }}
transports: {{ disable = "{other_transports}" }}
""",
    "janus.transport.websockets.jcfg": """
general: {{ json = "compact", ws = true, ws_port = {port}, ws_ip = "{here}", wss = false }}
admin: {{ admin_ws = false, admin_wss = false }}
""",
    "janus.plugin.videocall.jcfg": "general: {{ events = false }}\n",
}


class Missing(NotStarted):
    """Janus cannot be had, or cannot be used; the message says why."""


async def find(*, install: bool) -> str:
    """The path of the ``janus`` command.

    :param install: install the package when it is not there.
    :raises Missing: when it is not there, or cannot be installed.
    """
    found = shutil.which("janus")
    if found is None and install:
        await _install()
        found = shutil.which("janus")
    if found is None:
        raise Missing("not installed (--janus installs Debian's package; apt-get install janus)")
    return found


async def _install() -> None:
    """Install the package; its own service is not to run, a machine may be public."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", PACKAGE]
    for command in (
        ["apt-get", "update", "-qq"],
        ["env", "DEBIAN_FRONTEND=noninteractive", *install],
    ):
        await _run([*root, *command])
    if _has_systemd():
        await _run([*root, "systemctl", "disable", "--now", PACKAGE])


def _has_systemd() -> bool:
    return Path("/run/systemd/system").exists()


async def _run(command: list[str]) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise Missing(f"cannot be installed: {error}") from error
    output, _ = await process.communicate()
    if process.returncode:
        last = output.decode(errors="replace").strip().splitlines()[-1:]
        raise Missing(f"cannot be installed: {' '.join(command)}: {' '.join(last)}")


@contextlib.asynccontextmanager
async def serve(
    path: str, address: str | None = None, prefix: Sequence[str] = ()
) -> AsyncIterator[Server]:
    """Janus with its videocall plugin, not reachable from outside but for its media.

    :param address: where it is reachable for both, in a network of the bench's own.
    :param prefix: goes before the command.
    """
    with tempfile.TemporaryDirectory(prefix="bench-janus-") as folder:
        here = address or "127.0.0.1"
        port = _configure(folder, address or own_address(), here)
        command = [*prefix, path, "--configs-folder", folder, "--disable-colors"]
        async with running(JANUS, command, _STARTED) as server:
            server.url = f"ws://{here}:{port}"
            yield server


def _configure(folder: str, address: str, here: str) -> int:
    """Write the configuration.

    :param address: of the media.
    :param here: of the WebSocket, whose port is returned.
    """
    port = _free_port()
    values = {
        "folder": folder,
        "address": address,
        "here": here,
        "port": port,
        "other_plugins": _others("plugins", "videocall"),
        "other_transports": _others("transports", "websockets"),
    }
    for name, text in _CONFIGS.items():
        Path(folder, name).write_text(text.format(**values))
    return port


def own_address() -> str:
    """An address of this machine's; Janus leaves 127.0.0.1 out, though packets stay inside anyway.

    :raises Missing: when there is none but 127.0.0.1.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # for documentation (RFC 5737); nothing is sent
        except OSError as error:
            raise Missing("Janus needs an address besides 127.0.0.1") from error
        return str(probe.getsockname()[0])


def _others(kind: str, kept: str) -> str:
    folders = Path("/usr/lib").glob(f"**/janus/{kind}")
    names = {
        file.name for folder in folders for file in folder.glob("*.so") if kept not in file.name
    }
    return ",".join(sorted(names))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Caller:
    """One user of the videocall plugin."""

    _names = itertools.count()

    def __init__(self, url: str) -> None:
        self.name = f"user{next(self._names)}"
        self._url = url
        self._session: dict[str, int] = {}
        self._http = aiohttp.ClientSession()
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self) -> None:
        """Open the WebSocket, attach to the plugin and register."""
        self._socket = await self._http.ws_connect(self._url, protocols=["janus-protocol"])
        created = await self._ask({"janus": "create"}, "success")
        self._session = {"session_id": created["data"]["id"]}
        attach = {"janus": "attach", "plugin": "janus.plugin.videocall"}
        attached = await self._ask(attach, "success")
        self._session["handle_id"] = attached["data"]["id"]
        await self._say({"request": "register", "username": self.name})
        await self._event("registered")

    async def call(self, name: str, offer: str) -> None:
        """Call another user."""
        await self._say({"request": "call", "username": name}, {"type": "offer", "sdp": offer})

    async def called(self) -> str:
        """Wait for a call; returns the offer."""
        return str((await self._event("incomingcall"))["jsep"]["sdp"])

    async def accept(self, answer: str) -> None:
        """Accept it."""
        await self._say({"request": "accept"}, {"type": "answer", "sdp": answer})

    async def accepted(self) -> str:
        """Wait until the other has accepted; returns the answer."""
        return str((await self._event("accepted", with_sdp=True))["jsep"]["sdp"])

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Whatever Janus says, until it closes."""
        async for frame in self._open_socket():
            yield frame.json()

    async def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            await self._socket.close()
        await self._http.close()

    def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None:
            raise Missing("not connected")
        return self._socket

    async def _say(self, body: dict[str, str], jsep: dict[str, str] | None = None) -> None:
        message: dict[str, Any] = {"janus": "message", "body": body}
        if jsep is not None:
            message["jsep"] = jsep | {"trickle": False}
        await self._send(message)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._open_socket().send_json(message | self._session | {"transaction": "bench"})

    async def _ask(self, message: dict[str, Any], kind: str) -> dict[str, Any]:
        await self._send(message)
        return await self._until(lambda said: said["janus"] == kind)

    async def _event(self, name: str, *, with_sdp: bool = False) -> dict[str, Any]:
        def is_it(said: dict[str, Any]) -> bool:
            result = said.get("plugindata", {}).get("data", {}).get("result", {})
            return result.get("event") == name and (not with_sdp or "jsep" in said)

        return await self._until(is_it)

    async def _until(self, is_it: Any) -> dict[str, Any]:
        async with asyncio.timeout(_ANSWER_S):
            while True:
                said: dict[str, Any] = await self._open_socket().receive_json()
                if said["janus"] == "error" or "error" in said.get("plugindata", {}).get(
                    "data", {}
                ):
                    raise Missing(f"Janus says: {said}")
                if is_it(said):
                    return said
