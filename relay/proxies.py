"""Whose a request is that came through reverse proxies, as those tell that are trusted.

Each proxy adds the address that it was asked from to ``X-Forwarded-For``, or to ``Forwarded``
(RFC 7239), behind whatever stood there. So the list is read from its end, and the first address
that is not a trusted proxy's is the client's: what stands before it is the client's own invention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler

from relay.source import bounded_source_of, plain
from relay.values import Network

_NODE = re.compile(r"\[(?P<six>[^\]]*)\](:\w+)?|(?P<four>[\d.]+)(:\w+)?|(?P<bare>.*)")  # section 6


class Proxies:
    """The reverse proxies of one server.

    :param networks: where they stand; what others tell of their clients is not believed.
    """

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)

    @web.middleware
    async def attend(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have a request's ``remote`` be its client's address."""
        if not self._is_one(request.remote):
            return await handler(request)
        client = self.client_of(request.remote, _told(request))
        return await handler(request.clone(remote=client or ""))

    def client_of(self, peer: str | None, told: Sequence[str]) -> str | None:
        """The address of whoever has asked.

        :param peer: the address that the connection comes from.
        :param told: what proxies have told of where they were asked from, the nearest one's last.
        :returns: the first from the end that is no trusted proxy's; where that is not told or is
            no address, the last of those proxies': whoever hides behind it has none of its own.
        """
        client = peer
        for node in reversed(told):
            if not self._is_one(client) or (address := _address(node.strip())) is None:
                break
            client = address
        return client

    def bounded_source_of(self, address: str | None) -> str:
        """As :func:`relay.source.bounded_source_of`, and proxies are not bounded either."""
        return "" if self._is_one(address) else bounded_source_of(address)

    def _is_one(self, address: str | None) -> bool:
        if not self._networks:
            return False
        try:
            parsed = plain(address or "")
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def _told(request: web.Request) -> list[str]:
    """What stands in a request of where its proxies were asked from.

    Where there are both headers, the one that nearly all proxies write by themselves counts: the
    other one may be the client's own, passed on as any header is.
    """
    headers = request.headers.getall("X-Forwarded-For", ())
    if headers:
        return ",".join(headers).split(",")
    return [element.get("for", "") for element in request.forwarded]


def _address(node: str) -> str | None:
    """The address of a node, with or without its port; None of one that is hidden or unknown."""
    match = _NODE.fullmatch(node)
    if match is None:
        return None
    try:
        return str(plain(match["six"] or match["four"] or match["bare"] or ""))
    except ValueError:
        return None
