"""A relay as aiortc's own examples build it, speaking just enough of the protocol to be measured.

Frames are decoded by an RTCRtpReceiver, handed on by MediaRelay and encoded again for the partner.
"""

import asyncio
import itertools
import json
from typing import Any

from aiohttp import WSMsgType, web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError
from av.frame import Frame
from av.packet import Packet

relay = MediaRelay()
numbers = itertools.count()
waiting: list["User"] = []


class Switch(MediaStreamTrack):
    """An outgoing track whose source is plugged in when a partner is found."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.source: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()

    async def recv(self) -> "Frame | Packet[Any]":
        """The next frame of the partner."""
        return await (await asyncio.shield(self.source)).recv()


class User:
    """One connected user."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.connection = RTCPeerConnection()
        self.outgoing = {kind: Switch(kind) for kind in ("audio", "video")}
        self.incoming: dict[str, MediaStreamTrack] = {}
        self.connection.on("track", lambda track: self.incoming.update({track.kind: track}))

    async def answer(self, sdp: str) -> None:
        """Open the link."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for track in self.outgoing.values():
            self.connection.addTrack(track)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        await self.send("webrtc_answer", sdp=self.connection.localDescription.sdp)

    async def send(self, kind: str, **fields: object) -> None:
        """Send one message."""
        await self.socket.send_str(json.dumps({"type": kind, **fields}))


async def meet(first: User, second: User) -> None:
    """Pair two users."""
    for a, b in ((first, second), (second, first)):
        for kind, switch in a.outgoing.items():
            switch.source.set_result(relay.subscribe(b.incoming[kind]))
    room = f"room{next(numbers)}"
    for user in (first, second):
        await user.send("partner_found", roomId=room, isInitiator=user is second, mediaMode="relay")


async def serve(request: web.Request) -> web.WebSocketResponse:
    """One user's WebSocket."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    user = User(socket)
    await user.send("connected", userId=str(next(numbers)), iceServers=[], mediaMode="relay")
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            break
        fields = json.loads(message.data)
        if fields["type"] == "webrtc_offer":
            await user.answer(fields["sdp"])
        elif fields["type"] == "find_partner":
            if waiting:
                await meet(waiting.pop(), user)
            else:
                waiting.append(user)
    await user.connection.close()
    return socket


async def main() -> None:
    """Serve until ended."""
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: (
            None
            if isinstance(context.get("exception"), MediaStreamError)
            else loop.default_exception_handler(context)
        )
    )
    application = web.Application()
    application.add_routes([web.get("/ws", serve)])
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
