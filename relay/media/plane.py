"""The media plane: one link a user, one pair a room, and the clock that watches over them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog

from relay.errors import SdpError
from relay.histogram import Histogram
from relay.logs import log_crash
from relay.media import view
from relay.media.card import Card, card_of
from relay.media.forwarder import Forwarder
from relay.media.link import Link
from relay.media.meter import Unsent
from relay.media.negotiation.sdp import read
from relay.media.pairs import Pairs
from relay.media.paths import candidates
from relay.media.paths.dual import open_socket
from relay.media.paths.ice import Credentials
from relay.media.paths.idle import IdleCores
from relay.media.paths.landing import REFUSALS, Landing, landing
from relay.media.paths.transport import DatagramSocket
from relay.media.paths.trunk import Place
from relay.media.tapping import Tapping
from relay.media.upkeep import LATE_S, event_of, tend
from relay.plane import (
    Description,
    Direction,
    Kept,
    LinkLost,
    LinkState,
    LinkUp,
    MediaEvent,
    MediaFlowing,
    MediaView,
    PictureFlowing,
    PlaneStats,
    Tap,
    Trace,
    WorkerView,
)
from relay.plane.listeners import Listeners
from relay.seam import LinkCertificate
from relay.ticking import Ticking

TICK_S = 0.1
"""How often links are looked after."""

LOOK_AROUND_S = 10.0
"""How often bridges are, when there are no links."""

LINKS_AT_ONCE = 8
"""So many links are looked at before packets have their turn again: 0.2 ms."""

ALONE = "media in the front's own process has no way to other nodes: --cluster needs --workers"

SETUP_BOUNDS_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""Bounds of the histogram of link set-up times."""

log = structlog.get_logger(__name__)


class RelayPlane:
    """The media plane of this process; implements :class:`relay.plane.MediaPlane`."""

    def __init__(
        self,
        host: str,
        udp_port: int,
        public: candidates.Public = candidates.Public(),  # noqa: B008 - it cannot change
        *,
        index: int = 0,
        idle_cores: IdleCores | None = None,
        clock: Callable[[], float] = time.monotonic,
        bind: Callable[[str, int], DatagramSocket] = open_socket,
    ) -> None:
        """Build a plane; nothing is bound before :meth:`start`.

        :param host: the IP address to bind; ``0.0.0.0`` and ``::`` are every one.
        :param udp_port: 0 for any free one.
        :param public: what to announce instead, behind a NAT.
        :param index: of this plane among those of the server.
        :param idle_cores: made to poll while there are calls; its owner closes it.
        :param clock: seconds, monotonic.
        :param bind: opens the socket; tests give one that loses packets.
        """
        self._host, self._udp_port, self._public = host, udp_port, public
        self._index, self._idle_cores = index, idle_cores
        self._tcp_port: int | None = None
        self._clock = clock
        self._bind = bind
        self._certificate = LinkCertificate.generateCertificate()
        self._links: dict[str, Link] = {}
        self._tapping = Tapping()
        self._pairs = Pairs(self._links, self._tapping, clock)
        self._listeners = Listeners()
        self._closing: set[asyncio.Task[None]] = set()
        self._socket: DatagramSocket | None = None
        self._forwarder: Forwarder | None = None
        self._addresses: candidates.Addresses = ()
        self._ticking = Ticking("media plane", TICK_S, self.tick, self._is_busy)
        self._next_look: asyncio.TimerHandle | None = None
        """At what has not come, should nothing else come until then."""
        self._ticked_at = self._awake_since = float("-inf")
        """When the clock ticked last, and since when it has not been late."""
        self._losses: Counter[str] = Counter(closed=0, silent=0, failed=0)
        self._tunnel_refusals = Counter(dict.fromkeys(REFUSALS, 0))
        self._setup = Histogram(SETUP_BOUNDS_S)
        self._unsent = Unsent()

    # life

    async def start(self) -> None:
        """Bind the socket and begin.

        :raises OSError: when the address cannot be bound.
        """
        forwarder = self._begin(self._bind(self._host, self._udp_port))
        forwarder.repairs.wake = self._look_in
        self._addresses = candidates.announced(self._host, self.udp_port, self._public)
        for part in self._bound.parts:
            asyncio.get_running_loop().add_reader(part.fileno(), forwarder.on_readable, part)

    def wind_down(self) -> None:
        """Nothing to do: media ends with this process, however that ends."""

    async def let_go(self) -> None:
        """Nothing to do: there are no calls of a former process."""

    def _begin(self, socket: DatagramSocket) -> Forwarder:
        forwarder = Forwarder(socket, self._clock, self._started_flowing, self._started_showing)
        self._socket, self._forwarder = socket, forwarder
        self._pairs.begin(socket, forwarder)
        return forwarder

    async def close(self, *, silently: bool = False) -> None:
        """Release the socket, and say goodbye on every link.

        :param silently: say nothing, to users who are to offer again rather than to hang up.
        """
        if self._socket is None:
            return
        for user_id in list(self._links):
            self._drop_link(user_id, silently=silently)
        self._ticking.stop()
        if self._next_look is not None:
            self._next_look.cancel()
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)
        self._pairs.end()
        for part in self._socket.parts:
            asyncio.get_running_loop().remove_reader(part.fileno())
        self._socket.close()
        self._socket = self._forwarder = None

    @property
    def udp_port(self) -> int:
        """The port that is bound."""
        return self._bound.port

    @property
    def landing(self) -> Landing:
        """Where tunnels lead (:mod:`relay.tunnel`)."""
        return landing(
            self._bound, self._host, self._addresses, self._running.drops, self._tunnel_refusals
        )

    def announce_tcp(self, port: int) -> None:
        """Tell peers from now on that media may come to this TCP port as well."""
        self._tcp_port = port

    @property
    def udp_ports(self) -> tuple[int, ...]:
        """As a plane over several processes has it."""
        return (self.udp_port,)

    @property
    def _bound(self) -> DatagramSocket:
        if self._socket is None:
            raise RuntimeError("the media plane is not started")
        return self._socket

    @property
    def _running(self) -> Forwarder:
        if self._forwarder is None:
            raise RuntimeError("the media plane is not started")
        return self._forwarder

    # pairs with users of other planes

    def open_bridges(self, directory: Path, index: int, peers: Iterable[int]) -> None:
        """Have a way to the other planes, there or not yet; to be called once after :meth:`start`.

        :param directory: where the sockets' names are, for all planes; nobody else may enter it.
        :param index: of this plane; ``peers`` of the others.
        :raises OSError: when a socket cannot be bound.
        """
        self._pairs.elsewhere.open(directory, index, peers)
        self._ticking.wake()

    def look_around(self) -> None:
        """See whether bridges still lead to somebody; to be called now and then.

        Else a plane with nobody here would never hear that another one has taken the place of the
        one that it knew, and that one cannot connect before.
        """
        if self._clock() - self._ticked_at >= LOOK_AROUND_S:
            self._ticking.wake()

    def card(self, user_id: str) -> Card | None:
        """What another plane has to know of a user, until its next description; None before one."""
        return card_of(self._links[user_id]) if user_id in self._links else None

    def open_trunk(self, node: str, worker: int, near: Place, far: Place) -> None:
        """See :meth:`relay.media.pairs.Pairs.open_trunk`."""
        self._pairs.open_trunk(node, worker, near, far)
        self._ticking.wake()

    @property
    def pairs(self) -> Pairs:
        """Who is paired with whom, and the ways to other nodes."""
        return self._pairs

    def pair_far(self, user_id: str, card: Card, number: int, peer: int, node: str = "") -> None:
        """Let a user of this plane and one of another's hear and see each other.

        The other plane has to be told the same of its own user. Once more with a later card of the
        partner's and the same number, it follows what the partner has negotiated. :meth:`unpair`
        ends it here.

        :param number: of the pairing, 48 bits, the same at both planes, and of no other one.
        :param peer: the plane of the partner's link, on this machine or at another ``node``.
        :raises KeyError: when there is no way to it.
        """
        self._pairs.pair_far(user_id, card, number, peer, node)
        self._ticking.wake()

    # signalling's side: see relay.plane.MediaPlane

    def subscribe(self, listener: Callable[[MediaEvent], None]) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._listeners.add(listener)

    async def answer(
        self,
        user_id: str,
        sdp: str,
        *,
        is_local: bool = False,
        near: str | None = None,  # noqa: ARG002 - all links are here
    ) -> Description:
        """See :class:`relay.plane.MediaPlane`."""
        began_s = time.thread_time()
        link = self._links.get(user_id)
        terms = read(sdp, None if link is None else link.terms)
        if link is None or not link.continues(terms):
            credentials = None if link is None else link.successor(terms)
            link = self._fresh_link(user_id, credentials, is_local=is_local)
            link.agree(terms)
            link.open(self._came_up, self._was_lost)
        else:
            link.agree(terms)
            link.forget_idle_streams(self._clock())
            for flow in link.flows:
                flow.renew()
        self._running.add(link)
        described = link.described(link.answer(self._pairs.wishes(user_id)))
        return replace(described, cpu_s=time.thread_time() - began_s)

    async def offer(
        self,
        user_id: str,
        *,
        is_local: bool = False,
        near: str | None = None,  # noqa: ARG002 - all links are here
    ) -> Description:
        """See :class:`relay.plane.MediaPlane`."""
        link = self._fresh_link(user_id, is_local=is_local)
        self._running.add(link)
        return link.described(link.offer(self._pairs.wishes(user_id)))

    async def accept(self, user_id: str, sdp: str) -> Description:
        """See :class:`relay.plane.MediaPlane`."""
        began_s = time.thread_time()
        link = self._links.get(user_id)
        if link is None or link.agreed:
            raise SdpError("an answer without an offer")
        terms = read(sdp)
        if terms.setup == "auto":
            raise SdpError("an answer must choose active or passive")
        link.agree(terms)
        link.open(self._came_up, self._was_lost)
        return replace(link.described(), cpu_s=time.thread_time() - began_s)

    async def trace(self, user_id: str) -> Trace | None:
        """See :class:`relay.plane.MediaPlane`."""
        return self._links[user_id].trace if user_id in self._links else None

    def pair(self, a: str, b: str) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._pairs.pair(a, b)

    def pair_across(self, user_id: str, partner_id: str, node: str, number: int) -> None:
        """Not for media in the front's own process: a cluster has workers, as its settings say."""
        raise NotImplementedError(ALONE)

    def follow(self, partner_id: str, told: str) -> None:
        """See :meth:`pair_across`."""
        raise NotImplementedError(ALONE)

    def unpair(self, user_id: str) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._pairs.unpair(user_id)

    def close_link(self, user_id: str) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._drop_link(user_id)

    def _drop_link(self, user_id: str, *, silently: bool = False) -> None:
        link = self._links.pop(user_id, None)
        if link is None:
            return
        link.end_flows()
        self._running.remove(link)
        self._tapping.link_closed(user_id)
        self._own(link.close(silently=silently), f"close link {user_id}")

    async def look(self) -> MediaView:
        """See :class:`relay.plane.MediaPlane`."""
        local = self._addresses[0] if self._addresses else (self._host, 0)
        return MediaView(
            [view.link(link, local, self._clock()) for link in self._in_turn()],
            view.tracks(
                self._links,
                self._clock(),
                self._in_turn(),
                self._pairs.fars,
                self._unsent.ratio,
            ),
            await self.stats(),
        )

    def residents(self) -> Iterator[tuple[str, str, LinkState, str | None]]:
        """Of each user with a link: its id, the link's, how far that is, and the partner's id.

        One at another node is of no account: whoever asks has not heard of that node yet.
        """
        for user_id, link in self._links.items():
            is_here = not self._pairs.has_trunk(user_id)
            partner = self._pairs.partner_of.get(user_id) if is_here else None
            yield user_id, link.link_id, link.state, partner

    def _in_turn(self) -> Iterator[Link]:
        """All links, one by one; in between packets that have come are forwarded.

        Looking at hundreds of links takes milliseconds, for which nobody's packets should wait.
        """
        for count, link in enumerate(list(self._links.values()), 1):
            yield link
            if count % LINKS_AT_ONCE == 0:
                self._read_all()

    def _read_all(self) -> None:
        for part in self._bound.parts:
            self._running.on_readable(part)
        self._pairs.elsewhere.read_all()

    def tap(self, user_id: str, direction: Direction, tap: Tap, partner: str | None = None) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        if partner not in (None, self._pairs.partner_of.get(user_id)):
            tap.parted()
        self._tapping.add(user_id, direction, tap)
        if user_id in self._links:
            self._tapping.equip(self._links[user_id])

    def untap(self, user_id: str, direction: Direction, tap: Tap) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._tapping.remove(user_id, direction, tap)
        if user_id in self._links:
            self._tapping.equip(self._links[user_id])

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._pairs.request_keyframe(user_id, direction)

    def keep(self, *, on: bool) -> None:
        """See :class:`relay.plane.MediaPlane`."""
        self._pairs.keep(on=on)

    async def kept(
        self, user_id: str, partner_id: str | None = None, within_s: float | None = None
    ) -> Kept | None:
        """See :class:`relay.plane.MediaPlane`."""
        return self._pairs.keeping.kept(user_id, partner_id, within_s, self._clock())

    async def stats(self) -> PlaneStats:
        """See :class:`relay.plane.MediaPlane`."""
        return self._stats()

    def lately(self) -> tuple[float, PlaneStats]:
        """See :class:`relay.plane.MediaPlane`."""
        return 0.0, self._stats()

    def _stats(self) -> PlaneStats:
        if self._forwarder is None:
            return PlaneStats()
        forwarder, socket, elsewhere = self._forwarder, self._bound, self._pairs.elsewhere
        return PlaneStats(
            listening=bool(self._addresses) and socket.fileno() >= 0,
            links=len(self._links),
            packets_received=forwarder.received,
            packets_forwarded=forwarder.forwarded,
            bytes_forwarded=forwarder.bytes_forwarded,
            drops={**elsewhere.all_drops(), "send": socket.send_drops},
            packets_bridged=elsewhere.packets_crossed(),
            bytes_bridged=elsewhere.bytes_crossed(),
            packets_trunked=elsewhere.trunks.packets,
            bytes_trunked=elsewhere.trunks.bytes,
            nacks=forwarder.repairs.asked,
            repairs=dict(forwarder.repairs.counts),
            keyframe_requests=dict(forwarder.keyframes.sent),
            keyframes_kept=dict(self._pairs.keeping.counts),
            link_losses=dict(self._losses),
            tunnel_refusals=dict(self._tunnel_refusals),
            link_setup=self._setup,
            forwarding_delay=forwarder.delays,
        )

    def workers(self) -> list[WorkerView]:
        """See :class:`relay.plane.MediaPlane`."""
        return []

    # links

    def _fresh_link(
        self, user_id: str, credentials: Credentials | None = None, *, is_local: bool
    ) -> Link:
        former = self._links.get(user_id)
        stays = former is not None and former.credentials is credentials
        self._drop_link(user_id, silently=stays)
        addresses = self._addresses if is_local else candidates.for_others(self._addresses)
        link = Link(
            user_id,
            self._bound,
            self._certificate,
            addresses,
            self._clock(),
            credentials or Credentials.of_worker(self._index),
            candidates.over_tcp(addresses, self._tcp_port),
        )
        self._links[user_id] = link
        self._ticking.wake()
        self._tapping.equip(link)
        return link

    def _came_up(self, link: Link) -> None:
        if self._links.get(link.user_id) is not link:  # it was closed in this very moment
            return
        self._running.came_up(link)
        log.debug("link_up", user=link.user_id)
        self._setup.observe(self._clock() - link.opened_at)
        path = link.paths.in_use
        kind = "udp" if path is None else link.kind_of(path)
        self._listeners.tell(LinkUp(link.user_id, link.link_id, kind))
        self._pairs.connect(link.user_id)

    def _was_lost(self, link: Link, reason: str) -> None:
        if self._links.get(link.user_id) is link:
            log.debug("link_lost", user=link.user_id, reason=reason)
            self._losses[reason] += 1
            trace = link.trace
            self.close_link(link.user_id)
            self._listeners.tell(LinkLost(link.user_id, link.link_id, reason, trace))

    def _started_flowing(self, user_id: str) -> None:
        self._listeners.tell(MediaFlowing(user_id, self._pairs.partner_of[user_id]))

    def _started_showing(self, user_id: str) -> None:
        self._listeners.tell(PictureFlowing(user_id, self._pairs.partner_of[user_id]))

    # the clock

    def _is_busy(self) -> bool:
        """Whether there is anybody whom time concerns, or anything that is to be forgotten."""
        pairs = self._pairs
        return bool(self._links or pairs.partner_of) or not pairs.is_quiet

    def tick(self) -> None:
        """Tend every link, and drop those that have ended.

        Idle cores, when they are to, poll as long as there are pairs.
        """
        now, forwarder = self._clock(), self._running
        if now - self._ticked_at > LATE_S:
            self._awake_since = now
        self._ticked_at = now
        if self._idle_cores is not None:
            self._idle_cores.poll(bool(self._pairs.partner_of))
        forwarder.keyframes.ask_again(now)
        if now >= forwarder.repairs.due_at:
            forwarder.repairs.look(now)
        forwarder.handshakes.look(now)
        self._pairs.elsewhere.tick(now)
        self._pairs.tick(now)
        for link in list(self._links.values()):
            try:
                ended = tend(link, forwarder, now)
            except Exception:  # a mistake of ours must cost nobody but the link that brings it out
                log.exception("link_failed", user=link.user_id)
                ended = "failed"
            if ended is not None:
                self._was_lost(link, ended)
            elif (event := event_of(link, self._awake_since, now)) is not None:
                self._listeners.tell(event)
        self._unsent.look(now, forwarder.forwarded, self._bound.send_drops)

    def _look_in(self, seconds: float) -> None:
        """Have what has not come looked at a little later."""
        if self._next_look is not None:
            self._next_look.cancel()
        loop = asyncio.get_running_loop()
        self._next_look = loop.call_later(seconds, self._look)

    def _look(self) -> None:
        if self._forwarder is not None:
            self._forwarder.repairs.look(self._clock())

    def _own(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        task.add_done_callback(log_crash)
