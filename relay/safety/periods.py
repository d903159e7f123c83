"""The keys of a cluster: made of its secret for each period, so that all nodes have the same.

A period is as long as a key of one server is the one that is used (:data:`ROTATE_S`), and begins at
a multiple of it since 1970. Nothing is written down, so that a key of a former period is not used
any more, but is not gone either: whoever has the secret can make it again. Pure.
"""

from __future__ import annotations

from collections.abc import Callable

from relay.safety.keys import ADDRESSES_S, COOKIES_S, ROTATE_S, Key, Keys

_ID_BYTES = 4

Derive = Callable[[str], bytes]
"""A key for a purpose, see :meth:`relay.cluster.secret.Secret.key`."""


class SharedKeyring:
    """In place of :class:`relay.safety.keyfile.Keyring`, on a node of a cluster."""

    def __init__(self, derive: Derive) -> None:
        self._derive = derive
        self._period = -1
        self._keys: Keys | None = None

    def at(self, now: float) -> Keys:
        """The keys of a moment.

        :param now: seconds since 1970.
        """
        period = max(int(now // ROTATE_S), 0)
        if self._keys is None or period != self._period:
            self._period, self._keys = period, keys_of(self._derive, period)
        return self._keys


def keys_of(derive: Derive, period: int) -> Keys:
    """The rings of a period.

    The cookies' key of the next one is good already: another node's clock may be ahead.
    """
    cookies = _ring(derive, "cookies", period, COOKIES_S)
    following = _key(derive, "cookies", period + 1)
    return Keys((*cookies, following), _ring(derive, "addresses", period, ADDRESSES_S))


def _ring(derive: Derive, what: str, period: int, lasts_s: float) -> tuple[Key, ...]:
    """The present key, and all that are younger than ``lasts_s``."""
    oldest = max(period - int(lasts_s // ROTATE_S) + 1, 0)
    return tuple(_key(derive, what, each) for each in range(period, oldest - 1, -1))


def _key(derive: Derive, what: str, period: int) -> Key:
    purpose = f"{what} {period}"
    return Key(derive(f"id of {purpose}")[:_ID_BYTES].hex(), period * ROTATE_S, derive(purpose))
