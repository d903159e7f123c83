"""Which web pages may open a WebSocket here."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_allowed(origin: str | None, host: str, allowed: frozenset[str]) -> bool:
    """Whether a WebSocket may be opened.

    A browser tells the page's origin and cannot be made to lie (RFC 6455 section 10.2); what sends
    none is no browser, and nobody's cookies or rights are at stake here.

    :param origin: the request's ``Origin``.
    :param host: the request's ``Host``; a page of this very host may connect. The scheme is not
        compared, since a proxy in front may end TLS.
    :param allowed: further origins, ``scheme://host[:port]``; ``*`` allows all.
    """
    if origin is None or "*" in allowed:
        return True
    origin = origin.lower()
    if origin in {entry.lower().rstrip("/") for entry in allowed}:
        return True
    scheme, separator, _ = origin.partition("://")
    if not separator or scheme not in _DEFAULT_PORTS:
        return False
    own = _host_port(origin, scheme)
    return own is not None and own == _host_port(f"{scheme}://{host.lower()}", scheme)


def _host_port(url: str, scheme: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port or _DEFAULT_PORTS[scheme]) if host else None
