"""Users of the load: how they join each kind of server, and what the load needs of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTPProtectionProfile,
)

from relay import seam
from relay.bots import thin
from relay.bots.client import Client
from relay.bots.description import Numbering, Ssrcs
from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.protocol.messages import (
    FindPartner,
    PartnerFound,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)
from scripts.benchmark.janus import Caller, Missing, own_address
from scripts.benchmark.servers import FLOOR, JANUS, RELAY, STOCK, Server
from scripts.benchmark.traffic import AUDIO, VIDEO

AES_CM, AES_GCM = SRTP_AES128_CM_SHA1_80, SRTP_AEAD_AES_128_GCM
Profiles = Sequence[SRTPProtectionProfile]
AS_CHROMIUM: Profiles = (AES_CM, AES_GCM)
"""What Chromium offers, its preference first; which of them is used is the DTLS server's choice."""
AT_ONCE = 8
"""How many users join at the same time."""

_JOIN_ERRORS = (BotError, Missing, OSError, TimeoutError)
_T = TypeVar("_T", bound="User | tuple[User, User]")
_TAG_BYTES = {AES_CM: 10, AES_GCM: 16}


class CannotJoin(Exception):
    """A server did not let users in; the message says why."""


@dataclass(slots=True, eq=False)
class User:
    """One joined user, and how far its streams are.

    ``partner`` gets what it sends. ``learned`` says, by stream, on which SSRC that comes out and
    what was added to the sequence numbers and the transport-wide numbers on the way.
    """

    endpoint: Peer | BarePeer
    session: Client | Caller | None
    partner: User = None  # type: ignore[assignment]
    socket: socket.socket = None  # type: ignore[assignment]
    next_number: list[int] = field(default_factory=lambda: [0, 0])
    next_transport_number: int = 0
    learned: dict[int, Learned] = field(default_factory=dict)
    listener: asyncio.Task[None] | None = None

    @property
    def client(self) -> Client:
        """How it talks with a server that speaks the relay's protocol."""
        if not isinstance(self.session, Client):
            raise TypeError("this user's server does not speak the relay's protocol")
        return self.session

    def listen(self) -> None:
        """Read what the server says from now on, or its pings stay unanswered and it hangs up."""
        if self.session is not None:
            self.listener = asyncio.create_task(_listen(self.session), name="user listens")

    @property
    def is_there(self) -> bool:
        """Whether the server has not hung up."""
        return self.listener is None or not self.listener.done()

    async def leave(self) -> None:
        """Say goodbye."""
        if self.listener is not None:
            self.listener.cancel()
            await asyncio.gather(self.listener, return_exceptions=True)
        await self.endpoint.close()
        if self.session is not None:
            await self.session.close()


@dataclass(frozen=True, slots=True)
class Learned:
    """What the server did to one stream."""

    ssrc: int
    number_offset: int
    transport_offset: int


Join = Callable[[Server, int], Awaitable[list[User]]]


def _ignore(_: bytes) -> None:
    """The load reads its sockets itself."""


class Peer(ThinPeer):
    """A thin peer that encrypts ahead of time, and lends its socket to the load."""

    numbering = Numbering()

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        on_rtp: Callable[[bytes], None] = _ignore,
        on_rtcp: Callable[[bytes], None] = _ignore,
    ) -> None:
        super().__init__(host=host, on_rtp=on_rtp, on_rtcp=on_rtcp)

    def lend_socket(self) -> socket.socket:
        """The socket; see :meth:`relay.bots.ice.IceTransport.lend_socket`."""
        return self.ice.lend_socket()

    def protect(self, packet: bytes) -> bytes:
        """Encrypt an RTP packet without sending it."""
        return self._sessions()[1].protect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        """Encrypt an RTCP packet without sending it."""
        return self._sessions()[1].protect_rtcp(packet)

    @property
    def srtp_profile(self) -> str:
        """What was negotiated."""
        return "" if self._dtls is None else seam.srtp_profile_name(self._dtls)


class BarePeer:
    """A user of the floor: a socket, and packets of the size that SRTP would give them."""

    numbering = Numbering()
    srtp_profile = ""  # nothing is encrypted

    def __init__(self, server: tuple[str, int], tag_bytes: int) -> None:
        self.ssrcs = Ssrcs.random()
        self._tag = bytes(tag_bytes)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(server)

    def lend_socket(self) -> socket.socket:
        """The socket."""
        return self._socket

    def protect(self, packet: bytes) -> bytes:
        """Make a packet as long as its encryption would."""
        return packet + self._tag

    protect_rtcp = protect

    async def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def offer_only(profiles: Profiles) -> None:
    """Have the peers that connect from now on take these SRTP profiles and no others.

    Peers share one certificate, whose OpenSSL context holds the profiles.
    """
    seam.LINK_SRTP_PROFILES[:] = profiles
    thin._certificate.cache_clear()  # noqa: SLF001 - a load may; nothing else wants to


def joining(profiles: Profiles) -> dict[str, Join]:
    """How users join each server, encrypting with one of ``profiles``."""

    async def join_floor(server: Server, pairs: int) -> list[User]:
        return _ready(await _join_floor(server, pairs, max(_TAG_BYTES[each] for each in profiles)))

    return {
        RELAY: encrypting(profiles, join_relay),
        STOCK: encrypting(profiles, join_relay),
        JANUS: encrypting(profiles, _join_janus),
        FLOOR: join_floor,
    }


def encrypting(profiles: Profiles, join: Join) -> Join:
    """The same way to join, encrypting with one of ``profiles``."""

    async def joined(server: Server, pairs: int) -> list[User]:
        offer_only(profiles)
        try:
            return _ready(await join(server, pairs))
        except _JOIN_ERRORS as error:
            raise CannotJoin(str(error)) from error

    return joined


async def join_relay(
    server: Server, pairs: int, come: Callable[[], Awaitable[User]] | None = None
) -> list[User]:
    """Have ``pairs`` pairs meet on a server that speaks the relay's protocol.

    :param come: makes each user, by default with :func:`connect`.
    """
    users = await _at_once(come or (lambda: connect(server.url)), 2 * pairs)
    async with left_on_error(*users):
        for user in users:
            await user.client.send(FindPartner())
        rooms: dict[str, User] = {}
        for user in users:
            room = (await user.client.expect(PartnerFound)).room_id
            if room in rooms:
                _pair(user, rooms[room])
            rooms[room] = user
    return users


async def join_one_by_one(server: Server) -> list[User]:
    """Have two meet of whom the second comes when the first waits already."""
    first = await connect(server.url)
    async with left_on_error(first):
        await first.client.send(FindPartner())
        await first.client.expect(WaitingForPartner)
        second = await connect(server.url)
        async with left_on_error(second):
            await second.client.send(FindPartner())
            for user in (first, second):
                await user.client.expect(PartnerFound)
    _pair(first, second)
    return [first, second]


async def connect(url: str) -> User:
    """One user with an open link, who looks for nobody yet."""
    peer, client = Peer(), Client(url)
    user = User(peer, client)
    async with left_on_error(user):
        await client.connect()
        await client.send(WebrtcOffer(sdp=peer.offer()))
        peer.take_answer((await client.expect(WebrtcAnswer)).sdp)
        await peer.connect()
    return user


@contextlib.asynccontextmanager
async def left_on_error(*users: User) -> AsyncIterator[None]:
    """Have them leave when something fails."""
    try:
        yield
    except BaseException:
        await leave(users)
        raise


async def _join_janus(server: Server, pairs: int) -> list[User]:
    return [user for pair in await _at_once(lambda: _call(server), pairs) for user in pair]


async def _call(server: Server) -> tuple[User, User]:
    caller, callee = Caller(server.url), Caller(server.url)
    ours, theirs = (Peer(host=own_address()) for _ in range(2))
    users = User(ours, caller), User(theirs, callee)
    async with left_on_error(*users):
        await caller.connect()
        await callee.connect()
        await caller.call(callee.name, ours.offer())
        await callee.accept(theirs.answer(await callee.called()))
        ours.take_answer(await caller.accepted())
        theirs.numbering = theirs.remote.numbering
        await asyncio.gather(ours.connect(), theirs.connect())
    _pair(*users)
    return users


async def _join_floor(server: Server, pairs: int, tag_bytes: int) -> list[User]:
    url = urlsplit(server.url)
    address = url.hostname or "", url.port or 0
    users = [User(BarePeer(address, tag_bytes), None) for _ in range(2 * pairs)]
    for user, partner in zip(users[::2], users[1::2], strict=True):
        _pair(user, partner)
        for one, other in ((user, partner), (partner, user)):
            port = other.endpoint.lend_socket().getsockname()[1]
            one.endpoint.lend_socket().send(struct.pack("!H", port))
    await asyncio.sleep(0.05)
    return users


async def _listen(session: Client | Caller) -> None:
    async for _ in session:
        pass


async def leave(users: Iterable[User]) -> None:
    """Say goodbye, all at once."""
    await asyncio.gather(*(user.leave() for user in users), return_exceptions=True)


def own_ssrc(user: User, kind: int) -> int:
    """The SSRC on which a user sends."""
    return user.endpoint.ssrcs.audio if kind == AUDIO else user.endpoint.ssrcs.video


def heard_ssrc(user: User, kind: int = VIDEO) -> int:
    """The SSRC on which a user hears its partner."""
    return user.partner.learned[kind].ssrc


def _pair(user: User, partner: User) -> None:
    user.partner, partner.partner = partner, user


def _ready(users: list[User]) -> list[User]:
    for user in users:
        user.socket = user.endpoint.lend_socket()
        user.listen()
    return users


def _joined(task: asyncio.Task[User | tuple[User, User]]) -> tuple[User, ...]:
    if task.cancelled() or task.exception() is not None:
        return ()
    result = task.result()
    return result if isinstance(result, tuple) else (result,)


async def _at_once(make: Callable[[], Awaitable[_T]], count: int) -> list[_T]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one() -> _T:
        async with places:
            return await make()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one()) for _ in range(count)]
    except ExceptionGroup as errors:
        await leave(user for task in tasks for user in _joined(task))
        known, unknown = errors.split(_JOIN_ERRORS)
        if known is None or unknown is not None:
            raise
        raise CannotJoin(str(known.exceptions[0])) from known
    return [task.result() for task in tasks]
