"""Which server a command is about."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from relay import target
from relay.errors import ConfigError

_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_PATH = "/ws"

Trusted = aiohttp.Fingerprint | bool
"""The one certificate to accept, True for all that can be verified, False for any."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server's address, checked."""

    url: str
    """Of its WebSocket."""
    host: str
    """A name or an IP address, as it was given."""
    fingerprint: bytes | None
    """The SHA-256 of the one certificate to accept."""

    @property
    def origin(self) -> str:
        """What a browser says that has the page from there (RFC 6454 section 6.2)."""
        parts = urlsplit(self.url)
        return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"

    @property
    def ssl(self) -> Trusted:
        """What aiohttp is to accept."""
        return True if self.fingerprint is None else aiohttp.Fingerprint(self.fingerprint)


def read(url: str, fingerprint: str | None, option: str = "URL") -> Server:
    """Check what was given on the command line.

    :param url: the page's address, or the WebSocket's.
    :param option: what the address was given as.
    :param fingerprint: 64 hexadecimal digits, with colons or without.
    :raises ConfigError: says what is wrong.
    """
    parts = target.parts_of(url, option, _SCHEMES)
    if parts.username is not None:
        raise ConfigError(f"{option}: should be such as https://chat.example.org, not {url!r}")
    path = parts.path.rstrip("/")
    path = path if path.endswith(_PATH) else path + _PATH
    made = f"{_SCHEMES[parts.scheme]}://{parts.netloc}{path}"
    return Server(made, parts.hostname or "", target.fingerprint(fingerprint))
