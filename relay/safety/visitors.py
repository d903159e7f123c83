"""Tells who asks: a visitor by its cookie, an address by a hash that only this server can make."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from hmac import digest
from typing import get_args

from aiohttp import web

from relay.cookies import Cookie
from relay.safety import cookie
from relay.safety.identity import Identity
from relay.safety.keys import DAY_S, Key, Ring, base64url
from relay.source import bounded_source_of

COOKIE = "relay_visitor"
SECURE_COOKIE = Cookie(COOKIE).secure_name
_HASH_BYTES = 16
_KNOWN_ADDRESS_KEYS = 2  # the present one and the former


class Visitors:
    """Reads and writes the cookie, and hashes addresses.

    :param keyring: this server's keys.
    :param clock: seconds since 1970.
    :param path: where the page is on its host.
    """

    def __init__(
        self, keyring: Ring, clock: Callable[[], float] = time.time, path: str = "/"
    ) -> None:
        self.keyring = keyring
        self._cookie = Cookie(COOKIE, path)
        self._clock = clock
        self.refusals: Counter[str] = Counter(dict.fromkeys(get_args(cookie.Flaw), 0))
        """Cookies that were not believed, by the reason."""

    def identity_of(self, request: web.Request) -> Identity:
        """Who asks; a cookie that is not believed is as none, and is counted."""
        now = self._clock()
        keys = self.keyring.at(now)
        known = self._known(request, now)
        return Identity(
            known.visitor if known is not None else "",
            hashes_of(request.remote, keys.addresses),
        )

    def welcome(self, request: web.Request, response: web.StreamResponse) -> None:
        """At a page view: give whoever has no cookie one, and renew those of former days."""
        now = self._clock()
        known = self._known(request, now)
        if known is not None and not known.is_old:
            return
        visitor = known.visitor if known is not None else cookie.new_visitor()
        self._cookie.give(
            response,
            cookie.issue(visitor, self.keyring.at(now), now),
            lasts_s=cookie.LASTS_DAYS * DAY_S,
            samesite="Lax",
            is_secure=_over_tls(request),
        )

    def _known(self, request: web.Request, now: float) -> cookie.Known | None:
        value = self._cookie.read(request, is_secure=_over_tls(request))
        if value is None:
            return None
        found = cookie.read(value, self.keyring.at(now), now)
        if isinstance(found, cookie.Known):
            return found
        self.refusals[found] += 1
        return None


def hashes_of(address: str | None, keys: tuple[Key, ...]) -> tuple[str, ...]:
    """An address, or of IPv6 its /64, as nobody can read it who has not the keys.

    :param address: as text; None, or one of a private network, has no hash.
    :param keys: the present one first.
    """
    source = bounded_source_of(address)
    if not source:
        return ()
    hashed = (digest(key.secret, source.encode(), "sha256") for key in keys[:_KNOWN_ADDRESS_KEYS])
    return tuple(base64url(each[:_HASH_BYTES]) for each in hashed)


def _over_tls(request: web.Request) -> bool:
    """Whether the browser speaks HTTPS, with this server or with a proxy in front of it.

    Nobody gains by lying: it is about the liar's own cookie.
    """
    told = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    return request.secure or told in ("https", "wss")
