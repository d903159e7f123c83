"""Whether a user is on the server's own machine."""

from ipaddress import IPv6Address, ip_address

from aiohttp import web

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def is_local(request: web.Request) -> bool:
    """Whether a request was sent from this machine, and not through a proxy that stands here."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ip_address((request.remote or "").partition("%")[0])
    except ValueError:  # a UNIX socket's, or none
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
