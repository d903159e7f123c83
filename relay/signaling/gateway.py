"""The WebSocket endpoint ``/ws``: each socket is a user, a new one or one who comes back."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from time import monotonic, time
from typing import Any, cast

import structlog
from aiohttp import WSMessage, web

from relay.evidence.freezer import Freezer
from relay.matching import MediaMode
from relay.plane import MediaPlane
from relay.protocol.messages import (
    MAX_FRAME_BYTES,
    Connected,
    Error,
    Resume,
    ServerMessage,
)
from relay.records import Party
from relay.safety import Identity, Known, Safety
from relay.safety.keyfile import Keyring
from relay.safety.visitors import Visitors
from relay.signaling.connection import GRACE_S, UNSENT_BYTES, Connection
from relay.signaling.direct import Direct
from relay.signaling.effort import Efforts
from relay.signaling.guard import Banned, Guard
from relay.signaling.handling import Handling
from relay.signaling.limits import Limits
from relay.signaling.lobby import Lobby
from relay.signaling.locality import is_local
from relay.signaling.mailbox import RoomEnded
from relay.signaling.negotiation import Negotiation
from relay.signaling.outbox import CLOSE_BY_OPERATOR, CLOSE_GOING_AWAY, CLOSE_TRY_AGAIN
from relay.signaling.reception import RESUME, Reception, Ticket
from relay.signaling.relayed import Relayed
from relay.signaling.returning import first_frame, resume_in
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions, new_token
from relay.signaling.tally import Tally
from relay.signaling.views import LobbyCounts, RoomView, UserView
from relay.source import bounded_source_of
from relay.store import Store

_TICK_S = 1.0
_PATIENCE_S = 5.0
"""How long what an operator orders may take."""
_SHUTDOWN_S = 3 * GRACE_S

_REFUSED = Error(code="resume_failed", message="The session cannot be resumed.")

log = structlog.get_logger(__name__)

IceServersOf = Callable[[web.Request, str], list[dict[str, Any]]]


class Gateway:
    """Lets users in and puts each socket's connection to work.

    Use: :meth:`routes` into an application, :meth:`start` before it serves, :meth:`close` when it
    shuts down.

    :param media_mode: ``relay``, or ``direct`` which leaves the plane alone.
    :param ice_servers: tells which RTCIceServer dictionaries a user is to use, by its request and
        its id.
    :param allowed_origins: web origins that may connect besides this host's own; ``*`` is all.
    :param safety: who may not come in, and where reports go.
    :param freezer: freezes what is reported, if evidence is kept.
    :param start_blurred: whether each partner had better be blurred at first.
    :param visitors: tells who comes; without it nobody's cookie outlives this object.
    """

    def __init__(
        self,
        *,
        plane: MediaPlane,
        store: Store,
        media_mode: MediaMode,
        ice_servers: IceServersOf,
        limits: Limits,
        allowed_origins: frozenset[str],
        safety: Safety,
        start_blurred: bool = False,
        visitors: Visitors | None = None,
        freezer: Freezer | None = None,
    ) -> None:
        self._plane = plane
        self._media_mode: MediaMode = media_mode
        self._ice_servers = ice_servers
        self._limits = limits
        self._visitors = visitors or Visitors(Keyring(None, time()))
        negotiation: Negotiation = Relayed(plane) if media_mode == "relay" else Direct()
        self._lobby = Lobby(store, negotiation, media_mode, limits, safety, freezer)
        self._keeps_evidence = freezer is not None
        self._guard = Guard(safety, self._lobby, start_blurred=start_blurred)
        self._efforts = Efforts()
        self._sessions = Sessions(limits, self._lobby.tally)
        self._reception = Reception(limits, allowed_origins, self._sessions, self._lobby.tally)
        self._handling = Handling(self._lobby, monotonic, self._reception.left)
        self._sockets: dict[asyncio.Task[None], Session | None] = {}
        """By the task that serves it: whose it is; of some nobody's yet."""
        self._ticking: asyncio.Task[None] | None = None

    @property
    def draining(self) -> bool:
        """Whether no new users are let in; those who are here go on."""
        return self._reception.is_draining

    @draining.setter
    def draining(self, on: bool) -> None:
        self._reception.is_draining = on

    @property
    def apart(self) -> int:
        """How many users meet only each other, since they leave partners in haste."""
        return self._lobby.apart(monotonic())

    @property
    def cookies_refused(self) -> Counter[str]:
        """Visitors' cookies that were not believed, by the reason."""
        return self._visitors.refusals

    @property
    def work(self) -> Counter[str]:
        """What came of the work that was asked for."""
        return self._reception.work.tally

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/ws", self._serve)]

    async def start(self) -> None:
        """Begin to listen to the plane and to let time pass."""
        if self._media_mode == "relay":
            self._plane.subscribe(self._lobby.media_event)
        self._ticking = asyncio.create_task(self._tick(), name="lobby tick")

    async def close(self) -> None:
        """Close every socket with 1001 and end every task."""
        self._reception.is_closing = True
        for task, session in self._sockets.items():
            if session is None:
                task.cancel()
            else:
                session.outbox.close(CLOSE_GOING_AWAY, "server is shutting down")
        self._sessions.end_all(monotonic())
        tasks = set(self._sockets)
        if tasks:
            _, stuck = await asyncio.wait(tasks, timeout=_SHUTDOWN_S)
            for task in stuck:
                task.cancel()
            if stuck:
                await asyncio.wait(stuck)
        await self._handling.close(_SHUTDOWN_S)
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait({self._ticking})

    def counts(self) -> LobbyCounts:
        """How many users there are, and how many of them do what."""
        return self._lobby.counts()

    @property
    def away(self) -> int:
        """How many users are waited for, since their sockets are lost."""
        return self._sessions.away

    @property
    def unreached(self) -> int:
        """How many networks have found no way to the media plane lately, by any way."""
        return self._lobby.tally.networks.unreached(monotonic())

    @property
    def failures(self) -> list[tuple[str, int, int]]:
        """Why links have failed: see :meth:`Tally.failures`."""
        return self._lobby.tally.failures(monotonic())

    @property
    def tally(self) -> Tally:
        """What is counted of the users."""
        return self._lobby.tally

    def party_of(self, user_id: str) -> Party | None:
        """Whom a user's id stands for, to ban it; None when there is no such user."""
        session = self._lobby.session(user_id)
        return None if session is None else session.identity.party

    def users(self) -> list[UserView]:
        """Every user, in the order in which they came."""
        return self._lobby.users(monotonic())

    def rooms(self) -> list[RoomView]:
        """Every room, oldest first."""
        return self._lobby.rooms(monotonic())

    async def disconnect(self, user_id: str) -> bool:
        """Close a user's socket with 4001; its partner is told as if it had vanished.

        :returns: whether there was such a user; it is gone then.
        :raises TimeoutError: when the user is not gone in time.
        """
        session = self._lobby.session(user_id)
        if session is None:
            return False
        session.outbox.close(CLOSE_BY_OPERATOR, "disconnected by the operator")
        self._sessions.tick(monotonic())  # it may be away
        async with asyncio.timeout(_PATIENCE_S):
            await session.gone.wait()
        return True

    def suspect(self, user_id: str, room_id: str, score: float) -> Identity | None:
        """See :meth:`Guard.suspect`."""
        return self._guard.suspect(user_id, room_id, score)

    async def end_room(self, room_id: str) -> bool:
        """End a room; each of the two is told that the partner left, and stays connected.

        :returns: whether there was such a room; it is gone then.
        :raises TimeoutError: when the room is not gone in time.
        """
        call = self._lobby.call(room_id)
        if call is None:
            return False
        done = asyncio.Event()
        call.first.inbox.put(RoomEnded(room_id, done))
        waits = [
            asyncio.create_task(event.wait(), name=f"end of room {room_id}")
            for event in (done, call.first.gone)
        ]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return True

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            try:
                self._lobby.tick(monotonic())
                self._sessions.tick(monotonic())
            except Exception:
                log.exception("tick_failed")

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._reception.require_origin(request)
        identity = self._visitors.identity_of(request)
        try:
            await self._guard.admit(identity)
        except Banned:
            self._reception.count(request, "banned")
            raise
        ticket = self._reception.admit(request, identity, len(self._sockets))
        socket = web.WebSocketResponse(
            # aiohttp refuses a message of exactly this size already.
            max_msg_size=MAX_FRAME_BYTES + 1,
            heartbeat=self._limits.heartbeat_s,
            timeout=GRACE_S,
            autoping=False,  # a connection answers those that are paid for
            writer_limit=UNSENT_BYTES,
            compress=False,  # its state would be most of what a user costs
        )
        source = bounded_source_of(request.remote)
        session = Session(
            token_hex(12),
            self._limits,
            since_s=monotonic(),
            tally=self._lobby.tally,
            is_local=is_local(request),
            effort=self._efforts.of(source),
            source=source,
            identity=identity,
            can_resume=self._limits.resume_s > 0 and RESUME in request.query,
        )
        task = _this_task()
        self._sockets[task] = None
        try:
            if not await _opened(socket, request):
                return web.Response()  # to nobody
            token = new_token() if session.can_resume else None
            known = await self._guard.learn(session)
            connected = self._connected(request, session, token, known)
            if ticket.comes_back:
                await self._come_back(request, socket, session, connected, known, ticket)
            elif self._may_enter(request, session, ticket):
                self._enter(session, token, known)
                await self._run(request, socket, session, connected)
            else:
                await self._turn_away(socket, is_refused=False)
        finally:
            del self._sockets[task]
        return socket

    def _connected(
        self, request: web.Request, session: Session, token: str | None, known: Known
    ) -> Connected:
        return Connected(
            user_id=session.user_id,
            ice_servers=self._ice_servers(request, session.user_id),
            media_mode=self._media_mode,
            resume_token=token,
            resume_within=self._limits.resume_s if token is not None else None,
            start_blurred=self._guard.blurs(known),
            evidence=self._keeps_evidence,
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
        if resume is not None and await self._resume(request, socket, session, resume):
            return
        if frame is None or not self._may_enter(request, session, ticket):
            await self._turn_away(socket, is_refused=resume is not None)
            return
        self._enter(session, connected.resume_token, known)
        if resume is None:
            await self._run(request, socket, session, first=frame)
        else:
            session.send(_REFUSED)
            await self._run(request, socket, session)

    async def _resume(
        self, request: web.Request, socket: web.WebSocketResponse, new: Session, resume: Resume
    ) -> bool:
        """Go on with a session; false when it cannot be had."""
        if self._reception.is_closing:
            return False
        found = self._sessions.resume(
            resume, monotonic(), source=new.source, is_local=new.is_local, effort=new.effort
        )
        if found is None:
            return False
        session, resumed = found
        await self._run(request, socket, session, resumed)
        return True

    async def _turn_away(self, socket: web.WebSocketResponse, *, is_refused: bool) -> None:
        with suppress(ConnectionError):
            if is_refused:
                await socket.send_str(_REFUSED.encode())
            await socket.close(code=CLOSE_TRY_AGAIN, message=b"no new users")

    def _may_enter(self, request: web.Request, session: Session, ticket: Ticket) -> bool:
        others = len(self._sockets) - 1
        return self._reception.may_enter(request, session.identity, ticket, others)

    def _enter(self, session: Session, token: str | None, known: Known) -> None:
        """A new user is here."""
        self._lobby.join(session)
        self._sessions.come(session, token)
        self._reception.came(session)
        self._handling.begin(session)
        self._guard.tell(session, known)
        self.tally.users += 1
        log.info("user_connected", user=session.user_id)

    async def _run(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        session: Session,
        greeting: ServerMessage | None = None,
        first: WSMessage | None = None,
    ) -> None:
        self._sockets[_this_task()] = session
        connection = Connection(
            socket, session, self._sessions, monotonic, request.transport, greeting
        )
        if await connection.run(first):
            return
        code = socket.close_code  # an IntEnum, which would be logged by its name
        log.info(
            "user_disconnected",
            user=session.user_id,
            close_code=None if code is None else int(code),
        )


def _this_task() -> asyncio.Task[None]:
    return cast("asyncio.Task[None]", asyncio.current_task())


async def _opened(socket: web.WebSocketResponse, request: web.Request) -> bool:
    """Upgrade a request; whether anybody is there any more."""
    try:
        await socket.prepare(request)
    except ConnectionError:
        return False
    return True
