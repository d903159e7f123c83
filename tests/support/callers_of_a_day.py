"""Who comes to a server in the course of a day, and what they do there."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import aiohttp

PATIENCE_S = 20.0
CLOSING = aiohttp.ClientWSTimeout(ws_close=5.0)

dice = random.Random(18)
seen: Counter[str] = Counter()
"""What has happened."""


class Browser:
    """Somebody's browser, at an address of its own; to be opened and closed."""

    def __init__(self, url: str) -> None:
        address = ".".join(str(dice.randrange(1, 255)) for _ in range(4))
        self.http = aiohttp.ClientSession(
            url,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            connector=aiohttp.TCPConnector(ssl=False),
            headers={
                "Origin": url,
                "X-Forwarded-For": address,
                "X-Forwarded-Proto": "https",
                "Sec-Fetch-Site": "same-origin",
            },
        )

    async def visit(self) -> None:
        """Open the page, and talk for some minutes."""
        async with self.http.get("/") as page:
            assert page.status == 200
        try:
            socket = await self.http.ws_connect("/ws?resume=new", timeout=CLOSING)
        except aiohttp.WSServerHandshakeError as error:
            seen[f"turned away with {error.status}"] += 1
            await self._appeal()
            return
        await Visit(self.http, socket).go_on(dice.uniform(60, 240))

    async def _appeal(self) -> None:
        async with self.http.get("/visitor") as told:
            seen[f"banned one asks: {told.status}"] += 1
        async with self.http.post("/visitor/appeals", json={"words": "I was not it"}) as answer:
            seen[f"appeal: {answer.status}"] += 1


class Visit:
    """One session of somebody's."""

    def __init__(self, http: aiohttp.ClientSession, socket: Any) -> None:
        self._http, self._socket = http, socket
        self._token = ""
        self._received = 0
        self._has_partner = False

    async def go_on(self, seconds: float) -> None:
        """Talk until the time is over, then leave in one of many ways."""
        await self._say("webrtc_offer", sdp="an offer")
        await self._say("find_partner", interests=[dice.choice(["music", "chess", "tea"])])
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0 and not self._socket.closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, dice.uniform(5, 40))):
                    await self._hear()
                    continue
            await self._act()
        await self._leave()

    async def _say(self, kind: str, **fields: object) -> None:
        seen[kind] += 1
        with suppress(ConnectionError, aiohttp.ClientError):
            await self._socket.send_json({"type": kind, **fields})

    async def _hear(self) -> None:
        frame = await self._socket.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            seen[f"closed with {self._socket.close_code}"] += 1
            return
        message = json.loads(frame.data)
        kind = message["type"]
        seen[f"heard {kind}"] += 1
        if kind == "error":
            seen[f"error {message['code']}"] += 1
        self._received += kind not in ("connected", "resumed")
        self._token = message.get("resumeToken", self._token)
        if kind == "partner_found":
            self._has_partner = True
        elif kind in ("partner_left", "partner_disconnected"):
            self._has_partner = False
            await self._say("find_partner")

    async def _act(self) -> None:
        """Do one thing of what people do."""
        what = dice.choices(
            ["chat_message", "next_partner", "report", "block", "stop", "away", "typing", "invite"],
            [30, 25, 4, 2, 3, 6, 10, 3],
        )[0]
        match what:
            case "away":
                await self._lose_the_socket()
            case "stop":
                await self._say("stop_chat")
                await self._say("find_partner")
            case "invite":
                await self._say("invite")
            case _ if not self._has_partner:
                pass
            case "report":
                await self._say("report", reason=dice.choice(["spam", "hate"]), words="rude")
                self._has_partner = False
                await self._say("find_partner")
            case "block":
                await self._say("block")
                self._has_partner = False
                await self._say("find_partner")
            case "chat_message":
                await self._say("chat_message", text=f"hello {dice.random()}", id="1")
            case "next_partner":
                self._has_partner = False
                await self._say("next_partner")
            case _:
                await self._say("typing", active=True)

    async def _lose_the_socket(self) -> None:
        """Be away for a moment, or for too long."""
        self._socket._response.connection.transport.abort()
        await self._socket.close()
        await asyncio.sleep(dice.choice([1.0, 5.0, 60.0]))
        try:
            self._socket = await self._http.ws_connect("/ws?resume=back", timeout=CLOSING)
        except aiohttp.WSServerHandshakeError as error:  # banned meanwhile
            seen[f"turned away with {error.status}"] += 1
            return
        await self._say("resume", resumeToken=self._token, received=self._received)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._hear()

    async def _leave(self) -> None:
        if dice.random() < 0.3 and not self._socket.closed:
            self._socket._response.connection.transport.abort()
        await self._socket.close()
