"""The last packets that went out on an SSRC, kept as they were sent.

For partners of whom one knows no RTX: then a repeated packet can be nothing but the same packet,
under the same number. It is kept encrypted, since SRTP encrypts no number twice.
"""

from __future__ import annotations

KEPT = 128
"""Packets: nearly a second of a browser's picture, and 150 kB."""

MAX_REPEATS = 5
"""How often one packet is sent again at most."""


class History:
    """A ring of packets by their sequence numbers."""

    __slots__ = ("_numbers", "_packets", "_repeats")

    def __init__(self) -> None:
        self._numbers = [-1] * KEPT
        self._packets = [b""] * KEPT
        self._repeats = [0] * KEPT

    def keep(self, number: int, packet: bytes) -> None:
        """Keep a packet; ``number`` is its sequence number, 16 bits."""
        place = number % KEPT
        self._numbers[place], self._packets[place], self._repeats[place] = number, packet, 0

    def has(self, number: int) -> bool:
        """Whether the packet with a sequence number is there."""
        return self._numbers[number % KEPT] == number

    def repeat(self, number: int) -> bytes | None:
        """The packet with a sequence number, if it is there and was not asked for too often."""
        place = number % KEPT
        if self._numbers[place] != number or self._repeats[place] >= MAX_REPEATS:
            return None
        self._repeats[place] += 1
        return self._packets[place]
