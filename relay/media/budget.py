"""What one user may cause in a second: each kind of work is paid for before it is done.

A link has a :class:`Budget` of its own, and shares what its :class:`Network` has with the other
links that come from there. What is over the budget is dropped, and counted. How the limits were
found, and what browsers really send, is told in ``docs/performance.md``.

Time is passed in, in seconds of the plane's clock.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from relay.pace import TokenBucket

RTP, RTCP, NACKS, CHECKS, DTLS = "rtp", "rtcp", "nacks", "checks", "dtls"
AUTHENTICATION = "authentication"
"""Packets that fail it."""

REASONS = {
    RTP: "rtp_over_budget",
    RTCP: "rtcp_over_budget",
    NACKS: "nacks_over_budget",
    CHECKS: "checks_over_budget",
    DTLS: "dtls_over_budget",
    AUTHENTICATION: "authentication_over_budget",
}
"""What is counted."""


class Allowance(NamedTuple):
    """How much of something is allowed."""

    per_s: float
    """In the long run."""
    at_once: float


RTP_COST = 1000
"""A packet costs its bytes and so much more, as a short one takes hardly less time than a long one.
So the allowance is 1,600 packets/s of 1,200 bytes (16 Mbit/s), or 3,300 packets/s of 100."""

RTCP_COST, MESSAGE_COST = 500, 100
"""A compound packet costs its bytes, so much more, and so much for each message inside."""

MAX_MESSAGES = 32
"""A compound packet with more messages is dropped whole; browsers put in fewer than ten."""

DTLS_COST = 500
"""A datagram of DTLS costs its bytes, so much more, and so much for each record or fragment inside,
which is owed, since their number is known when they have been looked at."""

OF_LINK = {
    RTP: Allowance(3.6e6, 0.9e6),
    RTCP: Allowance(300e3, 150e3),
    NACKS: Allowance(1000, 2000),  # numbers of packets asked for
    CHECKS: Allowance(100, 100),
    DTLS: Allowance(300e3, 600e3),
}
"""By kind, for one link."""

OF_NETWORK = {
    CHECKS: Allowance(1000, 1000),
    DTLS: Allowance(1e6, 2e6),
    AUTHENTICATION: Allowance(1000, 1000),
}
"""By kind, for all links from one network together: hundreds may sit behind one NAT."""

HANDSHAKES_OF_NETWORK = Allowance(20, 40)
HANDSHAKES_OF_ALL = Allowance(50, 25)
"""How many may begin. One takes 2 ms of CPU, in steps of at most 0.3 ms."""

MAX_NETWORKS = 4096
"""The one heard longest ago makes room for another."""

LOOKS = 100
"""The clock's latest looks at a link, ten a second, of which it is known which kinds were over."""

LONG = 50
"""A link that was over its budget at more of these looks than so many is over it for long."""

REPAIR_SHARE = 0.3
"""Of the bytes that are sent to a user, so much more may be sent again. At a loss of 15 % a sixth
is asked for once more, and some of it twice."""

REPAIRS_PER_S, REPAIRS_AT_ONCE = 2000, 16 * 1024
"""And so many bytes besides, since of little as much may be lost as of much."""

REPAIRS_FOR_SOUND = 4 * 1024
"""Which pictures leave: two seconds of sound of which a quarter is lost. On a line that is too
narrow they would take all of it."""

REPAIRS_SPAN_S = 3.0
"""Of what is sent in so long the share may be repeated at once; or :data:`REPAIRS_AT_ONCE`."""

_ALL_LOOKS = (1 << LOOKS) - 1
_LATELY = (1 << 30) - 1

FORGED_S = 1.0
"""For so long after its network had nothing left for forgeries, it is them for which is dropped."""

_AUTHENTICATED = frozenset({RTP, RTCP})
_ANYBODYS = frozenset({DTLS, AUTHENTICATION})
"""Nobody is sent away for these, which somebody else may have forged."""


class Network:
    """What all links from one address have together; of IPv6, from one /64."""

    __slots__ = ("_buckets", "handshakes")

    def __init__(self) -> None:
        self._buckets = {kind: TokenBucket(*allowed) for kind, allowed in OF_NETWORK.items()}
        self.handshakes = TokenBucket(*HANDSHAKES_OF_NETWORK)

    def pay(self, kind: str, amount: float, now: float) -> bool:
        """Pay for something; False when there is not enough left."""
        return not self._buckets[kind].take(now, amount)

    def owe(self, kind: str, amount: float) -> None:
        """See :meth:`Budget.owe`."""
        self._buckets[kind].owe(amount)


class RepairBudget:
    """What may be sent again to one user who asks for it, in bytes."""

    __slots__ = ("_earned_at", "_sent", "left")

    def __init__(self) -> None:
        self.left: float = REPAIRS_AT_ONCE
        """Below 0 for what is owed: what a packet costs is known afterwards."""
        self._sent = 0
        self._earned_at: float | None = None

    def earn(self, sent: int, now: float) -> None:
        """Follow what is sent to the user; to be called about once a second.

        :param sent: bytes so far, repeats not counted.
        :param now: seconds of the plane's clock.
        """
        before, self._earned_at = self._earned_at, now
        share, self._sent = REPAIR_SHARE * max(sent - self._sent, 0), sent
        if before is None or now <= before:
            return
        most = max(REPAIRS_AT_ONCE, share / (now - before) * REPAIRS_SPAN_S)
        self.left = min(self.left + share + REPAIRS_PER_S * (now - before), most)

    def has_room(self, *, for_picture: bool) -> bool:
        """Whether one more packet may be sent again; pictures leave something for the sound."""
        return self.left > (REPAIRS_FOR_SOUND if for_picture else 0)

    def owe(self, size: int) -> None:
        """Pay for a packet of so many bytes that is sent again."""
        self.left -= size


class Networks:
    """Those that were heard lately; a bounded table."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Network] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: Hashable) -> Network:
        """The network with this key; a new one when it is not known, or not any longer."""
        network = self._known.get(key)
        if network is None:
            network = self._known[key] = Network()
            if len(self._known) > MAX_NETWORKS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return network


class Budget:
    """One link's."""

    __slots__ = ("_buckets", "_forged_at", "_overs", "_refilled_at", "network", "rtp")

    def __init__(self, now: float) -> None:
        self.rtp = int(OF_LINK[RTP].at_once)
        """What is left for RTP: counted down with each packet, refilled by the clock.

        An integer, as taking one from a float takes Python three times as long."""
        self.network: Network | None = None
        """Where the link's address belongs to, once there is one."""
        self._buckets = {
            kind: TokenBucket(*allowed) for kind, allowed in OF_LINK.items() if kind != RTP
        }
        self._refilled_at = now
        self._forged_at = float("-inf")  # when the network last had nothing left for forgeries
        self._overs: dict[str, int] = {}  # by kind, a bit for each look, the latest the lowest

    def pay(
        self,
        kind: str,
        amount: float,
        now: float,
        drops: Counter[str],
        network: Network | None = None,
    ) -> bool:
        """Pay for anything but RTP; False when there is not enough left, and it is to be dropped.

        :param drops: where that is counted then.
        :param network: which has to pay as well.
        """
        bucket = self._buckets[kind]
        if bucket.take(now, amount):
            self.refuse(kind, now, drops)
            return False
        if network is not None and not network.pay(kind, amount, now):
            bucket.give_back(amount)
            self.refuse(kind, now, drops)
            return False
        return True

    def owe(self, kind: str, amount: float, network: Network | None = None) -> None:
        """Pay for what has been done already, and if there is not enough left with what comes."""
        self._buckets[kind].owe(amount)
        if network is not None:
            network.owe(kind, amount)

    def left(self, kind: str, now: float) -> float:
        """How much of a kind, which is not RTP, may still be paid for."""
        return self._buckets[kind].left(now)

    def forged(self, kind: str, amount: int, now: float) -> None:
        """What was paid for has failed authentication: it is the network that pays for that.

        The user need not have sent it, and so gets its own back, as long as the network can pay.
        When that cannot, no packet of this link is looked at before the clock's next look.
        """
        if self.network is not None and not self.network.pay(AUTHENTICATION, 1, now):
            self._forged_at = now
            if kind == RTP:
                self.rtp = 0
        elif kind == RTP:
            self.rtp += amount
        else:
            self._buckets[kind].give_back(amount)

    def refuse(self, kind: str, now: float, drops: Counter[str], count: int = 1) -> None:
        """Count what is dropped because of its price."""
        if kind in _AUTHENTICATED and now - self._forged_at < FORGED_S:
            kind = AUTHENTICATION
        drops[REASONS[kind]] += count
        self._overs[kind] = self._overs.get(kind, 0) | 1

    @property
    def over_lately(self) -> tuple[str, ...]:
        """The kinds that were over within the last 3 s."""
        return tuple(sorted(kind for kind, looks in self._overs.items() if looks & _LATELY))

    def look(self, now: float) -> str | None:
        """Refill; to be called by the clock, ten times a second.

        :returns: a kind that has been over for long, once in a while.
        """
        per_s, at_once = OF_LINK[RTP]
        self.rtp = int(min(at_once, self.rtp + per_s * (now - self._refilled_at)))
        self._refilled_at = now
        return self._over_for_long() if self._overs else None

    def _over_for_long(self) -> str | None:
        found = None
        for kind, looks in list(self._overs.items()):
            is_long = looks.bit_count() > LONG and kind not in _ANYBODYS
            if is_long:
                found = kind  # and told again if it goes on for as long
            self._overs[kind] = 0 if is_long else looks << 1 & _ALL_LOOKS
            if not self._overs[kind]:
                del self._overs[kind]
        return found
