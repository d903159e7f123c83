"""Which addresses count as one."""

import pytest

from relay.source import bounded_source_of, is_source, source_of


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.2", "192.0.2.2"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:a:b:c:d", "2001:db8:0:1::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("no address", ""),
        (None, ""),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_network(address: str | None, source: str) -> None:
    assert source_of(address) == source


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("93.184.216.34", "93.184.216.34"),
        ("2a00:1450:4001:81b::200e", "2a00:1450:4001:81b::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("10.1.2.3", ""),
        ("172.17.0.1", ""),
        ("::ffff:192.168.1.5", ""),
        ("100.64.0.1", ""),
        ("fd00::1", ""),
        ("fe80::1%eth0", ""),
        ("", ""),
    ],
)
def test_where_proxies_stand_nothing_is_bounded_by_itself(address: str, source: str) -> None:
    assert bounded_source_of(address) == source


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("93.184.216.34", True),
        ("2a00:1450:4001:81b::/64", True),
        ("2a00:1450:4001:81b::200e", False),
        ("2a00:1450:4001::/48", False),
        ("93.184.216.34/32", False),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("x" * 10_000, False),
        ("", False),
    ],
)
def test_what_another_node_may_call_a_source(text: str, is_one: bool) -> None:
    assert is_source(text) is is_one
