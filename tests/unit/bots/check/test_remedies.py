"""What to do when there is no server to check."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from relay.bots.check.remedies import remedy
from relay.bots.client import TurnedAway
from relay.bots.work import Refusal
from relay.errors import BotError

KEY = cast("Any", SimpleNamespace(host="chat.example.org", port=443, ssl=True, is_ssl=True))


def unreachable(cause: Exception) -> str:
    error = BotError("cannot reach it")
    error.__cause__ = cause
    return remedy(error)


def refused(status: int, code: str = "") -> str:
    return remedy(TurnedAway("wss://chat.example.org/ws", Refusal(status, "", code=code)))


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (200, "no relay"),
        (400, "'Upgrade' and 'Connection'"),
        (403, "'Host'"),
        (404, "--base-path"),
        (421, "--allowed-hosts"),
        (426, "'Upgrade' and 'Connection'"),
        (502, "it runs"),
        (503, "/ready"),
        (504, "runs"),
    ],
)
def test_an_answer_that_lets_nobody_in_has_a_remedy(status: int, word: str) -> None:
    assert word in refused(status)


def test_what_the_server_says_itself_is_enough() -> None:
    assert refused(403, "banned") == ""
    assert refused(418) == ""
    assert remedy(BotError("the connection is lost")) == ""


def certificate(code: int) -> Callable[[], Exception]:
    def make() -> Exception:
        why = ssl.SSLCertVerificationError(1, "certificate verify failed")
        why.verify_code = code
        return aiohttp.ClientConnectorCertificateError(KEY, why)

    return make


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        (certificate(10), "renew it"),
        (certificate(9), "clock"),
        (certificate(62), "this name"),
        (certificate(18), "--fingerprint"),
        (certificate(20), "fullchain.pem"),
        (certificate(99), "--fingerprint"),
        (lambda: aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), "DNS"),
        (lambda: aiohttp.ClientConnectorSSLError(KEY, OSError(1, "wrong version")), "no TLS"),
        (lambda: aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "")), "runs"),
        (lambda: aiohttp.ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "")), "firewalls"),
        (TimeoutError, "firewalls"),
    ],
)
def test_what_cannot_be_reached_has_a_remedy(cause: Callable[[], Exception], word: str) -> None:
    assert word in unreachable(cause())
