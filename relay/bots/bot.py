"""A bot: a user without a browser, who joins through the public protocol only."""

import asyncio
import ipaddress
import itertools
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import structlog
from aiortc.mediastreams import MediaStreamTrack

from relay.bots.address import Trusted
from relay.bots.client import DEFAULT_TIMEOUT_S, Client
from relay.bots.closing import Closing
from relay.bots.moving import begin_elsewhere
from relay.bots.peer import Peer
from relay.bots.report import Report
from relay.bots.resuming import ResumingClient
from relay.bots.tracks import Gate, PictureTrack, ToneTrack, play
from relay.errors import BotError
from relay.protocol.messages import (
    ChatDelivery,
    Connected,
    Error,
    FindPartner,
    IceCandidate,
    Invitation,
    Invite,
    Mode,
    Move,
    NextPartner,
    OfferAgain,
    PartnerConnection,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.seam import end_task

_log = structlog.get_logger()


class Bot:
    """One user; use it as an async context manager, or call :meth:`join` and :meth:`leave`.

    :param url: the relay's ``ws://`` or ``wss://`` address.
    :param number: names the bot: its picture carries it and its tone's pitch follows from it.
    :param file: send this media file instead of the generated picture and tone.
    :param mode: how it wants to talk; by ``voice`` it sends no picture.
    :param code: it looks for whoever has the other one, and for nobody else.
    """

    def __init__(
        self,
        url: str,
        number: int = 1,
        *,
        file: str | None = None,
        mode: Mode = "video",
        code: str | None = None,
        ssl: Trusted = True,
    ) -> None:
        self.code = code
        self.report = Report(number)
        self._mode: Mode = mode
        self.room_id: str | None = None
        self.media_mode = ""
        self.user_id = ""
        self._client: Client = ResumingClient(url, self._resumed, moves=True, ssl=ssl)
        self._ssl = ssl
        self._on_loopback = _is_loopback(url)
        self._number = number
        self._file = file
        self._url = url
        self._ice_servers: list[dict[str, Any]] = []
        self._gate = Gate()
        self._numbers: Iterator[int] = itertools.count()
        self._peer: Peer | None = None
        self._closing = Closing()
        self._changed = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        self.failure: BotError | None = None
        """Why the bot has lost the server, if it has."""
        self._answered = False
        self._searches = False
        self._invitation: asyncio.Future[Invitation] | None = None

    async def __aenter__(self) -> Self:
        await self.join()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.leave()

    # what a user does

    async def join(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Connect, and open the link if it is to be opened early.

        :raises BotError: when the server cannot be reached, or refuses.
        """
        await self._client.connect(timeout_s)
        try:
            self._greeted(await self._client.expect(Connected, timeout_s))
            self._follower = asyncio.create_task(self._follow(), name=f"bot-{self._number}")
            await self._open_link(timeout_s)
        except BaseException:
            await self.leave()
            raise

    async def find_partner(self) -> None:
        """Enter the queue; opens the link again if it was closed.

        :raises BotError: when the connection is lost, or the server refuses.
        """
        await self._open_link()
        self._searches = True
        await self._client.send(FindPartner(mode=self._mode, code=self.code))

    async def invite(self) -> Invitation:
        """Make an invitation, and look for nobody else from now on than who takes it.

        :raises BotError: when the server makes none.
        """
        self._invitation = asyncio.get_running_loop().create_future()
        await self._client.send(Invite())
        try:
            async with asyncio.timeout(DEFAULT_TIMEOUT_S):
                invitation = await self._invitation
        except TimeoutError:
            raise BotError("the server makes no invitation") from None
        self.code = invitation.code
        return invitation

    async def next_partner(self) -> None:
        """Leave this partner and look for another."""
        self._searches = True
        await self._client.send(NextPartner(mode=self._mode, code=self.code))
        await self._part()

    async def leave(self) -> None:
        """Close everything; harmless when repeated."""
        if self._follower is not None:
            await end_task(self._follower)
        await self._close_peer()
        await self._client.close()

    async def lost(self) -> None:
        """Wait until the server is lost; see ``failure``."""
        if self._follower is not None:
            await asyncio.wait({self._follower})

    async def until(
        self,
        condition: Callable[[], object],
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        what: str = "",
    ) -> None:
        """Wait until something is so, looking whenever the bot has seen or heard anything.

        :param timeout_s: None waits for ever.
        :param what: names it in the error.
        :raises BotError: when it is not so in time, the connection is lost, or the server says
            ``error`` meanwhile.
        """
        errors = len(self.report.errors)
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    if self.failure is not None:
                        raise self.failure
                    if len(self.report.errors) > errors:
                        raise BotError(f"the server says {self.report.errors[-1]}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise BotError(f"bot {self._number}: no {what or 'success'} in {timeout_s:g} s") from (
                error
            )

    # what the server says

    def _resumed(self) -> None:
        self.report.resumes += 1
        self._changed.set()

    def _greeted(self, connected: Connected) -> None:
        self.user_id, self.media_mode = connected.user_id, connected.media_mode
        self._ice_servers = elsewhere(connected.ice_servers, self._url)

    async def _follow(self) -> None:
        try:
            while await self._follow_one(self._client):
                pass  # it has moved
            self._fail(BotError("the server closed the connection"))
        except BotError as error:
            self._fail(error)
        except Exception as error:
            _log.exception("bot_crashed", bot=self._number)
            self._fail(BotError(f"crashed: {error!r}"))
            raise

    async def _follow_one(self, client: Client) -> bool:
        """Take what comes from one server; whether there is another one in its place."""
        async for message in client:
            await self._on_message(message)
            self._changed.set()
            if self._client is not client:
                return True
        return client.was_forgotten and await self._go_elsewhere()

    def _fail(self, failure: BotError) -> None:
        self.failure = failure
        self.report.errors.append(str(failure))
        self._gate.shut()
        self._changed.set()

    async def _on_message(self, message: ServerMessage) -> None:  # noqa: PLR0912 - a table
        match message:
            case PartnerFound():
                await self._on_partner_found(message)
            case WaitingForPartner():
                await self._part()
            case PartnerLeft() | PartnerDisconnected():
                await self._on_partner_gone()
            case WebrtcOffer():
                await self._on_offer(message.sdp)
            case OfferAgain() if self._peer is not None:  # else it has stopped meanwhile
                await self._offer()
            case WebrtcAnswer() if self._peer is not None:
                await self._peer.take_answer(message.sdp)
                self._answered = True
            case Move():
                await self._move()
            case Invitation() if self._invitation is not None and not self._invitation.done():
                self._invitation.set_result(message)
            case IceCandidate() if self._peer is not None:
                await self._peer.add_candidate(message.candidate)
            case ChatDelivery():
                self.report.chats += 1
            case PartnerConnection():
                self.report.interruptions += message.interrupted
            case Error():
                self.report.errors.append(message.code)
                if message.code == "media_failed":
                    await self._start_over()

    async def _on_partner_found(self, found: PartnerFound) -> None:
        self.room_id, self._searches = found.room_id, False
        self.report.partners += 1
        if not self._keeps_link and found.is_initiator:
            await self._offer()
        self._gate.open()

    async def _on_partner_gone(self) -> None:
        was_paired = self.room_id is not None
        await self._part()
        if was_paired:
            await self.find_partner()

    async def _start_over(self) -> None:
        """The link came to nothing: make another, and look for another partner."""
        await self._part()
        await self._close_peer()
        if self._keeps_link:
            await self._offer()
        self._searches = True
        await self._client.send(NextPartner(mode=self._mode, code=self.code))

    async def _move(self) -> None:
        """Go to another server, and look for a partner there; or stay where no other is."""
        if not await self._go_elsewhere() and self._searches:
            await self._client.send(FindPartner(mode=self._mode, stay=True, code=self.code))

    async def _go_elsewhere(self) -> bool:
        """Be another user, at whichever server lets us in, who goes on where this one was."""
        found = await begin_elsewhere(self._url, self._resumed, self._ssl)
        if found is None:
            return False
        searches = self._searches or self.room_id is not None
        former, (self._client, connected) = self._client, found
        self.report.moves += 1
        self._closing.begin(former.close())
        await self._part()
        await self._close_peer()
        self._greeted(connected)
        if self._keeps_link:
            await self._offer()
        if searches:
            self._searches = True
            await self._client.send(FindPartner(mode=self._mode, code=self.code))
        return True

    async def _on_offer(self, sdp: str) -> None:
        peer = await self._fresh_peer()
        await self._client.send(WebrtcAnswer(sdp=await peer.answer(sdp)))

    # the link

    @property
    def _keeps_link(self) -> bool:
        """Whether one link, opened early, is for all partners; else each has one of its own."""
        return self.media_mode == "relay"

    async def _open_link(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        if self._keeps_link and self._peer is None:
            await self._offer()
            await self.until(lambda: self._answered, timeout_s, "answer")

    async def _offer(self) -> None:
        self._answered = False
        peer = await self._fresh_peer()
        await self._client.send(WebrtcOffer(sdp=await peer.offer()))

    async def _part(self) -> None:
        self.room_id = None
        self._gate.shut()
        if not self._keeps_link:
            await self._close_peer()

    async def _fresh_peer(self) -> Peer:
        await self._close_peer()
        self._peer = Peer(
            [each for each in self._tracks() if self._sends(each)],
            self.report,
            self._changed.set,
            ice_servers=self._ice_servers,
            on_loopback=self._on_loopback,
        )
        self.report.links += 1
        return self._peer

    async def _close_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            self._closing.begin(peer.close())
        await self._closing.wait()

    def _sends(self, track: MediaStreamTrack) -> bool:
        return track.kind == "audio" or self._mode == "video"

    def _tracks(self) -> list[MediaStreamTrack]:
        if self._file is not None:
            return play(self._file, self._gate)
        return [
            ToneTrack(self._number, self._gate),
            PictureTrack(self._number, self._numbers, self._gate),
        ]


def elsewhere(servers: list[dict[str, Any]], url: str) -> list[dict[str, Any]]:
    """The ICE servers that do not stand where the relay does.

    It names itself as a TURN server for browsers without UDP; a bot would have an allocation for
    nothing.
    """
    own = urlsplit(url).hostname
    return [each for each in servers if not any(_host(u) == own for u in _urls(each))]


def _urls(server: dict[str, Any]) -> list[str]:
    urls = server.get("urls", [])
    return [urls] if isinstance(urls, str) else list(urls)


def _host(ice_url: str) -> str:
    authority = ice_url.partition(":")[2].partition("?")[0]
    return urlsplit(f"//{authority}").hostname or ""


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
