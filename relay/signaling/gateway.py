"""The WebSocket endpoint ``/ws``, and what operators see of users and order about them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic, time
from typing import Any

import structlog
from aiohttp import web

from relay.cluster import Cluster
from relay.evidence.freezer import Freezer
from relay.matching import MediaMode
from relay.plane import MediaPlane
from relay.protocol.messages import Connected
from relay.records import Party
from relay.safety import Identity, Known, Safety
from relay.safety.keyfile import Keyring
from relay.safety.visitors import Visitors
from relay.signaling.direct import Direct
from relay.signaling.guard import Guard
from relay.signaling.handling import Handling
from relay.signaling.limits import Limits
from relay.signaling.lobby import Lobby
from relay.signaling.mailbox import RoomEnded
from relay.signaling.negotiation import Negotiation
from relay.signaling.outbox import CLOSE_BY_OPERATOR
from relay.signaling.reception import Reception
from relay.signaling.relayed import Relayed
from relay.signaling.session import Session
from relay.signaling.sessions import Sessions
from relay.signaling.sockets import Sockets
from relay.signaling.tally import Tally
from relay.signaling.tracing import Meeting
from relay.signaling.views import LobbyCounts, RoomView, UserView
from relay.signaling.wire import GRACE_S
from relay.store import Room, Store
from relay.ticking import Ticking

_TICK_S = 1.0
_PATIENCE_S = 5.0
"""How long what an operator orders may take."""
_SHUTDOWN_S = 3 * GRACE_S

log = structlog.get_logger(__name__)

IceServersOf = Callable[[web.Request, str], list[dict[str, Any]]]


class Gateway:
    """Lets users in, and lets operators see and order.

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
    :param cluster: the other nodes: their users can be met, and sockets of them come here.
    :param elsewhere: how many users they have.
    :param looking_elsewhere: how many of these wait, by mode.
    :param traces: is told of each meeting, if somebody wants to know.
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
        cluster: Cluster | None = None,
        elsewhere: Callable[[], int] = lambda: 0,
        looking_elsewhere: Callable[[], Mapping[str, int]] = dict,
        traces: Callable[[Meeting], None] | None = None,
    ) -> None:
        self._plane = plane
        self._media_mode: MediaMode = media_mode
        self._ice_servers = ice_servers
        self._limits = limits
        self._visitors = visitors or Visitors(Keyring(None, time()))
        negotiation: Negotiation = Relayed(plane) if media_mode == "relay" else Direct()
        self._lobby = Lobby(
            store,
            negotiation,
            media_mode,
            limits,
            safety,
            freezer,
            cluster,
            elsewhere=elsewhere,
            looking_elsewhere=looking_elsewhere,
            keyring=self._visitors.keyring,
            traces=traces,
        )
        self._keeps_evidence = freezer is not None
        self._guard = Guard(safety, self._lobby, start_blurred=start_blurred)
        node = "" if cluster is None else cluster.here.name
        self._sessions = Sessions(limits, self._lobby.tally, node)
        self._reception = Reception(limits, allowed_origins, self._sessions, self._lobby.tally)
        self._handling = Handling(self._lobby, monotonic, self._reception.left)
        self._sockets = Sockets(
            limits,
            self._visitors,
            self._guard,
            self._reception,
            self._lobby,
            self._sessions,
            self._handling,
            self._greeting,
            cluster,
        )
        self._ticking = Ticking("lobby", _TICK_S, self._tick, lambda: self._lobby.is_busy)
        self._lobby.wake = self._ticking.wake

    @property
    def draining(self) -> bool:
        """Whether no new users are let in; those who are here go on."""
        return self._reception.is_draining

    def drain(self, left_s: float | None = None) -> bool:
        """Let no new users in, and have those move who can.

        :param left_s: after so many seconds all who are left are to go; None leaves that as it is.
        :returns: whether that is news.
        """
        self._reception.is_draining = True
        is_news = self._lobby.moving.begin(monotonic(), left_s)
        self._ticking.wake()
        return is_news

    def stop_draining(self) -> bool:
        """Let new users in again; whether that is news."""
        self._reception.is_draining = False
        return self._lobby.moving.end()

    @property
    def is_empty(self) -> bool:
        """Whether no user is left, those included who are waited for."""
        return not self._lobby.counts().connected

    @property
    def drain_left_s(self) -> float | None:
        """Until all who are left are to go; None when they need not."""
        return self._lobby.moving.left_s(monotonic())

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
        return [web.get("/ws", self._sockets.serve)]

    async def start(self) -> None:
        """Begin to listen to the plane."""
        if self._media_mode == "relay":
            self._plane.subscribe(self._lobby.media_event)

    async def close(self) -> None:
        """Close every socket with 1001 and end every task."""
        self._reception.is_closing = True
        await self._sockets.close(_SHUTDOWN_S)
        await self._handling.close(_SHUTDOWN_S)
        self._ticking.stop()

    def looking(self) -> dict[str, int]:
        """How many users wait, by the mode in which they want to talk."""
        return self._lobby.surroundings.looking()

    def counts(self) -> LobbyCounts:
        """How many users there are, and how many of them do what."""
        return self._lobby.counts()

    @property
    def away(self) -> int:
        """How many users are waited for, since their sockets are lost."""
        return self._sessions.away

    @property
    def lines(self) -> int:
        """How many sockets are here whose sessions are at other nodes, or the other way round."""
        return self._sockets.lines

    @property
    def unreached(self) -> int:
        """How many networks have found no way to the media plane lately, by any way."""
        return self._lobby.tally.networks.unreached(monotonic())

    @property
    def failed_networks(self) -> dict[str, int]:
        """From how many networks links have failed in the last hour, by cause."""
        tally, now = self._lobby.tally, monotonic()
        return {cause: tally.networks.of_cause(cause, now) for cause in tally.link_failures}

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

    def has(self, user_id: str) -> bool:
        """Whether there is such a user here."""
        return self._lobby.session(user_id) is not None

    def standing(self) -> list[Room]:
        """See :meth:`Lobby.standing`."""
        return self._lobby.standing()

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
        session = call.here[0]
        session.inbox.put(RoomEnded(room_id, done))
        waits = [
            asyncio.create_task(event.wait(), name=f"end of room {room_id}")
            for event in (done, session.gone)
        ]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return True

    def _tick(self) -> None:
        self._lobby.tick(monotonic())
        self._sessions.tick(monotonic())

    def _greeting(
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
