"""The media planes that have to pass the contract, and what makes things happen at each of them."""

from __future__ import annotations

import asyncio
import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable

from relay.media.plane import RelayPlane
from relay.plane import Description, LinkState, MediaPlane
from relay.workers.plane import WorkersPlane
from tests.support.exchange import PATIENCE_S, audio, video
from tests.support.fake_plane import FakePlane
from tests.support.keyframe import payloads
from tests.support.neighbours import Neighbours
from tests.support.news import News, Up, news
from tests.support.packets import check
from tests.support.thin import ThinPeer

BOTH = ("audio", "video")


class Staged(ABC):
    """A plane with its events, and its users' ends of the links."""

    plane: MediaPlane

    def __init__(self) -> None:
        self.taken: dict[str, Description] = {}
        """What came of each user's latest description."""
        self.events: asyncio.Queue[News] = asyncio.Queue()

    async def start(self) -> None:
        self.plane.subscribe(lambda event: self.events.put_nowait(news(event)))

    @abstractmethod
    def offer(self, user: str, kinds: Iterable[str] = BOTH) -> str:
        """What the user offers with a new connection, on which it sends these kinds."""

    @abstractmethod
    def offer_again(self, user: str, kinds: Iterable[str] = BOTH) -> str:
        """What it offers later with the same connection."""

    @abstractmethod
    def reply(self, user: str, offer: str) -> str:
        """What the user answers to the plane's offer, with a new connection."""

    @abstractmethod
    async def come_up(self, user: str, answer: str | None = None) -> None:
        """Connect; after an offer of the user's, with the plane's ``answer``."""

    @abstractmethod
    def leave(self, user: str) -> None:
        """End the connection as its user may; the plane has not noticed yet."""

    @abstractmethod
    async def fail(self, user: str, answer: str) -> None:
        """Have the link that got ``answer`` not come up for as long as the plane has patience."""

    @abstractmethod
    async def fall_silent(self, user: str) -> None:
        """Have no check of the user's come for as long as the plane has patience."""

    @abstractmethod
    async def repeat_checks(self, user: str) -> None:
        """Have many more checks of the user's come than one may send, for ten seconds."""

    @abstractmethod
    async def be_interrupted(self, user: str) -> None:
        """Have nothing come from the user, who was lively, until the plane says so."""

    @abstractmethod
    async def resume(self, user: str) -> None:
        """Have something come from the user again."""

    @abstractmethod
    async def send(self, user: str) -> None:
        """Have the user send sound, and the plane do with it what it will."""

    @abstractmethod
    async def show(self, user: str, frame: bytes) -> None:
        """Have the user send a key frame, of 320 x 240, and the plane do with it what it will."""

    @abstractmethod
    def announces_loopback(self, user: str, sdp: str) -> bool:
        """Whether the plane's description for the user names an address of this machine alone."""

    async def settle(self) -> None:
        """Have everything carried out that was asked for, and all hear of it."""
        await self.plane.stats()

    @abstractmethod
    async def close(self) -> None:
        """Let go of everything."""

    async def connect(self, user: str, kinds: Iterable[str] = BOTH) -> None:
        """A user whose link is up."""
        await self.come_up(user, await self.answer(user, self.offer(user, kinds)))
        await self.hears(Up(user))

    async def couple(self) -> None:
        """Ann and Bob are in one room, their links up."""
        await self.connect("ann")
        await self.connect("bob")
        self.plane.pair("ann", "bob")

    async def hears(self, *expected: News) -> None:
        """Wait for these events in this order, with no others before or between them."""
        async with asyncio.timeout(PATIENCE_S):
            assert [await self.events.get() for _ in expected] == list(expected)

    async def answer(self, user: str, sdp: str, *, is_local: bool = False) -> str:
        """The plane's answer; what else it tells is kept."""
        taken = await self.plane.answer(user, sdp, is_local=is_local)
        self.taken[user] = taken
        return taken.sdp

    async def offer_to(self, user: str, *, is_local: bool = False) -> str:
        """The plane's offer; what else it tells is kept."""
        offered = await self.plane.offer(user, is_local=is_local)
        self.taken[user] = offered
        return offered.sdp

    async def accept(self, user: str, sdp: str) -> None:
        self.taken[user] = await self.plane.accept(user, sdp)

    async def state(self, user: str) -> LinkState:
        """How far the user's link is."""
        links = (await self.plane.look()).links
        return next((link.state for link in links if link.user_id == user), LinkState.NONE)

    async def hears_nothing(self) -> None:
        """Whatever was under way has ended, for somebody else has come and gone since."""
        await self.connect("passer-by")
        self.plane.close_link("passer-by")
        assert self.events.empty()


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


class Faked(Staged):
    """The fake one, to which everything happens by word."""

    def __init__(self) -> None:
        super().__init__()
        self.plane = self.fake = FakePlane()
        self._numbers = itertools.count(1)

    def offer(self, user: str, kinds: Iterable[str] = BOTH) -> str:
        return f"offer {next(self._numbers)}{_wording(kinds)}"

    def offer_again(self, user: str, kinds: Iterable[str] = BOTH) -> str:
        return f"again{_wording(kinds)}"

    def reply(self, user: str, offer: str) -> str:
        return f"reply to {offer}"

    async def come_up(self, user: str, answer: str | None = None) -> None:
        self.fake.come_up(user)

    def leave(self, user: str) -> None:
        self.fake.lose(user, "closed")

    async def fail(self, user: str, answer: str) -> None:
        self.fake.lose(user, "failed")

    async def fall_silent(self, user: str) -> None:
        self.fake.lose(user, "silent")

    async def repeat_checks(self, user: str) -> None:
        self.fake.exceed(user, "checks")

    async def be_interrupted(self, user: str) -> None:
        self.fake.interrupt(user)

    async def resume(self, user: str) -> None:
        self.fake.resume(user)

    async def send(self, user: str) -> None:
        self.fake.flow(self.fake.pairs.get(user, "nobody"))

    async def show(self, user: str, frame: bytes) -> None:
        self.fake.show(user, frame)

    def announces_loopback(self, user: str, sdp: str) -> bool:
        return self.fake.locals[user]

    async def close(self) -> None:
        """There is nothing to let go of."""


def _wording(kinds: Iterable[str]) -> str:
    return {"audio": ", only sound", "video": ", only a picture"}.get("+".join(kinds), "")


HERE, ELSEWHERE = "127.0.0.1", "192.0.2.1"
"""What the real plane announces."""


class Real(Staged):
    """The real one on loopback, with peers that have sockets and keys of their own."""

    count = 1

    def __init__(self) -> None:
        super().__init__()
        self._ahead_s = 0.0
        self._stopped_at_s: float | None = None
        self._planes = [RelayPlane(HERE, 0, clock=self._now) for _ in range(self.count)]
        self.plane: MediaPlane = self._planes[0]
        self._peers: dict[str, ThinPeer] = {}
        self._offers: dict[str, str] = {}
        self._all: list[ThinPeer] = []
        self._silent: set[str] = set()
        self._leaving: list[asyncio.Task[None]] = []
        self._packet_number = 0
        self.shown: list[str] = []
        """Who has shown something."""

    def _now(self) -> float:
        stopped_at_s = self._stopped_at_s
        real_s = asyncio.get_running_loop().time() if stopped_at_s is None else stopped_at_s
        return real_s + self._ahead_s

    async def start(self) -> None:
        await super().start()
        for plane in self._planes:
            await plane.start()
            plane._addresses = tuple((host, plane.udp_port) for host in (HERE, ELSEWHERE))

    def offer(self, user: str, kinds: Iterable[str] = BOTH) -> str:
        self._offers[user] = self._peer(user).offer()
        return self.offer_again(user, kinds)

    def offer_again(self, user: str, kinds: Iterable[str] = BOTH) -> str:
        head, *sections = re.split(r"(?m)^(?=m=)", self._offers[user])
        return head + "".join(
            text if kind in kinds else text.replace("a=sendrecv", "a=recvonly")
            for kind, text in zip(BOTH, sections, strict=True)
        )

    def reply(self, user: str, offer: str) -> str:
        return self._peer(user).answer(_with_loopback(offer))

    async def come_up(self, user: str, answer: str | None = None) -> None:
        if answer is not None:
            self._peers[user].take_answer(_with_loopback(answer))
        await self._peers[user].connect()
        self._peers[user].ice.stop_consent()  # the clock here does not go on by itself

    def leave(self, user: str) -> None:
        self._leaving.append(asyncio.create_task(self._peers.pop(user).close()))

    async def fail(self, user: str, answer: str) -> None:
        self._peers[user].take_answer(_with_loopback(answer))
        await self._pass_time()

    async def fall_silent(self, user: str) -> None:
        self._silent.add(user)
        await self._pass_time()

    async def _pass_time(self) -> None:
        """Put the clock forward by 36 s, in which all who are not silent send checks."""
        for _ in range(3):
            self._ahead_s += 12
            await self._send_checks(self._now())
            self._tick()

    def _tick(self) -> None:
        for plane in self._planes:
            plane.tick()

    async def be_interrupted(self, user: str) -> None:
        for _ in range(30):
            await self._pass_half_a_second()
        assert self.events.empty(), "all are lively"
        self._silent.add(user)
        for _ in range(100):
            if not self.events.empty():
                return
            await self._pass_half_a_second()

    async def resume(self, user: str) -> None:
        self._silent.remove(user)
        await self._pass_half_a_second()

    async def _pass_half_a_second(self) -> None:
        self._ahead_s += 0.5
        await self._send_checks(self._now())
        self._tick()

    async def _send_checks(self, now: float) -> None:
        speaking = self._peers.keys() - self._silent
        for user in speaking:
            remote = self._peers[user].remote
            self._peers[user].send_raw(check(f"{remote.ufrag}:x", remote.password))

        async def all_came() -> bool:
            return all(
                link.consent_age_s <= self._now() - now
                for link in (await self.plane.look()).links
                if link.user_id in speaking
            )

        await eventually(all_came)

    async def repeat_checks(self, user: str) -> None:
        remote = self._peers[user].remote
        repeated = check(f"{remote.ufrag}:x", remote.password)
        self._stopped_at_s = asyncio.get_running_loop().time()  # others would be late meanwhile
        for _ in range(100):
            dropped = await self._dropped("checks_over_budget")
            while await self._dropped("checks_over_budget") == dropped:
                self._peers[user].send_raw(repeated)
                await asyncio.sleep(0)
            self._ahead_s += 0.1
            self._tick()
            if not self.events.empty():
                return

    async def _dropped(self, reason: str) -> int:
        return (await self.plane.stats()).drops.get(reason, 0)

    async def send(self, user: str) -> None:
        self._packet_number += 1
        await self._send(user, [audio(self._peers[user], self._packet_number)])

    async def show(self, user: str, frame: bytes) -> None:
        peer, packets = self._peers[user], []
        for payload, is_last in payloads(frame):
            self._packet_number += 1
            packets.append(
                video(peer, self._packet_number, payload, rtp_ts=len(self.shown), marker=is_last)
            )
        self.shown.append(user)
        self._ahead_s += 1.0  # pictures are kept no more often
        await self._send(user, packets)

    async def _send(self, user: str, packets: list[bytes]) -> None:
        async def settled() -> int:
            stats = await self.plane.stats()
            return stats.packets_forwarded + sum(stats.drops.values())

        before = await settled()
        for packet in packets:
            self._peers[user].send_rtp(packet)

        async def have_settled() -> bool:
            return await settled() >= before + len(packets)

        await eventually(have_settled)

    def announces_loopback(self, user: str, sdp: str) -> bool:
        assert f" {ELSEWHERE} " in sdp
        return f" {HERE} " in sdp

    async def close(self) -> None:
        for peer in self._all:
            await peer.close()
        await asyncio.gather(*self._leaving)
        for plane in self._planes:
            await plane.close()

    def _peer(self, user: str) -> ThinPeer:
        made = self._peers[user] = ThinPeer()
        self._all.append(made)
        return made


class InWorkers(Real):
    """The real one as a front has it, with a channel between; the worker's end is here, too."""

    def __init__(self) -> None:
        super().__init__()
        self._crew = Neighbours(self._planes)
        self.plane = self._front = WorkersPlane(self._crew)

    async def start(self) -> None:
        await super().start()
        await self._front.start()

    async def close(self) -> None:
        await self._front.close()
        await super().close()


class OverTheBridge(InWorkers):
    """Two workers: who comes is put where there are fewest, so that the two of a pair are apart."""

    count = 2


def _with_loopback(sdp: str) -> str:
    """Peers go to the first address, and to none else."""
    return sdp.replace(f" {ELSEWHERE} ", f" {HERE} ")
