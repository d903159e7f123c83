"""What a connection is, by its first bytes: decisions only.

The server speaks first in none of its protocols, and owns both ends of what is not HTTP, so no name
has to be looked at: a letter begins a request of HTTP, and what STUN's cookie stands in is media.
"""

from __future__ import annotations

from enum import Enum, auto

_TLS = 22
"""The first byte of a handshake's record (RFC 8446 section 5.1)."""

_LAST_OF_MEDIA = 7
"""Of a length below 2,048 (RFC 4571), and of a STUN message's type: no text begins so."""

_COOKIE = bytes.fromhex("2112a442")
"""RFC 8489 section 5."""
_BINDING = b"\x00\x01"
_OPENING = (_BINDING, b"\x00\x03")
"""What a client of TURN says first: Binding or Allocate requests."""

NEEDED_BYTES = 10
"""So many tell in any case."""


class Greeting(Enum):
    """What somebody begins with."""

    HTTP = auto()
    """Or what has to be told by the HTTP server that it is none."""
    TLS = auto()
    ICE = auto()
    """A connectivity check, framed (RFC 6544)."""
    TURN = auto()
    NONSENSE = auto()
    """No more than a number of bytes that nothing begins with."""
    MORE = auto()
    """It cannot be told yet."""


def greeting(data: bytes) -> Greeting:
    """What these first bytes are of."""
    if not data:
        return Greeting.MORE
    if data[0] > _LAST_OF_MEDIA:
        return Greeting.TLS if data[0] == _TLS else Greeting.HTTP
    if _begins(data[:2], _OPENING) and _begins(data[4:8], (_COOKIE,)):
        return Greeting.TURN if len(data) >= 8 else Greeting.MORE
    if _begins(data[2:4], (_BINDING,)) and _begins(data[6:10], (_COOKIE,)):
        return Greeting.ICE if len(data) >= NEEDED_BYTES else Greeting.MORE
    return Greeting.NONSENSE


def is_of_media(first: bytes) -> bool:
    """Whether what begins with this byte may be media, and is nothing else."""
    return bool(first) and first[0] <= _LAST_OF_MEDIA


def _begins(data: bytes, wholes: tuple[bytes, ...]) -> bool:
    return any(whole.startswith(data) for whole in wholes)
