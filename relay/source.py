"""Who counts as one sender: what is bounded by address is bounded by *source*.

A source is an IPv4 address, or the first 64 bits of an IPv6 one, since whoever has one address of
such a network has them all (RFC 6177 gives a site a /64 at the least).
"""

import ipaddress


def source_of(address: str | None) -> str:
    """The source to which an address belongs.

    :param address: IPv4 or IPv6 as text, with or without a zone; an IPv4 address may be written as
        an IPv6 one, as a socket for both has it.
    :returns: the address or the network as text; empty when it is none, as a Unix socket's.
    """
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
