"""ICE-lite (RFC 8445 section 2.5): read connectivity checks and answer them; never send first.

Pure: datagrams in, values and datagrams out. Whoever is not able to sign a check gets no answer, so
that the relay can be used neither to find users nor to amplify.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from relay.bare import bare

with bare("aioice"):
    from aioice import stun

_HEADER = struct.Struct("!HHI12s")  # type, length, cookie, transaction id (RFC 8489 section 5)
_ATTRIBUTE = struct.Struct("!HH")  # type, length of the value (section 14)
_REQUEST, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111  # of the Binding method

_USERNAME, _MESSAGE_INTEGRITY, _ERROR_CODE, _UNKNOWN_ATTRIBUTES = 0x0006, 0x0008, 0x0009, 0x000A
_XOR_MAPPED_ADDRESS, _PRIORITY, _USE_CANDIDATE = 0x0020, 0x0024, 0x0025
_FINGERPRINT, _ICE_CONTROLLED = 0x8028, 0x8029
_DTLS, _DTLS_ACKNOWLEDGED = 0xC070, 0xC071  # draft-hancke-webrtc-sped
_OPTIONAL = 0x8000  # attributes from here on may be ignored (RFC 8489 section 14)

_REFLEXIVE = ((110 << 24) | (65535 << 8) | 255).to_bytes(4, "big")
"""The priority of a peer reflexive candidate, which a check tells (RFC 8445 section 7.1.1)."""

_NEVER_WINS = bytes(8)
"""Our tie-breaker: a peer that would be controlled, too, has to give way (RFC 8445 7.3.1.1)."""

CHECK_BYTES = 80
"""The size of a check of ours, and its two user name fragments: at most so much in all."""

_MAX_UNKNOWN = 16  # so many are told, so that an answer is hardly longer than its check


@dataclass(frozen=True, slots=True)
class Credentials:
    """The relay's user name fragment and password on one link."""

    ufrag: str = field(default_factory=lambda: _fragment(0))
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @classmethod
    def of_worker(cls, index: int) -> Credentials:
        """New ones, whose fragment says which process has the link."""
        return cls(_fragment(index))

    @property
    def worker(self) -> int:
        """The process that has the link."""
        return worker_of(self.ufrag) or 0


def worker_of(ufrag: str) -> int | None:
    """Which process has the link with this fragment; None when it is none of ours."""
    try:
        return int(ufrag[:2], 16)
    except ValueError:
        return None


def _fragment(worker: int) -> str:
    return f"{worker:02x}{secrets.token_hex(7)}"


@dataclass(frozen=True, slots=True)
class Check:
    """A binding request that is well formed but not verified yet."""

    transaction_id: bytes
    local_ufrag: str
    remote_ufrag: str
    nominates: bool  # carries USE-CANDIDATE (RFC 8445 section 7.1.2)
    controlled: bool  # its sender takes the role that the relay has
    unknown: tuple[int, ...]  # attributes that must be understood and are not
    dtls: bytes | None  # a DTLS datagram in it; empty if its sender only knows that there may be
    signed: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)

    @property
    def refusal(self) -> tuple[int, str] | None:
        """The error that it gets although it is signed; it counts for nothing else then."""
        if self.unknown:
            return 420, "Unknown Attribute"  # RFC 8489 section 6.3.1
        if self.controlled:  # a lite agent never controls a full one (RFC 8445 section 6.1.1)
            return 487, "Role Conflict"
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """A success response that is well formed but not verified yet."""

    transaction_id: bytes
    signed: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)


def is_answer(data: bytes | memoryview) -> bool:
    """Whether a STUN message is a response to a check, by its first bytes."""
    return len(data) > 1 and data[0] == _SUCCESS >> 8 and data[1] == _SUCCESS & 0xFF


def read_check(data: bytes) -> Check | None:
    """Read a STUN binding request (RFC 8489 sections 5 and 6.3).

    :param data: one datagram.
    :returns: the check, or None for anything else: other messages, and malformed ones.
    """
    if (read := _read(data, _REQUEST)) is None:
        return None
    found, signed = read
    try:
        local_ufrag, _, remote_ufrag = found[_USERNAME].decode().partition(":")
    except (KeyError, UnicodeDecodeError):
        return None
    return Check(
        transaction_id=data[8 : _HEADER.size],
        local_ufrag=local_ufrag,
        remote_ufrag=remote_ufrag,
        nominates=_USE_CANDIDATE in found,
        controlled=_ICE_CONTROLLED in found,
        unknown=tuple(k for k in found if k < _OPTIONAL and k not in stun.ATTRIBUTES_BY_TYPE),
        dtls=found.get(_DTLS, b"" if _DTLS_ACKNOWLEDGED in found else None),
        signed=signed,
        signature=found.get(_MESSAGE_INTEGRITY),
    )


def read_answer(data: bytes) -> Answer | None:
    """Read a success response to a check of ours; None for anything else, as malformed ones."""
    if (read := _read(data, _SUCCESS)) is None:
        return None
    found, signed = read
    return Answer(data[8 : _HEADER.size], signed, found.get(_MESSAGE_INTEGRITY))


def _read(data: bytes, wanted: int) -> tuple[dict[int, bytes], bytes] | None:
    """The attributes of a message of the type that is wanted, and those of its bytes it signs."""
    if len(data) < _HEADER.size or len(data) % 4:
        return None
    kind, length, cookie, _ = _HEADER.unpack_from(data)
    if kind != wanted or length != len(data) - _HEADER.size or cookie != stun.COOKIE:
        return None
    signed, found = data, dict[int, bytes]()
    at = _HEADER.size
    while at < len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, at)
        value = data[at + 4 : at + 4 + length]
        end = at + 4 + length + -length % 4
        if end > len(data):
            return None
        if kind == _FINGERPRINT:  # the last, and right (section 14.7)
            if end < len(data) or value != struct.pack("!I", stun.message_fingerprint(data[:at])):
                return None
        elif _MESSAGE_INTEGRITY not in found:  # whatever follows that is not signed
            found.setdefault(kind, value)
            if kind == _MESSAGE_INTEGRITY:
                signed = data[:at]
        at = end
    return found, signed


def is_signed(said: Check | Answer, password: str) -> bool:
    """Whether a message is signed with this password (RFC 8489 section 9.1.3).

    :param password: ours, of a check; the peer's, of its answer to ours.
    """
    ours = stun.message_integrity(said.signed, password.encode())
    return said.signature is not None and hmac.compare_digest(said.signature, ours)


def write_check(transaction_id: bytes, local_ufrag: str, remote_ufrag: str, password: str) -> bytes:
    """A check of ours, which nominates nothing (RFC 8445 section 7.2.2).

    A lite agent need not send any; this one wants to know who is at an address.

    :param transaction_id: 12 random bytes; the answer's are the same.
    :param password: the peer's.
    """
    attributes = {
        _USERNAME: f"{remote_ufrag}:{local_ufrag}".encode(),
        _PRIORITY: _REFLEXIVE,
        _ICE_CONTROLLED: _NEVER_WINS,
    }
    return _signed(_REQUEST, transaction_id, attributes, password.encode())


def answer_check(
    check: Check, credentials: Credentials, host: str, port: int, heard: Iterable[int] = ()
) -> bytes:
    """Answer a check that is signed (RFC 8445 section 7.3).

    :param host: the address that the check came from, as text; ``port`` likewise.
    :param heard: the CRC-32 of each DTLS datagram that came in checks, for who sends such.
    :returns: the signed response, which is an error where the check has a ``refusal``.
    """
    key = credentials.password.encode()
    if check.refusal is None:
        address = stun.pack_xor_address((host, port), check.transaction_id)
        attributes = {_XOR_MAPPED_ADDRESS: address}
        if check.dtls is not None:
            attributes[_DTLS_ACKNOWLEDGED] = b"".join(crc.to_bytes(4, "big") for crc in heard)
        return _signed(_SUCCESS, check.transaction_id, attributes, key)
    attributes = {_ERROR_CODE: stun.pack_error_code(check.refusal)}
    if check.unknown:
        told = check.unknown[:_MAX_UNKNOWN]
        attributes[_UNKNOWN_ATTRIBUTES] = struct.pack(f"!{len(told)}H", *told)
    return _signed(_ERROR, check.transaction_id, attributes, key)


def _signed(kind: int, transaction_id: bytes, attributes: dict[int, bytes], key: bytes) -> bytes:
    """A message with MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489 sections 14.5 and 14.7)."""
    body = b"".join(_attribute(kind, value) for kind, value in attributes.items())
    message = _HEADER.pack(kind, len(body), stun.COOKIE, transaction_id) + body
    message += _attribute(_MESSAGE_INTEGRITY, stun.message_integrity(message, key))
    message += _attribute(_FINGERPRINT, struct.pack("!I", stun.message_fingerprint(message)))
    return stun.set_body_length(message, len(message) - _HEADER.size)


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)
