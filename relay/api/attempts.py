"""How often a wrong token may be tried: decisions only, time passed in.

Each network may fail ``BURST`` times and then once per ``REFILL_S``. A network is an IPv4 address,
or the first 64 bits of an IPv6 one, since whoever has one of those has them all.
"""

import ipaddress

from relay.pace import TokenBucket

BURST = 5
REFILL_S = 5.0
MAX_NETWORKS = 1000
"""How many networks that failed are remembered; the one that failed longest ago is forgotten."""


class Attempts:
    """Remembers who has failed, and for how long they have to wait."""

    def __init__(self) -> None:
        self._paces: dict[str, TokenBucket] = {}  # the latest failure is last

    def wait_s(self, address: str | None, now: float) -> float:
        """How long an address has to wait before it may try again; 0 when it may now."""
        pace = self._paces.get(_network(address))
        return pace.wait_s(now) if pace is not None else 0.0

    def failed(self, address: str | None, now: float) -> None:
        """Take note that an address, which had not to wait, has shown a wrong token."""
        network = _network(address)
        pace = self._paces.pop(network, None) or TokenBucket(1 / REFILL_S, BURST)
        pace.take(now)
        self._paces[network] = pace
        if len(self._paces) > MAX_NETWORKS:
            del self._paces[next(iter(self._paces))]

    def succeeded(self, address: str | None) -> None:
        """Forgive an address that has shown the right one."""
        self._paces.pop(_network(address), None)


def _network(address: str | None) -> str:
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""  # no address, as with a Unix socket
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
