"""A bounded queue of packets between a link and whoever looks at it."""

import contextlib
from collections import deque
from collections.abc import Iterator

from relay.plane import Direction, MediaPlane, TappedPacket

MAX_PACKETS = 2048
"""What one tap holds for a consumer that is late: some 3 MB, or 5 s of a good picture."""


class PacketTap:
    """Takes copies of a user's packets; drops and counts them when nobody fetches them.

    Implements :class:`relay.plane.Tap`.

    :param one_partner: end when the user and its present partner part, so that no packet of
        another room gets in; else it ends with the user's link.
    """

    def __init__(self, *, one_partner: bool = False, max_packets: int = MAX_PACKETS) -> None:
        self.dropped = 0
        """Packets that found the queue full."""
        self.ended = False
        """Whether nothing more will come."""
        self._one_partner = one_partner
        self._max_packets = max_packets
        self._packets: deque[TappedPacket] = deque()

    def take(self, packet: TappedPacket) -> None:
        """See :class:`relay.plane.Tap`."""
        if self.ended:
            return
        if len(self._packets) < self._max_packets:
            self._packets.append(packet)
        else:
            self.dropped += 1

    def parted(self) -> None:
        """See :class:`relay.plane.Tap`."""
        self.ended = self.ended or self._one_partner

    def link_closed(self) -> None:
        """See :class:`relay.plane.Tap`; the same two may go on over another link."""
        self.ended = self.ended or not self._one_partner

    def fetch(self) -> list[TappedPacket]:
        """Everything that has come since the last time."""
        packets = list(self._packets)
        self._packets.clear()
        return packets


@contextlib.contextmanager
def tapped(
    plane: MediaPlane,
    user_id: str,
    *directions: Direction,
    partner: str | None = None,
    max_packets: int = MAX_PACKETS,
) -> Iterator[PacketTap]:
    """A tap on a user's packets for as long as the context lasts.

    :param partner: whose packets, besides the user's own, may be seen; None for everybody's.
    """
    tap = PacketTap(one_partner=partner is not None, max_packets=max_packets)
    for direction in directions:
        plane.tap(user_id, direction, tap, partner)
    try:
        yield tap
    finally:
        for direction in directions:
            plane.untap(user_id, direction, tap)
