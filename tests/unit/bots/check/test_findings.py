"""What is wrong, in words."""

from __future__ import annotations

import json

from relay.bots.check.attempt import Tried
from relay.bots.check.findings import Found, WebSocketTimes
from relay.bots.check.probe import Measured
from relay.bots.check.ways import Kind, Turn, Way

HERE, THERE, PORT, TCP_PORT = "192.0.2.1", "203.0.113.9", 7882, 443
TURN = Turn(("chat.example.org", 443), is_secure=True, username="", credential="")


def way(kind: Kind, host: str = HERE) -> Way:
    if kind in ("turn-tcp", "turn-tls"):
        return Way(kind, None, ((host, PORT),), TURN)
    port = PORT if kind == "udp" else TCP_PORT
    return Way(kind, "ipv6" if ":" in host else "ipv4", ((host, port),))


def works(kind: Kind, host: str = HERE, lost: int = 0) -> Tried:
    return Tried(way(kind, host), 0.1, Measured(100, lost, 20.0, 30.0))


def fails(
    kind: Kind, host: str = HERE, reason: str = "no answer", up_s: float | None = None
) -> Tried:
    return Tried(way(kind, host), up_s, None, reason)


def found(*tried: Tried, media_mode: str = "relay") -> Found:
    times = WebSocketTimes(30.0, 10.0, 1.0)
    return Found("wss://chat.example.org/ws", HERE, media_mode, times, list(tried))


def causes(each: Found) -> list[str]:
    return [problem.cause for problem in each.problems()]


def test_all_is_well() -> None:
    made = found(works("udp"), works("tcp"), works("turn-tls"))
    assert not made.is_bad
    assert made.verdict() == (
        "All that the server announces works from here: UDP (IPv4), TCP (IPv4) and TURN (TLS)."
    )
    lossy = found(works("udp", lost=5))
    assert not lossy.is_bad
    assert "UDP (IPv4) loses 5.0% of packets there and back" in lossy.verdict()


def test_what_will_be_wrong_soon_and_what_browsers_do_not_like_is_told() -> None:
    made = found(works("udp"))
    made.certificate_days = 14
    assert "certificate" not in made.verdict()
    made.certificate_days = 3
    assert "; its certificate ends in 3 days: renew it." in made.verdict()
    made.url, made.certificate_days = "ws://chat.example.org/ws", None
    assert "no TLS, so browsers give it no camera" in made.verdict()
    made.server_host = "::1"
    assert "TLS" not in made.verdict()
    assert not made.is_bad


def test_udp_that_is_blocked() -> None:
    made = found(fails("udp"), works("tcp"), works("turn-tls"))
    assert (made.is_bad, causes(made)) == (True, ["udp_blocked"])
    assert made.verdict() == (
        "UDP is blocked on the way to 192.0.2.1:7882; TCP (IPv4) and TURN (TLS) work."
    )
    assert "UDP port 7882" in made.problems()[0].advice


def test_udp_is_blocked_also_where_the_address_is_not_the_pages() -> None:
    assert causes(found(fails("udp", THERE), works("tcp", THERE))) == ["udp_blocked"]


def test_an_address_that_is_wrong() -> None:
    made = found(fails("udp", THERE), fails("tcp", THERE), works("turn-tls", THERE))
    assert causes(made) == ["server_unreachable"]
    assert THERE in made.verdict()
    assert "TURN (TLS) works" in made.verdict()
    advice = made.problems()[0].advice
    assert "--public-ip" in advice
    assert "UDP port 7882 and TCP port 443" in advice


def test_one_of_two_families_that_is_wrong() -> None:
    made = found(works("udp"), fails("udp", "2001:db8::9"), works("tcp"))
    assert causes(made) == ["server_unreachable"]
    assert "2001:db8::9" in made.verdict()


def test_ports_that_are_closed() -> None:
    made = found(fails("udp"), fails("tcp"), works("turn-tls"))
    assert causes(made) == ["udp_blocked", "tcp_blocked"]
    assert causes(found(works("udp"), fails("tcp"))) == ["tcp_blocked"]


def test_turn_that_is_refused_and_turn_that_is_not_there() -> None:
    refused = fails("turn-tls", reason="the TURN server refuses: 486")
    assert causes(found(works("udp"), refused)) == ["turn_refused"]
    closed = fails("turn-tls", reason="no connection: Connection refused")
    made = found(works("udp"), closed)
    assert causes(made) == ["tcp_blocked"]
    assert "--tcp-port" in made.problems()[0].advice


def test_a_link_without_media() -> None:
    made = found(fails("udp", reason="no media comes back", up_s=0.1), works("tcp"))
    assert causes(made) == ["no_media"]


def test_nothing_at_all() -> None:
    made = found(fails("udp"))
    assert made.verdict().endswith("nothing else works either.")
    assert found().is_bad


def test_a_server_through_which_no_media_passes() -> None:
    made = found(media_mode="direct")
    assert not made.is_bad
    assert "directly" in made.verdict()


def test_machines_get_the_same() -> None:
    made = json.loads(json.dumps(found(works("udp"), fails("turn-tls")).as_dict()))
    assert (made["works"], made["problems"][0]["cause"]) == (False, "tcp_blocked")
    assert made["websocket"] == {"open_ms": 30.0, "round_trip_ms": 10.0, "jitter_ms": 1.0}
    first, second = made["ways"]
    assert (first["way"], first["works"], first["loss_ratio"]) == ("udp", True, 0.0)
    assert (second["server"], second["up_ms"]) == ("chat.example.org:443", None)
