"""One user of a load: it searches, meets, receives, and searches again when it is left."""

import asyncio
import socket
import struct
import time
from urllib.parse import urlsplit

import structlog

from relay.bots.address import Trusted
from relay.bots.client import Client
from relay.bots.closing import Closing
from relay.bots.description import ABS_SEND_TIME, Numbering
from relay.bots.load.clip import Clip, begins_keyframe
from relay.bots.load.player import Player, latency_s, payload_of
from relay.bots.load.tally import Tally
from relay.bots.moving import begin_elsewhere
from relay.bots.resuming import ResumingClient
from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.protocol.messages import (
    Connected,
    Error,
    FindPartner,
    Move,
    NextPartner,
    OfferAgain,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.seam import end_task

MEDIA_TIMEOUT_S = 10.0
"""A picture that takes longer counts as none."""
PATIENCE_S = 2.0
"""And so does one that has not come for so long when the run ends."""
JITTER_EVERY_S = 1.0

_PSFB, _PLI, _FIR = 206, 1, 4
_NUMBERS = 1 << 16

_log = structlog.get_logger()


class Stream:
    """What came of one stream while one partner sent it: by its numbers, how much is missing."""

    __slots__ = ("_first", "_highest", "received")

    def __init__(self) -> None:
        self._first = self._highest = -1
        self.received = 0

    @property
    def expected(self) -> int:
        """Between the first and the highest number, both included."""
        return self._highest - self._first + 1 if self.received else 0

    def take(self, number: int) -> None:
        """Count one packet by its 16-bit sequence number."""
        self.received += 1
        if self._first < 0:
            self._first = self._highest = number + _NUMBERS  # room for some that came too late
            return
        ahead = (number - self._highest) % _NUMBERS
        if ahead < _NUMBERS // 2:
            self._highest += ahead
        else:
            self._first = min(self._first, self._highest + ahead - _NUMBERS)


class LoadUser:
    """One user; :meth:`join` it, then :meth:`search`, and :meth:`leave` in any case."""

    def __init__(self, url: str, clip: Clip, tally: Tally, ssl: Trusted = True) -> None:
        self.room_id: str | None = None
        self.failure: str | None = None
        """Why it is out, if it is."""
        self._url = url
        self._clip = clip
        self._tally = tally
        self._client: Client = ResumingClient(url, self._resumed, moves=True, ssl=ssl)
        self._ssl = ssl
        self._peer: ThinPeer | None = None
        self._closing = Closing()
        self._player: Player | None = None
        self._follower: asyncio.Task[None] | None = None
        self._numbering = Numbering(extension_ids={ABS_SEND_TIME: 2})
        self._streams = (Stream(), Stream())
        self._searched_s: float | None = None
        self._found_s: float | None = None
        self._pressed_s: float | None = None
        self._latency_s: float | None = None
        self._jitter_s = 0.0
        self._jitter_told_s = 0.0

    # life

    async def join(self) -> None:
        """Connect and open the link.

        :raises BotError: when that does not work.
        """
        began_s = time.monotonic()
        await self._client.connect()
        await self._client.expect(Connected)
        await self._open_link(began_s)
        self._tally.times["join"].add(time.monotonic() - began_s)
        self._tally.joined += 1
        self._follower = asyncio.create_task(self._follow(), name="load-user")

    async def _open_link(self, began_s: float) -> None:
        peer = self._peer = ThinPeer(
            host=own_address(self._url),
            numbering=self._numbering,
            on_rtp=self._on_rtp,
            on_rtcp=self._on_rtcp,
        )
        await self._client.send(WebrtcOffer(sdp=peer.offer()))
        peer.take_answer((await self._client.expect(WebrtcAnswer)).sdp)
        await peer.connect()
        self._player = Player(
            self._clip, peer.ssrcs, self._numbering, peer.send_rtp, self._tally, began_s
        )

    async def _replace_link(self) -> None:
        self._enter_streams()
        self._player = None
        if self._peer is not None:
            await self._peer.close()
        await self._open_link(time.monotonic())

    async def _open_another_link(self) -> None:
        """The server has lost the one there was, and keeps the partner."""
        await self._replace_link()
        if self._player is not None and self.room_id is not None:
            self._player.start(time.monotonic())

    async def _move(self) -> None:
        """Go to another server, and search there; or stay where no other is."""
        if not await self._go_elsewhere() and self._searched_s is not None:
            await self._send(FindPartner(stay=True))

    async def _go_elsewhere(self) -> bool:
        """Be another user, at whichever server lets us in, who goes on where this one was."""
        is_searching = self._searched_s is not None
        found = await begin_elsewhere(self._url, self._resumed, self._ssl)
        if found is None:
            return False
        was_in_call = self.room_id is not None
        former, (self._client, _) = self._client, found
        self._tally.moves += 1
        self._part()
        self._closing.begin(former.close())
        await self._replace_link()
        await self._closing.wait()
        if is_searching or was_in_call:
            await self.search()
        return True

    async def search(self) -> None:
        """Look for a partner."""
        self._part()
        self._searched_s = time.monotonic()
        await self._send(FindPartner())

    async def press_next(self) -> None:
        """Leave this partner for another."""
        self._part()
        self._searched_s = self._pressed_s = time.monotonic()
        self._tally.nexts += 1
        await self._send(NextPartner())

    def play(self, now_s: float) -> None:
        """Send what is due, and note when a picture has not come."""
        if self._player is not None:
            self._player.play(now_s)
        if self._found_s is not None and now_s - self._found_s > MEDIA_TIMEOUT_S:
            self._give_up()

    def stop(self, now_s: float) -> None:
        """Send nothing more; what has been waited for in vain is entered."""
        if self._player is not None:
            self._player.stop()
        if self._found_s is not None and now_s - self._found_s > PATIENCE_S:
            self._give_up()

    async def leave(self) -> None:
        """Close everything; harmless when repeated."""
        if self._follower is not None:
            await end_task(self._follower)
            self._follower = None
        self._part()
        if self._peer is not None:
            await self._peer.close()
        await self._client.close()
        await self._closing.wait()

    # signalling

    def _resumed(self) -> None:
        self._tally.resumes += 1

    async def _follow(self) -> None:
        try:
            while await self._follow_one(self._client):
                pass  # it has moved
            self._fail("the server closed the connection")
        except BotError as error:
            self._fail(str(error))
        except Exception:
            _log.exception("load_user_crashed")
            self._fail("the load test crashed")
            raise

    async def _follow_one(self, client: Client) -> bool:
        """Take what comes from one server; whether there is another one in its place."""
        async for message in client:
            await self._on_message(message)
            if self._client is not client:
                return True
        return client.was_forgotten and await self._go_elsewhere()

    async def _on_message(self, message: ServerMessage) -> None:
        match message:
            case PartnerFound():
                self._meet(message.room_id, time.monotonic())
            case PartnerLeft() | PartnerDisconnected():
                await self.search()
            case Error():
                self._tally.fail(f"error {message.code}")
            case OfferAgain():
                await self._open_another_link()
            case Move():
                await self._move()
            case WebrtcOffer():
                self._fail("the server wants another link")
            case WaitingForPartner() | _:
                pass

    def _meet(self, room_id: str, now_s: float) -> None:
        self.room_id = room_id
        self._tally.matches += 1
        if self._searched_s is not None:
            self._tally.times["match"].add(now_s - self._searched_s)
            self._searched_s = None
            self._found_s = now_s
        if self._player is not None:
            self._player.start(now_s)

    def _part(self) -> None:
        """Enter what came from the partner that goes."""
        if self._player is not None:
            self._player.stop()
        self._enter_streams()
        self.room_id = None
        self._latency_s = None
        self._found_s = self._pressed_s = None

    def _enter_streams(self) -> None:
        for stream in self._streams:
            self._tally.expected += stream.expected
            self._tally.received += stream.received
        self._streams = (Stream(), Stream())

    def _give_up(self) -> None:
        self._tally.without_media += 1
        self._found_s = self._pressed_s = None

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._tally.fail(reason)
        self._part()

    async def _send(self, message: FindPartner | NextPartner) -> None:
        try:
            await self._client.send(message)
        except BotError as error:
            if self.failure is None:
                self._fail(str(error))

    # media

    def _on_rtp(self, packet: bytes) -> None:
        now_s = time.monotonic()
        is_video = packet[1] & 0x7F == self._numbering.vp8
        self._streams[is_video].take(packet[2] << 8 | packet[3])
        self._tally.received_bytes += len(packet)
        latency = latency_s(packet, now_s)
        if latency is None:
            return
        self._tally.times["latency"].add(latency)
        if not is_video:
            self._note_jitter(latency, now_s)
        elif self._found_s is not None and begins_keyframe(payload_of(packet)):
            self._see_picture(now_s)

    def _see_picture(self, now_s: float) -> None:
        if self._found_s is not None:
            self._tally.times["media"].add(now_s - self._found_s)
        if self._pressed_s is not None:
            self._tally.times["next"].add(now_s - self._pressed_s)
        self._found_s = self._pressed_s = None

    def _note_jitter(self, latency: float, now_s: float) -> None:
        """RFC 3550 section 6.4.1, with the times of sending in place of timestamps."""
        if self._latency_s is not None:
            self._jitter_s += (abs(latency - self._latency_s) - self._jitter_s) / 16
            if now_s - self._jitter_told_s >= JITTER_EVERY_S:
                self._jitter_told_s = now_s
                self._tally.times["jitter"].add(self._jitter_s)
        self._latency_s = latency

    def _on_rtcp(self, packet: bytes) -> None:
        if self._player is not None and asks_for_keyframe(packet):
            self._tally.keyframe_requests += 1
            self._player.asked_for_keyframe(time.monotonic())


def asks_for_keyframe(packet: bytes) -> bool:
    """Whether a compound RTCP packet has a PLI or a FIR (RFC 4585, RFC 5104)."""
    at = 0
    while at + 4 <= len(packet):
        first, kind, words = struct.unpack_from("!BBH", packet, at)
        if kind == _PSFB and first & 0x1F in (_PLI, _FIR):
            return True
        at += 4 + 4 * words
    return False


async def look(url: str, ssl: Trusted = True) -> None:
    """See whether there is a server to test.

    :raises BotError: when it is not there, or when no media passes through it.
    """
    async with Client(url, ssl) as client:
        if (await client.expect(Connected)).media_mode != "relay":
            raise BotError(f"{url} lets the media pass directly: there is nothing to test")


def own_address(url: str) -> str:
    """This machine's address on the way to a server; nothing is sent to find it out.

    :raises BotError: when the server's host is not known, or there is no way to it over IPv4.
    """
    host = urlsplit(url).hostname or ""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, 9))
            return str(probe.getsockname()[0])
    except OSError as error:
        raise BotError(f"there is no way to {host} over IPv4: {error.strerror}") from error
