"""What one user is told of the packets that it numbered transport-wide.

Whoever agreed to number its packets steers its bit rate by this feedback alone, and starves without
it (draft-holmer-rmcat-transport-wide-cc-extensions-01). Where the partner gives it, that is passed
on, about the user's own numbers and on the relay's clock; where not, the relay tells what arrived
here. What came to the relay and was not passed on is never told as lost.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator
from itertools import islice

from relay.media.feedback import rtcp
from relay.media.packets.numbering import TransportNumbers, nearest
from relay.serial import distance
from relay.transport_cc import (
    CLOCK_MASK,
    MAX_STATUSES,
    TICKS_PER_S,
    Feedback,
    first_arrival,
    moved,
    read,
    survey,
    write,
)

MAX_UNSEEN = 1000
"""Packets that the relay has to tell of; it does so ten times a second."""

MAX_GAP = 500
"""Numbers missing in a row that are told as lost; beyond, the sender has begun anew."""

MAX_PACKETS = 32
"""So much feedback is given at a time; a browser's numbers need one packet, or a few."""

SPARSE = 10
"""When fewer than one number in so many came, nothing is told of the others: no browser loses so
much, and telling takes time for each number."""

QUIET_S = 0.5
"""When a partner has been shown no numbered packet for so long, the relay tells of the others."""

MAX_AGE_TICKS = 2 * TICKS_PER_S
"""What came longer ago is told no more."""

LEAP_TICKS = 4 * TICKS_PER_S
"""By so much the clock leaps when somebody else's arrival times follow: over another path, so that
they must not be compared. A leap of 3 s makes libwebrtc's estimate of delays start anew."""

_TOLERANCE_TICKS = TICKS_PER_S // 2  # feedback that was overtaken on its way


class TransportFeedback:
    """One user's: whose arrival times it is told, and what the relay itself has to tell."""

    __slots__ = (
        "_ahead",
        "_count",
        "_latest",
        "_origin",
        "_passed",
        "_passed_at",
        "_shift",
        "_told",
        "_unseen",
    )

    def __init__(self) -> None:
        self._count = secrets.randbits(8)
        self._ahead = secrets.randbits(32)
        """Ticks by which the clock that the user is told of is ahead of the plane's."""
        self._origin: object | None = None
        """Whose arrival times were told last: a partner's, by its numbering, another plane's, by
        where they come from, or this plane's own."""
        self._shift = self._ahead
        """What is added to the origin's arrival times."""
        self._latest = 0
        """The origin's last arrival time."""
        self._unseen: deque[tuple[int, int]] = deque(maxlen=MAX_UNSEEN)
        """Number and arrival of what the partner was not shown."""
        self._told: int | None = None
        """The highest number that the relay has told of, extended."""
        self._passed = 0
        """The partner's last number at the last look, and since when it has not changed."""
        self._passed_at = float("-inf")

    @property
    def has_news(self) -> bool:
        """Whether the relay may have to tell of something."""
        return bool(self._unseen)

    def unseen(self, number: int, now: float) -> None:
        """Note a packet that arrived, and of which the partner can tell nothing."""
        self._unseen.append((number, int(now * TICKS_PER_S)))

    def translate(
        self, packet: bytes, numbers: TransportNumbers, now: float, ssrcs: tuple[int, int]
    ) -> bytes | None:
        """The partner's feedback as the user is to have it.

        :param packet: the whole RTCP packet; ``numbers`` what the partner was shown.
        :param now: seconds of the plane's clock.
        :param ssrcs: of who sends it to the user, and of the user's media.
        :returns: nothing when it concerns a partner before; None when it cannot be true.
        :raises MalformedPacket: when a count or a length does not fit.
        """
        layout = survey(packet)
        if not numbers.begun:
            return b""
        first = numbers.extended(layout.base)
        if first + layout.statuses - 1 > numbers.last:
            return None  # never sent
        if first + layout.statuses <= numbers.starts_at:
            return b""
        arrival = first_arrival(packet, layout)
        if self._origin is not numbers:
            self._follow(numbers, now, arrival)
            self._latest = arrival
        elif layout.first_delta_at and distance(self._latest, arrival) < -_TOLERANCE_TICKS:
            return None  # time does not go backward
        if layout.first_delta_at:
            self._latest = arrival
        offset = numbers.constant(first)
        if offset is None:
            return self._rebuilt(packet, numbers, first, ssrcs)
        self._forget((first + layout.statuses - 1 - offset) & 0xFFFF)
        self._count += 1
        return moved(
            packet, layout, base=first - offset, ticks=self._shift, count=self._count, ssrcs=ssrcs
        )

    def relayed(self, packet: bytes, origin: object, now: float) -> bytes:
        """Feedback that another plane has made, about the user's own numbers, on this clock.

        :param packet: the whole RTCP packet.
        :param origin: what stands for the other plane and its present partner for the user.
        :param now: seconds of the plane's clock.
        :raises MalformedPacket: when a count or a length does not fit.
        """
        layout = survey(packet)
        arrival = first_arrival(packet, layout)
        if self._origin is not origin:
            self._follow(origin, now, arrival)
        leapt = distance(int(now * TICKS_PER_S) + self._ahead, arrival + self._shift)
        self._ahead += max(leapt, 0)  # as the other plane's does when it follows somebody else
        self._count += 1
        return moved(
            packet,
            layout,
            base=layout.base,
            ticks=self._shift,
            count=self._count,
            ssrcs=rtcp.FEEDBACK.unpack_from(packet),
        )

    def made(
        self, numbers: TransportNumbers | None, now: float, ssrcs: tuple[int, int]
    ) -> Iterator[bytes]:
        """The relay's own feedback, when it is due; to be asked for ten times a second.

        :param numbers: what the partner is shown of this user's numbers; None for nothing.
        :param now: seconds of the plane's clock.
        :param ssrcs: of who sends it to the user, and of the user's media.
        """
        if not self._unseen or (numbers is not None and not self._is_quiet(numbers, now)):
            return
        while now * TICKS_PER_S - self._unseen[0][1] > MAX_AGE_TICKS and len(self._unseen) > 1:
            self._unseen.popleft()
        if self._origin is not None:
            self._follow(None, now)
        near = self._unseen[0][0] if self._told is None else self._told
        came = {nearest(near, number): ticks for number, ticks in self._unseen}
        self._unseen.clear()
        numbers_came = sorted(came)
        dense = numbers_came[-1] - numbers_came[0] <= SPARSE * len(came)
        ranges = _ranges(numbers_came, self._told, whole=numbers is None and dense)
        for base, end in islice(ranges, MAX_PACKETS):
            arrivals = tuple(
                None if number not in came else came[number] + self._shift & CLOCK_MASK
                for number in range(base, end)
            )
            self._count += 1
            yield write(Feedback(base & 0xFFFF, arrivals, self._count & 0xFF), *ssrcs)
        self._told = max(came) if self._told is None else max(self._told, *came)

    def _is_quiet(self, numbers: TransportNumbers, now: float) -> bool:
        """Whether the partner has been shown no numbered packet for a while."""
        if numbers.last != self._passed:
            self._passed, self._passed_at = numbers.last, now
        return now - self._passed_at >= QUIET_S

    def _follow(self, origin: object | None, now: float, arrival: int = 0) -> None:
        """Tell somebody else's arrival times from now on."""
        self._origin = origin
        self._ahead += LEAP_TICKS
        ours = int(now * TICKS_PER_S) + self._ahead
        self._shift = self._ahead if origin is None else ours - arrival
        self._told = None

    def _forget(self, number: int) -> None:
        """Let go of what was noted up to a number, 16 bits, of which has been told now."""
        unseen = self._unseen
        while unseen and number - unseen[0][0] & 0xFFFF < 0x8000:
            unseen.popleft()

    def _rebuilt(
        self, packet: bytes, numbers: TransportNumbers, first: int, ssrcs: tuple[int, int]
    ) -> bytes | None:
        """Feedback over more than one stretch: what was withheld in between came, too."""
        told = read(packet)
        arrivals: list[int | None] = []
        base = following = 0
        ticks = next((each for each in told.arrivals if each is not None), 0)
        originals = numbers.originals(first, len(told.arrivals))
        for number, arrival in zip(originals, told.arrivals, strict=True):
            if number is None:
                ticks = ticks if arrival is None else arrival
                continue
            if not arrivals or number - following > MAX_GAP:
                arrivals, base = [], number
            else:
                arrivals += [ticks] * (number - following)
            ticks = ticks if arrival is None else arrival
            arrivals.append(arrival)
            following = number + 1
        if not 0 < len(arrivals) <= MAX_STATUSES:
            return None
        self._forget(following - 1 & 0xFFFF)
        self._count += 1
        shifted = tuple(None if t is None else t + self._shift & CLOCK_MASK for t in arrivals)
        try:
            return write(Feedback(base & 0xFFFF, shifted, self._count & 0xFF), *ssrcs)
        except ValueError:  # hours between two packets
            return None


def _ranges(numbers: list[int], told: int | None, *, whole: bool) -> Iterator[tuple[int, int]]:
    """The ranges of which feedback is to be given: (first, one behind the last).

    :param numbers: those that came, in order, extended.
    :param told: up to where it has been given; what comes later than that gets its own.
    :param whole: whether those that did not come are missing; else others tell of them.
    """
    start: int | None = None
    end = 0
    if whole and told is not None and 0 < numbers[-1] - told <= MAX_GAP:
        start = end = told + 1
    for number in numbers:
        late = told is not None and number <= told
        if late:
            yield number, number + 1
        elif start is None:
            start, end = number, number + 1
        elif number - end > (MAX_GAP if whole else 0) or number - start >= MAX_STATUSES:
            if end > start:
                yield start, end
            start, end = number, number + 1
        else:
            end = number + 1
    if start is not None and end > start:
        yield start, end
