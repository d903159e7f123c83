"""Packets, for whoever looks into a call."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class Direction(StrEnum):
    """Which way a track goes, seen from its user."""

    UP = "up"  # the user sends it
    DOWN = "down"  # the user receives it


class TappedPacket(NamedTuple):
    """An RTP packet on a user's link, decrypted."""

    direction: Direction
    """Up: as the user sent it. Down: as it goes out to the user."""
    kind: str
    is_repair: bool
    """Whether it is a retransmission (RTX)."""
    at_s: float
    """When it came, in seconds of the plane's clock."""
    data: bytes
    """Header and payload."""


class Tap(Protocol):
    """Whoever looks at a user's packets; called on the event loop's thread, must not wait."""

    def take(self, packet: TappedPacket) -> None:
        """One packet passes."""

    def parted(self) -> None:
        """The user and its partner have parted; what passes later is of another room."""

    def link_closed(self) -> None:
        """The user's link is gone; what passes later is of another link."""


class Taps(Protocol):
    """Shows what passes."""

    def tap(self, user_id: str, direction: Direction, tap: Tap, partner: str | None = None) -> None:
        """Show every RTP packet that the user sends or receives, until :meth:`untap`.

        Packets pass while the user has a partner. Those that cannot be read are not shown.

        :param partner: who it has to be; when it is another one already, the tap is told at once
            that the two have parted.
        """

    def untap(self, user_id: str, direction: Direction, tap: Tap) -> None:
        """End it; harmless when it is none."""

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """Ask whoever sends the picture for a key frame; at most every 0.3 s, without a promise."""
