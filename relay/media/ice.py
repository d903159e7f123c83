"""ICE-lite (RFC 8445 section 2.5): read connectivity checks and answer them; never send first.

Pure: datagrams in, values and datagrams out. Whoever is not able to sign a check gets no answer, so
that the relay can be used neither to find users nor to amplify.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass, field

from aioice import stun

MAX_CHECK_BYTES = 548
"""Checks fit the minimal IPv4 path MTU (RFC 8489 section 6.1); larger ones are not parsed."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The relay's user name fragment and password on one link."""

    ufrag: str = field(default_factory=lambda: secrets.token_hex(8))
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """A binding request that is well formed but not verified yet."""

    message: stun.Message
    local_ufrag: str
    nominates: bool  # carries USE-CANDIDATE (RFC 8445 section 7.1.2)


def read_check(data: bytes) -> Check | None:
    """Read a STUN binding request.

    :param data: one datagram.
    :returns: the check, or None for anything else: other messages, malformed or oversized ones.
    """
    if len(data) > MAX_CHECK_BYTES or data[:2] != b"\0\1":
        return None
    try:
        message = stun.parse_message(data)
    except (ValueError, struct.error):  # UnicodeDecodeError is a ValueError
        return None
    username = message.attributes.get("USERNAME")
    if username is None:
        return None
    return Check(message, username.partition(":")[0], "USE-CANDIDATE" in message.attributes)


def answer_check(check: Check, credentials: Credentials, host: str, port: int) -> bytes | None:
    """Verify a check and answer it (RFC 8445 section 7.3).

    :param host: the address that the check came from, as text; ``port`` likewise.
    :returns: the signed success response, or None when the check is not signed with our password.
    """
    key = credentials.password.encode()
    if not check.message.check_message_integrity(key):
        return None
    response = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=check.message.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": (host, port)},
    )
    response.add_message_integrity(key)
    return bytes(response)
