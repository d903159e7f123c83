"""One WebSocket: reads frames into a session's inbox, works it off, writes its outbox."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiohttp import WSMessage, WSMsgType, web

from relay.errors import ProtocolError
from relay.pace import TokenBucket
from relay.protocol.messages import ClientMessage, parse_client
from relay.signaling.lobby import Lobby
from relay.signaling.mailbox import CLOSE_INTERNAL_ERROR, CLOSE_POLICY, SocketLost
from relay.signaling.session import Session

_FRAME_COST_BYTES = 2048
"""What a frame costs beside its length, a ping as any other."""
UNSENT_BYTES = 16 * 1024
"""So much may wait in the kernel, and as much in this process, after the outbox."""
GRACE_S = 2.0
"""How long a socket that is closed from this side may take to be written out and answered."""

log = structlog.get_logger(__name__)


class Connection:
    """Serves one user from the first message to the last, and ends the tasks that it starts."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        session: Session,
        lobby: Lobby,
        clock: Callable[[], float],
        transport: asyncio.Transport | None,
    ) -> None:
        self._socket = socket
        self._session = session
        self._lobby = lobby
        self._clock = clock
        self._transport = transport
        limits = session.limits
        self._paid_bytes = TokenBucket(
            limits.frame_bytes_per_message * limits.messages_per_s, limits.frame_bytes_burst
        )

    async def run(self) -> None:
        """Serve until either side closes the socket; nothing of the user is left then."""
        user = self._session.user_id
        reader = asyncio.create_task(self._read(), name=f"read {user}")
        writer = asyncio.create_task(self._write(), name=f"write {user}")
        worker = asyncio.create_task(self._work(), name=f"work {user}")
        closed = asyncio.create_task(self._session.outbox.closed(), name=f"closed {user}")
        tasks = (reader, writer, worker, closed)
        self._hold_little()
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._session.outbox.closing is not None:
                self._session.inbox.clear()
            reader.cancel()
            await asyncio.wait({reader})
            self._session.inbox.put(SocketLost())
            await asyncio.wait({worker})
            # Only after a crash of ours is the socket still open here, and not closing.
            self._session.outbox.close(CLOSE_INTERNAL_ERROR, "internal error")
            await asyncio.wait({writer}, timeout=GRACE_S)
        finally:
            for task in tasks:
                await _stop(task)
            if worker.cancelled():  # and so are we, at the end of a shutdown
                await self._lobby.handle(self._session, SocketLost(), self._clock())
            if not writer.cancelled():
                await self._hang_up()
            self._drop()

    def _hold_little(self) -> None:
        """Have what is not sent wait in the outbox, which is bounded, and not before the pings."""
        if self._transport is None:
            return
        self._transport.set_write_buffer_limits(UNSENT_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # else the kernel holds what it likes
            opened = self._transport.get_extra_info("socket")
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    async def _read(self) -> None:
        async for frame in self._socket:
            now = self._clock()
            if not self._pay(frame, now):
                pass
            elif frame.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                self._take(frame.data, now)
            elif frame.type is WSMsgType.PING:
                await self._socket.pong(frame.data)
            if self._session.outbox.closing is not None:
                return

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
        if not session.inbox.put_message(message):
            session.outbox.close(CLOSE_POLICY, "too many unhandled messages")

    async def _work(self) -> None:
        while True:
            item = await self._session.inbox.get()
            await self._lobby.handle(self._session, item, self._clock())
            if isinstance(item, SocketLost):
                return

    async def _write(self) -> None:
        try:
            while (frame := await self._session.outbox.get()) is not None:
                await self._socket.send_frame(frame, WSMsgType.TEXT)
        except ConnectionError:
            return  # the reader sees it too

    async def _hang_up(self) -> None:
        """Close the socket in good form, if it can be written to.

        Not after a cancelled write: aiohttp's next one would then be cancelled, too (they share a
        future), and that would look as if this very task had been.
        """
        closing = self._session.outbox.closing
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
