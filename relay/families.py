"""The two families of addresses: what this machine has of them, and what stands for all."""

import errno
from ipaddress import IPv4Address, IPv6Address, ip_address

import ifaddr

EVERY_IPV4 = "0.0.0.0"  # noqa: S104 - a server is there to be reached
EVERY = "::"
"""Of both families, as far as the machine has them."""

NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
"""The ``errno`` of who binds an IPv6 address on a machine that has no such family."""


def from_here(host: str, every: str = "127.0.0.1") -> str:
    """Where something is reached from this machine that listens on an address.

    :param host: an IP address.
    :param every: what to say of one that stands for all of them.
    """
    return every if host in (EVERY_IPV4, EVERY) else host


def reached(host: str) -> list[IPv4Address | IPv6Address]:
    """At which addresses other machines reach what listens on one."""
    bound = ip_address(host)
    if not bound.is_unspecified:
        return [] if bound.is_loopback else [bound]
    is_there = bound.version == 6  # which stands for both families
    found = (each for each in own_addresses() if not each.is_loopback)
    return [each for each in found if is_there or each.version == 4]


def own_addresses() -> list[IPv4Address | IPv6Address]:
    """This machine's, without those that need a zone."""
    found = [
        ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
    ]
    return [address for address in found if not address.is_link_local]
