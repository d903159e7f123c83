"""Certificates as an operator would bring them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Files(NamedTuple):
    cert: Path
    key: Path


def write_certificate(
    folder: Path,
    *,
    days_left: float = 90,
    password: str = "",
    names: Iterable[str] = (),
    signer: str = "tests",
) -> Files:
    """A certificate for 127.0.0.1, or some names, that is its own authority, and its key.

    :param signer: who it says has signed it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name, issuer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in ("tests", signer)
    )
    alternatives: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
    ends = datetime.now(UTC) + timedelta(days=days_left)
    certificate = (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=100))
        .not_valid_after(ends)
        .add_extension(
            x509.SubjectAlternativeName(alternatives or [x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Files(folder / "cert.pem", folder / "key.pem")
    files.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password.encode())
            if password
            else serialization.NoEncryption(),
        )
    )
    files.key.chmod(0o600)
    return files
