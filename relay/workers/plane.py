"""The media plane that the front has: places links on workers, and asks them.

What signalling was told of a user stays true here when a worker dies: the pairs are kept, and whose
link is gone hears of it and may open another, on this worker's successor or on any other.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import structlog

from relay.cluster import Cluster
from relay.errors import SdpError, WorkerError, WorkerLost
from relay.logs import log_crash
from relay.media.paths.idle import IdleCores
from relay.plane import (
    Description,
    Direction,
    Kept,
    LinkLost,
    MediaEvent,
    MediaView,
    PlaneStats,
    Tap,
    TappedPacket,
    Trace,
    WorkerView,
)
from relay.plane.listeners import Listeners
from relay.plane.sight import summed
from relay.workers import messages
from relay.workers.across import Across
from relay.workers.colleague import Colleague
from relay.workers.crew import Crew
from relay.workers.handing import Handing
from relay.workers.homes import Command, Homes, Remote
from relay.workers.pictures import Pictures
from relay.workers.register import REPLACED_S, Register

BEAT_S = 1.0
"""How often workers are asked how they are."""

ADOPTED_S = 60.0
"""How long users of a former front keep links that nobody has claimed."""

LOOK_S = 3.0
"""How long an operator's look waits for a worker that does not answer."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Tapping:
    """A tap, wherever its user's link is."""

    user_id: str
    direction: Direction
    tap: Tap
    asked: tuple[str, Direction]
    """The same as whoever looks has said it."""


class WorkersPlane:
    """See :class:`relay.plane.MediaPlane`; :meth:`start` and :meth:`close` it."""

    def __init__(
        self,
        crew: Crew,
        *,
        cluster: Cluster | None = None,
        idle_cores: IdleCores | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build a plane; nothing runs before :meth:`start`.

        :param cluster: the other nodes, whose users may be partners of those here.
        :param idle_cores: made to poll while there are calls; its owner closes it.
        :param clock: seconds, monotonic.
        """
        self._crew, self._idle_cores, self._clock = crew, idle_cores, clock
        self._members: dict[int, Colleague] = {}
        self.tunnels = Handing(crew.directory)
        """Where connections go that carry media over TCP."""
        self._tcp_port: int | None = None
        self._keeps = False
        self._homes = Homes()
        self._taps: dict[int, _Tapping] = {}
        self._tap_numbers = itertools.count(1)
        self._listeners = Listeners()
        self._across = Across(cluster, self._homes, self._members, clock, self._listeners.tell)
        self._pictures = Pictures(
            cluster, self._homes, self._seek, lambda user: self.request_keyframe(user, Direction.UP)
        )
        self._register = Register(len(crew.restarts), clock)
        self._unclaimed: dict[str, float] = {}
        """Users of a former front: until when they keep their links."""
        self._described: set[str] = set()
        """Users who wait for an answer about their link."""
        self._told_at = clock()
        """When the workers' counters were told last."""
        self._is_there = asyncio.Event()
        """Set while there is a worker."""
        self._beating: asyncio.Task[None] | None = None

    # life

    async def start(self) -> None:
        """Have the workers at work.

        :raises WorkerError: when one cannot be had.
        """
        await self._crew.start(self._has_joined, self._was_told, self._was_lost)
        self._across.begin()
        self._pictures.begin()
        self._beating = asyncio.create_task(self._beat(), name="workers' beat")
        self._beating.add_done_callback(log_crash)

    def wind_down(self) -> None:
        """The end is near: however it comes, the workers are to end with this process."""
        self._crew.wind_down()

    async def let_go(self) -> None:
        """Leave the calls of a former front to the next one, since this one cannot begin."""
        await self._crew.let_go()

    async def close(self) -> None:
        """Close every link, and end the workers."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait({self._beating})
        await self._across.close()
        await self._crew.close()
        self._members.clear()
        self.tunnels.close()

    @property
    def udp_ports(self) -> tuple[int, ...]:
        """Those that are bound, one for each worker."""
        return tuple(member.udp_port for _, member in sorted(self._members.items()))

    def announce_tcp(self, port: int) -> None:
        """Tell peers from now on that media may come to this TCP port as well."""
        self._tcp_port = port
        for member in self._members.values():
            member.tell(messages.AnnounceTcp(port))

    # what signalling needs

    def subscribe(self, listener: Callable[[MediaEvent], None]) -> None:
        """See :class:`relay.plane.Links`."""
        self._listeners.add(listener)

    async def answer(
        self, user_id: str, sdp: str, *, is_local: bool = False, near: str | None = None
    ) -> Description:
        """See :class:`relay.plane.Links`."""
        return await self._describe(user_id, messages.Answer(user_id, sdp, is_local), near)

    async def offer(
        self, user_id: str, *, is_local: bool = False, near: str | None = None
    ) -> Description:
        """See :class:`relay.plane.Links`."""
        return await self._describe(user_id, messages.Offer(user_id, is_local), near)

    async def accept(self, user_id: str, sdp: str) -> Description:
        """See :class:`relay.plane.Links`."""
        return await self._describe(user_id, messages.Accept(user_id, sdp), None)

    async def trace(self, user_id: str) -> Trace | None:
        """See :class:`relay.plane.Links`; a worker that does not answer knows nothing."""
        member = self._members.get(self._homes.worker_of.get(user_id, -1))
        if member is None:
            return None
        try:
            async with asyncio.timeout(LOOK_S):
                traced: messages.Traced = await member.ask(messages.LookBack(user_id))
        except (WorkerError, TimeoutError):
            return None
        return traced.trace

    def pair(self, a: str, b: str) -> None:
        """See :class:`relay.plane.Links`."""
        self.unpair(a)
        self.unpair(b)
        self._homes.pair(a, b)
        self._give(self._homes.join(a))

    def pair_across(self, user_id: str, partner_id: str, node: str, number: int) -> None:
        """See :class:`relay.plane.Links`.

        :raises RuntimeError: when this server is no node of a cluster.
        """
        if self._across.keys is None:
            raise RuntimeError("this server is no node of a cluster")
        self.unpair(user_id)
        if (former := self._homes.near_of(partner_id)) is not None:
            self.unpair(former)  # nobody has said that the two have parted
        self._across.pair(user_id, Remote(partner_id, node, number))

    def follow(self, partner_id: str, told: str) -> None:
        """See :class:`relay.plane.Links`."""
        self._give(self._across.follow(partner_id, told))

    def unpair(self, user_id: str) -> None:
        """See :class:`relay.plane.Links`."""
        told = self._homes.joined_at.keys() & {user_id, self._homes.partner_of.get(user_id, "")}
        self._pictures.parting(user_id)
        partner, commands = self._homes.part(user_id)
        self._give(commands)
        for each in {user_id, partner}:
            if partner is not None and each not in told:
                for tapping in self._taps_on(each or ""):
                    tapping.tap.parted()

    def close_link(self, user_id: str) -> None:
        """See :class:`relay.plane.Links`."""
        worker = self._homes.worker_of.get(user_id)
        self._unclaimed.pop(user_id, None)
        if worker is not None:
            self._homes.leave(user_id)
            self._tell(worker, messages.CloseLink(user_id))

    # what operators read

    async def look(self) -> MediaView:
        """See :class:`relay.plane.Sight`; of a worker that does not answer nothing is seen."""
        seen = [each.view for each in await self._look(whole=True, patience_s=LOOK_S)]
        links = [link for view in seen for link in view.links]
        tracks = [track for view in seen for track in view.tracks]
        return MediaView(links, tracks, self._stats(), self.workers())

    async def stats(self) -> PlaneStats:
        """See :class:`relay.plane.Sight`; of a worker that does not answer, what it told last."""
        await self._look(patience_s=LOOK_S)
        return self._stats()

    def lately(self) -> tuple[float, PlaneStats]:
        """See :class:`relay.plane.Sight`."""
        return self._clock() - self._told_at, self._stats()

    def _stats(self) -> PlaneStats:
        """Those of the workers, and what did not get so far."""
        here = PlaneStats(
            drops=dict(self._across.drops), tunnel_refusals=dict(self.tunnels.refusals)
        )
        return summed([self._register.stats(), here], listening=True)

    def workers(self) -> list[WorkerView]:
        """See :class:`relay.plane.Sight`."""
        return self._register.views(self._crew.restarts)

    async def _look(self, *, whole: bool = False, patience_s: float | None = None) -> list[Any]:
        """What workers tell of themselves, which the register has then as well."""
        seen = await self._ask_all(messages.Look(whole), patience_s)
        self._told_at = self._clock()
        return seen

    async def _ask_all(self, request: object, patience_s: float | None = None) -> list[Any]:
        """The answers of those that answer, in so many seconds if some are given."""

        async def ask(member: Colleague) -> Any:
            async with asyncio.timeout(patience_s):
                return await member.ask(request)

        asked = [ask(member) for member in self._members.values()]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        return [answer for answer in answers if not isinstance(answer, BaseException)]

    # taps

    def tap(self, user_id: str, direction: Direction, tap: Tap, partner: str | None = None) -> None:
        """See :class:`relay.plane.Taps`."""
        with_whom = self._homes.near_of(user_id) or self._homes.partner_of.get(user_id)
        if partner not in (None, with_whom):
            tap.parted()
        number = next(self._tap_numbers)
        where, way = self._passes(user_id, direction)
        self._taps[number] = _Tapping(where, way, tap, (user_id, direction))
        worker = self._homes.worker_of.get(where)
        if worker is not None:
            self._tell(worker, messages.OpenTap(number, where, way))

    def untap(self, user_id: str, direction: Direction, tap: Tap) -> None:
        """See :class:`relay.plane.Taps`."""
        for number, each in list(self._taps.items()):
            if each.asked == (user_id, direction) and each.tap is tap:
                del self._taps[number]
                worker = self._homes.worker_of.get(each.user_id)
                if worker is not None:
                    self._tell(worker, messages.CloseTap(number))

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """See :class:`relay.plane.Taps`."""
        user_id, direction = self._passes(user_id, direction)
        worker = self._homes.worker_of.get(user_id)
        if worker is not None:
            self._tell(worker, messages.RequestKeyframe(user_id, direction))
        elif direction is Direction.UP:
            self._pictures.ask_elsewhere(user_id)

    def _passes(self, user_id: str, direction: Direction) -> tuple[str, Direction]:
        """On whose link it passes here: what one at another node sends, its partner receives."""
        receiver = self._homes.near_of(user_id)
        is_elsewhere = receiver is not None and direction is Direction.UP
        return (receiver or user_id, Direction.DOWN) if is_elsewhere else (user_id, direction)

    # pictures

    def keep(self, *, on: bool) -> None:
        """See :class:`relay.plane.Keeping`."""
        self._keeps = on
        for member in self._members.values():
            member.tell(messages.Keep(on))

    async def kept(
        self, user_id: str, partner_id: str | None = None, within_s: float | None = None
    ) -> Kept | None:
        """See :class:`relay.plane.Keeping`; the partner's node may have it."""
        wanted = messages.LookFor(user_id, partner_id, within_s)
        return _latest(await asyncio.gather(self._seek(wanted), self._pictures.find(wanted)))

    async def _seek(self, wanted: messages.LookFor) -> Kept | None:
        """One that this node has: the worker of either of the two may have it."""
        return _latest(each.kept for each in await self._ask_all(wanted, LOOK_S))

    def _taps_on(self, user_id: str) -> list[_Tapping]:
        return [tapping for tapping in self._taps.values() if tapping.user_id == user_id]

    # users and their workers

    async def _describe(self, user_id: str, request: object, near: str | None) -> Description:
        """Have the user's worker answer a request that is about its link.

        A worker that dies meanwhile has not answered it; who offers is then placed anew.
        """
        deadline_s = asyncio.get_running_loop().time() + REPLACED_S
        self._described.add(user_id)
        try:
            while True:
                if isinstance(request, messages.Accept) and user_id not in self._homes.worker_of:
                    raise SdpError("an answer without an offer")
                worker = await self._settle(user_id, near, deadline_s)
                try:
                    answer = await self._members[worker].ask(request)
                except WorkerLost:
                    if asyncio.get_running_loop().time() >= deadline_s:
                        raise
                    await asyncio.sleep(0)  # until it is known that it has gone
                    continue
                break
        finally:
            self._described.discard(user_id)
            if user_id not in self._homes.link_of:
                self._homes.leave(user_id)
        described: Description = replace(answer.description, place=str(worker))
        self._homes.worker_of[user_id] = worker
        self._homes.link_of[user_id] = described.link_id
        self._homes.describe(user_id, answer.card)
        self._give(self._homes.join(user_id))
        self._across.described(user_id)
        return described

    async def _settle(self, user_id: str, near: str | None, deadline_s: float) -> int:
        """Where the user's link is or belongs, which is then where it is."""
        try:
            async with asyncio.timeout_at(deadline_s):
                await self._is_there.wait()
        except TimeoutError:
            raise WorkerLost("there is no media process") from None
        self._unclaimed.pop(user_id, None)
        former = self._homes.worker_of.get(user_id)
        worker = self._homes.place(user_id, self._members, near)
        if former is None:
            self._homes.worker_of[user_id] = worker
            for number, each in self._taps.items():
                if each.user_id == user_id:
                    self._tell(worker, messages.OpenTap(number, user_id, each.direction))
        return worker

    def _give(self, commands: Iterable[Command]) -> None:
        for worker, message in commands:
            self._tell(worker, message)

    def _tell(self, worker: int, command: object) -> None:
        member = self._members.get(worker)
        if member is not None:
            member.tell(command)

    # what workers tell

    def _has_joined(self, member: Colleague, hello: messages.Hello) -> None:
        self._members[member.index] = member
        self._register.joined(member)
        self.tunnels.joined(member.index, hello.addresses)
        if self._tcp_port is not None:
            member.tell(messages.AnnounceTcp(self._tcp_port))
        member.tell(messages.Keep(self._keeps))
        self._across.worker_joined(member)
        for resident in hello.residents:
            self._adopt(member, resident)
        self._is_there.set()

    def _adopt(self, member: Colleague, resident: messages.Resident) -> None:
        """Keep a former front's user until it is claimed or its time is up."""
        user_id, partner = resident.user_id, resident.partner_id
        self._homes.worker_of[user_id] = member.index
        self._homes.link_of[user_id] = resident.link_id
        self._unclaimed[user_id] = self._clock() + ADOPTED_S
        if partner is not None:
            self._homes.pair(user_id, partner)
            self._homes.joined_at[user_id] = member.index

    def _was_told(self, member: Colleague, message: Any, number: int) -> None:
        match message:
            case TappedPacket():
                if (tapping := self._taps.get(number)) is not None:
                    tapping.tap.take(message)
            case messages.Parted(tap):
                if (tapping := self._taps.get(tap)) is not None:
                    tapping.tap.parted()
            case messages.LinkClosed(tap):
                if (tapping := self._taps.get(tap)) is not None:
                    tapping.tap.link_closed()
            case _ if isinstance(message, MediaEvent):
                self._heard(member, message)
            case _:
                log.warning("worker_not_understood", worker=member.index)

    def _heard(self, member: Colleague, event: MediaEvent) -> None:
        user_id = event.user_id
        if self._homes.worker_of.get(user_id) != member.index:
            return  # it is no user of this worker's any more
        if isinstance(event, LinkLost) and self._homes.link_of.get(user_id) == event.link_id:
            del self._homes.link_of[user_id]
            if user_id not in self._described:  # another link may be about to be there
                self._homes.leave(user_id)
        self._listeners.tell(event)

    def _was_lost(self, member: Colleague, _: str) -> None:
        del self._members[member.index]
        self.tunnels.lost(member.index)
        if not self._members:
            self._is_there.clear()
        lost = [(user, self._homes.link_of.get(user)) for user in self._homes.of(member.index)]
        self._register.lost(member, links=sum(link_id is not None for _, link_id in lost))
        self._homes.forget(member.index)
        for user_id, link_id in lost:
            self._unclaimed.pop(user_id, None)
            for tapping in self._taps_on(user_id):
                tapping.tap.link_closed()
            if link_id is not None:
                self._listeners.tell(LinkLost(user_id, link_id, "restarted"))

    # the clock

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            await self.beat()

    async def beat(self) -> None:
        """Ask all workers how they are; replace one that hangs, and end what nobody claims."""
        await self._look()
        for member in list(self._members.values()):
            if not member.answers:
                self._crew.replace(member, "does not answer")
        self._across.beat()
        if self._idle_cores is not None:
            self._idle_cores.poll(bool(self._homes.partner_of))
        now = self._clock()
        for user_id in [user for user, until in self._unclaimed.items() if until <= now]:
            self.unpair(user_id)
            self.close_link(user_id)


def _latest(found: Iterable[Kept | None]) -> Kept | None:
    there = [kept for kept in found if kept is not None]
    return min(there, key=lambda kept: kept.age_s, default=None)
