"""One WebSocket: reads frames into a session's inbox, writes its outbox."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from relay.errors import ProtocolError
from relay.pace import TokenBucket
from relay.protocol.messages import ClientMessage, Resume, ServerMessage, parse_client
from relay.signaling.outbox import CLOSE_INTERNAL_ERROR, CLOSE_POLICY
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions

_FRAME_COST_BYTES = 2048
"""What a frame costs beside its length, a ping as any other."""
UNSENT_BYTES = 16 * 1024
"""So much may wait in the kernel, and as much in this process, after the outbox."""
GRACE_S = 2.0
"""How long a socket that is closed from this side may take to be written out and answered."""

log = structlog.get_logger(__name__)


class Connection:
    """Serves a session with one socket, and ends the tasks that it starts.

    :param greeting: what the socket is told first, which is no message of the session's.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        session: Session,
        sessions: Sessions,
        clock: Callable[[], float],
        transport: asyncio.Transport | None,
        greeting: ServerMessage | None,
    ) -> None:
        self._socket = socket
        self._session = session
        self._line = session.outbox.line
        self._sessions = sessions
        self._clock = clock
        self._transport = transport
        self._greeting = greeting
        self._goodbye: int | None = None  # the code of a close frame, or of what was wrong
        limits = session.limits
        self._paid_bytes = TokenBucket(
            limits.frame_bytes_per_message * limits.messages_per_s, limits.frame_bytes_burst
        )

    async def run(self, first: WSMessage | None = None) -> bool:
        """Serve until either side closes the socket, it is lost, or another takes its place.

        :param first: a frame that has been read already.
        :returns: whether the session goes on; else nothing is left of the user.
        """
        user = self._session.user_id
        reader = asyncio.create_task(self._read(first), name=f"read {user}")
        writer = asyncio.create_task(self._write(), name=f"write {user}")
        closed = asyncio.create_task(self._line.closed(), name=f"closed {user}")
        tasks = (reader, writer, closed)
        writer.add_done_callback(self._written)
        self._hold_little()
        try:
            await asyncio.wait((reader, closed), return_when=asyncio.FIRST_COMPLETED)
            if self._session.outbox.closing is not None:
                self._session.inbox.clear()
            reader.cancel()
            await asyncio.wait({reader})
            if not reader.cancelled() and reader.exception() is not None:
                self._goodbye = CLOSE_INTERNAL_ERROR
            goes_on = await self._leave()
            await asyncio.wait({writer}, timeout=GRACE_S)
        finally:
            for task in tasks:
                await _stop(task)
            if not writer.cancelled():
                await self._hang_up()
            self._drop()
        return goes_on

    async def _leave(self) -> bool:
        """The socket serves no more; whether the session goes on."""
        session = self._session
        if self._line.is_cut:
            return True
        if self._sessions.lose(session, self._goodbye, self._clock()):
            return True
        await session.gone.wait()
        # Only after a crash of ours is the socket still open here, and not closing.
        session.outbox.close(CLOSE_INTERNAL_ERROR, "internal error")
        return False

    def _hold_little(self) -> None:
        """Have what is not sent wait in the outbox, which is bounded, and not before the pings."""
        if self._transport is None:
            return
        self._transport.set_write_buffer_limits(UNSENT_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # else the kernel holds what it likes
            opened = self._transport.get_extra_info("socket")
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    async def _read(self, first: WSMessage | None) -> None:
        frame = first if first is not None else await self._socket.receive()
        while self._line.closing is None:
            now = self._clock()
            if frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
                self._goodbye = frame.data if frame.type is WSMsgType.CLOSE else None
                return
            if frame.type is WSMsgType.ERROR:
                self._goodbye = frame.data.code if isinstance(frame.data, WebSocketError) else None
                return
            is_paid = self._pay(frame, now)
            if frame.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                self._session.frames += 1
                if is_paid:
                    self._take(frame.data, now)
            elif frame.type is WSMsgType.PING and is_paid:
                await self._socket.pong(frame.data)
            if self._session.outbox.closing is not None:
                return
            frame = await self._socket.receive()

    def _pay(self, frame: WSMessage, now: float) -> bool:
        """Whether a frame is paid for; one that is not is ignored.

        Nothing waits here, since what has come takes memory until it is read.
        """
        size = len(frame.data) if isinstance(frame.data, str | bytes) else 0
        left = self._paid_bytes.spend(now, _FRAME_COST_BYTES + size)
        if left < -self._session.limits.frame_bytes_burst:
            self._session.outbox.close(CLOSE_POLICY, "too much data")
            if self._transport is not None:
                self._transport.pause_reading()  # it would not stop
        elif left < 0 and frame.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            self._session.fault(now, "rate_limited", "too much data", retry_after=1.0)
        return left >= 0

    def _take(self, data: str | bytes, now: float) -> None:
        session = self._session
        retry_after_s = session.pace.take(now)
        if retry_after_s:
            text = "too many messages"
            session.fault(now, "rate_limited", text, retry_after=round(retry_after_s, 3))
            return
        try:
            message = _parse(data)
        except ProtocolError as error:
            session.fault(now, error.code, error.message)
            return
        if isinstance(message, Resume):
            session.frames -= 1  # it is none of the session's, see docs/protocol.md
            text = "only the first message of a socket can resume"
            session.fault(now, "wrong_state", text)
            return
        if not session.inbox.put_message(message):
            session.outbox.close(CLOSE_POLICY, "too many unhandled messages")

    async def _write(self) -> None:
        try:
            if self._greeting is not None:
                await self._socket.send_str(self._greeting.encode())
            while (frame := await self._line.get()) is not None:
                await self._socket.send_frame(frame, WSMsgType.TEXT)
        except ConnectionError:
            return  # the reader sees it too

    def _written(self, writer: asyncio.Task[None]) -> None:
        """Nothing more is written; after a crash nothing is to be read, either."""
        if not writer.cancelled() and writer.exception() is not None:
            self._session.outbox.close(CLOSE_INTERNAL_ERROR, "internal error")

    async def _hang_up(self) -> None:
        """Close the socket in good form, if it can be written to.

        Not after a cancelled write: aiohttp's next one would then be cancelled, too (they share a
        future), and that would look as if this very task had been.
        """
        closing = self._line.closing
        if closing is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(2 * GRACE_S):
                    await self._socket.close(code=closing.code, message=closing.reason.encode())

    def _drop(self) -> None:
        """Let go of a peer that has not read what was written, for which close() would wait."""
        transport = self._transport
        # One of TLS that closes cannot tell what it still holds, and waits for the peer's goodbye.
        if transport is not None and (transport.is_closing() or transport.get_write_buffer_size()):
            transport.abort()


def _parse(data: str | bytes) -> ClientMessage:
    if isinstance(data, bytes):
        raise ProtocolError("bad_message", "only text frames are understood")
    return parse_client(data)


async def _stop(task: asyncio.Task[None]) -> None:
    """End a task and log its crash, if it did."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("connection_task_crashed", task=task.get_name(), exc_info=error)
