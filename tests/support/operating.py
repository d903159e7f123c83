"""A running server, its operator, and users with the cheapest real media."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from relay.api.front import Membership
from relay.app import Relay, running
from relay.carrier import OwnedPlane
from relay.config import Settings
from tests.support.packets import DELTA, rtp
from tests.support.thin import ThinPeer

TOKEN = "the-token-of-the-tests"
PATIENCE_S = 20
KEYFRAME = b"\x10\x50\x01\x00\x9d\x01\x2a\x40\x01\xf0\x00" + bytes(200)
"""The beginning of a VP8 key frame of 320 by 240 pixels."""
AUDIO, VIDEO, RTX = 111, 96, 97  # payload types that thin peers offer


class Operator:
    """Asks the API, with the token."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http

    async def ask(self, path: str, method: str = "GET", **options: Any) -> tuple[int, Any]:
        """The status and the body, if there is one."""
        async with self.http.request(method, path, **options) as response:
            text = await response.text()
            return response.status, await response.json() if text else None

    async def get(self, path: str) -> Any:
        """The body of an answer that must be good."""
        status, body = await self.ask(f"/api/v1/{path}")
        assert status == 200, body
        return body

    async def track(self, user: "ThinUser | str", direction: str, kind: str) -> Any:
        """One track of a user; None while there is none."""
        name = user if isinstance(user, str) else user.user_id
        found = await self.get(f"tracks?user={name}&direction={direction}&kind={kind}")
        return next(iter(found["tracks"]), None)

    async def until(self, path: str, condition: Callable[[Any], bool]) -> Any:
        """Ask until the body is as it should be."""
        body = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition(body := await self.get(path)):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{path} never became so: {body}") from None
        return body


class ThinUser:
    """A user with a WebSocket and a thin peer."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.peer = ThinPeer()
        self.user_id = ""
        self.sent: dict[int, list[int]] = {AUDIO: [], VIDEO: [], RTX: []}
        """The sizes of the packets sent, by payload type."""
        self._numbers = {AUDIO: 100, VIDEO: 200, RTX: 300}
        self._rtp_ts = 0

    async def hear(self, kind: str) -> dict[str, Any]:
        """Skip to the next message of a type."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                if message["type"] == kind:
                    return message

    async def say(self, kind: str, **fields: object) -> None:
        await self.socket.send_json({"type": kind, **fields})

    async def link(self) -> None:
        """Bring the link up."""
        await self.say("webrtc_offer", sdp=self.peer.offer())
        self.peer.take_answer((await self.hear("webrtc_answer"))["sdp"])
        await self.peer.connect()

    def send(self, payload_type: int, payload: bytes, *, lost: bool = False, **fields: Any) -> None:
        """Send a packet, or lose it on its way."""
        ssrc = {
            AUDIO: self.peer.ssrcs.audio,
            VIDEO: self.peer.ssrcs.video,
            RTX: self.peer.ssrcs.rtx,
        }
        self._numbers[payload_type] += 1
        packet = rtp(
            ssrc[payload_type],
            self._numbers[payload_type],
            payload_type=payload_type,
            payload=payload,
            **({"rtp_ts": self._rtp_ts} | fields),
        )
        if not lost:
            self.sent[payload_type].append(len(packet))
            self.peer.send_rtp(packet)

    def send_picture(self, *, key: bool = False, packets: int = 1, lost: bool = False) -> None:
        """Send a picture; its last packet may get lost."""
        self._rtp_ts += 3000
        for index in range(packets):
            start = KEYFRAME if key else DELTA + bytes(300)
            last = index == packets - 1
            payload = start if index == 0 else b"\x00" + bytes(500)
            self.send(VIDEO, payload, marker=last, lost=lost and last)

    async def received(self, count: int) -> list[bytes]:
        """The next RTP packets."""
        async with asyncio.timeout(PATIENCE_S):
            return [await self.peer.rtp.get() for _ in range(count)]


def outlet_of(packet: bytes) -> int:
    """The SSRC of a packet that a user received."""
    return int(struct.unpack_from("!I", packet, 8)[0])


class OperatedServer:
    """A server with its operator; lets thin users in."""

    def __init__(self, relay: Relay, http: aiohttp.ClientSession, stack: Any) -> None:
        self.relay = relay
        self.operator = Operator(http)
        self._stack: contextlib.AsyncExitStack = stack

    @property
    def ws_url(self) -> str:
        return self.relay.url.replace("http", "ws") + "/ws"

    async def come(self) -> ThinUser:
        socket = await self._stack.enter_async_context(self.operator.http.ws_connect("/ws"))
        user = ThinUser(socket)
        self._stack.push_async_callback(user.peer.close)
        user.user_id = (await user.hear("connected"))["userId"]
        return user

    async def pair(self, *, link: bool = True) -> tuple[ThinUser, ThinUser, str]:
        """Two who have met, with their links up, and their room."""
        users = await self.come(), await self.come()
        for user in users:
            if link:
                await user.link()
            await user.say("find_partner")
        rooms = {(await user.hear("partner_found"))["roomId"] for user in users}
        assert len(rooms) == 1
        await self.operator.get("totals")  # which a worker tells after it has joined the two
        return *users, rooms.pop()


@asynccontextmanager
async def operating(
    plane: OwnedPlane | None = None, membership: Membership | None = None, **changed: object
) -> AsyncIterator[OperatedServer]:
    """A server on 127.0.0.1."""
    chosen: dict[str, object] = {"host": "127.0.0.1", "port": 0, "udp_port": 0, "workers": 0}
    settings = Settings.model_validate(chosen | {"operator_token": TOKEN} | changed)
    async with (
        running(settings, plane=plane, membership=membership) as relay,
        aiohttp.ClientSession(relay.url, headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        contextlib.AsyncExitStack() as stack,
    ):
        yield OperatedServer(relay, http, stack)
