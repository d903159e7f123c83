"""Who is a node of the cluster: whoever shows a certificate that was made with the secret.

The key of the authority is derived from the secret, so that every node has it; each makes itself a
certificate for the time that it runs. TLS 1.3 does the rest: without the secret there is nothing
that a peer could show, and nothing that it would be told.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from relay.cluster.secret import Secret

# Valid whatever the clock says: a node without a battery begins in 1970.
_BEGINS = datetime(1970, 1, 1, tzinfo=UTC)
_ENDS = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # has no end: RFC 5280, section 4.1.2.5
_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay cluster")])
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Trust:
    """What a node needs to speak TLS with the others, and with nobody else."""

    listening: ssl.SSLContext
    """For those who connect."""
    calling: ssl.SSLContext
    """To connect with."""


def trust(secret: Secret, name: str) -> Trust:
    """For a node of this name."""
    authority = Ed25519PrivateKey.from_private_bytes(secret.key("authority"))
    root = _root(authority).public_bytes(_PEM).decode()
    key = Ed25519PrivateKey.generate()
    certificate = _certificate(authority, key.public_key(), name).public_bytes(_PEM)
    private = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    contexts = _context(ssl.PROTOCOL_TLS_SERVER, root), _context(ssl.PROTOCOL_TLS_CLIENT, root)
    with TemporaryDirectory(prefix="relay-") as folder:  # OpenSSL takes it from files only
        file = Path(folder) / "node.pem"
        file.write_bytes(private + certificate)
        for context in contexts:
            context.load_cert_chain(file)
    return Trust(*contexts)


def _context(protocol: int, root: str) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # nodes move: the secret is what counts
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=root)
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0
    return context


def _root(authority: Ed25519PrivateKey) -> x509.Certificate:
    public = authority.public_key()
    uses = _uses(signs=False, certifies=True)
    return (
        _builder(public, _AUTHORITY, public)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(uses, critical=True)
        .sign(authority, None)
    )


def _certificate(
    authority: Ed25519PrivateKey, public: Ed25519PublicKey, name: str
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        _builder(public, subject, authority.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_uses(signs=True, certifies=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .sign(authority, None)
    )


def _builder(
    public: Ed25519PublicKey, subject: x509.Name, issuer: Ed25519PublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(_AUTHORITY, subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(_ENDS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    )


def _uses(*, signs: bool, certifies: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
