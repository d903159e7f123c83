"""The last packets that went out on an SSRC, in a ring of bytes.

A packet is copied into it once and overwritten when its room is needed; nothing is allocated for
it but its entry in a table of a fixed size. The ring is as large as what is sent in :data:`KEPT_S`
needs: it begins small, and the plane's clock has it grow (:meth:`History.fit`), up to a bound.
"""

from __future__ import annotations

KEPT_S = 1.0
"""What was sent longer ago is of no use: no browser waits for it so long."""

MAX_REPEATS = 10
"""How often one packet is sent again, or refused, at most; a browser asks for it as often."""

ON_TIME = 0.75
"""A packet that was sent within so much of a round trip is not sent again: who asks for it cannot
know yet that it was lost. The rest is for what one round trip is shorter than another."""

UNDER_WAY = 1.25
"""A repeat that was sent within so many round trips may still arrive: the last quarter is for what
one round trip is longer than another."""

_Entry = tuple[int, int, int, float] | tuple[int, int, int, float, float, int]
"""Where a packet is, its size, its number, and when it was sent first; of one that was sent again
also when that was last, and how often it was asked for."""


class History:
    """A ring of packets, found by their sequence numbers."""

    __slots__ = (
        "_base",
        "_entries",
        "_floor",
        "_lap_at",
        "_mask",
        "_most",
        "_next",
        "_ring",
        "is_short",
    )

    def __init__(self, at_first: int, most: int, packets: int) -> None:
        """Make an empty one.

        :param at_first: bytes of its ring, and ``most`` to how many it may grow.
        :param packets: how many it has at most, a power of two.
        """
        self._ring = memoryview(bytearray(at_first))
        self._most = most
        self._entries: list[_Entry | None] = [None] * packets
        self._mask = packets - 1
        self._base = self._next = 0
        """Where the ring's present lap begins, and where the next packet is to be: of all bytes so
        far, those included that were left out before the ring's end."""
        self._floor = 0
        """What was written before is not there any more, though there would be room for it."""
        self._lap_at = float("-inf")
        """When the present lap began."""
        self.is_short = False
        """Whether what was sent within :data:`KEPT_S` had no room in the last lap."""

    def __len__(self) -> int:
        """How many bytes the ring has."""
        return len(self._ring)

    def keep(self, number: int, view: memoryview, at: int, end: int, now: float) -> None:
        """Keep the packet ``view[at:end]``, which is sent now.

        :param number: its sequence number, 16 bits.
        :param now: seconds of the plane's clock.
        """
        where, size = self._next, end - at
        place = where - self._base
        try:
            self._ring[place : place + size] = view[at:end]
        except ValueError:  # there is no room before the end; asking first takes longer
            where = self._lap(now)
            self._ring[:size] = view[at:end]
        self._entries[number & self._mask] = where, size, number, now
        self._next = where + size

    def _lap(self, now: float) -> int:
        """Begin at the ring's beginning again; returns where that is."""
        self.is_short = now - self._lap_at < KEPT_S
        self._lap_at = now
        self._base += len(self._ring)
        return self._base

    def has(self, number: int, now: float) -> bool:
        """Whether the packet with a sequence number may still be sent again: see :meth:`repeat`."""
        return self._find(number, now) is not None

    def is_under_way(self, number: int, now: float, round_trip_s: float | None) -> bool:
        """Whether a packet, which may be there no more, was sent again so lately that it may come.

        :param round_trip_s: between the relay and who asks; None while it is not known.
        """
        entry = self._entries[number & self._mask]
        if entry is None or entry[2] != number or len(entry) == 4 or round_trip_s is None:
            return False
        return entry[4] > entry[3] and now - entry[4] < UNDER_WAY * round_trip_s

    def refuse(self, number: int, now: float) -> None:
        """Note that a packet was asked for and is not sent again, as that would cost too much."""
        entry = self._find(number, now)
        if entry is not None:
            self._entries[number & self._mask] = *entry[:5], entry[5] + 1

    def is_fresh(self, number: int, now: float) -> bool:
        """Whether the packet with a sequence number may be sent again, and was not yet."""
        entry = self._find(number, now)
        return entry is not None and entry[4] == entry[3]

    def repeat(self, number: int, now: float, round_trip_s: float | None) -> bytes | None:
        """A packet that is to be sent again.

        :param number: its sequence number, 16 bits.
        :param now: seconds of the plane's clock.
        :param round_trip_s: between the relay and who asks; None while it is not known.
        :returns: nothing when it has been sent so lately that it may still arrive; None when it is
            not there, too old, or was asked for too often.
        """
        entry = self._find(number, now)
        if entry is None:
            return None
        where, size, _, first_at, last_at, repeats = entry
        if round_trip_s is not None and now - last_at < ON_TIME * round_trip_s:
            return b""
        again = where, size, number, first_at, now, repeats + 1
        self._entries[number & self._mask] = again
        place = where - self._base
        place += len(self._ring) if place < 0 else 0
        return bytes(self._ring[place : place + size])

    def fit(self) -> None:
        """Grow if it is too short, as far as it may; to be called by the clock."""
        size = len(self._ring)
        if not self.is_short or size >= self._most:
            return
        self.is_short = False
        grown = memoryview(bytearray(min(2 * size, self._most)))
        head = self._next - self._base
        if size + head <= len(grown):
            grown[head:size] = self._ring[head:]  # of the lap before
            grown[size : size + head] = self._ring[:head]
            self._floor = max(self._floor, self._next - size)
            self._base -= size
        else:
            grown[:head] = self._ring[:head]
            self._floor = self._base
        self._ring = grown

    def _find(self, number: int, now: float) -> tuple[int, int, int, float, float, int] | None:
        """The entry of a packet that is still there, and may be sent again."""
        entry = self._entries[number & self._mask]
        if entry is None or entry[2] != number or now - entry[3] > KEPT_S:
            return None
        if entry[0] < max(self._floor, self._next - len(self._ring)):
            return None
        if len(entry) == 4:
            return *entry, entry[3], 0
        return entry if entry[5] < MAX_REPEATS else None
