"""What a server announces."""

from typing import Any

import pytest

from relay.bots.check.ways import MAX_ADDRESSES, MAX_WAYS, Family, read

CANDIDATE = "a=candidate:1 1 {} 2130706431 {} {} typ host{}\r\n"


def sdp(*candidates: str) -> str:
    """Of candidates such as ``udp 192.0.2.1 7882``, in two sections."""
    lines = []
    for each in candidates:
        protocol, host, port = each.split()
        lines.append(
            CANDIDATE.format(protocol, host, port, " tcptype passive" * (protocol == "tcp"))
        )
    return "m=audio\r\n" + "".join(lines) + "m=video\r\n" + "".join(lines)


def own(url: str = "turns:chat.example.org:443?transport=tcp") -> dict[str, Any]:
    return {"urls": [url], "username": "name", "credential": "secret"}


BOTH: tuple[Family, ...] = ("ipv4", "ipv6")


def test_there_is_a_way_for_each_transport_and_family() -> None:
    announced = read(
        sdp(
            "udp 192.0.2.1 7882",
            "udp 2001:db8::1 7882",
            "udp 192.0.2.2 7882",
            "tcp 192.0.2.1 443",
            "tcp 2001:db8::1 443",
        ),
        [own()],
        "chat.example.org",
        BOTH,
    )
    assert [(way.name, way.written) for way in announced.ways] == [
        ("UDP (IPv4)", "192.0.2.1:7882, 192.0.2.2:7882"),
        ("UDP (IPv6)", "[2001:db8::1]:7882"),
        ("TCP (IPv4)", "192.0.2.1:443"),
        ("TCP (IPv6)", "[2001:db8::1]:443"),
        ("TURN (TLS)", "chat.example.org:443"),
    ]
    turn = announced.ways[-1]
    assert turn.addresses[0] == ("192.0.2.1", 7882)
    assert turn.turn is not None
    assert (turn.turn.username, turn.turn.credential, turn.turn.is_secure) == (
        "name",
        "secret",
        True,
    )
    assert (announced.absent, announced.left_out) == ((), ())


def test_a_family_that_this_machine_has_not_is_not_tried() -> None:
    announced = read(sdp("udp 2001:db8::1 1", "udp 192.0.2.1 1"), [], "a", ["ipv4"])
    assert [way.name for way in announced.ways] == ["UDP (IPv4)"]
    assert [way.name for way in announced.absent] == ["UDP (IPv6)"]


@pytest.mark.parametrize(
    "url",
    [
        "stun:stun.example.net:3478",
        "turn:turn.example.net:3478?transport=tcp",
        "turn:chat.example.org:3478?transport=udp",
        "turn:chat.example.org.evil.example:443?transport=tcp",
    ],
)
def test_nobody_elses_server_is_asked(url: str) -> None:
    announced = read(sdp("udp 192.0.2.1 1"), [own(url)], "chat.example.org", BOTH)
    assert [way.kind for way in announced.ways] == ["udp"]
    assert announced.left_out == (url,)


@pytest.mark.parametrize(
    ("url", "host", "address"),
    [
        ("turn:[2001:db8::1]:80?transport=tcp", "2001:db8::1", ("2001:db8::1", 80)),
        ("turn:A.example?transport=tcp", "a.example", ("A.example", 3478)),
        ("turns:a.example?transport=tcp", "a.example", ("a.example", 5349)),
    ],
)
def test_a_turn_server_is_where_its_url_says(url: str, host: str, address: tuple[str, int]) -> None:
    (_, way) = read(sdp("udp 192.0.2.1 1"), [own(url)], host, BOTH).ways
    assert way.turn is not None
    assert way.turn.address == address


def test_a_server_that_announces_without_end_is_not_followed() -> None:
    many = [f"{kind} 192.0.2.{n} 1" for kind in ("udp", "tcp") for n in range(1, 99)]
    announced = read(sdp(*many), [own("turn:a:1?transport=tcp")] * 99, "a", BOTH)
    assert len(announced.ways) == MAX_WAYS
    assert {len(way.addresses) for way in announced.ways} == {MAX_ADDRESSES}


@pytest.mark.parametrize("urls", [None, 5, [None], ["\x1b[2J[bold]"], "turn:a:99999?transport=tcp"])
def test_a_server_that_says_nonsense_is_not_obeyed(urls: object) -> None:
    announced = read(sdp("udp 192.0.2.1 1", "udp 192.0.2.1 99999"), [{"urls": urls}], "a", BOTH)
    assert [way.written for way in announced.ways] == ["192.0.2.1:1"]
    assert all(each.isprintable() for each in announced.left_out)


def test_what_is_no_candidate_is_none() -> None:
    strange = "a=candidate:x\r\na=candidate:1 1 udp 1 printer.local 9 typ host\r\n"
    assert read(strange, [], "a", BOTH).ways == ()
