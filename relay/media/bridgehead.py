"""This plane's end of bridges and trunks: who is paired with whom elsewhere, and what comes.

A pairing has a number, the same at both planes, under which everything crosses. What comes for a
pairing that is not known here, or not any more, is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog

from relay.errors import MalformedPacket
from relay.media.card import Card
from relay.media.crossing import SAME_REQUEST_S, Crossing, read_news
from relay.media.far import REQUEST, Far
from relay.media.feedback import rtcp
from relay.media.feedback.rtcp import FIR, PLI, RTPFB, TRANSPORT_CC
from relay.media.forwarder import MAX_BATCHES, Forwarder
from relay.media.link import Link
from relay.media.packets.rtp import HEADER_BYTES, NUMBER
from relay.media.paths.batch_bridge import open_bridge
from relay.media.paths.bridge import (
    HEAD_BITS,
    Bridge,
    Cargo,
    Inlet,
    LocalBridge,
    cargo_and_number,
    head,
)
from relay.media.paths.transport import SLOT_BYTES, SLOTS, DatagramSocket
from relay.media.paths.trunk import Place, Trunk
from relay.media.translation import translate
from relay.media.trunks import Trunks
from relay.media.upkeep import tend_far
from relay.plane import LinkState

_SLOTS_AT = [slot * SLOT_BYTES for slot in range(SLOTS)]

_HEAD = (1 << HEAD_BITS) - 1

PROBE_S = 1.0
"""How often it is tried whether the other ends are still there."""

log = structlog.get_logger(__name__)


class Bridgehead:
    """The bridges, and the users at their other ends who have a partner here."""

    def __init__(
        self,
        socket: DatagramSocket,
        forwarder: Forwarder,
        links: Mapping[str, Link],
        clock: Callable[[], float],
    ) -> None:
        """Build it, without any bridge.

        :param links: the plane's, by their users.
        :param clock: the plane's clock, in seconds.
        """
        self.drops: Counter[str] = Counter()
        self._socket, self._pointers = socket, socket.pointers
        self._forwarder = forwarder
        self._links, self._clock = links, clock
        self._bridges: dict[int, LocalBridge] = {}
        self.trunks = Trunks(socket, self.on_readable)
        self._fars: dict[int, Far] = {}
        self._by_head: dict[int, Far] = {}
        """The same, by the head of the packets that they send."""
        self._by_near: dict[str, Far] = {}
        """The same, by their partners here."""
        self._probed_at = float("-inf")

    # life

    def open(self, directory: Path, index: int, peers: Iterable[int]) -> None:
        """Build a bridge to each of the other planes.

        :param directory: where the sockets' names are; nobody else may enter it.
        :param index: of this plane, and ``peers`` of the others.
        :raises OSError: when a socket cannot be bound.
        """
        for peer in peers:
            near, far = directory / f"{index}-{peer}", directory / f"{peer}-{index}"
            bridge = self._bridges[peer] = open_bridge(self._socket, near, far)
            bridge.mend()
            asyncio.get_running_loop().add_reader(bridge.fileno(), self.on_readable, bridge)
        self._flush_all()

    def open_trunk(self, node: str, worker: int, near: Place, far: Place) -> None:
        """Build a trunk to a worker of another node."""
        self.trunks.open(node, worker, near, far)
        self._flush_all()

    def _flush_all(self) -> None:
        """Have the forwarder know where packets may be staged."""
        self._forwarder.bridges = (*self._bridges.values(), self.trunks.terminal)

    def close(self) -> None:
        """Take bridges and trunks down."""
        self.trunks.close()
        for bridge in self._bridges.values():
            asyncio.get_running_loop().remove_reader(bridge.fileno())
            bridge.close()
        self._bridges.clear()
        self._forwarder.bridges = ()

    @property
    def is_quiet(self) -> bool:
        """Whether nobody elsewhere has a partner here, and nothing is to be mended.

        Bridges are not probed then: whoever needs one has a link for a while before.
        """
        are_up = all(bridge.is_up for bridge in self._bridges.values())
        return are_up and not self._fars and not self.trunks.to()

    # pairings

    @property
    def fars(self) -> dict[str, Far]:
        """The users elsewhere, by their ids."""
        return {far.user_id: far for far in self._fars.values()}

    def partner_of(self, near_id: str) -> Far | None:
        """The partner elsewhere of a user here."""
        return self._by_near.get(near_id)

    def far(self, number: int) -> Far | None:
        """The user elsewhere of a pairing."""
        return self._fars.get(number)

    def over(self, trunk: Trunk) -> list[Far]:
        """The users at the other end of a trunk."""
        return [far for far in self._fars.values() if far.bridge is trunk]

    def meet(self, near_id: str, card: Card, number: int, peer: int, node: str = "") -> Far:
        """Take up a pairing, or follow the partner's new description; it may have a new link.

        :param number: of the pairing.
        :param peer: the plane of the partner's link, of this machine or of another ``node``.
        :raises KeyError: when there is no bridge to it.
        """
        bridge: Bridge = self.trunks[node, peer] if node else self._bridges[peer]
        former = self._fars.get(number)
        if former and former.bridge is bridge and former.link_id == card.link_id:
            former.follow(card)
            return former
        far = Far(card, near_id, bridge, number)
        if former is not None:
            far.replace(former)
            del self._by_head[_of_packets(former)]
        self._fars[number] = self._by_near[near_id] = far
        self._by_head[_of_packets(far)] = far
        return far

    def part(self, near_id: str) -> None:
        """End a user's pairing."""
        far = self._by_near.pop(near_id)
        far.tell()
        del self._fars[far.number], self._by_head[_of_packets(far)]

    def tick(self, now: float) -> None:
        """Tend what comes from elsewhere; to be called ten times a second.

        :param now: seconds of the plane's clock.
        """
        is_due = now - self._probed_at >= PROBE_S
        if is_due:
            self._probed_at = now
        for bridge in self._bridges.values():
            if is_due and bridge.is_up:
                bridge.send(head(Cargo.PROBE, 0))
            bridge.mend()
        if is_due:
            self.trunks.tick()
        for far in list(self._fars.values()):
            try:
                tend_far(far, self._forwarder, now)
            except Exception:  # a mistake of ours must cost nobody but the pair that brings it out
                log.exception("link_failed", user=far.near_id)
                self.part(far.near_id)
                if far.near_id in self._links:
                    self._links[far.near_id].end_flows()

    # counters

    def all_drops(self) -> Counter[str]:
        """What was dropped by the forwarder, here and at the bridges, by reason."""
        total = self._forwarder.drops.copy()
        for drops in (self.drops, *(bridge.drops for bridge in self._bridges.values())):
            total.update(drops)
        total.update(self.trunks.drops)
        return total

    def packets_crossed(self) -> dict[str, int]:
        """Packets that have crossed bridges, by direction."""
        bridges = self._bridges.values()
        return {
            "out": sum(bridge.packets_sent for bridge in bridges),
            "in": sum(bridge.packets_received for bridge in bridges),
        }

    def bytes_crossed(self) -> dict[str, int]:
        """Their bytes."""
        bridges = self._bridges.values()
        return {
            "out": sum(bridge.bytes_sent for bridge in bridges),
            "in": sum(bridge.bytes_received for bridge in bridges),
        }

    # what comes

    def read_all(self) -> None:
        """Handle what has arrived from anywhere."""
        for bridge in self._bridges.values():
            self.on_readable(bridge)
        self.on_readable(self.trunks.terminal)

    def on_readable(self, inlet: Inlet) -> None:
        """Handle what has arrived at one place."""
        forwarder = self._forwarder
        for _ in range(MAX_BATCHES):
            found = inlet.receive()
            if not found:
                return
            now = self._clock()
            try:
                self._dispatch(inlet, found, now)
                forwarder.keyframes.ask_again(now)
                forwarder.repairs.look(now)
            finally:
                self._socket.flush()
            forwarder.delays.observe(self._clock() - now)
            if len(found) < SLOTS:
                return

    def _dispatch(self, inlet: Inlet, found: list[tuple[int, int]], now: float) -> None:
        by_head, take = self._by_head, self._forwarder.take
        packets = total = 0
        for (heading, size), at, pointer in zip(found, _SLOTS_AT, self._pointers, strict=False):
            far = by_head.get(heading)
            try:
                if far is None:
                    self._other(inlet, at // SLOT_BYTES, heading, size, now)
                elif size < HEADER_BYTES:
                    self.drops["bridge_malformed"] += 1
                else:
                    packets += 1
                    total += size
                    take(far, at, pointer, size, now)
            except MalformedPacket:
                self.drops["bridge_malformed"] += 1
            except Exception:  # a mistake of ours, which must cost nobody else's packets
                self.drops["fault"] += 1
                count = self.drops["fault"]
                if count & (count - 1) == 0:  # each that doubles them
                    log.exception("datagram_failed", count=count)
        inlet.packets_received += packets
        inlet.bytes_received += total

    def _other(self, inlet: Inlet, slot: int, heading: int, size: int, now: float) -> None:
        """Anything but a packet of somebody who is known."""
        told = cargo_and_number(heading & _HEAD) if size >= 0 else None
        if told is None:
            self.drops["bridge_malformed"] += 1
            return
        cargo, number = told
        if cargo is Cargo.PROBE:
            return
        far = self._fars.get(number)
        if far is None or (far.bridge.inlet, far.bridge.mark) != (inlet, heading & ~_HEAD):
            self.drops["bridge_unknown"] += 1
            return
        data = bytes(self._socket.view[slot * SLOT_BYTES : slot * SLOT_BYTES + size])
        if cargo is Cargo.REPORTS:
            self._report(far, slot, data, now)
        elif cargo is Cargo.FEEDBACK:
            self._feedback(far, slot, data, now)
        elif cargo is Cargo.KEPT:
            _note_arrival(far, data, now)
        elif cargo is Cargo.KEYFRAME:
            self._ask(far, data, now)
        else:
            self._heed(far, data)

    def _report(self, far: Far, slot: int, data: bytes, now: float) -> None:
        """Sender reports of a user elsewhere, for the one here."""
        forward, link = far.uplink.flow, self._links.get(far.near_id)
        backward = None if link is None else link.uplink.flow
        if forward is None or backward is None:
            return  # they are about packets that went nowhere
        translation = translate(data, forward, backward, now)
        translation.note(backward, now)
        if translation.untrue:
            self.drops["untrue_rtcp"] += translation.untrue
        if translation.data:
            self._forwarder.send_rtcp(slot, translation.data, forward.downlink)

    def _feedback(self, far: Far, slot: int, data: bytes, now: float) -> None:
        """What the partner elsewhere tells the user here, ready but for transport-wide times."""
        link = self._up(far)
        if link is None:
            return
        feedback, pieces = link.uplink.feedback, []
        for kind, fmt, part in rtcp.parts(data):
            is_timed = (kind, fmt) == (RTPFB, TRANSPORT_CC)
            pieces.append(feedback.relayed(part, far.uplink, now) if is_timed else part)
        self._forwarder.send_rtcp(slot, b"".join(pieces), link.downlink)

    def _ask(self, far: Far, data: bytes, now: float) -> None:
        """The partner elsewhere wants a key frame, and its plane has said that it may."""
        link = self._up(far)
        if len(data) != REQUEST.size:
            raise MalformedPacket("a request for a key frame has another size")
        kind, command = REQUEST.unpack(data)
        if kind not in (PLI, FIR):
            raise MalformedPacket("a request for a key frame is neither PLI nor FIR")
        crossing = None if link is None else link.uplink.flow
        if link is None or not isinstance(crossing, Crossing):
            return
        if ("video", False) in link.uplink.current and crossing.keyframe_due(now, SAME_REQUEST_S):
            is_new = kind == FIR and command != far.command
            far.command = command if is_new else far.command
            self._forwarder.keyframes.ask(link, kind, is_new=is_new)

    def _heed(self, far: Far, data: bytes) -> None:
        news, link = read_news(data), self._links.get(far.near_id)
        if news is None:
            raise MalformedPacket("news of a stream has another size")
        crossing = None if link is None else link.uplink.flow
        if isinstance(crossing, Crossing) and link is not None and news.link_id == link.link_id:
            crossing.heed(news)

    def _up(self, far: Far) -> Link | None:
        """The link of the user here, if it is up."""
        link = self._links.get(far.near_id)
        return link if link is not None and link.state is LinkState.UP else None


def _of_packets(far: Far) -> int:
    """The head of packets of a user elsewhere, as they come."""
    return head(Cargo.RTP, far.number) | far.bridge.mark


def _note_arrival(far: Far, data: bytes, now: float) -> None:
    """A packet of a user elsewhere came there, which is not passed on."""
    if len(data) != NUMBER.size:
        raise MalformedPacket("a transport-wide number has another size")
    (number,) = NUMBER.unpack(data)
    if far.uplink.flow is None:
        far.uplink.feedback.unseen(number, now)
    else:
        far.uplink.flow.note_arrival(number, now)
