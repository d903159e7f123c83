"""What a socket says first whose client comes back: nobody is a user before that."""

from __future__ import annotations

import asyncio

from aiohttp import WSMessage, WSMsgType, web

from relay.errors import ProtocolError
from relay.protocol.messages import Resume, parse_client

PATIENCE_S = 10.0
"""How long it may take."""
MAX_PINGS = 8
"""That are answered meanwhile."""

_WORDS = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})


async def first_frame(socket: web.WebSocketResponse) -> WSMessage | None:
    """The first frame with a message in it; none when the socket closes, or none comes in time."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(MAX_PINGS):
                frame = await socket.receive()
                if frame.type in _WORDS:
                    return frame
                if frame.type is WSMsgType.PING:
                    await socket.pong(frame.data)
                elif frame.type is not WSMsgType.PONG:
                    return None
    except (TimeoutError, ConnectionError):
        return None
    return None


def resume_in(frame: WSMessage) -> Resume | None:
    """What a frame asks for, if it is that."""
    return resume_of(frame.data) if frame.type is WSMsgType.TEXT else None


def resume_of(text: str) -> Resume | None:
    """What a text frame asks for, if it is that."""
    try:
        message = parse_client(text)
    except ProtocolError:
        return None
    return message if isinstance(message, Resume) else None
