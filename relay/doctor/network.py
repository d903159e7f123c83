"""Which addresses browsers are told, and whether the page is served as they want it."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from cryptography import x509

from relay.config import Settings
from relay.doctor.findings import Finding, bad, fair, good
from relay.doctor.names import of_the_page
from relay.doctor.places import is_there
from relay.doctor.ports import span
from relay.errors import ConfigError
from relay.media.paths.candidates import resolved
from relay.tls import RENEW_DAYS, server_tls

Address = IPv4Address | IPv6Address


def check_addresses(settings: Settings, own: Iterable[Address]) -> Iterator[Finding]:
    """What browsers are told to send media to.

    :param own: this machine's addresses.
    """
    if settings.media_mode == "direct":
        return
    if settings.public_ip:
        for name in settings.public_ip:
            yield from _public_ips(settings, name, set(own))
        return
    bound = ip_address(settings.host)
    if not bound.is_unspecified:
        yield _announced([bound])
    else:
        yield _announced([each for each in own if each.version == 4 or bound.version == 6])


def _public_ips(settings: Settings, name: str, own: set[Address]) -> Iterator[Finding]:
    try:
        found = resolved(name)
    except OSError as error:
        yield bad("public address", f"{name}: {error.strerror}", "correct the name, or its DNS")
        return
    for address in found:
        yield _public_ip(settings, ip_address(address), own)


def _public_ip(settings: Settings, told: Address, own: set[Address]) -> Finding:
    subject, option = "public address", settings.written("public_ip")
    bound = ip_address(settings.host)
    if told.version == 6 and bound.version == 4:
        return bad(
            subject,
            f"{told} is IPv6, but the server listens on {bound}, which is IPv4",
            f"set {settings.written('host')} to ::, or give {option} an IPv4 address",
        )
    if told.is_loopback:
        return bad(subject, f"{told} leads every browser to itself", f"correct {option}")
    if told in own:
        return good(subject, f"{told}, an address of this machine")
    mapped = f"{told} is announced, and mapped to this machine by somebody else"
    if not told.is_global:
        return fair(
            subject,
            f"{mapped}; it is not a public address",
            f"only browsers in that network reach it; if others are to, correct {option}",
        )
    has = f"{span(settings.udp_ports)} ha{'s' if len(settings.udp_ports) == 1 else 've'}"
    to = f"from {settings.public_udp_port} on" if settings.public_udp_port else "unchanged"
    return good(subject, f"{mapped}; UDP port {has} to be forwarded to here {to}")


def _announced(addresses: list[Address]) -> Finding:
    subject = "public address"
    others = [address for address in addresses if not address.is_loopback]
    told = ", ".join(str(address) for address in others or addresses) or "none"
    if not others:
        return fair(
            subject,
            f"{told}: only browsers on this machine can send media",
            "listen on 0.0.0.0 or an address of the network (--host)",
        )
    if not any(address.is_global for address in others):
        return fair(
            subject,
            f"{told}: only browsers in the same network can send media",
            "when others are to, give --public-ip the address that they reach",
        )
    return good(subject, told)


def check_tls(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """Whether browsers will give the page a camera."""
    if settings.tls_self_signed:
        yield fair(
            "TLS",
            "a certificate is made at each start, and browsers warn of it",
            "for more than a trial, use --tls-cert and --tls-key, or a reverse proxy",
        )
    elif settings.tls_cert is not None:
        yield from _files(settings, settings.tls_cert, now or datetime.now(UTC))
    elif ip_address(settings.host).is_loopback:
        yield good("TLS", "none; browsers on this machine need none, and a proxy brings its own")
    elif settings.trusted_proxies:
        yield good("TLS", "none here; the proxies in front are to have it")
    else:
        yield fair(
            "TLS",
            "none: browsers on other machines refuse the page a camera",
            "put a reverse proxy with a certificate in front (and in --trusted-proxies), or use"
            " --tls-cert and --tls-key",
        )


def _files(settings: Settings, file: Path, now: datetime) -> Iterator[Finding]:
    try:
        server_tls(settings)
        chain = x509.load_pem_x509_certificates(file.read_bytes())
    except ConfigError as error:
        yield bad("TLS", str(error), _mend(settings))
        return
    yield _validity(chain[0], now)
    lacking = [name for name in of_the_page(settings) if not covers(chain[0], name)]
    if lacking:
        text = f"the certificate is for {_names(chain[0])}, and not for {', '.join(lacking)}"
        yield bad("TLS", text, f"get one for all names in {settings.written('allowed_hosts')}")
    if len(chain) == 1 and chain[0].issuer != chain[0].subject:
        text = f"{file} has not the certificate of who has signed it, so phones refuse it"
        yield fair("TLS", text, "use the file with all of them: certbot's is fullchain.pem")
    key = settings.tls_key
    if key is not None and key.stat().st_mode & 0o007:
        yield fair("TLS", f"every user of this machine can read {key}", f"chmod o= {key}")


def _mend(settings: Settings) -> str:
    """What to do about files that cannot be used."""
    for path in (settings.tls_cert, settings.tls_key):
        if path is not None and not is_there(path):
            name = next(iter(of_the_page(settings)), "chat.example.org")
            return f"correct the name, or get one: certbot certonly --standalone -d {name}"
        if path is not None and not os.access(path, os.R_OK):
            return f"let this user read it: chown {os.geteuid()} {path}"
    return "put the certificate there, those above it after it, and its key, in PEM"


def covers(certificate: x509.Certificate, name: str) -> bool:
    """Whether browsers take it for a host; a star stands for one part (RFC 9525 section 6.3)."""
    found = _alternatives(certificate)
    wider = f"*.{name.partition('.')[2]}"
    return any(each.lower().rstrip(".") in (name, wider) for each in found)


def _validity(certificate: x509.Certificate, now: datetime) -> Finding:
    ends = certificate.not_valid_after_utc
    days = (ends - now).days
    names = _names(certificate)
    if ends <= now:
        return bad("TLS", f"the certificate for {names} ended on {ends:%Y-%m-%d}", "renew it")
    if certificate.not_valid_before_utc > now:
        begins = certificate.not_valid_before_utc
        advice = "look at this machine's clock, or wait"
        return bad("TLS", f"the certificate for {names} begins on {begins:%Y-%m-%d}", advice)
    if days < RENEW_DAYS:
        text = f"the certificate for {names} ends in {days} days"
        return fair("TLS", text, "renew it; the server takes the new one by itself")
    return good("TLS", f"a certificate for {names}, for {days} more days")


def _names(certificate: x509.Certificate) -> str:
    names = _alternatives(certificate) or ["no name"]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _alternatives(certificate: x509.Certificate) -> list[str]:
    try:
        kind = x509.SubjectAlternativeName
        found = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return []
    return [str(each.value) for each in found]
