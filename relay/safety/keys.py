"""The keys of this server: what signs visitors' cookies, and what addresses are hashed with.

Each of the two has a ring of keys, which are replaced every so often. A cookie is good under any
key of its ring; an address is known under the present key and under the former one. A key that has
left its ring is gone for good, and what was made with it means nothing to anybody.

Pure: the file with the rings is :mod:`relay.safety.keyfile`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes, token_hex
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

DAY_S = 86_400.0
ROTATE_S = 30 * DAY_S
"""How long a key is the one that is used for what is new."""
COOKIES_S = 210 * DAY_S
"""How long a cookie's key is good: as long as it is used, and then as long as a cookie lasts."""
ADDRESSES_S = 2 * ROTATE_S
"""How long addresses are known by a key."""
SECRET_BYTES = 32
_MAX_KEYS = 64
_VERSION = 1

NewSecret = Callable[[], bytes]


def new_secret() -> bytes:
    """An unguessable one."""
    return token_bytes(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Key:
    """One key; ``made_at`` is in seconds since 1970."""

    key_id: str
    made_at: float
    secret: bytes


@dataclass(frozen=True, slots=True)
class Keys:
    """Both rings, the present key of each first."""

    cookies: tuple[Key, ...]
    addresses: tuple[Key, ...]

    @classmethod
    def new(cls, now: float, secret: NewSecret = new_secret) -> Keys:
        """Those of a server that has none yet."""
        return cls((_key(now, secret),), (_key(now, secret),))

    def rotated(self, now: float, secret: NewSecret = new_secret) -> Keys:
        """These, as they are to be now: themselves, mostly.

        :param now: seconds since 1970. A clock that was set back changes nothing.
        """
        cookies = _rotated(self.cookies, COOKIES_S, now, secret)
        addresses = _rotated(self.addresses, ADDRESSES_S, now, secret)
        if cookies is self.cookies and addresses is self.addresses:
            return self
        return Keys(cookies, addresses)

    def cookie_key(self, key_id: str) -> Key | None:
        """The key of a cookie that names it."""
        return next((key for key in self.cookies if key.key_id == key_id), None)


class Ring(Protocol):
    """Where the keys are from."""

    def at(self, now: float) -> Keys:
        """Those of a moment.

        :param now: seconds since 1970.
        """


def encode(keys: Keys) -> str:
    """The rings as JSON."""
    written = _Written(
        version=_VERSION,
        cookies=[_WrittenKey.of(key) for key in keys.cookies],
        addresses=[_WrittenKey.of(key) for key in keys.addresses],
    )
    return written.model_dump_json(indent=2) + "\n"


def decode(text: str | bytes) -> Keys:
    """What :func:`encode` has written.

    :raises ValueError: when it is anything else; the message tells nothing of what it is.
    """
    try:
        written = _Written.model_validate_json(text)
        cookies, addresses = (
            tuple(key.read() for key in ring) for ring in (written.cookies, written.addresses)
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None
    return Keys(cookies, addresses)


def _key(now: float, secret: NewSecret) -> Key:
    return Key(token_hex(4), now, secret())


def _rotated(
    ring: tuple[Key, ...], lasts_s: float, now: float, secret: NewSecret
) -> tuple[Key, ...]:
    present, *former = ring
    if now - present.made_at < ROTATE_S and all(now - key.made_at < lasts_s for key in former):
        return ring
    kept = tuple(key for key in ring if now - key.made_at < lasts_s)
    if kept and now - kept[0].made_at < ROTATE_S:
        return kept
    return (_key(now, secret), *kept)


class _WrittenKey(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
    made_at: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]

    @classmethod
    def of(cls, key: Key) -> _WrittenKey:
        return cls(id=key.key_id, made_at=key.made_at, secret=base64url(key.secret))

    def read(self) -> Key:
        return Key(self.id, self.made_at, urlsafe_b64decode(f"{self.secret}="))


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    version: Annotated[int, Field(ge=_VERSION, le=_VERSION)]
    cookies: Annotated[list[_WrittenKey], Field(min_length=1, max_length=_MAX_KEYS)]
    addresses: Annotated[list[_WrittenKey], Field(min_length=1, max_length=_MAX_KEYS)]


def base64url(data: bytes) -> str:
    """Without padding, as it stands in cookies (RFC 4648, section 5)."""
    return urlsafe_b64encode(data).decode().rstrip("=")
