"""The cookie by which a visitor is known again: ``<id>.<day>.<key>.<mac>``.

The id is random and all there is to a visitor; the day is that of the cookie's issue, counted since
1970. The mac, HMAC-SHA-256 over what stands before it, is what nobody else can make (RFC 2104).
Pure.
"""

from __future__ import annotations

import re
from hmac import compare_digest, digest
from secrets import token_bytes
from typing import Literal, NamedTuple

from relay.safety.keys import DAY_S, Key, Keys, base64url

LASTS_DAYS = 180
"""Without a visit for so long, the visitor is forgotten by its browser, and not believed here."""
_ID_BYTES = 16
_FORM = re.compile(
    r"(?P<signed>(?P<id>[A-Za-z0-9_-]{22})\.(?P<day>\d{1,7})\.(?P<key>[0-9a-f]{8}))"
    r"\.(?P<mac>[A-Za-z0-9_-]{43})",
    re.ASCII,
)

Flaw = Literal["malformed", "unknown_key", "forged", "expired"]
"""Why a cookie is not believed."""


class Known(NamedTuple):
    """A visitor, and whether its cookie is due to be renewed."""

    visitor: str
    is_old: bool


def new_visitor() -> str:
    """An unguessable id: 128 bits."""
    return base64url(token_bytes(_ID_BYTES))


def issue(visitor: str, keys: Keys, now: float) -> str:
    """A visitor's cookie, as of now.

    :param now: seconds since 1970.
    """
    key = keys.cookies[0]
    signed = f"{visitor}.{_day(now)}.{key.key_id}"
    return f"{signed}.{_mac(key, signed)}"


def read(value: str, keys: Keys, now: float) -> Known | Flaw:
    """Whose cookie it is, or why it is not believed.

    :param value: whatever somebody has sent.
    :param now: seconds since 1970.
    """
    match = _FORM.fullmatch(value)
    if match is None:
        return "malformed"
    key = keys.cookie_key(match["key"])
    if key is None:
        return "unknown_key"
    if not compare_digest(_mac(key, match["signed"]), match["mac"]):
        return "forged"
    age = _day(now) - int(match["day"])
    if age > LASTS_DAYS:
        return "expired"
    return Known(match["id"], age >= 1)


def _day(now: float) -> int:
    return int(now // DAY_S)


def _mac(key: Key, signed: str) -> str:
    return base64url(digest(key.secret, signed.encode("ascii"), "sha256"))
