"""What people bring each other together with: a code of a *tryst*, one for either side of it.

An invitation is one that serves once and for an hour; the codes of two who want to meet again serve
as often as they like, for some weeks. Nothing is kept of a code that was made: its MAC
(HMAC-SHA-256, RFC 2104, cut to 80 bits as RFC 2104 section 5 allows) says that it is ours, and
nobody gains by making one up who does not know a name that somebody waits with. Pure.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from hmac import compare_digest, digest
from secrets import token_bytes
from typing import Literal

from relay.safety.keys import DAY_S, Keys, base64url
from relay.store import Tryst

INVITATION_S = 3600.0
"""How long an invitation may be used; a store remembers for as long that it was."""
AGAIN_S = 30 * DAY_S
"""How long two can meet again by their codes; the next time they can have others."""
CODE_CHARS = 40
_NAME_BYTES = 11
_MAC_BYTES = 10
_HEAD = struct.Struct(">4sBI")  # the key's id, side and kind, and until when in minutes since 1970
_SINGLE = 2

Flaw = Literal["unknown", "over"]
"""Why a code brings nobody together."""


@dataclass(frozen=True, slots=True)
class Code:
    """One that is ours; ``until`` is in seconds since 1970."""

    tryst: Tryst
    until: float


def invitation(keys: Keys, now: float) -> tuple[str, str]:
    """The codes of a new invitation: of who invites, and of who is invited."""
    name = token_bytes(_NAME_BYTES)
    mine, theirs = (_write(keys, name, side | _SINGLE, now + INVITATION_S) for side in (0, 1))
    return mine, theirs


def again(keys: Keys, room_id: str, side: int, now: float) -> str:
    """The code of one of two who have met in a room, and want to again.

    Each node makes its own user's, so the name is made of the room's id.
    """
    name = digest(keys.cookies[0].secret, f"again {room_id}".encode(), "sha256")[:_NAME_BYTES]
    return _write(keys, name, side, now + AGAIN_S)


def read(text: str, keys: Keys, now: float) -> Code | Flaw:
    """What a code says, or why it is of no use.

    :param text: whatever somebody has sent.
    :param now: seconds since 1970.
    """
    try:
        data = urlsafe_b64decode(text) if len(text) == CODE_CHARS and text.isascii() else b""
    except ValueError:
        return "unknown"
    signed, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
    if len(signed) != _HEAD.size + _NAME_BYTES or base64url(data) != text:
        return "unknown"
    key_id, flags, minutes = _HEAD.unpack_from(signed)
    key = keys.cookie_key(key_id.hex())
    if key is None or not compare_digest(_mac(key.secret, signed), mac):
        return "unknown"
    until = minutes * 60.0
    name = base64url(signed[_HEAD.size :])
    tryst = Tryst(name, flags & 1, bool(flags & _SINGLE))
    return Code(tryst, until) if now < until else "over"


def _write(keys: Keys, name: bytes, flags: int, until: float) -> str:
    key = keys.cookies[0]
    signed = _HEAD.pack(bytes.fromhex(key.key_id), flags, int(until // 60)) + name
    return base64url(signed + _mac(key.secret, signed))


def _mac(secret: bytes, signed: bytes) -> bytes:
    return digest(secret, b"code " + signed, "sha256")[:_MAC_BYTES]
