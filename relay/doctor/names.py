"""Whether the page's names lead to this machine."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address

from relay.config import Settings
from relay.doctor.findings import Finding, bad, fair, good
from relay.media.paths.candidates import resolved

Address = IPv4Address | IPv6Address

_SUBJECT = "name"
_ONLY_HERE = (".localhost", ".local")


def check(settings: Settings, own: Iterable[Address]) -> Iterator[Finding]:
    """Look up the names in ``allowed_hosts``.

    :param own: this machine's addresses.
    """
    announced = [*_announced(settings)]
    expected = [*announced, *own]
    for name in of_the_page(settings):
        try:
            found = [ip_address(each) for each in resolved(name)]
        except OSError as error:
            told, option = _told(announced or expected), settings.written("allowed_hosts")
            advice = f"let it lead to this machine ({told}), or correct {option}"
            yield bad(_SUBJECT, f"{name}: {str(error.strerror).lower()}", advice)
            continue
        yield grade(settings, name, found, expected)


def of_the_page(settings: Settings) -> list[str]:
    """The names by which the page is asked for from elsewhere, as far as they are known."""
    return [
        name
        for name in settings.allowed_hosts
        if "." in name and not name.endswith(_ONLY_HERE) and _address(name) is None
    ]


def grade(
    settings: Settings, name: str, found: Collection[Address], expected: Collection[Address]
) -> Finding:
    """Judge to where a name leads.

    :param expected: where this machine is reached.
    """
    others = [each for each in found if each not in expected]
    if not others:
        return good(_SUBJECT, f"{name} leads to this machine")
    told = f"{name} leads to {_told(others)}"
    if len(others) < len(found):
        text = f"{told}, too, which is none of this machine's addresses"
        return fair(_SUBJECT, text, "take it out of the DNS, unless it is another node or a proxy")
    text = f"{told}, which is none of this machine's addresses"
    if settings.trusted_proxies:
        return fair(_SUBJECT, text, "look whether it is the proxy's")
    advice = f"let it lead here ({_told(expected)}), or add what it leads to to"
    return bad(_SUBJECT, text, f"{advice} {settings.written('public_ip')}")


def _announced(settings: Settings) -> Iterator[Address]:
    for each in settings.public_ip:
        with suppress(OSError):  # which is told of the public addresses
            yield from map(ip_address, resolved(each))


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _told(addresses: Iterable[Address]) -> str:
    """Public ones if there are any, a few of them."""
    known = [each for each in dict.fromkeys(addresses) if not each.is_loopback]
    usable = [each for each in known if each.is_global] or known
    return ", ".join(map(str, usable[:3])) or "it has no public address"
