"""Sealing: anybody with the public key can seal, and only who has the private one can open.

It is HPKE (RFC 9180) in its base mode: X25519, HKDF-SHA256, AES-128-GCM. In front of what that
makes are eight bytes that say what it is, and eight of the public key's SHA-256, so that whoever
has another key is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from relay.errors import EvidenceError

MAGIC = b"RELAYEV1"
_KEY_ID_BYTES = 8
_HEAD_BYTES = len(MAGIC) + _KEY_ID_BYTES
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """To seal with."""

    key: X25519PublicKey

    @classmethod
    def read(cls, pem: bytes) -> PublicKey:
        """From its file.

        :raises EvidenceError: when it is no such key.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError:
            raise EvidenceError("it is no public key in PEM") from None
        if not isinstance(key, X25519PublicKey):
            raise EvidenceError("it is no X25519 key")
        return cls(key)

    @property
    def id(self) -> bytes:
        """Eight bytes by which it is told from others."""
        raw = self.key.public_bytes_raw()
        return sha256(raw).digest()[:_KEY_ID_BYTES]

    def seal(self, plaintext: bytes) -> bytes:
        """Seal something."""
        head = MAGIC + self.id
        return head + _SUITE.encrypt(plaintext, self.key, info=head)


def make_keys() -> tuple[bytes, bytes]:
    """A new key pair: the public and the private half, both in PEM."""
    key = X25519PrivateKey.generate()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return public, private


def unseal(sealed: bytes, private_pem: bytes) -> bytes:
    """Open what :meth:`PublicKey.seal` has sealed.

    :raises EvidenceError: when it is not that, the key is another one, or it was changed since.
    """
    try:
        key = serialization.load_pem_private_key(private_pem, None)
    except (ValueError, TypeError):
        raise EvidenceError("the key is no private key in PEM, or is encrypted itself") from None
    if not isinstance(key, X25519PrivateKey):
        raise EvidenceError("the key is no X25519 key")
    head = sealed[:_HEAD_BYTES]
    if len(sealed) < _HEAD_BYTES or not head.startswith(MAGIC):
        raise EvidenceError("it is no sealed evidence")
    if head[len(MAGIC) :] != PublicKey(key.public_key()).id:
        raise EvidenceError("it is sealed for another key")
    try:
        return _SUITE.decrypt(sealed[_HEAD_BYTES:], key, info=head)
    except (InvalidTag, ValueError):
        raise EvidenceError("it was changed after it had been sealed, or is cut short") from None
