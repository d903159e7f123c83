"""What of a peer's DTLS is shown to OpenSSL, which gives a handshake up for one bad datagram.

Until there are keys nothing is authenticated: whoever can forge the peer's address can send
anything, and what is invalid has to be discarded (RFC 6347 section 4.1.2.7). A :class:`Sieve` walks
the records of each datagram, puts the fragments of handshake messages together, and lets only whole
messages through, each once, in the order in which a peer in that role sends them. They go on in
records that are written anew, so that a forged record's number makes no true one look repeated.

Pure: datagrams in, records out. It knows DTLS 1.2, as the contexts of :mod:`relay.seam` do.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 2**13
"""Of a handshake message. Browsers' certificates have 0.4 kB, their hellos with ML-KEM 1.5 kB."""

MAX_PARTIAL = 8
"""So many messages are put together at a time; the oldest makes room for another."""

MAX_STRETCHES = 16
"""Of a message, between gaps. Genuine fragments have hundreds of bytes, and most come in order."""

MAX_PARTS = 32
"""So many records and fragments of a datagram are looked at; a whole flight has five or six."""

AHEAD = 8
"""A fragment may belong to one of so many next messages, as datagrams overtake each other."""

MAX_EARLY = 8
"""So many encrypted records that have overtaken the change of cipher are kept, the latest ones."""

_RECORD = struct.Struct("!BHHHIH")  # type, version, epoch, number (16 and 32 bits), length
_FRAGMENT = struct.Struct("!BBHHBHBH")  # type, size of the message, number, offset, own size

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_VERSION = 0xFEFD
_VERSIONS = frozenset({0xFEFF, _VERSION})  # a hello may say 1.0 (RFC 6347 section 4.2.1)

_NOTHING, _CLIENT_HELLO, _SERVER_HELLO, _HELLO_VERIFY_REQUEST, _CERTIFICATE = -1, 1, 2, 3, 11
_SERVER_KEY_EXCHANGE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 12, 13, 14
_CERTIFICATE_VERIFY, _CLIENT_KEY_EXCHANGE = 15, 16

_FOLLOWERS: dict[str, dict[int, tuple[int, ...]]] = {
    "client": {
        _NOTHING: (_CLIENT_HELLO,),
        _CLIENT_HELLO: (_CERTIFICATE,),
        _CERTIFICATE: (_CLIENT_KEY_EXCHANGE,),
        _CLIENT_KEY_EXCHANGE: (_CERTIFICATE_VERIFY,),
        _CERTIFICATE_VERIFY: (),
    },
    "server": {
        _NOTHING: (_SERVER_HELLO, _HELLO_VERIFY_REQUEST),
        _HELLO_VERIFY_REQUEST: (_SERVER_HELLO,),
        _SERVER_HELLO: (_CERTIFICATE,),
        _CERTIFICATE: (_SERVER_KEY_EXCHANGE,),
        _SERVER_KEY_EXCHANGE: (_CERTIFICATE_REQUEST,),
        _CERTIFICATE_REQUEST: (_SERVER_HELLO_DONE,),
        _SERVER_HELLO_DONE: (),
    },
}
"""Which message in the clear may follow which, by the role of the sender (RFC 6347 section 4.2.4).
Both ends of WebRTC have certificates (RFC 8827 section 6.5), and no session is resumed."""

_DIGESTS = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of a certificate, as ``a=fingerprint`` has it (RFC 8122 section 5)."""

    algorithm: str
    value: str
    """In hexadecimal digits, with colons."""


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    epoch: int
    body: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Fragment:
    kind: int
    size: int  # of the whole message
    number: int
    offset: int
    piece: bytes


class _Partial:
    """A message that is put together; what a fragment costs does not depend on those before."""

    def __init__(self, size: int) -> None:
        self.stretches: list[tuple[int, int]] = []
        """Where the parts begin and end that have come, in order; no two touch each other."""
        self._message = bytearray(size)

    def add(self, offset: int, piece: bytes) -> None:
        """Put a piece in its place; what comes later is written over what came before.

        Of too many stretches only the new one stays: who sends such may not keep the others out.
        """
        end = offset + len(piece)
        self._message[offset:end] = piece
        apart = [each for each in self.stretches if each[1] < offset or end < each[0]]
        touched = [each for each in self.stretches if each not in apart]
        whole = min([offset, *(a for a, _ in touched)]), max([end, *(b for _, b in touched)])
        self.stretches = sorted([*apart, whole]) if len(apart) < MAX_STRETCHES else [(offset, end)]

    @property
    def message(self) -> bytes | None:
        """The whole; None while a part of it is missing."""
        return bytes(self._message) if self.stretches == [(0, len(self._message))] else None


class Sieve:
    """Knows how far a peer's handshake is, and what may come next."""

    def __init__(self) -> None:
        self.role = "client"
        """The peer's; whoever speaks before that is agreed can only be a ``client``."""
        self.fingerprints: Sequence[Fingerprint] = ()
        """Of the peer's certificate: no other is let through."""
        self.has_met_another = False
        """Whether a certificate has come that is none of these, whoever has sent it."""
        self.parts = 0
        """Records and fragments of the last datagram that were looked at."""
        self._last = _NOTHING
        self._number = 0  # of the next message (RFC 6347 section 4.2.2)
        self._written = 0
        self._cipher_changes = self._cipher_changed = False
        self._early: list[bytes] = []
        self._sound = True
        self._partial: dict[tuple[int, int, int], _Partial] = {}

    def forget_hello(self) -> list[bytes] | None:
        """Take another ClientHello, after OpenSSL has refused one.

        :returns: its record, if one has come already; None if it is too late, as more than a
            ClientHello has been let through.
        """
        if self._last != _CLIENT_HELLO:
            return None
        self._last = _NOTHING
        self._number = self._written = 0
        return list(self._completed())

    def sift(self, datagram: bytes) -> tuple[list[bytes], bool]:
        """Keep what is sound of a datagram.

        :returns: records for OpenSSL, and whether all of the datagram was sound. What comes again
            is sound, and so is a fragment, though they yield no record.
        """
        kept: list[bytes] = []
        self._sound = bool(datagram)
        for self.parts, part in enumerate(_parts(datagram), 1):
            if self.parts > MAX_PARTS:
                self._sound = False
                break
            if part is None:
                self._sound = False
            elif isinstance(part, _Fragment):
                self._keep(part)
                kept += self._completed()
            elif part.epoch:
                self._early.append(part.raw)
            elif part.kind == _CHANGE_CIPHER_SPEC and part.body == b"\1":
                self._cipher_changes = True  # it may have overtaken the last message
            else:  # alerts among them: in the clear anybody may have written one
                self._sound = False
        if self._cipher_changes and not self._cipher_changed and not self._expected:
            self._cipher_changed = True
            kept.append(self._write(_CHANGE_CIPHER_SPEC, b"\1"))
        if self._cipher_changed:  # OpenSSL has the key now, and drops what is forged
            kept += self._early
            self._early.clear()
        del self._early[:-MAX_EARLY]
        return kept, self._sound

    @property
    def _expected(self) -> tuple[int, ...]:
        """What the next message may be; nothing when all have come."""
        return _FOLLOWERS[self.role].get(self._last, ())

    @property
    def _first_kept(self) -> int:
        """The first number of a message for which there is use: hellos may still be refused."""
        return 0 if self._last == _CLIENT_HELLO else self._number

    def _keep(self, fragment: _Fragment) -> None:
        """Put a fragment where it belongs. Another type or size makes it another message."""
        if fragment.kind not in _FOLLOWERS[self.role]:
            self._sound = False
        elif fragment.number < self._first_kept:
            return  # it comes again
        elif fragment.number >= self._number + AHEAD or not self._expected:
            self._sound = False
        else:
            key = fragment.number, fragment.kind, fragment.size
            if key not in self._partial:
                self._partial[key] = _Partial(fragment.size)
            self._partial[key].add(fragment.offset, fragment.piece)
            if len(self._partial) > MAX_PARTIAL:
                del self._partial[next(iter(self._partial))]

    def _completed(self) -> Iterator[bytes]:
        """The records of the messages whose turn it is."""
        while (found := self._next_message()) is not None:
            kind, message = found
            size = divmod(len(message), 1 << 16)
            head = _FRAGMENT.pack(kind, *size, self._number, 0, 0, *size)
            self._last = kind
            self._number += 1
            self._partial = {k: v for k, v in self._partial.items() if k[0] >= self._first_kept}
            yield self._write(_HANDSHAKE, head + message)

    def _next_message(self) -> tuple[int, bytes] | None:
        for key in [key for key in self._partial if key[0] == self._number]:
            kind, message = key[1], self._partial[key].message
            if message is None:
                continue
            del self._partial[key]
            if kind in self._expected and self._is_plausible(kind, message):
                return kind, message
            self._sound = False
        return None

    def _is_plausible(self, kind: int, message: bytes) -> bool:
        if kind == _CERTIFICATE:
            is_own = _is_certificate_of(message, self.fingerprints)
            self.has_met_another = self.has_met_another or not is_own
            return is_own
        if kind == _CLIENT_KEY_EXCHANGE:
            return _is_point(message)
        if kind == _CERTIFICATE_VERIFY:
            return _is_signature(message)
        if kind == _SERVER_KEY_EXCHANGE:  # a named curve, a point on it, a signature
            point_end = 4 + message[3] if len(message) > 3 else 0
            return _is_point(message[3:point_end]) and _is_signature(message[point_end:])
        return (kind == _SERVER_HELLO_DONE) == (not message)

    def _write(self, kind: int, body: bytes) -> bytes:
        record = _RECORD.pack(kind, _VERSION, 0, 0, self._written, len(body))
        self._written += 1
        return record + body


def _parts(datagram: bytes) -> Iterator[_Record | _Fragment | None]:
    """Walk a datagram; handshake records in the clear come as their fragments."""
    for record in _records(datagram):
        if record is None or record.epoch or record.kind != _HANDSHAKE:
            yield record
        else:
            yield from _fragments(record.body)


def _records(datagram: bytes) -> Iterator[_Record | None]:
    """Walk a datagram's records (RFC 6347 section 4.1); None for each that cannot be right."""
    start = 0
    while start < len(datagram):
        body = start + _RECORD.size
        if body > len(datagram):
            yield None
            return
        kind, version, epoch, _, _, length = _RECORD.unpack_from(datagram, start)
        end = body + length
        if end > len(datagram):
            yield None  # and where the next would begin is not known
            return
        right = (
            _CHANGE_CIPHER_SPEC <= kind <= _APPLICATION_DATA
            and version in _VERSIONS
            and epoch <= 1
            and length > 0
        )
        yield _Record(kind, epoch, datagram[body:end], datagram[start:end]) if right else None
        start = end


def _fragments(body: bytes) -> Iterator[_Fragment | None]:
    """Walk the fragments in a record (RFC 6347 section 4.2.2); None for each that cannot be."""
    start = 0
    while start < len(body):
        begin = start + _FRAGMENT.size
        if begin > len(body):
            yield None
            return
        kind, high, low, number, *rest = _FRAGMENT.unpack_from(body, start)
        size, offset, own = high << 16 | low, rest[0] << 16 | rest[1], rest[2] << 16 | rest[3]
        start = begin + own
        if start > len(body):
            yield None
            return
        right = offset + own <= size <= MAX_MESSAGE_BYTES and (own > 0 or size == 0)
        yield _Fragment(kind, size, number, offset, body[begin:start]) if right else None


def _is_point(data: bytes) -> bool:
    """Whether it may be a public key of elliptic curves (RFC 8422 section 5.4)."""
    return len(data) > 1 and len(data) == 1 + data[0]


def _is_signature(data: bytes) -> bool:
    """Whether it may be a signature with its algorithm (RFC 5246 section 4.7)."""
    return len(data) > 4 and len(data) == 4 + int.from_bytes(data[2:4], "big")


def _is_certificate_of(message: bytes, fingerprints: Sequence[Fingerprint]) -> bool:
    """Whether the first certificate (RFC 5246 section 7.4.2) has one of these fingerprints."""
    certificate = message[6 : 6 + int.from_bytes(message[3:6], "big")]
    return any(
        digest(certificate).hexdigest() == fingerprint.value.replace(":", "").lower()
        for fingerprint in fingerprints
        if (digest := _DIGESTS.get(fingerprint.algorithm.lower())) is not None
    )
