"""What is announced, in which order, and to whom."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import ifaddr
import pytest

from relay.media.paths import candidates
from relay.media.paths.candidates import Public, announced, families, for_others, resolved

OWN = ["127.0.0.1", "10.0.0.5", "fe80::1", "fd00::5", "2001:4860::5", "::1", "8.8.8.8"]


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    ips = [SimpleNamespace(ip=(ip, 0, 0) if ":" in ip else ip) for ip in OWN]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [SimpleNamespace(ips=ips)])


@pytest.mark.parametrize(
    ("bound_to", "hosts"),
    [
        ("::", ["8.8.8.8", "2001:4860::5", "10.0.0.5", "fd00::5", "127.0.0.1", "::1"]),
        ("0.0.0.0", ["8.8.8.8", "10.0.0.5", "127.0.0.1"]),
        ("10.0.0.5", ["10.0.0.5"]),
        ("::1", ["::1"]),
    ],
)
def test_a_machines_own(bound_to: str, hosts: list[str]) -> None:
    assert announced(bound_to, 7, Public()) == tuple((host, 7) for host in hosts)


@pytest.mark.parametrize(
    ("bound_to", "public", "told"),
    [
        ("::", Public(("2001:db8::1", "192.0.2.1")), (("2001:db8::1", 7), ("192.0.2.1", 7))),
        ("0.0.0.0", Public(("2001:db8::1", "192.0.2.1"), 443), (("192.0.2.1", 443),)),
        ("0.0.0.0", Public(("2001:db8::1",)), (("2001:db8::1", 7),)),
        ("10.0.0.5", Public((), 443), (("10.0.0.5", 443),)),
    ],
)
def test_what_a_nat_maps(bound_to: str, public: Public, told: candidates.Addresses) -> None:
    assert announced(bound_to, 7, public) == told


def test_loopback_is_for_nobody_else() -> None:
    assert for_others((("127.0.0.1", 7), ("10.0.0.5", 7), ("::1", 7))) == (("10.0.0.5", 7),)
    assert for_others((("::1", 7),)) == (("::1", 7),)


def test_a_name_has_the_addresses_that_the_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(name: str, *_: object, **__: object) -> list[Any]:
        found = ["2001:db8::1", "192.0.2.1", "192.0.2.1"] if name == "a.example" else [name]
        return [(0, 0, 0, "", (host, 0)) for host in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert resolved("a.example") == ["2001:db8::1", "192.0.2.1"]
    assert resolved("192.0.2.9") == ["192.0.2.9"]


def test_a_name_that_can_be_none_is_as_one_that_nobody_knows() -> None:
    with pytest.raises(OSError, match="no name can be like this"):
        resolved(f"{64 * 'x'}.example")


def test_the_families_of_what_is_announced() -> None:
    assert families(()) == ()
    assert families((("192.0.2.1", 1), ("192.0.2.2", 1))) == ("ipv4",)
    assert families((("2001:db8::1", 1), ("192.0.2.1", 1))) == ("ipv4", "ipv6")
