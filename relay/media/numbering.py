"""16-bit numberings that go on while their sources change.

A receiver must never notice that the source of a stream was exchanged, so sequence numbers (and
transport-wide ones) continue where the last source stopped. While a source lasts, all of its
numbers differ from the receiver's by one constant. An *extended* number counts on where the 16 bits
on the wire begin again (RFC 3550 appendix A.1).
"""

from __future__ import annotations

_NEVER = 1 << 62
"""Greater than every extended number."""


def nearest(extended: int, number: int) -> int:
    """The extended number that is nearest to ``extended`` and ends in the 16 bits of ``number``."""
    ahead = (number - extended) & 0xFFFF
    return extended + (ahead if ahead < 0x8000 else ahead - 0x10000)


class Renumbering:
    """One source's extended numbers, and the constant that makes them a receiver's."""

    __slots__ = ("first", "offset")

    def __init__(self) -> None:
        self.first = _NEVER
        """The source's number with which it began: those before it came too early to be the
        receiver's, whose numbers there are another source's."""
        self.offset = 0

    @property
    def begun(self) -> bool:
        """Whether the constant is fixed."""
        return self.first != _NEVER

    def begin(self, extended: int, last: int) -> None:
        """Make ``extended`` of the source the receiver's next number after ``last``."""
        self.first = extended
        self.offset = last + 1 - extended

    def forward(self, extended: int) -> int:
        """The receiver's 16 bits for a number of the source; -1 for one before its first."""
        return (extended + self.offset) & 0xFFFF if extended >= self.first else -1

    def backward(self, number: int, highest: int) -> int | None:
        """The source's extended number for the receiver's; None when it was another source's.

        :param number: 16 bits, as the receiver reports it.
        :param highest: the source's highest so far, which it cannot be far from.
        """
        extended = nearest(highest + self.offset, number) - self.offset
        return extended if extended >= self.first else None


class TransportNumbers(Renumbering):
    """The transport-wide numbers of one source, which are those of all its streams together."""

    __slots__ = ("_before", "_highest")

    def __init__(self, last: int) -> None:
        """:param last: the receiver's last number, extended."""
        super().__init__()
        self._before = last
        self._highest = 0

    def start(self, number: int) -> None:
        """Make the 16 bits of ``number`` the receiver's next."""
        self._highest = number
        self.begin(number, self._before)

    def pass_on(self, number: int) -> int:
        """The receiver's 16 bits for a packet's; -1 for one from before the first.

        (:func:`nearest` and :meth:`forward`, written out: it runs once a packet.)
        """
        ahead = (number - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest = extended = self._highest + ahead
        else:
            extended = self._highest + ahead - 0x10000
        return (extended + self.offset) & 0xFFFF if extended >= self.first else -1

    def original(self, number: int) -> int | None:
        """The source's number for the receiver's; None when it was another source's."""
        return self.backward(number, self._highest)

    @property
    def last(self) -> int:
        """The receiver's last number, extended."""
        return self._highest + self.offset if self.begun else self._before
