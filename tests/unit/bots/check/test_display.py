"""How what was found is told."""

from __future__ import annotations

from rich.console import Console

from relay.bots.check.attempt import Tried
from relay.bots.check.display import result
from relay.bots.check.findings import Found, WebSocketTimes
from relay.bots.check.probe import Measured
from relay.bots.check.ways import Way

UDP = Way("udp", "ipv4", (("192.0.2.1", 7882),))
TCP = Way("tcp", "ipv4", (("192.0.2.1", 443),))


def told(found: Found) -> list[str]:
    console = Console(width=160, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(result(found))
    return captured.get().splitlines()


def test_there_is_a_line_for_each_way_and_a_verdict_with_what_to_do() -> None:
    found = Found("wss://a/ws", "192.0.2.1", "relay", WebSocketTimes(164.2, 51.2, 0.4))
    found.tried = [
        Tried(UDP, reason="no [answer"),
        Tried(TCP, 0.0123, Measured(500, 5, 52.04, 54.3)),
    ]
    found.absent = ["UDP (IPv6)"]
    found.left_out = ["stun:[/bold].example"]
    lines = [" ".join(line.split()) for line in told(found)]
    assert lines[1:6] == [
        "✓ WebSocket 164 ms 51.2 ms ± 0.4 ms 192.0.2.1",
        "✗ UDP (IPv4) 192.0.2.1:7882: no [answer",
        "✓ TCP (IPv4) 12.3 ms 52.0 ms 54.3 ms 1.0% 192.0.2.1:443",
        "- UDP (IPv6) this machine has no such addresses",
        "- stun:[/bold].example left alone",
    ]
    verdict, advice = told(found)[-2:]
    assert verdict == "UDP is blocked on the way to 192.0.2.1:7882; TCP (IPv4) works."
    assert advice.startswith("→ open UDP port 7882")
