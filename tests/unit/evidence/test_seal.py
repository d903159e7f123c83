"""Only who has the private key can open what is sealed, and nobody can change it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from relay.errors import EvidenceError
from relay.evidence.seal import MAGIC, PublicKey, make_keys, unseal
from tests.support.evidence import KEY, PRIVATE_PEM, PUBLIC_PEM

TEXT = b"what nobody else is to see " * 50


def test_what_is_sealed_can_be_opened() -> None:
    assert unseal(KEY.seal(TEXT), PRIVATE_PEM) == TEXT


def test_it_shows_nothing() -> None:
    sealed = KEY.seal(TEXT)
    assert sealed.startswith(MAGIC)
    assert b"nobody" not in sealed
    assert KEY.seal(TEXT) != sealed, "nor whether it is the same"


def test_another_key_is_told_apart() -> None:
    _, other = make_keys()
    with pytest.raises(EvidenceError, match="another key"):
        unseal(KEY.seal(TEXT), other)


def test_any_change_shows() -> None:
    sealed = KEY.seal(TEXT)
    for at in (0, 9, 17, 60, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(EvidenceError):
            unseal(bytes(changed), PRIVATE_PEM)


@pytest.mark.parametrize("size", [0, 7, 8, 15, 16, 17, 48, 63])
def test_what_is_cut_short_is_refused(size: int) -> None:
    with pytest.raises(EvidenceError):
        unseal(KEY.seal(TEXT)[:size], PRIVATE_PEM)


def test_keys_of_another_kind_are_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for pem in (public, b"", b"nonsense", PRIVATE_PEM):
        with pytest.raises(EvidenceError):
            PublicKey.read(pem)
    for pem in (private, b"", b"nonsense", PUBLIC_PEM):
        with pytest.raises(EvidenceError):
            unseal(KEY.seal(TEXT), pem)
