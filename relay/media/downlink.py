"""What one user receives: the SSRCs that were announced to it, and how far their numbering is.

It outlives every partner: that is why a swap needs no negotiation.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from relay.media.budget import RepairBudget
from relay.media.negotiation.description import Ssrcs
from relay.media.negotiation.sdp import KINDS, Terms
from relay.media.outlet import Outlet
from relay.plane import Tap

if TYPE_CHECKING:
    from relay.media.flow import Flow


class Downlink:
    """The outlets of one user."""

    __slots__ = (
        "_mids",
        "begins",
        "cname",
        "destination",
        "flow",
        "flowing",
        "keeps_history",
        "outlets",
        "plain",
        "repairs",
        "send",
        "send_rtcp",
        "shown",
        "taps",
        "tells",
        "terms",
        "transport_cc",
        "tx",
        "user_id",
    )

    terms: Terms
    """What the user's description says; unset before it came."""

    def __init__(self, user_id: str, send_rtcp: Callable[[bytes], None]) -> None:
        """Choose SSRCs and first numbers at random (RFC 3550 section 8.1).

        :param send_rtcp: encrypts and sends a packet of the relay's own to the user.
        """
        self.user_id = user_id
        self.send_rtcp = send_rtcp
        self.send: Callable[[bytes], None] = lambda _: None
        """Sends an encrypted packet to the user, at once."""
        self.tx: Any = None
        """The ``srtp_t`` for what goes out; None while DTLS is not done."""
        self.destination: Any = None
        """Where packets go, as the socket wants it."""
        self.flow: Flow | None = None
        """What feeds the outlets while the user is paired."""
        self.flowing = False
        """Whether the present partner's media has reached the user."""
        self.shown = False
        """Whether its picture has."""
        self.begins = False
        """Whether the next packet that goes out may be the first of either."""
        self.tells: bool | None = None
        """Whether the user gives transport-wide feedback, as it agreed to; None for unknown."""
        self.keeps_history = False
        """Whether packets that go out are kept as they are encrypted, to be sent again."""
        self.plain = False
        """Whether nothing else is to be done with a packet that goes out."""
        self.repairs = RepairBudget()
        """What the user may have sent again."""
        self.taps: tuple[Tap, ...] = ()
        """Who is shown what the user receives."""
        self.cname = secrets.token_hex(8)
        """The relay's own; a partner's is never passed on."""
        self.transport_cc = secrets.randbelow(0x7FFF)
        """The last transport-wide number, extended, when the last flow ended."""
        self._mids: dict[str, str] = {}  # by kind, the section that was the last to receive it
        numbers = _distinct(4)
        self.outlets = {
            (kind, rtx): Outlet(numbers.pop(), kind, rtx=rtx)
            for kind in KINDS
            for rtx in (False, True)
        }

    def agree(self, terms: Terms) -> list[int]:
        """Take the terms of a first or a later negotiation.

        What is received in another section than before is another track, and has SSRCs of its own:
        Firefox shows nothing of one that it knows from a section that was stopped.

        :returns: the SSRCs that are used no longer.
        """
        self.terms = terms
        former = []
        for kind, media in terms.receiving.items():
            if self._mids.setdefault(kind, media.mid) != media.mid:
                self._mids[kind] = media.mid
                former += [self.outlets[kind, rtx].ssrc for rtx in (False, True)]
                fresh = _distinct(2, {outlet.ssrc for outlet in self.outlets.values()})
                for rtx in (False, True):
                    self.outlets[kind, rtx] = Outlet(fresh.pop(), kind, rtx=rtx)
        return former

    def ssrcs(self, kind: str) -> Ssrcs:
        """What is announced for ``kind``."""
        return Ssrcs(self.outlets[kind, False].ssrc, self.outlets[kind, True].ssrc)

    @property
    def round_trip_s(self) -> float | None:
        """As last measured with any of the outlets: they all go the same way."""
        measured = [
            (outlet.reception.measured_at, outlet.reception.round_trip_s)
            for outlet in self.outlets.values()
            if outlet.reception.round_trip_s is not None
        ]
        return max(measured)[1] if measured else None

    @property
    def reporter(self) -> int:
        """The SSRC in whose name the relay sends feedback to this user."""
        return self.outlets["video", False].ssrc


def _distinct(count: int, taken: Collection[int] = ()) -> list[int]:
    numbers: set[int] = set()
    while len(numbers) < count:
        number = 1 + secrets.randbelow(0xFFFFFFFE)
        if number not in taken:
            numbers.add(number)
    return list(numbers)
