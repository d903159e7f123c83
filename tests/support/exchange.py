"""A started media plane, its events and its peers, for tests over real sockets."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from relay.bots.description import ABS_SEND_TIME, AUDIO_LEVEL, MID, TRANSPORT_CC, Numbering
from relay.media.plane import RelayPlane
from relay.plane import LinkState, MediaEvent, MediaView, PictureFlowing, PlaneStats
from tests.support.holdings import entries
from tests.support.news import News, Up, news
from tests.support.packets import (
    KEYFRAME,
    Rtp,
    read_rtp,
    rtp,
    rtx,
)
from tests.support.thin import ThinPeer

T = TypeVar("T")

PATIENCE_S = 10
CHROMIUM = Numbering()
Change = Callable[[str], str]
FIREFOX = Numbering(
    opus=109,
    vp8=120,
    rtx=124,
    extension_ids={AUDIO_LEVEL: 1, MID: 3, ABS_SEND_TIME: 4, TRANSPORT_CC: 7},
)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def at_once(asked: Coroutine[Any, Any, T]) -> T:
    """What comes of that which the plane of this very process need not wait for."""
    try:
        asked.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise AssertionError("it waits")


def link_state(plane: RelayPlane, user: str) -> LinkState:
    link = plane._links.get(user)
    return LinkState.NONE if link is None else link.state


class Exchange:
    """A plane with its events, its clock, and the peers that must be closed in the end."""

    def __init__(
        self, host: str = "127.0.0.1", stopped_at_s: float | None = None, **options: Any
    ) -> None:
        """:param stopped_at_s: what the clock shows, which then goes on as tests put it forward."""
        self.skew_s = stopped_at_s or 0.0
        self._stopped = stopped_at_s is not None
        self.plane = RelayPlane(host, 0, clock=self.now, **options)
        self.events: asyncio.Queue[News] = asyncio.Queue()
        self.plane.subscribe(self._heard)
        self.peers: list[ThinPeer] = []
        self.strangers: list[socket.socket] = []

    def _heard(self, event: MediaEvent) -> None:
        """Pictures begin where tests send some, which is not what they are about."""
        if not isinstance(event, PictureFlowing):
            self.events.put_nowait(news(event))

    def now(self) -> float:
        """The event loop's clock, which tests put forward."""
        return (0.0 if self._stopped else asyncio.get_running_loop().time()) + self.skew_s

    def stop_time(self) -> None:
        """From now on it passes only when tests put it forward."""
        self.skew_s, self._stopped = self.now(), True

    def peer(self, numbering: Numbering | None = None) -> ThinPeer:
        found = ThinPeer(numbering=numbering)
        self.peers.append(found)
        return found

    async def join(
        self, user: str, numbering: Numbering | None = None, change: Change = str
    ) -> ThinPeer:
        """A user whose link is up; ``change`` is what becomes of its offer."""
        peer = self.peer(numbering)
        peer.take_answer(await self.answer(user, change(peer.offer())))
        await peer.connect()
        await self.hears(Up(user))
        return peer

    async def answer(self, user: str, sdp: str, *, is_local: bool = False) -> str:
        return (await self.plane.answer(user, sdp, is_local=is_local)).sdp

    async def offer(self, user: str, *, is_local: bool = False) -> str:
        return (await self.plane.offer(user, is_local=is_local)).sdp

    def link_state(self, user: str) -> LinkState:
        return link_state(self.plane, user)

    def sends(self, user: str) -> frozenset[str] | None:
        """As the user's description says; None when there is none yet."""
        terms = self.plane._links[user].terms
        return None if terms is None else frozenset(terms.sending)

    def look(self) -> MediaView:
        return at_once(self.plane.look())

    def stats(self) -> PlaneStats:
        return at_once(self.plane.stats())

    async def couple(self) -> tuple[ThinPeer, ThinPeer]:
        """Two users, a and b, in one room; they number everything differently."""
        a, b = await self.join("a", CHROMIUM), await self.join("b", FIREFOX)
        self.plane.pair("a", "b")
        return a, b

    async def hears(self, *expected: News) -> None:
        """Wait for these very events, in any order, and no others between them."""
        async with asyncio.timeout(PATIENCE_S):
            got = [await self.events.get() for _ in expected]
        assert sorted(map(repr, got)) == sorted(map(repr, expected))

    def forget_news(self) -> None:
        """Hear no more of what has happened so far."""
        while not self.events.empty():
            self.events.get_nowait()

    @property
    def heard_nothing(self) -> bool:
        return self.events.empty()

    @property
    def tables(self) -> dict[str, int]:
        addresses, ufrags = entries(self.plane._running)
        return {
            "addresses": addresses,
            "ufrags": ufrags,
            "links": len(self.plane._links),
            "partners": len(self.plane._pairs.partner_of),
        }

    @property
    def drops(self) -> dict[str, int]:
        return {reason: count for reason, count in self.stats().drops.items() if count}

    async def dropped(self, reason: str, count: int) -> None:
        """Wait until so many datagrams were dropped for this reason."""
        await until(lambda: self.drops.get(reason, 0) >= count)
        assert self.drops[reason] == count

    async def dropped_some(self, reason: str) -> None:
        """Wait until a datagram was dropped for this reason."""
        await until(lambda: self.drops.get(reason, 0) > 0)

    def stranger(self) -> socket.socket:
        """Somebody else's socket, aimed at the plane."""
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.connect(("127.0.0.1", self.plane.udp_port))
        found.setblocking(False)
        self.strangers.append(found)
        return found

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()
        for stranger in self.strangers:
            stranger.close()
        await self.plane.close()


async def take(queue: asyncio.Queue[bytes]) -> bytes:
    async with asyncio.timeout(PATIENCE_S):
        return await queue.get()


async def hear(peer: ThinPeer) -> Rtp:
    return read_rtp(await take(peer.rtp))


def with_red(offer: str) -> str:
    """An offer with RED beside Opus, of which lost packets can be asked for."""
    more = "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtcp-fb:111 nack\r\n"
    head, rtpmap, rest = offer.partition("a=rtpmap:111 ")
    first, formats, others = head.partition("SAVPF 111")
    return f"{first}{formats} 63{others}{more}{rtpmap}{rest}"


def audio(peer: ThinPeer, number: int, **fields: Any) -> bytes:
    payload_type = peer._local.numbering.opus
    return rtp(peer.ssrcs.audio, number, payload_type=payload_type, **fields)


def video(peer: ThinPeer, number: int, payload: bytes = KEYFRAME, **fields: Any) -> bytes:
    payload_type = peer._local.numbering.vp8
    return rtp(peer.ssrcs.video, number, payload_type=payload_type, payload=payload, **fields)


async def talk(a: ThinPeer, b: ThinPeer, number: int = 1) -> None:
    """Both hear each other: a packet each way."""
    for one, other in ((a, b), (b, a)):
        mark = secrets.token_bytes(8)
        one.send_rtp(audio(one, number, payload=mark))
        while (await hear(other)).payload != mark:
            pass


async def exchange_media(a: ThinPeer, b: ThinPeer) -> None:
    """Of a couple, a sends a picture and repeats it, and b sends sound: both hear it as agreed."""
    a.send_rtp(video(a, 7, elements=((4, b"1"), (2, b"abc"), (3, b"\0\1"))))
    heard = await hear(b)
    assert heard.ssrc == b.remote.video_ssrcs[0]
    assert heard.payload_type == 120
    assert heard.payload == KEYFRAME
    assert dict(heard.elements or ()).keys() == {4, 7}
    a.send_rtp(rtx(a.ssrcs.rtx, 1, 7))
    repair = await hear(b)
    assert (repair.ssrc, repair.payload_type) == (b.remote.video_ssrcs[1], 124)
    assert int.from_bytes(repair.payload[:2], "big") == heard.number
    b.send_rtp(audio(b, 9, elements=((1, b"\x80"),)))
    heard = await hear(a)
    assert (heard.ssrc, heard.payload_type) == (a.remote.audio_ssrcs[0], 111)
    assert heard.elements == ((1, b"\x80"),)
