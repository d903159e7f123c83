"""A thin peer's ICE connectivity checks, as bytes (RFC 8445 section 7, RFC 8489)."""

import struct
from dataclasses import dataclass

from aioice import stun

_PRIORITY = 1845501695  # of a peer-reflexive candidate, RFC 8445 section 5.1.2.1


@dataclass(frozen=True, slots=True)
class Credentials:
    """The short-term credentials of both sides of one link."""

    ufrag: str
    password: str
    remote_ufrag: str
    remote_password: str


def write_check(
    credentials: Credentials, transaction_id: bytes, tie_breaker: int, *, controlling: bool
) -> bytes:
    """A Binding request; the controlling side always nominates.

    :param transaction_id: 12 bytes.
    :param tie_breaker: a random number of 64 bits that stays the same for the link.
    """
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, transaction_id)
    request.attributes["USERNAME"] = f"{credentials.remote_ufrag}:{credentials.ufrag}"
    request.attributes["PRIORITY"] = _PRIORITY
    if controlling:
        request.attributes["ICE-CONTROLLING"] = tie_breaker
        request.attributes["USE-CANDIDATE"] = None
    else:
        request.attributes["ICE-CONTROLLED"] = tie_breaker
    request.add_message_integrity(credentials.remote_password.encode())
    return bytes(request)


def write_success(
    credentials: Credentials, transaction_id: bytes, source: tuple[str, int]
) -> bytes:
    """The success response to a check that came from ``source``."""
    response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id)
    response.attributes["XOR-MAPPED-ADDRESS"] = source
    response.add_message_integrity(credentials.password.encode())
    return bytes(response)


@dataclass(frozen=True, slots=True)
class Checked:
    """The other side's authentic check; ``nominated`` when it said USE-CANDIDATE."""

    transaction_id: bytes
    nominated: bool


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The other side's authentic success response to our check."""

    transaction_id: bytes


def read_stun(datagram: bytes, credentials: Credentials) -> Checked | Confirmed | None:
    """What a STUN datagram says, or None when it is malformed, not authentic or an error."""
    try:
        message = stun.parse_message(datagram)
    except (ValueError, struct.error):
        return None
    if message.message_class == stun.Class.REQUEST:
        if not message.attributes.get("USERNAME", "").startswith(f"{credentials.ufrag}:"):
            return None
        if not message.check_message_integrity(credentials.password.encode()):
            return None
        return Checked(message.transaction_id, "USE-CANDIDATE" in message.attributes)
    if message.message_class == stun.Class.RESPONSE and message.check_message_integrity(
        credentials.remote_password.encode()
    ):
        return Confirmed(message.transaction_id)
    return None
