"""A headless Firefox with the page in it, driven over WebDriver BiDi."""

import asyncio
import json
import os
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Mapping
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import aiohttp

from tests.browser.namespace import Place
from tests.browser.visitor import until

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "toolkit.telemetry.enabled": False,
}
PRESS = """(() => {
  const button = document.getElementById(ID);
  if (!button?.checkVisibility() || button.disabled) return false;
  button.click();
  return true;
})()"""
"""An expression: whether a person could press it; then it is pressed."""
_START_S = 60
_ANSWER_S = 60


class Firefox:
    """One window after the other; whatever happens in it is asked for with JavaScript."""

    def __init__(
        self,
        program: str,
        folder: Path,
        place: Place,
        preferences: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """:param preferences: beside those of all tests; it believes every certificate."""
        self._program = program
        self._folder = folder
        self._place = place
        self._preferences = {**PREFERENCES, **preferences}
        self._stack = AsyncExitStack()
        self._ids = count(1)
        self._window = ""
        self.complaints: list[str] = []

    async def __aenter__(self) -> "Firefox":
        process = await self._start()
        self._stack.push_async_callback(_end, process)
        try:
            await self._connect(await asyncio.wait_for(_address(process), _START_S))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def open(self, url: str) -> None:
        """Go there in a window of its own, and wait until it is loaded."""
        self._window = (await self._ask("browsingContext.create", {"type": "window"}))["context"]
        self.complaints.clear()
        where = {"context": self._window, "url": url, "wait": "complete"}
        await self._ask("browsingContext.navigate", where)

    async def close(self) -> None:
        """Close the window; there may be another one afterwards."""
        await self._ask("browsingContext.close", {"context": self._window})

    async def run(self, script: str) -> Any:
        """The value of an expression, or of what it promises."""
        asked = {
            "expression": f"Promise.resolve({script}).then(JSON.stringify)",
            "target": {"context": self._window},
            "awaitPromise": True,
            "userActivation": True,
        }
        answer = await self._ask("script.evaluate", asked)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    async def press(self, element_id: str) -> None:
        """Press a button as soon as it is there to be pressed."""
        script = PRESS.replace("ID", json.dumps(element_id))
        await until(lambda: self.run(script), bool)

    async def _start(self) -> Process:
        (self._folder / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(k)}, {json.dumps(v)});\n"
                for k, v in self._preferences.items()
            )
        )
        return await asyncio.create_subprocess_exec(
            *(*self._place.prefix, self._program, "--headless", "--no-remote"),
            *("--profile", str(self._folder), "--remote-debugging-port", "0"),
            stdout=PIPE,
            stderr=STDOUT,
            env={"HOME": str(self._folder), "PATH": os.environ["PATH"]},
        )

    async def _connect(self, address: str) -> None:
        connector = aiohttp.TCPConnector(socket_factory=lambda _: self._place.connection())
        http = await self._stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        self._socket = await self._stack.enter_async_context(
            http.ws_connect(f"{address}/session", max_msg_size=0)
        )
        await self._ask(
            "session.new", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}}
        )
        await self._ask("session.subscribe", {"events": ["log.entryAdded"]})

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json(timeout=_ANSWER_S)
            if message.get("method") == "log.entryAdded":
                entry = message["params"]
                if entry["level"] in ("error", "warn"):
                    self.complaints.append(entry["text"])
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]


async def _address(process: Process) -> str:
    assert process.stdout
    while line := (await process.stdout.readline()).decode():
        if found := re.search(r"BiDi listening on (ws://\S+)", line):
            return found[1]
    raise AssertionError("Firefox ended early")


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.communicate()
