"""Bad lines: what the network does to the packets of a user, each way, by dice with a seed.

A *line* is between two users: each has an access of its own, which treats what is sent over it as
the line says, in both directions.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from ipaddress import ip_address

_SOURCE, _DESTINATION = slice(12, 16), slice(16, 20)  # of an IPv4 packet (RFC 791)


@dataclass(frozen=True, slots=True)
class Line:
    """What each direction of each access does."""

    loss: float = 0.0
    """Of all packets, each by its own dice."""
    round_trip_s: float = 0.06
    """Between the two users: a quarter of it on each access, each way."""
    burst_s: float = 0.0
    """All is lost for so long, both ways at once, ..."""
    every_s: float = math.inf
    """... again and again; the two users in turn."""
    bits_per_s: float = math.inf
    queue_s: float = 0.3
    """What would wait for longer is lost."""

    @property
    def delay_s(self) -> float:
        """On an access, one way."""
        return self.round_trip_s / 4


CLEAN = Line()


@dataclass(slots=True)
class Direction:
    """One way of one access.

    :param began_s: when the first burst begins.
    """

    line: Line
    began_s: float
    dice: random.Random
    _free_s: float = field(default=-math.inf, init=False)
    """When the last packet has gone out of the queue."""

    def arrival_s(self, size: int, now: float) -> float | None:
        """When a packet of so many bytes arrives that is sent now; None: never."""
        line = self.line
        if self.dice.random() < line.loss or (now - self.began_s) % line.every_s < line.burst_s:
            return None
        out_s = max(now, self._free_s)
        if out_s - now > line.queue_s:
            return None
        self._free_s = out_s + 8 * size / line.bits_per_s
        return self._free_s + line.delay_s


class Treatment:
    """Of the packets of two users, as :data:`tests.network.middlebox.When` wants it.

    :param now: in seconds of the same clock as the packets'.
    :param seed: the same line with the same seed throws the same dice.
    """

    def __init__(self, hosts: tuple[str, str], line: Line, now: float, seed: int) -> None:
        self._up: dict[bytes, Direction] = {}
        self._down: dict[bytes, Direction] = {}
        turn_s = line.every_s / len(hosts) if line.burst_s else 0.0
        for number, host in enumerate(hosts):
            began_s = now + number * turn_s
            for way, ways in enumerate((self._up, self._down)):
                dice = random.Random(f"{seed} {number} {way}")  # noqa: S311 - no secret
                ways[ip_address(host).packed] = Direction(line, began_s, dice)

    def __call__(self, packet: bytes, now: float) -> float | None:
        """When a packet is passed on; what is not IPv4 is not theirs, and lost."""
        if packet[0] >> 4 != 4:
            return None
        way = self._up.get(packet[_SOURCE]) or self._down.get(packet[_DESTINATION])
        return None if way is None else way.arrival_s(len(packet), now)
