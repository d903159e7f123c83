"""Builders of DTLS datagrams, true and forged ones."""

from __future__ import annotations

import contextlib
import struct

from OpenSSL import SSL

from relay.media.paths.dtls import Fingerprint
from relay.seam import LINK_SRTP_PROFILES, LinkCertificate

CERTIFICATE = LinkCertificate.generateCertificate()


def fingerprints(certificate: LinkCertificate) -> list[Fingerprint]:
    """A certificate's, as a description has them."""
    return [Fingerprint(each.algorithm, each.value) for each in certificate.getFingerprints()]


FINGERPRINTS = fingerprints(CERTIFICATE)
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE_MESSAGE, CLIENT_KEY_EXCHANGE = 1, 2, 11, 16


def record(
    body: bytes,
    kind: int = 22,
    *,
    epoch: int = 0,
    number: int = 9,
    version: int = 0xFEFD,
    length: int | None = None,
) -> bytes:
    """A record whose length may lie."""
    size = len(body) if length is None else length
    head = struct.pack("!BHHHIH", kind, version, epoch, number >> 32, number & 0xFFFFFFFF, size)
    return head + body


def fragment(
    kind: int,
    piece: bytes,
    *,
    number: int = 0,
    size: int | None = None,
    offset: int = 0,
    own: int | None = None,
) -> bytes:
    """A fragment of a handshake message, or a whole one, whose sizes may lie."""
    parts = (len(piece) if size is None else size, offset, len(piece) if own is None else own)
    whole, begin, length = (part.to_bytes(3, "big") for part in parts)
    return bytes([kind]) + whole + struct.pack("!H", number) + begin + length + piece


def records(datagrams: bytes) -> list[bytes]:
    """A flight's records, one by one."""
    found = []
    while datagrams:
        end = 13 + int.from_bytes(datagrams[11:13], "big")
        found.append(datagrams[:end])
        datagrams = datagrams[end:]
    return found


def messages(flight: bytes) -> dict[int, bytes]:
    """The handshake messages of a flight by type, each put together of its fragments."""
    found: dict[int, bytes] = {}
    for each in records(flight):
        if each[0] == 22 and each[3:5] == b"\0\0":
            found[each[13]] = found.get(each[13], b"") + each[25:]
    return found


class End:
    """One end of a handshake: OpenSSL without a wire."""

    def __init__(self, role: str) -> None:
        self.ssl = SSL.Connection(CERTIFICATE._create_ssl_context(LINK_SRTP_PROFILES))
        if role == "server":
            self.ssl.set_accept_state()
        else:
            self.ssl.set_connect_state()
        self.done = False

    def hear(self, *heard: bytes) -> bytes:
        """Take records one by one; returns what is said then.

        :raises SSL.Error: when the handshake has failed.
        """
        said = b""
        for each in heard or (b"",):
            if each:
                self.ssl.bio_write(each)
            with contextlib.suppress(SSL.WantReadError):
                self.ssl.do_handshake()
                self.done = True
            with contextlib.suppress(SSL.WantReadError):
                said += self.ssl.bio_read(1 << 16)
        return said


FATAL_ALERT = record(b"\2\x28", 21)
CLOSE_NOTIFY = record(b"\1\0", 21)

FORGERIES: dict[str, bytes] = {
    "fatal alert": FATAL_ALERT,
    "close_notify": CLOSE_NOTIFY,
    "two alerts": FATAL_ALERT + CLOSE_NOTIFY,
    "forged alert of the next epoch": record(b"\2\x28" + bytes(24), 21, epoch=1),
    "finished of the next epoch": record(bytes(40), epoch=1, number=0),
    "an epoch that never comes": record(bytes(40), epoch=7),
    "application data": record(b"hello", 23),
    "empty application data": record(b"", 23),
    "a record type that is none": record(b"hello", 62),
    "heartbeat": record(b"\1\x40\0", 24),
    "DTLS 1.3": b"\x2f" + bytes(60),
    "half a head": b"\x16\xfe\xfd\0\0\0",
    "one byte": b"\x16",
    "junk": b"\x16" + bytes(range(100)),
    "TLS": record(fragment(CLIENT_HELLO, bytes(40)), version=0x0303),
    "a record longer than its datagram": record(fragment(1, bytes(40)), length=1400),
    "a record shorter than its datagram": record(fragment(1, bytes(40)), length=9),
    "an empty record": record(b""),
    "half a fragment": record(b"\1\0\0\1"),
    "a record number that ends all others": record(b"\1\0\0\0", number=(1 << 48) - 1),
    "the same in a sound record": record(fragment(14, b""), number=(1 << 48) - 1),
    "16 MB": record(fragment(CLIENT_HELLO, bytes(99), size=(1 << 24) - 1)),
    "16 MB of a certificate": record(fragment(11, bytes(99), number=1, size=(1 << 24) - 1)),
    "a fragment past the end": record(fragment(CLIENT_HELLO, bytes(40), size=50, offset=30)),
    "a fragment longer than its record": record(fragment(1, bytes(40), size=500, own=400)),
    "a fragment of nothing": record(fragment(CLIENT_HELLO, b"", size=500)),
    "a hello of nothing": record(fragment(CLIENT_HELLO, b"")),
    "a hello of junk": record(fragment(CLIENT_HELLO, bytes(60))),
    "the beginning of another hello": record(fragment(CLIENT_HELLO, bytes(40), size=142)),
    "the end of another hello": record(fragment(CLIENT_HELLO, bytes(40), size=999, offset=959)),
    "another's certificate": record(fragment(11, bytes(40), number=1)),
    "a certificate later": record(fragment(11, bytes(40), number=5)),
    "a key that is none": record(fragment(16, bytes(40), number=2)),
    "a key too early": record(fragment(16, b"\x20" + bytes(32), number=1)),
    "a signature that is none": record(fragment(15, bytes(40), number=3)),
    "a message far ahead": record(fragment(11, bytes(40), number=900)),
    "change of cipher": record(b"\1", 20),
    "another change of cipher": record(b"\2", 20),
    "a longer change of cipher": record(b"\1\1", 20),
} | {
    f"message {kind} as number {number}": record(fragment(kind, bytes(9), number=number))
    for kind in (0, 2, 3, 4, 12, 13, 14, 20, 22, 24, 99)
    for number in range(4)
}
"""One datagram each, none of which a client's peer may take for more than noise."""
