"""Where what came over TCP reaches the media plane: at its own UDP port, from this machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from relay.families import from_here
from relay.media.paths.candidates import Addresses
from relay.media.paths.transport import DatagramSocket, Tunnelled

REFUSALS = (
    "evicted",
    "files",
    "forbidden",
    "full",
    "quota",
    "source",
    "unauthorized",
    "unclear",
    "worker",
)
"""Why connections for media, and requests on them, are turned away."""


@dataclass(frozen=True, slots=True)
class Landing:
    """What a tunnel has to know of a media plane that is started."""

    addresses: Addresses
    """The candidates that are announced."""
    own_address: tuple[str, int]
    """How its port is reached from this machine."""
    tunnelled: dict[tuple[str, int], Tunnelled]
    """Who is behind addresses of this machine's; tunnels write it."""
    drops: Counter[str]
    """Datagrams that went nowhere, by the reason."""
    refusals: Counter[str]
    """Connections, and requests on them, that were turned away, by the reason."""


def landing(
    socket: DatagramSocket,
    host: str,
    addresses: Addresses,
    drops: Counter[str],
    refusals: Counter[str],
) -> Landing:
    """Where tunnels lead that end at a socket.

    :param host: what the socket is bound to; ``0.0.0.0`` and ``::`` are every address.
    """
    return Landing(addresses, (from_here(host), socket.port), socket.tunnelled, drops, refusals)
