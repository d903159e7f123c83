"""Which cause is found for which evidence, and what is remembered of others."""

import pytest

from relay.plane import Trace
from relay.protocol.messages import LinkCause, LinkError, LinkReport
from relay.signaling.diagnosis import (
    CAUSES,
    HOUR_S,
    LATELY_S,
    MAX_NETWORKS,
    SLOW_MS,
    UNREPORTED,
    Evidence,
    Networks,
    cause_of,
)

NOTHING = Trace(families=("ipv4",))

REFUSED = LinkReport(state="failed", errors=[LinkError(code=401, scheme="turns")])
UNREACHED = LinkReport(state="failed", errors=[LinkError(code=701, scheme="turn")])
NO_STUN = LinkReport(state="failed", errors=[LinkError(code=701, scheme="stun")])
STUN_REFUSED = LinkReport(state="failed", errors=[LinkError(code=500, scheme="stun")])
HANDSHAKE_FAILED = LinkReport(state="failed", ice_state="connected", dtls_state="failed")
SLOW = LinkReport(state="connecting", round_trip_ms=SLOW_MS)
QUICK = LinkReport(state="connecting", round_trip_ms=SLOW_MS - 1)
IPV6 = LinkReport(state="failed", families=["ipv6"])
DUAL = LinkReport(state="failed", families=["ipv4", "ipv6"])

TRIED_TCP = LinkReport(state="connecting", candidate_types=["host/udp", "host/tcp"])
NO_TCP = LinkReport(state="connecting", candidate_types=["host/udp"])

TAKES_TCP = Trace(families=("ipv4",), takes_tcp=True)
UDP = Trace(checked=("udp",))
TCP = Trace(checked=("tcp",))
TURN = Trace(checked=("turn-tls",), proven=("turn-tls",))
PROVEN = Trace(checked=("udp",), proven=("udp",))
BEGUN = Trace(checked=("udp",), proven=("udp",), dtls="begun")
UNPROVEN_BEGUN = Trace(checked=("udp",), dtls="begun")
FAILED = Trace(checked=("udp",), proven=("udp",), dtls="failed")

ROWS: list[tuple[str, Trace, LinkReport, bool, LinkCause]] = [
    ("the relay's handshake failed", FAILED, UNREPORTED, True, "dtls_failed"),
    ("the client's handshake failed", BEGUN, HANDSHAKE_FAILED, True, "dtls_failed"),
    ("an address is proven and no DTLS comes", PROVEN, QUICK, True, "dtls_failed"),
    ("the same by TURN", TURN, UNREPORTED, True, "dtls_failed"),
    ("an address is proven, far away", PROVEN, SLOW, True, "slow"),
    ("DTLS has begun", BEGUN, UNREPORTED, False, "slow"),
    ("DTLS has begun from an unproven address", UNPROVEN_BEGUN, UNREPORTED, False, "slow"),
    ("checks come from far away", UDP, SLOW, False, "slow"),
    ("checks come and answers do not arrive", UDP, QUICK, False, "udp_blocked"),
    ("checks come by TCP alone", TCP, UNREPORTED, False, "slow"),
    ("only IPv6, of which the relay has none", NOTHING, IPV6, True, "ipv6_only"),
    ("both families", NOTHING, DUAL, True, "udp_blocked"),
    ("IPv6 at both ends", Trace(families=("ipv4", "ipv6")), IPV6, True, "udp_blocked"),
    ("TURN refused", NOTHING, REFUSED, True, "turn_refused"),
    ("TURN refused, while nobody comes by UDP", NOTHING, REFUSED, False, "turn_refused"),
    ("neither UDP nor TURN", NOTHING, UNREACHED, True, "tcp_blocked"),
    ("UDP blocked, and TCP tried in vain", TAKES_TCP, TRIED_TCP, True, "tcp_blocked"),
    ("UDP blocked, and a client without TCP", TAKES_TCP, NO_TCP, True, "udp_blocked"),
    ("UDP blocked, and a relay without TCP", NOTHING, TRIED_TCP, True, "udp_blocked"),
    ("neither, and not for others", NOTHING, UNREACHED, False, "server_unreachable"),
    ("no UDP, but for others", NOTHING, UNREPORTED, True, "udp_blocked"),
    ("a STUN server that does not answer", NOTHING, NO_STUN, True, "udp_blocked"),
    ("a STUN server that refuses", NOTHING, STUN_REFUSED, True, "udp_blocked"),
    ("nothing from anybody", NOTHING, UNREPORTED, False, "server_unreachable"),
]


@pytest.mark.parametrize(
    ("trace", "report", "udp_works", "cause"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_the_cause(trace: Trace, report: LinkReport, udp_works: bool, cause: LinkCause) -> None:
    assert cause_of(Evidence(trace, report, udp_works)) == cause


def test_each_row_of_the_table_decides_something() -> None:
    evidence = [Evidence(trace, report, works) for _, trace, report, works, _ in ROWS]
    deciding = {next(i for i, (holds, _) in enumerate(CAUSES) if holds(each)) for each in evidence}
    assert deciding == set(range(len(CAUSES)))


def test_what_came_to_others_over_udp_counts_for_a_while() -> None:
    networks = Networks()
    assert not networks.udp_works_without("ann", 0.0)
    networks.came_up("ann", "udp", 0.0)
    assert not networks.udp_works_without("ann", 0.0), "it tells nothing of the others' networks"
    assert networks.udp_works_without("bob", LATELY_S)
    assert not networks.udp_works_without("bob", LATELY_S + 1)
    networks.came_up("cat", "turn-tls", 700.0)
    assert not networks.udp_works_without("bob", 700.0)
    networks.came_up("ann", "udp", 700.0)
    networks.came_up("bob", "udp", 800.0)
    assert networks.udp_works_without("bob", 800.0)


def test_networks_that_reach_nothing_are_counted_once_each_until_they_do() -> None:
    networks = Networks()
    for now in (0.0, 10.0):
        networks.failed("ann", "server_unreachable", now)
    networks.failed("bob", "server_unreachable", 20.0)
    networks.failed("cat", "udp_blocked", 20.0)
    assert networks.unreached(20.0) == 2
    networks.came_up("bob", "tcp", 30.0)
    assert networks.unreached(30.0) == 1
    assert networks.unreached(10.0 + LATELY_S + 1) == 0


def test_no_more_networks_are_remembered_than_there_is_room_for() -> None:
    networks = Networks()
    for number in range(MAX_NETWORKS + 10):
        networks.failed(str(number), "server_unreachable", 0.0)
    assert networks.unreached(0.0) == MAX_NETWORKS


def test_networks_count_once_for_each_cause_and_for_an_hour() -> None:
    networks = Networks()
    for now in range(20):
        networks.failed("ann", "udp_blocked", float(now))
    networks.failed("ann", "slow", 20.0)
    networks.failed("bob", "udp_blocked", 20.0)
    assert networks.of_cause("udp_blocked", 20.0) == 2
    assert networks.of_cause("slow", 20.0) == 1
    assert networks.of_cause("udp_blocked", 20.0 + HOUR_S) == 1
    assert networks.of_cause("udp_blocked", 21.0 + HOUR_S) == 0


def test_what_was_seen_is_told_and_what_was_not_is_left_out() -> None:
    errors = [LinkError(code=701, scheme="turn")]
    report = LinkReport(state="failed", errors=errors, took_ms=10, candidate_types=["host/udp"])
    assert Evidence(UDP, report, True).seen == {
        "checked": "udp",
        "client": "failed",
        "client_types": "host/udp",
        "client_errors": "turn:701",
        "took_ms": 10,
    }
    assert Evidence(NOTHING, UNREPORTED, False).seen == {}
