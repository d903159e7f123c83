"""Why a user's link does not come up: one cause, from what its two ends have seen. Decisions only.

``CAUSES`` is read from above; the first row whose condition holds has the cause. The server's end
is a :class:`relay.plane.Trace`, the client's a ``link_report``, which plain clients do not send.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from relay.plane import PathKind, Trace
from relay.protocol.messages import LinkCause, LinkReport

LATELY_S = 600.0
"""What has come to others so lately tells of the server's network now."""

MAX_VISITORS = 1024
"""As many are remembered; the one heard longest ago makes room for another."""

SLOW_MS = 1000
"""With such a round trip ICE and DTLS do not end in time."""

_UNREACHED = 701
"""An ``icecandidateerror`` without an answer of the server's (WebRTC section 5.7.3); any other
code is what it has answered."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that there is to judge by."""

    trace: Trace
    report: LinkReport
    """An empty one where the client has sent none."""
    udp_works: bool
    """Whether a link of another visitor has come up lately over UDP."""

    @property
    def is_turn_refused(self) -> bool:
        """Whether a TURN server has answered the client with an error, and nothing else came."""
        return any(e.scheme in _TURN and e.code != _UNREACHED for e in self.report.errors)

    @property
    def is_turn_unreached(self) -> bool:
        """Whether the client has had no answer of a TURN server's."""
        return any(e.scheme in _TURN and e.code == _UNREACHED for e in self.report.errors)

    @property
    def has_no_common_family(self) -> bool:
        """Whether the client has only IPv6 and the server has not announced any."""
        return self.report.families == ["ipv6"] and self.trace.families == ("ipv4",)

    @property
    def is_slow(self) -> bool:
        """Whether the client has measured such a round trip."""
        return (self.report.round_trip_ms or 0) >= SLOW_MS


_TURN = ("turn", "turns")

CAUSES: tuple[tuple[Callable[[Evidence], bool], LinkCause], ...] = (
    (lambda e: e.trace.dtls == "failed" or e.report.dtls_state == "failed", "dtls_failed"),
    # Both ways are open; if no DTLS comes by them, something lets STUN through and it not.
    (lambda e: bool(e.trace.proven) and e.trace.dtls == "none" and not e.is_slow, "dtls_failed"),
    (lambda e: bool(e.trace.proven) or e.trace.dtls == "begun", "slow"),
    # Checks come, and what the relay sends does not.
    (lambda e: bool(e.trace.checked) and e.is_slow, "slow"),
    (lambda e: e.trace.checked == ("udp",), "udp_blocked"),
    (lambda e: bool(e.trace.checked), "slow"),
    # No check has come, by any way.
    (lambda e: e.has_no_common_family, "ipv6_only"),
    (lambda e: e.is_turn_refused, "turn_refused"),
    (lambda e: e.udp_works and e.is_turn_unreached, "tcp_blocked"),
    (lambda e: e.udp_works, "udp_blocked"),
    (lambda _: True, "server_unreachable"),
)


def cause_of(evidence: Evidence) -> LinkCause:
    """Why a link does not come up."""
    return next(cause for holds, cause in CAUSES if holds(evidence))


class Visitors:
    """Whose links came up lately over UDP, and who could not reach the server at all: bounded.

    Times are seconds of one clock.
    """

    def __init__(self) -> None:
        self._over_udp: OrderedDict[str, float] = OrderedDict()
        self._unreached: OrderedDict[str, float] = OrderedDict()

    def came_up(self, visitor: str, kind: PathKind, now: float) -> None:
        """Note that a link is up.

        :param visitor: what tells one from another, as its source.
        """
        self._unreached.pop(visitor, None)
        if kind == "udp":
            _note(self._over_udp, visitor, now)

    def failed(self, visitor: str, cause: LinkCause, now: float) -> None:
        """Note why a link has not come up."""
        if cause == "server_unreachable":
            _note(self._unreached, visitor, now)

    def udp_works_without(self, visitor: str, now: float) -> bool:
        """Whether a link of anybody else has come up over UDP lately."""
        latest = reversed(self._over_udp.items())
        other = next((at for name, at in latest if name != visitor), None)
        return other is not None and now - other <= LATELY_S

    def unreached(self, now: float) -> int:
        """How many have lately found no way to the server, and still have none."""
        return sum(now - at <= LATELY_S for at in self._unreached.values())


def _note(table: OrderedDict[str, float], visitor: str, now: float) -> None:
    table.pop(visitor, None)
    table[visitor] = now
    if len(table) > MAX_VISITORS:
        table.popitem(last=False)
