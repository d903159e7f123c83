"""STUN messages as TURN needs them (RFC 8489): read strictly, and written.

Pure. ``aioice.stun`` reads them too, but raises a number of errors at what is malformed, and knows
only the last of several attributes of one type.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from relay.bare import bare
from relay.framing import COOKIE, STUN_HEAD_BYTES

with bare("aioice"):
    from aioice import stun

Address = tuple[str, int]
"""An IP address as text, in its shortest form, and a port."""

_HEADER = struct.Struct("!HH4s12s")  # section 5
_ATTRIBUTE = struct.Struct("!HH")  # section 14
_OPTIONAL = 0x8000  # attributes from here on may be ignored
_MAX_ATTRIBUTES = 32
_MAX_UNKNOWN = 16
_FAMILIES = {1: IPv4Address, 2: IPv6Address}  # section 14.1


class Method(IntEnum):
    """RFC 8489 section 18.2, RFC 8656 section 17."""

    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    SEND = 0x006
    DATA = 0x007
    CREATE_PERMISSION = 0x008
    CHANNEL_BIND = 0x009


REQUEST, INDICATION, SUCCESS, ERROR = 0x000, 0x010, 0x100, 0x110
"""Bits of the class in a message's type (RFC 8489 section 5)."""
_CLASS_BITS = 0x110


class Attribute(IntEnum):
    """RFC 8489 section 18.3, RFC 8656 section 18."""

    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    CHANNEL_NUMBER = 0x000C
    LIFETIME = 0x000D
    XOR_PEER_ADDRESS = 0x0012
    DATA = 0x0013
    REALM = 0x0014
    NONCE = 0x0015
    XOR_RELAYED_ADDRESS = 0x0016
    REQUESTED_ADDRESS_FAMILY = 0x0017
    EVEN_PORT = 0x0018
    REQUESTED_TRANSPORT = 0x0019
    DONT_FRAGMENT = 0x001A
    XOR_MAPPED_ADDRESS = 0x0020
    RESERVATION_TOKEN = 0x0022
    FINGERPRINT = 0x8028


_KNOWN = frozenset(Attribute)


@dataclass(frozen=True, slots=True)
class Message:
    """One that is well formed; whoever sent it may be anybody."""

    kind: int
    """The class: :data:`REQUEST` and so on."""
    method: int
    transaction_id: bytes
    attributes: dict[int, bytes]
    """The first of each type (RFC 8489 section 14); only those that are signed, if it is."""
    peers: tuple[Address | None, ...]
    """All XOR-PEER-ADDRESS; None for one that is none."""
    signed: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)

    @property
    def unknown(self) -> list[int]:
        """Attributes that would have to be understood, and are not."""
        return [each for each in self.attributes if each < _OPTIONAL and each not in _KNOWN]

    def text(self, attribute: Attribute) -> str | None:
        """The value of an attribute that is text; None without one, and when it is none."""
        try:
            return self.attributes[attribute].decode()
        except (KeyError, UnicodeDecodeError):
            return None

    def number(self, attribute: Attribute) -> int | None:
        """The value of an attribute of four bytes; None without one, and when it is none."""
        value = self.attributes.get(attribute, b"")
        return int.from_bytes(value, "big") if len(value) == 4 else None

    def is_signed(self, key: bytes) -> bool:
        """Whether it is signed with a key (RFC 8489 section 14.5)."""
        ours = stun.message_integrity(self.signed, key)
        return self.signature is not None and hmac.compare_digest(self.signature, ours)


def read(data: bytes) -> Message | None:
    """Read a message (RFC 8489 section 6.3); None for anything malformed.

    :param data: the message with its header and nothing behind it.
    """
    if len(data) < STUN_HEAD_BYTES or len(data) % 4:
        return None
    kind, length, cookie, transaction_id = _HEADER.unpack_from(data)
    if kind >= 0x4000 or cookie != COOKIE or length != len(data) - STUN_HEAD_BYTES:
        return None
    signed, found, peers = data, dict[int, bytes](), list[Address | None]()
    at, count = STUN_HEAD_BYTES, 0
    while at < len(data):
        attribute, size = _ATTRIBUTE.unpack_from(data, at)
        value, end = data[at + 4 : at + 4 + size], at + 4 + size + -size % 4
        count += 1
        if end > len(data) or count > _MAX_ATTRIBUTES:
            return None
        if attribute == Attribute.FINGERPRINT:  # the last, and right (section 14.7)
            if end < len(data) or value != struct.pack("!I", stun.message_fingerprint(data[:at])):
                return None
        elif Attribute.MESSAGE_INTEGRITY not in found:  # whatever follows that is not signed
            found.setdefault(attribute, value)
            if attribute == Attribute.MESSAGE_INTEGRITY:
                signed = data[:at]
            elif attribute == Attribute.XOR_PEER_ADDRESS:
                peers.append(_address(value, transaction_id))
        at = end
    return Message(
        kind=kind & _CLASS_BITS,
        method=kind & ~_CLASS_BITS,
        transaction_id=transaction_id,
        attributes=found,
        peers=tuple(peers),
        signed=signed,
        signature=found.get(Attribute.MESSAGE_INTEGRITY),
    )


def write(
    kind: int,
    method: int,
    transaction_id: bytes,
    attributes: Iterable[tuple[Attribute, bytes]],
    key: bytes | None = None,
) -> bytes:
    """A message, signed when there is a key."""
    body = b"".join(_attribute(name, value) for name, value in attributes)
    length = len(body) + (24 if key is not None else 0)
    data = _HEADER.pack(kind | method, length, COOKIE, transaction_id) + body
    if key is not None:
        data += _attribute(Attribute.MESSAGE_INTEGRITY, stun.message_integrity(data, key))
    return data


def error_code(code: int, reason: str) -> tuple[Attribute, bytes]:
    """ERROR-CODE (RFC 8489 section 14.8)."""
    return Attribute.ERROR_CODE, stun.pack_error_code((code, reason))


def unknown_attributes(types: Iterable[int]) -> tuple[Attribute, bytes]:
    """UNKNOWN-ATTRIBUTES (RFC 8489 section 14.13); not so many that an answer grows with them."""
    told = list(types)[:_MAX_UNKNOWN]
    return Attribute.UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(told)}H", *told)


def xor_address(address: Address, transaction_id: bytes) -> bytes:
    """An address as the XOR- attributes have it (RFC 8489 section 14.2)."""
    return stun.pack_xor_address(address, transaction_id)


def family(host: str) -> int:
    """As REQUESTED-ADDRESS-FAMILY has it: 1 for IPv4, 2 for IPv6."""
    return 1 if ip_address(host).version == 4 else 2


def _address(value: bytes, transaction_id: bytes) -> Address | None:
    """What an XOR- attribute says: as it is written, an IPv4-mapped address stays one."""
    if len(value) not in (8, 20) or value[1] not in _FAMILIES:
        return None
    if len(value) != (8 if value[1] == 1 else 20):
        return None
    plain = stun.xor_data(value[2:], transaction_id)
    return str(_FAMILIES[value[1]](plain[2:])), int.from_bytes(plain[:2], "big")


def _attribute(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)
