"""What was lost on one user's way, repaired by the relay itself, on that way alone.

What a user misses that the relay has sent, is sent again (:mod:`relay.media.repeats`). What did not
come from a user is asked for by the relay (:mod:`relay.media.packets.gaps`), and goes on as the
packet that it is (:mod:`relay.media.restoring`). The partner hears nothing of either, but is asked
for a key frame as soon as something of its picture is given up.

For a user of another plane the relay asks where the partner's link is: what the way between the two
planes loses is missed there, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf

from relay.media.downlink import Downlink
from relay.media.far import Far
from relay.media.feedback import rtcp
from relay.media.flow import Flow
from relay.media.keyframes import KeyframeRequests
from relay.media.link import Link
from relay.media.packets.gaps import EARLIEST_S
from relay.media.packets.rtp import NUMBER
from relay.media.paths.transport import SLOT_BYTES
from relay.media.route import Route
from relay.media.stream import Way
from relay.media.translation import Translation
from relay.media.verdict import Verdict
from relay.srtp import srtp_ffi, srtp_lib


class Repairs:
    """Those of one plane."""

    def __init__(self, keyframes: KeyframeRequests, drops: Counter[str]) -> None:
        """:param drops: where what is not sent again is counted."""
        self.asked = 0
        """Requests for packets that did not come; each may be for several."""
        self.counts: Counter[str] = Counter(repeated=0, restored=0, given_up=0)
        """Packets: see :class:`relay.plane.PlaneStats`."""
        self.due_at = inf
        """When :meth:`look` has something to do, in seconds of the plane's clock."""
        self.wake: Callable[[float], None] = lambda _: None
        """Has :meth:`look` called in so many seconds, should no packet come until then."""
        self._keyframes, self._drops = keyframes, drops
        self._ends: dict[Link | Far, None] = {}
        """Whose packets did not all come."""
        self._size = srtp_ffi.new("int *")
        self._slot = srtp_ffi.new("unsigned char[]", SLOT_BYTES)
        self._view = memoryview(srtp_ffi.buffer(self._slot))

    # down

    def repeat(self, link: Link, asked: Translation) -> None:
        """Send a user what it has asked for."""
        self.counts["repeated"] += asked.repeated
        if asked.over_budget:
            self._drops["repairs_over_budget"] += asked.over_budget
        for packet in asked.repeats:
            link.send(packet)
        for packet in asked.retransmissions:
            self._send(link.downlink, packet)

    def _send(self, downlink: Downlink, packet: bytes) -> bytes:
        """Encrypt and send a packet of the relay's own; returns what was sent, if it was."""
        size = self._size
        self._view[: len(packet)] = packet
        size[0] = len(packet)
        if srtp_lib.srtp_protect(downlink.tx, self._slot, size):
            self._drops["encryption"] += 1
            return b""
        sealed = bytes(self._view[: size[0]])
        downlink.send(sealed)
        return sealed

    # up

    def came(self, end: Link | Far, route: Way, verdict: Verdict, now: float) -> int:
        """Note a user's packet that goes out and repairs something, or had more than its own in it.

        :param verdict: on the packet.
        :param now: seconds of the plane's clock.
        :returns: by how many bytes it has become shorter.
        """
        if verdict is Verdict.UNWRAPPED:
            return self._unwrapped(end, route, now)
        self.counts["restored"] += 1
        return NUMBER.size if verdict is Verdict.RESTORED else 0

    def _unwrapped(self, end: Link | Far, route: Way, now: float) -> int:
        """Send what was in a packet beside its own, and did not come by itself."""
        cut, verdict, fills, over_budget = route.unwrapped
        if over_budget:
            self._drops["repairs_over_budget"] += over_budget
        flow = end.uplink.flow
        if isinstance(flow, Flow):
            for packet in fills:
                self._fill(flow.downlink, route, packet, now)
        if verdict is Verdict.AHEAD:
            self.miss(end, now)
        elif verdict is Verdict.ANSWER:
            self.counts["restored"] += 1
        return cut

    def _fill(self, downlink: Downlink, route: Way, packet: bytes, now: float) -> None:
        """Send what fills a gap."""
        sealed = self._send(downlink, packet)
        if not sealed:
            route.dropped(len(packet))
            return
        if route.sealed is not None:
            (number,) = NUMBER.unpack_from(sealed, NUMBER.size)
            route.sealed.keep(number, memoryview(sealed), 0, len(sealed), now)
        self.counts["restored"] += 1

    def miss(self, end: Link | Far, now: float) -> None:
        """Note that something of a user's did not come.

        :param now: seconds of the plane's clock.
        """
        self._ends[end] = None
        flow = end.uplink.flow
        if isinstance(flow, Flow):
            self._await(_due_at(flow), now)

    def look(self, now: float) -> None:
        """Ask for what is due, and give up what has been waited for too long.

        :param now: seconds of the plane's clock.
        """
        if now < self.due_at:
            return
        self.due_at, due_at = inf, inf
        for end in list(self._ends):
            flow = end.uplink.flow
            if not isinstance(flow, Flow) or end.downlink.tx is None:
                del self._ends[end]
                continue
            for route in flow.routes.values():
                if route.gaps is not None and route.gaps.due_at <= now:
                    self._ask(end, route, now)
            ends_due_at = _due_at(flow)
            if ends_due_at == inf:
                del self._ends[end]
            due_at = min(due_at, ends_due_at)
        if due_at < inf:
            self._await(due_at, now)

    def _ask(self, end: Link | Far, route: Route, now: float) -> None:
        """Do for one stream what is due."""
        gaps, source, sender = route.gaps, route.source, end.downlink
        if gaps is None or source is None:
            return
        asked, given_up = gaps.due(now, sender.round_trip_s)
        self.counts["given_up"] += len(given_up)
        if any(route.settle(number) for number in given_up):
            self._keyframes.request(sender, route, now)
        elif asked:
            self.asked += 1
            source.nacks += 1
            source.asked += len(asked)
            request = rtcp.nack(sender.reporter, source.ssrc, asked)
            sender.send_rtcp(rtcp.compound([request], sender.reporter))

    def _await(self, due_at: float, now: float) -> None:
        """Have it looked again, but not too often."""
        due_at = max(due_at, now + EARLIEST_S)
        if due_at < self.due_at:
            self.due_at = due_at
            self.wake(due_at - now)


def _due_at(flow: Flow) -> float:
    """When something is due on one of the routes."""
    return min(
        (route.gaps.due_at for route in flow.routes.values() if route.gaps is not None), default=inf
    )
