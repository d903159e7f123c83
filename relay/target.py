"""The server that a command is about, as the command line names it."""

import re
from collections.abc import Collection
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import typer

from relay.errors import ConfigError

DEFAULT_URL = "http://localhost:8080"
VARIABLE = "RELAY_URL"

URL = Annotated[str, typer.Option(metavar="URL", envvar=VARIABLE, help="Where the page is.")]
FINGERPRINT = Annotated[
    str | None,
    typer.Option(
        metavar="SHA256",
        envvar="RELAY_FINGERPRINT",
        help="Accept the one certificate with this fingerprint, as the server prints it.",
    ),
]

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def parts_of(url: str, option: str, schemes: Collection[str]) -> SplitResult:
    """The parts of a server's address, which has neither a query nor a fragment.

    :param option: what the address was given as.
    :param schemes: those that will do.
    :raises ConfigError: says what is wrong.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ConfigError(f"{option}: should be such as https://chat.example.org, not {url!r}")
    return parts


def fingerprint(text: str | None) -> bytes | None:
    """The SHA-256 of the one certificate to accept; None where none was given.

    :param text: 64 hexadecimal digits, with colons or without.
    :raises ConfigError: says what is wrong.
    """
    if not text:
        return None
    digits = text.replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(digits):
        raise ConfigError("--fingerprint: should be a SHA-256: 64 hexadecimal digits")
    return bytes.fromhex(digits)
