"""What is said about failures: one line that says what to do."""

import errno
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from relay.errors import Refused, Unreachable
from relay.ops import reasons
from relay.ops.address import Address

PLAIN, SECURE = Address("http://x:1", "t", None), Address("https://x:1", "t", None)
PIN = "(self-signed certificate); --fingerprint accepts one that you know"
KEY = ConnectionKey("x", 1, True, True, None, None, None)


def untrusted() -> Exception:
    error = ssl.SSLCertVerificationError(1, "no")
    error.verify_message = "self-signed certificate"
    return aiohttp.ClientConnectorCertificateError(KEY, error)


@pytest.mark.parametrize(
    ("error", "address", "said"),
    [
        (
            aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "x")),
            PLAIN,
            "http://x:1 cannot be reached: connection refused",
        ),
        (
            aiohttp.ClientConnectorDNSError(KEY, OSError(None, "x")),
            PLAIN,
            "http://x:1 cannot be reached: there is no such host",
        ),
        (
            aiohttp.ServerDisconnectedError(),
            PLAIN,
            "http://x:1 closed the connection; is it https:// instead?",
        ),
        (aiohttp.ServerDisconnectedError(), SECURE, "https://x:1 closed the connection"),
        (
            aiohttp.ServerFingerprintMismatch(b"a", b"b", "x", 1),
            SECURE,
            "https://x:1 has another certificate than --fingerprint says",
        ),
        (
            untrusted(),
            SECURE,
            f"https://x:1 has a certificate that is not to be trusted {PIN}",
        ),
        (
            aiohttp.ClientConnectorSSLError(KEY, OSError(1, "wrong version")),
            SECURE,
            "https://x:1 does not speak TLS; is it http:// instead?",
        ),
        (TimeoutError(), PLAIN, "http://x:1 does not answer in time"),
        (
            aiohttp.ClientPayloadError(),
            PLAIN,
            "http://x:1 broke off in the middle of its answer",
        ),
    ],
)
def test_each_failure_has_its_line(error: Exception, address: Address, said: str) -> None:
    with pytest.raises(Unreachable) as raised, reasons.told(address):
        raise error
    assert str(raised.value) == said


def test_what_is_no_network_s_failure_is_left_alone() -> None:
    with pytest.raises(KeyError), reasons.told(PLAIN):
        raise KeyError


@pytest.mark.parametrize(
    ("status", "message", "said", "kind"),
    [
        (401, "no", "http://x:1 does not accept the token", Refused),
        (403, "taps are off", "taps are off", Refused),
        (404, "there is no user 'x'", "there is no user 'x'", Refused),
        (404, "", "http://x:1 lacks this: is it a relay, and of this version?", Unreachable),
        (405, "no", "http://x:1 lacks this: is it a relay, and of this version?", Unreachable),
        (500, "", "http://x:1 answered with HTTP 500", Refused),
    ],
)
def test_each_refusal_has_its_line(status: int, message: str, said: str, kind: type) -> None:
    found = reasons.refused(status, message, PLAIN)
    assert (str(found), type(found)) == (said, kind)
