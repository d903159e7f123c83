"""Which relay, and what opens its door."""

import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from relay.errors import ConfigError

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, init=False)
class Address:
    """A relay's address and the operator's token, checked."""

    url: str
    """Without a slash at its end."""
    token: str
    fingerprint: str | None

    def __init__(self, url: str, token: str, fingerprint: str | None) -> None:
        """Check them; :raises ConfigError: names the option."""
        object.__setattr__(self, "url", _url(url))
        object.__setattr__(self, "token", _token(token))
        object.__setattr__(self, "fingerprint", _fingerprint(fingerprint))

    @property
    def ssl(self) -> aiohttp.Fingerprint | ssl.SSLContext | bool:
        """What aiohttp should accept."""
        if self.fingerprint is None:
            return True
        return aiohttp.Fingerprint(bytes.fromhex(self.fingerprint))


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ConfigError(f"--url: should be such as https://chat.example.org, not {url!r}")
    return url.rstrip("/")


def _token(token: str) -> str:
    if not token:
        raise ConfigError(
            "--token: is missing; give the operator's token, or set RELAY_OPERATOR_TOKEN"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError("--token: has characters that no operator's token has")
    return token


def _fingerprint(fingerprint: str | None) -> str | None:
    if not fingerprint:
        return None
    digits = fingerprint.replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(digits):
        raise ConfigError("--fingerprint: should be a SHA-256: 64 hexadecimal digits")
    return digits
