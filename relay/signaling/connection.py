"""Serves a session with one socket: what is heard goes into its inbox, its outbox is told."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from relay.errors import ProtocolError
from relay.protocol.messages import ClientMessage, Resume, ServerMessage, parse_client
from relay.signaling.outbox import CLOSE_INTERNAL_ERROR, CLOSE_POLICY
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions
from relay.signaling.wire import GRACE_S, Goodbye, Heard, Overdrawn, Socket

log = structlog.get_logger(__name__)


class Connection:
    """Serves a session with one socket, and ends the tasks that it starts.

    :param greeting: what the socket is told first, which is no message of the session's.
    """

    def __init__(
        self,
        socket: Socket,
        session: Session,
        sessions: Sessions,
        clock: Callable[[], float],
        greeting: ServerMessage | None,
    ) -> None:
        self._socket = socket
        self._session = session
        self._line = session.outbox.line
        self._sessions = sessions
        self._clock = clock
        self._greeting = greeting
        self._goodbye: int | None = None  # the code of a close frame, or of what was wrong

    async def run(self) -> bool:
        """Serve until either side closes the socket, it is lost, or another takes its place.

        :returns: whether the session goes on; else nothing is left of the user.
        """
        user = self._session.user_id
        reader = asyncio.create_task(self._read(), name=f"read {user}")
        writer = asyncio.create_task(self._write(), name=f"write {user}")
        closed = asyncio.create_task(self._line.closed(), name=f"closed {user}")
        tasks = (reader, writer, closed)
        writer.add_done_callback(self._written)
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
                await stop(task)
            if not writer.cancelled() and self._line.closing is not None:
                await self._socket.close(self._line.closing)
            self._socket.drop()
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

    async def _read(self) -> None:
        session = self._session
        while self._line.closing is None and session.outbox.closing is None:
            heard = await self._socket.hear()
            now = self._clock()
            match heard:
                case Heard(data, is_paid):
                    session.frames += 1
                    if is_paid:
                        self._take(data, now)
                    else:
                        session.fault(now, "rate_limited", "too much data", retry_after=1.0)
                case Overdrawn():
                    session.outbox.close(CLOSE_POLICY, "too much data")
                case Goodbye(code):
                    self._goodbye = code
                    return

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
                await self._socket.tell(self._greeting.encode().encode())
            while (frame := await self._line.get()) is not None:
                await self._socket.tell(frame)
        except ConnectionError:
            return  # the reader sees it too

    def _written(self, writer: asyncio.Task[None]) -> None:
        """Nothing more is written; after a crash nothing is to be read, either."""
        if not writer.cancelled() and writer.exception() is not None:
            self._session.outbox.close(CLOSE_INTERNAL_ERROR, "internal error")


def _parse(data: str | bytes) -> ClientMessage:
    if isinstance(data, bytes):
        raise ProtocolError("bad_message", "only text frames are understood")
    return parse_client(data)


async def stop(task: asyncio.Task[Any]) -> None:
    """End a task and log its crash, if it did."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("connection_task_crashed", task=task.get_name(), exc_info=error)
