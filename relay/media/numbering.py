"""16-bit numberings that go on while their sources change.

A receiver must never notice that the source of a stream was exchanged, so sequence numbers (and
transport-wide ones) continue where the last source stopped. :class:`Numbering` is the receiver's
side and lives as long as its link; :class:`Renumbering` maps one source's numbers onto it and back.
"""

from __future__ import annotations


class Numbering:
    """The numbers that one receiver has seen so far."""

    __slots__ = ("last",)

    def __init__(self, first: int) -> None:
        """:param first: the number after which counting begins, 0 to 65535."""
        self.last = first
        """The highest number sent, extended: its low 16 bits are what was on the wire."""


class Renumbering:
    """One source's numbers, mapped onto a receiver's numbering by a constant offset."""

    __slots__ = ("_first", "_numbering", "begun", "offset")

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._first = 0
        self.begun = False
        self.offset = 0
        """Receiver's extended number minus the source's."""

    def begin(self, number: int) -> None:
        """Make ``number`` of the source the next of the receiver."""
        self._first = self._numbering.last + 1
        self.offset = self._first - number
        self.begun = True

    def forward(self, number: int) -> int:
        """The receiver's number for the source's next one; -1 when it falls before the beginning.

        Such a packet was sent before the one with which this source began; its place is taken.
        """
        numbering = self._numbering
        out = (number + self.offset) & 0xFFFF
        ahead = (out - numbering.last) & 0xFFFF
        if ahead < 0x8000:
            numbering.last += ahead
        elif numbering.last + ahead - 0x10000 < self._first:
            return -1
        return out

    def again(self, number: int) -> int:
        """As :meth:`forward` for a number that was sent before: nothing moves on."""
        out = (number + self.offset) & 0xFFFF
        return out if self._extend(out) >= self._first else -1

    def backward(self, number: int) -> int | None:
        """The source's extended number for the receiver's; None when it was another source's.

        :param number: 16 bits, as the receiver reports it.
        """
        extended = self._extend(number)
        if not self.begun or extended < self._first:
            return None
        return extended - self.offset

    def _extend(self, out: int) -> int:
        """The receiver's extended number that is nearest to the last and ends in ``out``."""
        last = self._numbering.last
        ahead = (out - last) & 0xFFFF
        return last + (ahead if ahead < 0x8000 else ahead - 0x10000)
