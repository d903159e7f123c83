"""What to do when nobody is let in, or there is no server. Decisions only."""

from errno import ECONNREFUSED
from ssl import SSLCertVerificationError

import aiohttp

from relay.bots.client import TurnedAway
from relay.errors import BotError

_KNOWN_ONLY = "--fingerprint accepts a certificate that you know"
_BY_STATUS = {
    400: "have the proxy pass 'Upgrade' and 'Connection' on, with HTTP/1.1",
    403: "a proxy does not pass 'Host' on, or the page's origin is missing in --allowed-origins",
    404: "give the page's whole address, and the server its --base-path if the proxy passes one on",
    421: "add the name to --allowed-hosts",
    426: "have the proxy pass 'Upgrade' and 'Connection' on, with HTTP/1.1",
    502: "the proxy does not get to the relay: see that it runs, and at which port",
    503: "see its /ready for why",
    504: "the proxy gets no answer: see that the relay runs, and at which port",
}
_CERTIFICATE = {  # X509_V_ERR_*, openssl-verification-options(1)
    9: "it does not begin yet: look at the clock of this machine",
    10: "it has ended: renew it; the server takes the new one by itself",
    18: _KNOWN_ONLY,
    19: _KNOWN_ONLY,
    20: f"the server may lack those above it (fullchain.pem of certbot); {_KNOWN_ONLY}",
    21: f"the server may lack those above it (fullchain.pem of certbot); {_KNOWN_ONLY}",
    62: "get one for this name, or correct the address",
    64: "get one for this address, or ask by the name that it has",
}


def remedy(error: BotError) -> str:
    """What to do; empty when nothing is known.

    :param error: as :meth:`relay.bots.client.Client.connect` raises it.
    """
    if isinstance(error, TurnedAway):
        status = error.refusal.status
        if error.refusal.code == "banned":
            return ""
        return _BY_STATUS.get(status, "it is no relay's" if status < 400 else "")
    match error.__cause__:
        case aiohttp.ClientConnectorCertificateError(
            certificate_error=SSLCertVerificationError() as why
        ):
            return _CERTIFICATE.get(why.verify_code, _KNOWN_ONLY)
        case aiohttp.ClientConnectorDNSError():
            return "correct the name, or its DNS"
        case aiohttp.ClientSSLError():
            return "it speaks no TLS there: look at the port, or ask with http://"
        case TimeoutError():
            return "open the port in the firewalls in between, the server's own first"
        case aiohttp.ClientConnectorError() as found if found.os_error.errno == ECONNREFUSED:
            return "see that the server runs, and at which port"
        case aiohttp.ClientConnectorError():
            return "open the port in the firewalls in between, the server's own first"
    return ""
