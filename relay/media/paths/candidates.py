"""The addresses that the relay announces, and to whom."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import NamedTuple

from relay.families import own_addresses
from relay.plane import Family

FAMILIES: dict[int, Family] = {4: "ipv4", 6: "ipv6"}
"""By IP version."""

Addresses = tuple[tuple[str, int], ...]
"""IP address and UDP port of each candidate, best first."""


class Public(NamedTuple):
    """What to announce in place of the addresses that are bound, where a NAT maps them."""

    hosts: tuple[str, ...] = ()
    """IP addresses, best first; empty for the machine's own."""
    port: int = 0
    """0 for the one that is bound."""


def resolved(name: str) -> list[str]:
    """The IP addresses that a name has now, best first; of an address, itself.

    :raises OSError: when it has none.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except UnicodeError:  # a part of it has more than 63 characters, RFC 1035 section 2.3.4
        raise socket.gaierror(socket.EAI_NONAME, "no name can be like this") from None
    return list(dict.fromkeys(str(host) for *_, (host, *_) in found))


def announced(bound_to: str, port: int, public: Public) -> Addresses:
    """The candidates, best first.

    :param bound_to: the address that the socket has; ``0.0.0.0`` and ``::`` are every one.
    :param port: the socket's.
    """
    hosts = _reached(bound_to, public.hosts) if public.hosts else _own(bound_to)
    return tuple((host, public.port or port) for host in hosts)


def for_others(addresses: Addresses) -> Addresses:
    """The addresses that reach this machine from another; all when there is none such."""
    reachable = tuple(each for each in addresses if not ipaddress.ip_address(each[0]).is_loopback)
    return reachable or addresses


def over_tcp(addresses: Addresses, port: int | None) -> Addresses:
    """The same hosts with a TCP port; none without one."""
    return () if port is None else tuple(dict.fromkeys((host, port) for host, _ in addresses))


def _reached(bound_to: str, hosts: Sequence[str]) -> Sequence[str]:
    """Those of a family that the socket has: a name may have addresses of both."""
    if ipaddress.ip_address(bound_to).version == 6:
        return hosts
    return [host for host in hosts if ipaddress.ip_address(host).version == 4] or hosts


def _own(bound_to: str) -> list[str]:
    """This machine's: public ones first, then IPv4, which costs a little less to forward."""
    bound = ipaddress.ip_address(bound_to)
    if not bound.is_unspecified:
        return [bound_to]
    usable = [a for a in own_addresses() if a.version == 4 or bound.version == 6]
    return [
        str(a) for a in sorted(usable, key=lambda a: (a.is_loopback, not a.is_global, a.version))
    ]


def families(addresses: Addresses) -> tuple[Family, ...]:
    """Which there are, each once."""
    versions = {ipaddress.ip_address(host).version for host, _ in addresses}
    return tuple(FAMILIES[version] for version in sorted(versions))
