"""Why a request came to nothing, in one line that says what to do."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from relay.errors import Refused, Unreachable, reason_of
from relay.ops.address import Address


@contextmanager
def told(address: Address) -> Iterator[None]:
    """Convert what aiohttp raises."""
    try:
        yield
    except TimeoutError:
        raise Unreachable(f"{address.url} does not answer in time") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(reason(error, address)) from error


def reason(error: Exception, address: Address) -> str:
    """One line about what aiohttp raised."""
    url = address.url
    match error:
        case aiohttp.ServerFingerprintMismatch():
            return f"{url} has another certificate than --fingerprint says"
        case aiohttp.ClientConnectorCertificateError():
            return _untrusted(error.certificate_error, url)
        case aiohttp.ClientSSLError():
            return f"{url} does not speak TLS; is it http:// instead?"
        case aiohttp.ClientConnectorDNSError():
            return f"{url} cannot be reached: there is no such host"
        case aiohttp.ClientConnectorError():
            return f"{url} cannot be reached: {reason_of(error.os_error)}"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            hint = "; is it https:// instead?" if url.startswith("http:") else ""
            return f"{url} closed the connection{hint}"
        case aiohttp.ClientPayloadError():
            return f"{url} broke off in the middle of its answer"
        case aiohttp.ClientResponseError():
            return f"{url} does not speak HTTP as a relay does"
        case _:
            return f"{url} cannot be reached: {str(error) or type(error).__name__}"


def _untrusted(error: Exception, url: str) -> str:
    why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else str(error)
    return (
        f"{url} has a certificate that is not to be trusted ({why.rstrip('.')});"
        " --fingerprint accepts one that you know"
    )


def refused(status: int, message: str, address: Address) -> Refused | Unreachable:
    """What an error of the relay's means; ``message`` is its own, or empty."""
    if status == 401:
        return Refused(status, f"{address.url} does not accept the token")
    if status == 405 or (status == 404 and not message):
        return Unreachable(f"{address.url} lacks this: is it a relay, and of this version?")
    if message:
        return Refused(status, message)
    return Refused(status, f"{address.url} answered with HTTP {status}")
