"""The addresses that the relay announces, and to whom."""

from __future__ import annotations

import ipaddress

import ifaddr

Addresses = tuple[tuple[str, int], ...]
"""IP address and UDP port of each candidate, best first."""


def hosts(bound_to: str, public_ip: str | None) -> list[str]:
    """The IP addresses at which the relay can be reached, best first.

    :param bound_to: the address that its socket has; ``0.0.0.0`` and ``::`` are every one.
    :param public_ip: the one to announce instead, behind a 1:1 NAT.
    """
    if public_ip is not None:
        return [public_ip]
    bound = ipaddress.ip_address(bound_to)
    if not bound.is_unspecified:
        return [bound_to]
    found = [
        ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    ]
    usable = [a for a in found if (a.version == 4 or bound.version == 6) and not a.is_link_local]
    return [str(a) for a in sorted(usable, key=lambda a: (a.is_loopback, a.version))]


def for_others(addresses: Addresses) -> Addresses:
    """The addresses that reach this machine from another; all when there is none such."""
    reachable = tuple(each for each in addresses if not ipaddress.ip_address(each[0]).is_loopback)
    return reachable or addresses


def over_tcp(addresses: Addresses, port: int | None) -> Addresses:
    """The same hosts with a TCP port; none without one."""
    return () if port is None else tuple(dict.fromkeys((host, port) for host, _ in addresses))
