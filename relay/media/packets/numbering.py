"""16-bit numberings that go on while their sources change.

A receiver must never notice that another stream feeds an outlet, so sequence numbers (and
transport-wide ones) continue where the last source stopped. While a source lasts, all of its
numbers differ from the receiver's by one constant. An *extended* number counts on where the 16 bits
on the wire begin again (RFC 3550 appendix A.1).
"""

from __future__ import annotations

from collections import deque

MAX_STRETCHES = 512
"""Changes of the constant that are remembered: of sound that a receiver does not number, 10 s."""

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
    """The transport-wide numbers of one sender, which are those of all its streams together.

    What the relay does not pass on leaves no gap, or the sender would be told that the network had
    lost it: the numbers behind it move up. So the constant changes now and then; the
    *stretches* in which it was the same are remembered while feedback about them may come.
    """

    __slots__ = ("_before", "_highest", "_stretches")

    def __init__(self, last: int) -> None:
        """:param last: the receiver's last number, extended."""
        super().__init__()
        self._before = last
        self._highest = 0
        self._stretches: deque[tuple[int, int]] = deque(maxlen=MAX_STRETCHES)
        """The sender's first number and the constant of each, oldest first."""

    def pass_on(self, number: int, now: float = 0.0) -> int:  # noqa: ARG002 - others use it
        """The receiver's 16 bits for a packet's; -1 when it has none.

        (:func:`nearest` and :meth:`forward`, written out: it runs once a packet.)
        """
        ahead = (number - self._highest) & 0xFFFF
        if ahead < 0x8000:
            self._highest = extended = self._highest + ahead
        else:
            extended = self._highest + ahead - 0x10000
        if extended >= self.first:
            return (extended + self.offset) & 0xFFFF
        return self._pass_late(number, extended)

    def _pass_late(self, number: int, extended: int) -> int:
        """The same for the very first packet, and for one from an earlier stretch."""
        if not self.begun:
            self._highest = number
            self.begin(number, self._before)
            self._stretches.append((self.first, self.offset))
            return (number + self.offset) & 0xFFFF
        end = self.first
        taken = end + self.offset
        for first, offset in reversed(self._stretches):
            if first <= extended < end:
                return (extended + offset) & 0xFFFF if extended + offset < taken else -1
            end, taken = first, first + offset
        return -1

    def withhold(self, number: int) -> None:
        """Note a packet that came and is not passed on, so that its number is not missed.

        One that comes late leaves its gap: the numbers behind it are in use.
        """
        ahead = (number - self._highest) & 0xFFFF
        if not self.begun or not 0 < ahead < 0x8000:
            return
        self._highest = extended = self._highest + ahead
        if extended == self.first:  # nothing has passed since the last one
            self._stretches.pop()
        self.first, self.offset = extended + 1, self.offset - 1
        self._stretches.append((self.first, self.offset))

    def extended(self, number: int) -> int:
        """The receiver's number that ends in these 16 bits and is nearest to its last."""
        return nearest(self.last, number)

    def constant(self, extended: int) -> int | None:
        """What was added to the numbers from the receiver's ``extended`` on; None if it varied."""
        return self.offset if extended >= self.first + self.offset else None

    def originals(self, extended: int, count: int) -> list[int | None]:
        """The sender's extended numbers for ``count`` of the receiver's from ``extended`` on.

        None stands for those of another sender, or of too long ago.
        """
        found: list[int | None] = [None] * count
        end = extended + count
        for first, offset in reversed(self._stretches):
            start = first + offset
            for number in range(max(start, extended), end):
                found[number - extended] = number - offset
            end = min(end, start)
            if start <= extended:
                break
        return found

    @property
    def starts_at(self) -> int:
        """The receiver's first number of this sender, extended, as far as is remembered."""
        first, offset = self._stretches[0]
        return first + offset

    @property
    def last(self) -> int:
        """The receiver's last number, extended."""
        return self._highest + self.offset if self.begun else self._before
