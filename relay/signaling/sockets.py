"""Takes sockets: each is a user's, a new one's or that of one who comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from time import monotonic
from typing import cast

import structlog
from aiohttp import WSMessage, web

from relay.cluster import Cluster
from relay.cluster.messages import Resuming
from relay.errors import ClusterError
from relay.pace import Seldom
from relay.protocol.messages import MAX_FRAME_BYTES, Connected, Error, Resume, ServerMessage
from relay.safety import Identity, Known
from relay.safety.visitors import Visitors
from relay.signaling.connection import Connection
from relay.signaling.effort import Efforts
from relay.signaling.guard import Banned, Guard
from relay.signaling.handling import Handling
from relay.signaling.limits import Limits
from relay.signaling.lines import End, Lines, join
from relay.signaling.lobby import Lobby
from relay.signaling.locality import is_local
from relay.signaling.outbox import CLOSE_GOING_AWAY, CLOSE_TRY_AGAIN
from relay.signaling.reception import MOVE, RESUME, Reception, Ticket
from relay.signaling.returning import first_frame, resume_in, resume_of
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions
from relay.signaling.wire import GRACE_S, UNSENT_BYTES, Socket, Wire
from relay.source import bounded_source_of, is_source

_HANDED_TOLD_EVERY_S, _HANDED_TOLD_BURST = 1.0, 20
_REFUSED = Error(code="resume_failed", message="The session cannot be resumed.")

log = structlog.get_logger(__name__)

GreetingOf = Callable[[web.Request, Session, str | None, Known], Connected]


class Sockets:
    """Has each socket served until it is closed, lost, or followed by another.

    :param greeting: tells what a new user's socket is told first, by its request, its session, its
        token, and what is known of it from before.
    :param cluster: the other nodes, whose sessions' sockets may come here.
    """

    def __init__(
        self,
        limits: Limits,
        visitors: Visitors,
        guard: Guard,
        reception: Reception,
        lobby: Lobby,
        sessions: Sessions,
        handling: Handling,
        greeting: GreetingOf,
        cluster: Cluster | None = None,
    ) -> None:
        self._limits = limits
        self._visitors = visitors
        self._guard = guard
        self._reception = reception
        self._lobby = lobby
        self._sessions = sessions
        self._handling = handling
        self._greeting = greeting
        self._efforts = Efforts()
        self._handed_told = Seldom(_HANDED_TOLD_EVERY_S, _HANDED_TOLD_BURST)
        self._served: dict[asyncio.Task[None], Session | None] = {}
        """By the task that serves it: whose it is; of some nobody's yet, or another node's."""
        self._lines = None if cluster is None else Lines(cluster, self._go_on_over)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._served)

    @property
    def lines(self) -> int:
        """How many go to other nodes, or come from there."""
        return 0 if self._lines is None else len(self._lines)

    async def close(self, patience_s: float) -> None:
        """Close every socket with 1001, end who is away, and end every task.

        :param patience_s: after so many seconds tasks are cancelled.
        """
        for task, session in self._served.items():
            if session is None:
                task.cancel()
            else:
                session.outbox.close(CLOSE_GOING_AWAY, "server is shutting down")
        self._sessions.end_all(monotonic())
        tasks = set(self._served)
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=patience_s)
            for task in stuck:
                task.cancel()
            if stuck:
                await asyncio.wait(stuck)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Let somebody in, or answer why not; return when the socket is closed."""
        self._reception.require_origin(request)
        self._reception.require_upgrade(request)
        identity = self._visitors.identity_of(request)
        try:
            await self._guard.admit(identity)
        except Banned:
            self._reception.count(request, "banned")
            raise
        ticket = self._reception.admit(request, identity, len(self._served))
        socket = self._socket()
        session = self._newcomer(request, identity)
        task = _this_task()
        self._served[task] = None
        try:
            if not await _opened(socket, request):
                return web.Response()  # to nobody
            token = self._sessions.new_token() if session.can_resume else None
            known = await self._guard.learn(session)
            connected = self._greeting(request, session, token, known)
            session.ice_servers = connected.ice_servers
            if ticket.comes_back:
                await self._come_back(request, socket, session, connected, known, ticket)
            elif self._may_enter(request, session, ticket):
                self._enter(session, token, known)
                await self._run(self._wire(request, socket), session, connected)
            else:
                await self._turn_away(socket, is_refused=False)
        finally:
            del self._served[task]
        return socket

    def _socket(self) -> web.WebSocketResponse:
        return web.WebSocketResponse(
            # aiohttp refuses a message of exactly this size already.
            max_msg_size=MAX_FRAME_BYTES + 1,
            heartbeat=self._limits.heartbeat_s,
            timeout=GRACE_S,
            autoping=False,  # a connection answers those that are paid for
            writer_limit=UNSENT_BYTES,
            compress=False,  # its state would be most of what a user costs
        )

    def _newcomer(self, request: web.Request, identity: Identity) -> Session:
        """A new user's session, in case that it is needed."""
        source = bounded_source_of(request.remote)
        return Session(
            token_hex(12),
            self._limits,
            since_s=monotonic(),
            tally=self._lobby.tally,
            is_local=is_local(request),
            effort=self._efforts.of(source),
            source=source,
            identity=identity,
            can_resume=self._limits.resume_s > 0 and RESUME in request.query,
            can_move=request.query.get(MOVE) == "1",
        )

    async def _come_back(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        session: Session,
        connected: Connected,
        known: Known,
        ticket: Ticket,
    ) -> None:
        """Serve a socket that may have a session already; else it is a new user's.

        :param session: the new user's, in case that it is needed.
        """
        try:
            await socket.send_str(connected.encode())
        except ConnectionError:
            return
        frame = await first_frame(socket)
        resume = resume_in(frame) if frame is not None else None
        wire = self._wire(request, socket, frame if resume is None else None)
        if (
            frame is not None
            and resume is not None
            and await self._resume(wire, session, resume, frame.data)
        ):
            return
        if frame is None or not self._may_enter(request, session, ticket):
            await self._turn_away(socket, is_refused=resume is not None)
            return
        self._enter(session, connected.resume_token, known)
        if resume is not None:
            session.send(_REFUSED)
        await self._run(wire, session)

    async def _resume(self, wire: Wire, new: Session, resume: Resume, frame: str) -> bool:
        """Go on with a session, here or at another node; false when it cannot be had.

        :param frame: what was said, as it came.
        """
        if self._reception.is_closing:
            return False
        node = self._lines.node_of(resume.resume_token) if self._lines is not None else None
        if self._lines is not None and node is not None:
            return await self._hand_on(self._lines, node, wire, new, frame)
        found = self._sessions.resume(
            resume, monotonic(), source=new.source, is_local=new.is_local, effort=new.effort
        )
        if found is None:
            return False
        await self._run(wire, *found)
        return True

    async def _hand_on(self, lines: Lines, node: str, wire: Wire, new: Session, frame: str) -> bool:
        """Have a session of another node go on with a socket that is here."""
        try:
            end = await lines.open(node, frame, source=new.source, is_local=new.is_local)
        except ClusterError:
            self._sessions.refuse("node_lost")
            return False
        if end is None:
            return False
        suppressed = self._handed_told.due(monotonic())
        if suppressed is not None:
            log.info("socket_handed_on", node=node, suppressed=suppressed)
        await join(wire, end)
        return True

    def _go_on_over(self, resuming: Resuming, end: End) -> bool:
        """Have a session of this node go on with a socket that is at another; whether it does.

        No more is believed of who comes than what a socket that is here would tell.
        """
        resume = resume_of(resuming.frame)
        if resume is None or self._reception.is_closing:
            return False
        source = resuming.source if is_source(resuming.source) else ""
        found = self._sessions.resume(
            resume,
            monotonic(),
            source=source,
            is_local=resuming.is_local,
            effort=self._efforts.of(source),
        )
        if found is None:
            return False
        session, resumed = found
        resumed = resumed.model_copy(update={"ice_servers": session.ice_servers})
        task = asyncio.create_task(self._run(end, session, resumed), name=f"line {end.line}")
        self._served[task] = session
        task.add_done_callback(self._line_ended)
        return True

    def _line_ended(self, task: asyncio.Task[None]) -> None:
        del self._served[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("connection_task_crashed", task=task.get_name(), exc_info=error)

    async def _turn_away(self, socket: web.WebSocketResponse, *, is_refused: bool) -> None:
        with suppress(ConnectionError):
            if is_refused:
                await socket.send_str(_REFUSED.encode())
            await socket.close(code=CLOSE_TRY_AGAIN, message=b"no new users")

    def _may_enter(self, request: web.Request, session: Session, ticket: Ticket) -> bool:
        others = len(self._served) - 1
        return self._reception.may_enter(request, session.identity, ticket, others)

    def _enter(self, session: Session, token: str | None, known: Known) -> None:
        """A new user is here."""
        self._lobby.join(session)
        self._sessions.come(session, token, monotonic())
        self._reception.came(session)
        self._handling.begin(session)
        self._guard.tell(session, known)
        self._lobby.tally.users += 1

    def _wire(
        self, request: web.Request, socket: web.WebSocketResponse, first: WSMessage | None = None
    ) -> Wire:
        return Wire(socket, request.transport, self._limits, monotonic, first)

    async def _run(
        self, socket: Socket, session: Session, greeting: ServerMessage | None = None
    ) -> None:
        self._served[_this_task()] = session
        connection = Connection(socket, session, self._sessions, monotonic, greeting)
        if not await connection.run():
            self._sessions.gone(session, socket.close_code, monotonic())


def _this_task() -> asyncio.Task[None]:
    return cast("asyncio.Task[None]", asyncio.current_task())


async def _opened(socket: web.WebSocketResponse, request: web.Request) -> bool:
    """Upgrade a request; whether anybody is there any more."""
    try:
        await socket.prepare(request)
    except ConnectionError:
        return False
    return True
