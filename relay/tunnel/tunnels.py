"""All tunnels of one process: they lead to the media plane that this process has."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from relay.media.paths.landing import Landing
from relay.media.paths.transport import Tunnelled
from relay.source import bounded_source_of
from relay.ticking import Ticking
from relay.tunnel.batch import Batch
from relay.tunnel.credentials import Closed
from relay.tunnel.dialects import Dialect, IceTcp, TurnTcp
from relay.tunnel.handover import Granted, Handover
from relay.tunnel.stun import Address
from relay.tunnel.tunnel import Tunnel
from relay.tunnel.turn import Turn

MAX_TUNNELS = 4096
"""In one process; each has at least two descriptors."""

MAX_OF_SOURCE = 128
"""Of one public address, whole offices behind a NAT among them; of IPv6 of one /64."""

ANSWER_S = 10.0
"""A connection without an allocation, to which the media plane says nothing for so long, ends."""

IDLE_S = 30.0
"""One on which the media plane has said nothing any more: its link has gone."""

_TICK_S = 1.0


class Tunnels:
    """The table; :meth:`close` it."""

    def __init__(self, landing: Landing, clock: Callable[[], float] = time.monotonic) -> None:
        self.refusals = landing.refusals
        """See :class:`relay.tunnel.arrival.Host`; those of this process."""
        self._landing, self._clock = landing, clock
        self._batch = Batch()
        self._sources: dict[Tunnel, tuple[str, str]] = {}  # its source and its kind
        self._by_source: Counter[str] = Counter()
        self._ticking = Ticking("tunnels", _TICK_S, self.look, lambda: bool(self._sources))

    def __len__(self) -> int:
        return len(self._sources)

    def close(self) -> None:
        """End all of them."""
        self._ticking.stop()
        for tunnel in list(self._sources):
            tunnel.close()

    def addresses(self) -> Mapping[Address, int]:
        """The addresses that lead here, and to which worker that is."""
        return dict.fromkeys(self._landing.addresses, 0)

    def counts(self) -> Counter[str]:
        """How many there are, by kind."""
        return Counter(kind for _, kind in self._sources.values())

    def take(self, _worker: int, handover: Handover, connected: socket.socket) -> None:
        """Make a tunnel of a connection, which is closed when that cannot be.

        :param connected: belongs to the tunnels from now on.
        """
        source = bounded_source_of(handover.remote[0])
        refusal = self._refusal(source)
        if refusal is not None:
            self.refusals[refusal] += 1
            connected.close()
            return
        tunnel = Tunnel(
            connected,
            self._dialect(handover),
            self._batch,
            partial(self._connect, handover),
            self._landing.drops,
            self._clock,
            self._ended,
        )
        self._sources[tunnel] = source, handover.kind
        self._by_source[source] += 1
        self._ticking.wake()
        tunnel.begin(handover.first, handover.unsent)

    def look(self) -> None:
        """End those that are of no use; to be called once a second."""
        now = self._clock()
        for tunnel in list(self._sources):
            tunnel.look(now, ANSWER_S, IDLE_S)

    def _refusal(self, source: str) -> str | None:
        if source and self._by_source[source] >= MAX_OF_SOURCE:
            return "source"
        if len(self._sources) >= MAX_TUNNELS and not self._evict():
            return "full"
        return None

    def _evict(self) -> bool:
        """End the oldest to which the media plane has said nothing yet, if there is one.

        Whoever knows no link can fill the table for a moment, and no longer.
        """
        strangers = (each for each in self._sources if each.heard_at is None)
        oldest = next(strangers, None)
        if oldest is None:
            return False
        self.refusals["evicted"] += 1
        oldest.close()
        return True

    def _dialect(self, handover: Handover) -> Dialect:
        granted = handover.granted
        if granted is None:
            return IceTcp(self._landing.own_address)
        return TurnTcp(self._turn(handover, granted))

    def _turn(self, handover: Handover, granted: Granted) -> Turn:
        now = self._clock()
        gate = Closed(granted.realm)
        allocation = granted.allocation(now)
        own = self._landing.addresses
        return Turn(gate, handover.remote, own, now, self.refusals, allocation, granted.nonce)

    def _connect(self, handover: Handover) -> socket.socket:
        """A socket whose datagrams the plane takes for the user's.

        :raises OSError: when there is no descriptor left.
        """
        host, port = self._landing.own_address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        leg = socket.socket(family, socket.SOCK_DGRAM)
        try:
            leg.setblocking(False)
            leg.connect((host, port))
            near: Address = leg.getsockname()[:2]
        except OSError:
            leg.close()
            self.refusals["files"] += 1
            raise
        granted = handover.granted
        reflexive = handover.remote if granted is None else granted.relayed
        self._landing.tunnelled[near] = Tunnelled(handover.kind, handover.remote, reflexive)
        return leg

    def _ended(self, tunnel: Tunnel) -> None:
        source, _ = self._sources.pop(tunnel)
        self._by_source[source] -= 1
        if not self._by_source[source]:
            del self._by_source[source]
        for leg in tunnel.legs.values():
            self._landing.tunnelled.pop(leg.getsockname()[:2], None)
