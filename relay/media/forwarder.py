"""Datagrams in, datagrams out: tell them apart, and forward media from one link to another.

This is the packet's way through the house. :meth:`Forwarder.on_readable` reads a batch; each RTP
packet is decrypted, rewritten by its route and encrypted again in the slot it arrived in, and the
batch goes out with one call. Nothing here waits, logs, or keeps more than a counter and the last
packets, which may be asked for again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

from relay.errors import MalformedPacket
from relay.histogram import Histogram
from relay.media.budget import (
    DTLS,
    DTLS_COST,
    MAX_MESSAGES,
    MESSAGE_COST,
    NACKS,
    RTCP,
    RTCP_COST,
    RTP,
    RTP_COST,
)
from relay.media.checks import Checks
from relay.media.crossing import Crossing
from relay.media.downlink import Downlink
from relay.media.far import Far, FarDownlink
from relay.media.feedback import rtcp
from relay.media.feedback.rtcp import PLI, REPORTS
from relay.media.handshakes import Handshakes
from relay.media.keyframes import KeyframeRequests
from relay.media.link import Link
from relay.media.packets.rtp import (
    HEADER_BYTES,
    HEADERS,
    NUMBER,
    PAYLOAD_TYPE,
    RTCP_BITS,
    RTCP_MASK,
    RTP_BITS,
    RTP_MASK,
    SSRC,
)
from relay.media.paths.bridge import Flushes
from relay.media.paths.transport import SLOT_BYTES, SLOTS, Address, DatagramSocket
from relay.media.repairs import Repairs
from relay.media.stream import Receiver, Way
from relay.media.translation import Course, Translation, sender_reports, translate
from relay.media.verdict import GOES_OUT, Verdict
from relay.srtp import srtp_ffi, srtp_lib

MAX_BATCHES = 4
"""Batches read before the event loop gets its turn again."""

DELAY_BOUNDS_S = (50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.6e-3, 3.2e-3, 6.4e-3, 12.8e-3, 0.1)
"""Bounds of the histogram of forwarding delays; a full batch takes some 600 us."""

log = structlog.get_logger(__name__)

_STUN, _DTLS = range(4), range(20, 64)  # the first byte (RFC 7983 section 7)
_SLOTS_AT = [slot * SLOT_BYTES for slot in range(SLOTS)]
_unprotect, _protect = srtp_lib.srtp_unprotect, srtp_lib.srtp_protect
_CROSSED, _AHEAD = Verdict.CROSSED, Verdict.AHEAD
_VERDICTS = {verdict: verdict.name.lower() for verdict in Verdict if verdict not in GOES_OUT}


class Forwarder:
    """Owns the socket's reading side, and forwards what links have sent."""

    def __init__(
        self,
        socket: DatagramSocket,
        clock: Callable[[], float],
        started_flowing: Callable[[str], None],
        started_showing: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Build it.

        :param clock: the plane's clock, in seconds.
        :param started_flowing: told the id of a user to whom a partner's first packet goes out,
            and ``started_showing`` the same of its picture.
        """
        self.drops: Counter[str] = Counter()
        self.received = 0
        self.forwarded = 0
        self.bytes_forwarded = 0
        self.keyframes = KeyframeRequests()
        self.repairs = Repairs(self.keyframes, self.drops)
        self.delays = Histogram(DELAY_BOUNDS_S)
        """Of each batch: how long its first packet was in this process's hands."""
        self._socket = socket
        self._stage = socket.stage
        self._view, self._pointers = socket.view, socket.pointers
        self._clock = clock
        self._started_flowing, self._started_showing = started_flowing, started_showing
        self.handshakes = Handshakes()
        """Links that may begin theirs, or have to wait."""
        self._checks = Checks(socket, self.drops, self.handshakes, self._take_dtls)
        self._by_address = self._checks.by_address
        self._size = srtp_ffi.new("int *")
        self.bridges: tuple[Flushes, ...] = ()
        """On which packets may have been staged, instead of on the socket."""

    def add(self, link: Link) -> None:
        """Have the datagrams of a link find it, also after it has got new credentials."""
        self._checks.add(link)

    def remove(self, link: Link) -> None:
        """Forget a link."""
        self._checks.remove(link)

    def came_up(self, link: Link) -> None:
        """Note that a link's handshake is done."""
        self._checks.came_up(link, self._clock())

    def look_at_paths(self, link: Link, now: float) -> None:
        """Look whether a link is to be sent elsewhere; to be called by the clock."""
        self._checks.look(link, now)

    # the way of a datagram

    def on_readable(self, part: DatagramSocket | None = None) -> None:
        """Handle what has arrived; ``part`` is where, of a socket that has several."""
        socket = self._socket
        part = part or socket
        for _ in range(MAX_BATCHES):
            count = part.receive()
            if not count:
                return
            self.received += count
            now = self._clock()
            try:
                self._dispatch(part, count, now)
                if self.keyframes.put_off:
                    self.keyframes.ask_again(now)
                if now >= self.repairs.due_at:
                    self.repairs.look(now)
            finally:  # a listener's crash must not leave staged slots for the next batch
                socket.flush()
                for bridge in self.bridges:
                    bridge.flush()
            self.delays.observe(self._clock() - now)
            if count < SLOTS:
                return

    def _dispatch(self, part: DatagramSocket, count: int, now: float) -> None:
        """Tell the protocols apart by the first bytes (RFC 7983 section 7, RFC 5761 section 4)."""
        view, by_address = self._view, self._by_address
        sizes, addresses = part.headings(count)
        slots = zip(_SLOTS_AT, self._pointers, sizes, addresses, strict=False)
        for at, pointer, size, address in slots:
            try:
                if not size or view[at] & RTP_MASK != RTP_BITS:
                    self._other(at // SLOT_BYTES, size, address, now)
                    continue
                link = by_address.get(address)
                if link is None:
                    self._astray(at, pointer, size, address, now)
                elif link.uplink.rx is None:
                    self.drops["before_dtls"] += 1
                elif size < HEADER_BYTES:
                    self.drops["malformed"] += 1
                elif view[at + 1] & RTCP_MASK == RTCP_BITS:
                    self._rtcp(link, at // SLOT_BYTES, size, now)
                else:
                    budget = link.budget
                    left = budget.rtp - size - RTP_COST
                    if left >= 0:
                        budget.rtp = left
                        self._rtp(link, at, pointer, size, now)
                    else:
                        budget.refuse(RTP, now, self.drops)
            except Exception:  # a mistake of ours, which must cost nobody else's packets
                self.drops["fault"] += 1
                count = self.drops["fault"]
                if count & (count - 1) == 0:  # each that doubles them
                    log.exception("datagram_failed", count=count)

    def _astray(self, at: int, pointer: Any, size: int, address: Address, now: float) -> None:
        """Media by another way than that in use: it is taken where the peer has proved itself."""
        checks, drops = self._checks, self.drops
        link = checks.elsewhere.get(address)
        path = link.paths.known[address] if link is not None else None
        if link is None or path is None or not path.is_proven:
            drops["unknown_address"] += 1
            checks.knock(at, size, address, now)
            return
        uplink, budget = link.uplink, link.budget
        before = uplink.heard_at
        if uplink.rx is None:
            drops["before_dtls"] += 1
        elif size < HEADER_BYTES:
            drops["malformed"] += 1
        elif self._view[at + 1] & RTCP_MASK == RTCP_BITS:
            self._rtcp(link, at // SLOT_BYTES, size, now)
        elif budget.rtp >= size + RTP_COST:
            budget.rtp -= size + RTP_COST
            self._rtp(link, at, pointer, size, now)
        else:
            budget.refuse(RTP, now, drops)
        if uplink.heard_at > before:  # it is authentic
            link.paths.strayed(path, before, now)

    def _rtp(  # noqa: PLR0912 - calls cost more than they clear up
        self, link: Link | Far, at: int, pointer: Any, size: int, now: float
    ) -> None:
        """Forward the packet ``view[at:at + size]``, which begins at ``pointer``."""
        uplink, view, length = link.uplink, self._view, self._size
        header = HEADERS.unpack_from(view, at)  # SRTP leaves them in the clear
        _, second, number, rtp_ts, ssrc, _, _ = header
        stream = uplink.streams.get(ssrc)
        if stream is None and not uplink.has_room(ssrc):
            self.drops["too_many_ssrcs"] += 1
            return
        length[0] = size
        if uplink.rx is not None and _unprotect(uplink.rx, pointer, length):  # None: it is done
            self.drops["authentication"] += 1
            if isinstance(link, Link):
                link.budget.forged(RTP, size + RTP_COST, now)
            return
        size = length[0]
        if stream is None:
            stream = uplink.learn(ssrc, second & PAYLOAD_TYPE, number)
            if stream is None:
                self.drops["unknown_payload_type"] += 1
                return
        extended = stream.arrived(number, rtp_ts, size, now)
        route = stream.route
        if route is None:
            if not uplink.take_over(stream, now):
                self.drops["superseded"] += 1
            elif stream.route is None:
                self.drops["unpaired"] += 1
            route = stream.route
            if route is None:
                uplink.kept(view, at, at + size, stream, now)
                return
        verdict = route.rewrite(view, at, at + size, header, extended, now)
        if verdict:
            if verdict is _CROSSED:
                return
            if verdict is _AHEAD:
                self.repairs.miss(link, now)
            elif verdict in GOES_OUT:
                size = length[0] = size - self.repairs.came(link, route, verdict, now)
            else:
                self._drop(link, route, verdict, now)
                route.dropped(size, missed=verdict is not Verdict.STALE, is_refused=True)
                uplink.kept(view, at, at + size, stream, now)
                return
        downlink = route.downlink
        if _protect(downlink.tx, pointer, length):
            route.dropped(size)
            self.drops["encryption"] += 1
            return
        self._stage(at // SLOT_BYTES, length[0], downlink.destination)
        self.forwarded += 1
        self.bytes_forwarded += size
        if not downlink.plain:
            self._attend(downlink, route, at, length[0], now)

    take = _rtp
    """The same, for packets of users of other planes, which have been decrypted there."""

    def _drop(self, link: Link | Far, route: Way, verdict: Verdict, now: float) -> None:
        """Count a packet that goes nowhere, and ask for a key frame if that is what is missing."""
        self.drops[_VERDICTS[verdict]] += 1
        flow = link.uplink.flow
        if route.waits_for_keyframe and flow is not None and flow.video is not None:
            self.keyframes.request(link.downlink, flow.video, now)

    def _attend(self, downlink: Receiver, route: Way, at: int, size: int, now: float) -> None:
        """What is to be done with some packets that go out: the first, and those to be kept."""
        if route.sealed is not None:
            (number,) = NUMBER.unpack_from(self._view, at + 2)
            route.sealed.keep(number, self._view, at, at + size, now)
        if downlink.begins:
            downlink.begins = False
            downlink.plain = not downlink.keeps_history
            self._begun(downlink, route)

    def _begun(self, downlink: Receiver, route: Way) -> None:
        """Tell that a partner's media reaches a user, or its picture."""
        if not downlink.flowing:
            downlink.flowing = True
            self._started_flowing(downlink.user_id)
        if not downlink.shown and route.outlet.kind == "video":
            downlink.shown = True
            self._started_showing(downlink.user_id)

    def _rtcp(self, link: Link, slot: int, size: int, now: float) -> None:
        socket, at = self._socket, slot * SLOT_BYTES
        uplink, pointer, length = link.uplink, socket.pointers[slot], self._size
        budget, drops = link.budget, self.drops
        if not budget.pay(RTCP, RTCP_COST + size, now, drops):
            return
        (ssrc,) = SSRC.unpack_from(socket.view, at + 4)
        if not uplink.has_rtcp_room(ssrc):
            self.drops["too_many_ssrcs"] += 1
            return
        length[0] = size
        if srtp_lib.srtp_unprotect_rtcp(uplink.rx, pointer, length):
            drops["authentication"] += 1
            budget.forged(RTCP, RTCP_COST + size, now)
            return
        uplink.rtcp_at = now
        if socket.view[at + 1] in REPORTS:
            uplink.reported_at = now
        if ssrc not in uplink.streams:
            uplink.rtcp_ssrcs.add(ssrc)
        forward, backward = uplink.flow, link.downlink.flow
        if forward is None or backward is None:
            return
        data = bytes(socket.view[at : at + length[0]])
        messages = rtcp.count(data, MAX_MESSAGES)
        if messages > MAX_MESSAGES:
            budget.refuse(RTCP, now, drops)
            return
        if not budget.pay(RTCP, messages * MESSAGE_COST, now, drops):
            return
        try:
            translation = translate(data, forward, backward, now, budget.left(NACKS, now))
        except MalformedPacket:
            drops["malformed_rtcp"] += 1
            return
        if isinstance(forward, Crossing):
            forward.report(sender_reports(data))
        self._act(link, slot, translation, forward, backward, now)

    def _act(
        self,
        link: Link,
        slot: int,
        translation: Translation,
        forward: Course,
        backward: Course,
        now: float,
    ) -> None:
        """Do what a compound packet comes to."""
        translation.note(backward, now)
        link.budget.pay(NACKS, translation.asked, now, self.drops)
        if translation.refused:
            link.budget.refuse(NACKS, now, self.drops, translation.refused)
        if translation.untrue:
            self.drops["untrue_rtcp"] += translation.untrue
        self.repairs.repeat(link, translation)
        wanted = translation.keyframe_request or (PLI if translation.is_beyond_repair else 0)
        if wanted and backward.video is not None:
            self.keyframes.request(forward.downlink, backward.video, now, wanted)
        if translation.data:
            self.send_rtcp(slot, translation.data, forward.downlink)

    def send_rtcp(self, slot: int, data: bytes, downlink: Downlink) -> None:
        """Encrypt and stage a translated packet in the slot that the original came in."""
        if isinstance(downlink, FarDownlink):
            downlink.send_rtcp(data)
            return
        socket, at, length = self._socket, slot * SLOT_BYTES, self._size
        socket.view[at : at + len(data)] = data
        length[0] = len(data)
        if srtp_lib.srtp_protect_rtcp(downlink.tx, socket.pointers[slot], length):
            self.drops["encryption"] += 1
            return
        self._stage(slot, length[0], downlink.destination)

    def _other(self, slot: int, size: int, address: Address, now: float) -> None:
        """Neither RTP nor RTCP."""
        first = self._view[slot * SLOT_BYTES] if size else 255
        if first in _DTLS:
            self._dtls(slot, size, address, now)
        elif first in _STUN:
            self._checks.take(slot, size, address, now)
        else:
            self.drops["not_webrtc"] += 1

    def _dtls(self, slot: int, size: int, address: Address, now: float) -> None:
        link = self._checks.hear_dtls(size, address)
        at = slot * SLOT_BYTES
        if link is None:
            self.drops["unknown_address"] += 1
        else:
            self._take_dtls(link, bytes(self._socket.view[at : at + size]), now)

    def _take_dtls(self, link: Link, datagram: bytes, now: float) -> None:
        budget, price = link.budget, DTLS_COST + len(datagram)
        if not budget.pay(DTLS, price, now, self.drops, budget.network):
            return
        if not link.has_dtls_room:
            self.drops["dtls_queue_full"] += 1
        elif not link.take_dtls(datagram):
            self.drops["dtls_invalid"] += 1
