"""Why a user's link does not come up: one cause, from what its two ends have seen. Decisions only.

``CAUSES`` is read from above; the first row whose condition holds has the cause. The server's end
is a :class:`relay.plane.Trace`, the client's a ``link_report``, which plain clients do not send.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from relay.plane import PathKind, Trace
from relay.protocol.messages import LinkCause, LinkReport

HOUR_S = 3600.0

LATELY_S = 600.0
"""What has come to others so lately tells of the server's network now."""

MAX_NETWORKS = 1024
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
    """``UNREPORTED`` where the client has sent none."""
    udp_works: bool
    """Whether a link of another network has come up lately over UDP."""

    @property
    def is_turn_refused(self) -> bool:
        """Whether a TURN server has answered the client with an error, and nothing else came."""
        return any(e.scheme in _TURN and e.code != _UNREACHED for e in self.report.errors)

    @property
    def is_tcp_in_vain(self) -> bool:
        """Whether the client has tried TCP: a TURN server that has not answered, or ICE-TCP.

        Browsers say nothing of a connection that hangs, as firewalls have it.
        """
        is_unreached = any(e.scheme in _TURN and e.code == _UNREACHED for e in self.report.errors)
        can_tcp = any(each.endswith("/tcp") for each in self.report.candidate_types)
        return is_unreached or (self.trace.takes_tcp and can_tcp)

    @property
    def has_no_common_family(self) -> bool:
        """Whether the client has only IPv6 and the server has not announced any."""
        return self.report.families == ["ipv6"] and self.trace.families == ("ipv4",)

    @property
    def seen(self) -> dict[str, object]:
        """All of it that was seen, for the log."""
        trace, report = self.trace, self.report
        fields = {
            "checked": ",".join(trace.checked),
            "proven": ",".join(trace.proven),
            "dtls": trace.dtls,
            "client": report.state,
            "client_ice": report.ice_state,
            "client_dtls": report.dtls_state,
            "client_types": ",".join(report.candidate_types),
            "client_families": ",".join(report.families),
            "client_errors": ",".join(f"{each.scheme}:{each.code}" for each in report.errors),
            "round_trip_ms": report.round_trip_ms,
            "took_ms": report.took_ms,
        }
        return {name: value for name, value in fields.items() if value not in _UNSEEN}

    @property
    def is_slow(self) -> bool:
        """Whether the client has measured such a round trip."""
        return (self.report.round_trip_ms or 0) >= SLOW_MS


_TURN = ("turn", "turns")
UNREPORTED = LinkReport(state="connecting")
"""What a client is taken to have reported that has not."""

_UNSEEN = ("", "none", "new", "connecting", None)

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
    (lambda e: e.udp_works and e.is_tcp_in_vain, "tcp_blocked"),
    (lambda e: e.udp_works, "udp_blocked"),
    (lambda _: True, "server_unreachable"),
)


def cause_of(evidence: Evidence) -> LinkCause:
    """Why a link does not come up."""
    return next(cause for holds, cause in CAUSES if holds(evidence))


_Key = TypeVar("_Key")
_Table = OrderedDict[_Key, float]


class Networks:
    """Whose links came up lately over UDP, and whose did not: bounded.

    One network counts once for each cause, however often it tries. Times are seconds of one clock.
    """

    def __init__(self) -> None:
        self._over_udp: _Table[str] = OrderedDict()
        self._unreached: _Table[str] = OrderedDict()
        self._failed: _Table[tuple[str, str]] = OrderedDict()  # by cause and network

    def came_up(self, network: str, kind: PathKind, now: float) -> None:
        """Note that a link is up.

        :param network: what tells one from another, as its source.
        """
        self._unreached.pop(network, None)
        if kind == "udp":
            _note(self._over_udp, network, now)

    def failed(self, network: str, cause: str, now: float) -> None:
        """Note why a link has not come up, or that it was lost."""
        _note(self._failed, (cause, network), now)
        if cause == "server_unreachable":
            _note(self._unreached, network, now)

    def gone(self, network: str) -> None:
        """Note that somebody is not here any more, of whom nothing tells whether it comes again.

        Behind a proxy each load of the page is a network of its own, and must not count for many.
        """
        self._unreached.pop(network, None)

    def udp_works_without(self, network: str, now: float) -> bool:
        """Whether a link of anybody else has come up over UDP lately."""
        latest = reversed(self._over_udp.items())
        other = next((at for name, at in latest if name != network), None)
        return other is not None and now - other <= LATELY_S

    def of_cause(self, cause: str, now: float) -> int:
        """How many have had a link fail for it in the last hour."""
        return sum(of == cause and now - at <= HOUR_S for (of, _), at in self._failed.items())

    def unreached(self, now: float) -> int:
        """How many have lately found no way to the server, and still have none."""
        return sum(now - at <= LATELY_S for at in self._unreached.values())


def _note(table: _Table[_Key], key: _Key, now: float) -> None:
    table.pop(key, None)
    table[key] = now
    if len(table) > MAX_NETWORKS:
        table.popitem(last=False)
