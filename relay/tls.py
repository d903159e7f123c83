"""HTTPS without a proxy: a certificate of the operator's, or one made for this run.

Browsers give a page the camera only over HTTPS or on ``localhost``. A certificate made here proves
nothing to them: people have to accept it, and can compare its fingerprint with the one printed.
"""

import os
import socket
import ssl
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from relay import whole
from relay.config import Settings
from relay.errors import ConfigError, reason_of
from relay.families import own_addresses

_MAX_BYTES = 2**20  # of a file
RENEW_DAYS = 14
"""Before its end a certificate should have been renewed."""
_VALID = timedelta(days=365)  # some systems refuse certificates of more than 825 days
_SKEW = timedelta(days=1)  # of the clocks of those who connect

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What a server needs to speak HTTPS."""

    context: ssl.SSLContext
    fingerprint: str
    """SHA-256, as browsers show it (``AB:CD:...``)."""
    begins: datetime
    ends: datetime


def server_tls(settings: Settings, now: datetime | None = None) -> ServerTls | None:
    """What the settings say; none is plain HTTP.

    :param now: from when on a certificate is valid that is made here; by default from now on.
    :raises ConfigError: when a file cannot be used; the message names the option.
    """
    if settings.tls_self_signed:
        return self_signed([settings.host, *settings.public_ip], now)
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return _from_files(settings, settings.tls_cert, settings.tls_key)


def self_signed(addresses: Collection[str], now: datetime | None = None) -> ServerTls:
    """Make a key and a certificate for this machine; they are nowhere when the process ends.

    :param addresses: IP addresses and host names that it is valid for besides this machine's own.
    :param now: when its year begins; by default now.
    """
    names = [each for each in addresses if not _is_address(each)]
    addresses = [each for each in addresses if _is_address(each)]
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(
        key, [*_own_names(), *names], _own_addresses(addresses), now or datetime.now(UTC)
    )
    context = _context()
    with _as_file(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)) as file:
        context.load_cert_chain(file)
    return _tls(context, certificate)


def _tls(context: ssl.SSLContext, certificate: x509.Certificate) -> ServerTls:
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return ServerTls(context, fingerprint, begins, ends)


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A file for OpenSSL, which takes a key from nothing else; on Linux one that is on no disk.

    :raises ConfigError: when there is no place for it.
    """
    try:
        if hasattr(os, "memfd_create"):
            with os.fdopen(os.memfd_create("certificate"), "wb") as file:
                file.write(content)
                file.flush()
                yield f"/dev/fd/{file.fileno()}"
        else:
            with TemporaryDirectory(prefix="relay-") as private:
                path = Path(private) / "certificate.pem"
                path.write_bytes(content)
                yield str(path)
    except OSError as error:
        raise ConfigError(
            f"--tls-self-signed: there is no place for the key: {_reason(error)}"
        ) from None


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 section 3.1.1
    context.set_alpn_protocols(["http/1.1"])
    return context


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    names: Iterable[str],
    addresses: Iterable[Address],
    now: datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay, self-signed")])
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(address) for address in addresses]
    return (
        x509.CertificateBuilder(name, name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _own_names() -> list[str]:
    host = socket.gethostname().lower()
    usable = host.isascii() and 0 < len(host) < 254
    return ["localhost", *([host] if usable and host != "localhost" else [])]


def _own_addresses(more: Iterable[str]) -> list[Address]:
    """Those that a browser can be sent to: not ``0.0.0.0``, and none that needs a zone."""
    named = (ip_address(address) for address in ("127.0.0.1", "::1", *more))
    addresses = {*named, *own_addresses()}
    usable = (a for a in addresses if not a.is_unspecified and not a.is_link_local)
    return sorted(usable, key=lambda address: (address.version, int(address)))


def _from_files(settings: Settings, cert: Path, key: Path) -> ServerTls:
    """A context with a certificate, and those that lead to its root, from a file."""
    cert_option, key_option = settings.written("tls_cert"), settings.written("tls_key")
    certificate = _read_certificate(cert_option, cert)
    if _read_key(key_option, key).public_key() != certificate.public_key():
        raise ConfigError(f"{key_option}: {key} is not the key of the certificate in {cert}")
    context = _context()
    try:
        context.load_cert_chain(cert, key, password="")  # without one it would ask
    except (OSError, ValueError) as error:  # OpenSSL's errors are OSErrors, too
        raise ConfigError(f"{cert_option}: {cert} cannot be used: {_reason(error)}") from None
    return _tls(context, certificate)


def _read_certificate(option: str, path: Path) -> x509.Certificate:
    content = _read(option, path)
    try:
        certificate = x509.load_pem_x509_certificates(content)[0]  # the server's own comes first
        certificate.public_key()  # which is read only now
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{option}: {path} is no certificate in PEM") from None
    return certificate


def _read_key(option: str, path: Path) -> PrivateKeyTypes:
    content = _read(option, path)
    try:
        return serialization.load_pem_private_key(content, password=None)
    except TypeError:
        raise ConfigError(f"{option}: {path} is encrypted; the key has to be readable") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{option}: {path} is no private key in PEM") from None


def _read(option: str, path: Path) -> bytes:
    try:
        return whole.read(path, _MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"{option}: cannot read {path}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "OpenSSL refuses it").replace("_", " ").lower()
    return reason_of(error) if isinstance(error, OSError) else str(error)
