"""Whether a user is on the server's own machine."""

from aiohttp import web

from relay.source import is_proxied, plain


def is_local(request: web.Request) -> bool:
    """Whether a request was sent from this machine, and not through a proxy that stands here."""
    if is_proxied(request.headers):
        return False
    try:
        return plain(request.remote or "").is_loopback
    except ValueError:  # a UNIX socket's, or none
        return False
