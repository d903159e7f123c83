"""Who counts as one sender: what is bounded by address is bounded by *source*.

A source is an IPv4 address, or the first 64 bits of an IPv6 one, since whoever has one address of
such a network has them all (RFC 6177 gives a site a /64 at the least).
"""

from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")


def source_of(address: str | None) -> str:
    """The source to which an address belongs.

    :param address: IPv4 or IPv6 as text, with or without a zone; an IPv4 address may be written as
        an IPv6 one, as a socket for both has it.
    :returns: the address or the network as text; empty when it is none, as a Unix socket's.
    """
    match _parsed(address):
        case None:
            return ""
        case IPv4Address() as parsed:
            return str(parsed)
        case IPv6Address() as parsed:
            return str(ip_network((parsed, 64), strict=False))


def bounded_source_of(address: str | None) -> str:
    """The source of an address, if what comes from there is bounded by itself.

    What comes from this machine and from private networks is not: a reverse proxy stands there,
    with everybody behind it.

    :returns: as :func:`source_of`; empty for addresses that are not public, too.
    """
    parsed = _parsed(address)
    return source_of(address) if parsed is not None and parsed.is_global else ""


def is_source(text: str) -> bool:
    """Whether somebody else's word for a source is one that is bounded by itself."""
    return bool(text) and bounded_source_of(text.partition("/")[0]) == text


def plain(address: str) -> IPv4Address | IPv6Address:
    """An address without its zone; an IPv4 address that is written as an IPv6 one, as IPv4.

    :raises ValueError: when it is none, as a Unix socket's.
    """
    parsed = ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def is_proxied(headers: Container[str]) -> bool:
    """Whether a request came through a reverse proxy, so that its address is the proxy's.

    :param headers: their names, whatever their case.
    """
    return any(name in headers for name in _FORWARDED)


def _parsed(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return plain(address or "")
    except ValueError:
        return None
