"""Credentials for TURN that are good for a while (draft-uberti-behave-turn-rest).

The username says until when; the password follows from it and a secret that the server knows. So
nobody has to remember whom they were given to. Decisions only, time passed in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from relay.pace import Paces

LIFETIME_S = 24 * 3600
"""How long they may be used to begin an allocation; one that there is can be kept for longer."""

ALLOCATIONS_PER_S, ALLOCATIONS_AT_ONCE = 0.5, 16
"""Of one user. A browser makes one a network interface, anew with each ICE restart."""

MAX_USERS = 4096
"""Whose allocations are counted; who was heard longest ago makes room for another."""


def made(secret: bytes, user_id: str, now: float) -> tuple[str, str]:
    """A username and its password.

    :param now: seconds; of the Unix clock, where another server is to understand it.
    """
    username = f"{int(now) + LIFETIME_S}:{user_id}"
    return username, password_of(secret, username)


def password_of(secret: bytes, username: str) -> str:
    """The password that belongs to a username."""
    return base64.b64encode(hmac.digest(secret, username.encode(), "sha1")).decode()


def key_of(username: str, realm: str, password: str) -> bytes:
    """The key that signs a request (RFC 8489 section 9.2.2)."""
    return hashlib.md5(f"{username}:{realm}:{password}".encode(), usedforsecurity=False).digest()


class Gate:
    """Tells who may have an allocation.

    :param secret: of this server; whoever has it makes credentials.
    """

    def __init__(self, secret: bytes, realm: str) -> None:
        self.realm = realm
        self._secret = secret
        self._paces = Paces(MAX_USERS)

    def key(self, username: str, now: float) -> bytes | None:
        """The key of a username that is good now; of no other."""
        until, _, user_id = username.partition(":")
        if not user_id or not (until.isascii() and until.isdigit()) or len(until) > 12:
            return None
        if int(until) <= now:
            return None
        return key_of(username, self.realm, password_of(self._secret, username))

    def may_allocate(self, username: str, now: float) -> bool:
        """Whether a user, whose password was right, may have one more now; it is counted."""
        user_id = username.partition(":")[2]
        return not self._paces.of(user_id, ALLOCATIONS_PER_S, ALLOCATIONS_AT_ONCE).take(now)


class Closed:
    """Lets nobody in: for a server that has its allocation already."""

    def __init__(self, realm: str) -> None:
        self.realm = realm

    def key(self, username: str, now: float) -> bytes | None:  # noqa: ARG002 - see Gate
        """See :class:`Gate`."""
        return None

    def may_allocate(self, username: str, now: float) -> bool:  # noqa: ARG002 - see Gate
        """See :class:`Gate`."""
        return False
