"""Which relay, and what opens its door."""

import ssl
from dataclasses import dataclass

import aiohttp

from relay import target
from relay.errors import ConfigError


@dataclass(frozen=True, slots=True, init=False)
class Address:
    """A relay's address and the operator's token, checked."""

    url: str
    """Without a slash at its end."""
    token: str
    fingerprint: bytes | None

    def __init__(self, url: str, token: str, fingerprint: str | None) -> None:
        """Check them; :raises ConfigError: names the option."""
        object.__setattr__(self, "url", _url(url))
        object.__setattr__(self, "token", _token(token))
        object.__setattr__(self, "fingerprint", target.fingerprint(fingerprint))

    @property
    def ssl(self) -> aiohttp.Fingerprint | ssl.SSLContext | bool:
        """What aiohttp should accept."""
        if self.fingerprint is None:
            return True
        return aiohttp.Fingerprint(self.fingerprint)


def _url(url: str) -> str:
    target.parts_of(url, "--url", ("http", "https"))
    return url.rstrip("/")


def _token(token: str) -> str:
    if not token:
        raise ConfigError(
            "--token: is missing; give the operator's token, or set RELAY_OPERATOR_TOKEN"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError("--token: has characters that no operator's token has")
    return token
