"""Whether the server on this machine lives, for container engines, which ask all day.

So nothing of the server is imported: that alone would cost ten times as much. It is found by
``$RELAY_PORT``. ``python -m relay.alive`` exits with 1 when nobody answers; whatever the answer is,
it shows that the event loop turns.
"""

import os
import socket
import ssl
import sys
from collections.abc import Mapping

_TIMEOUT_S = 5.0
_REQUEST = b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n"


def answers(port: int, *, secure: bool) -> bool:
    """Whether a relay answers on a port of this machine.

    :param secure: over TLS, whoever its certificate is for.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False  # it is this machine's own port; nothing secret is sent
    trusting.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("localhost", port), _TIMEOUT_S) as plain,
            trusting.wrap_socket(plain) if secure else plain as connection,
        ):
            connection.sendall(_REQUEST)
            return b"\r\nServer: relay\r\n" in connection.recv(4096)
    except OSError:
        return False


def port_of(environ: Mapping[str, str]) -> int:
    """The page's; what is no number is somebody else's, such as ``tcp://...`` of Kubernetes."""
    told = environ.get("RELAY_PORT", "")
    return int(told) if told.isdecimal() else 8080


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Ask; the exit status."""
    port = port_of(environ)
    likely = any(environ.get(name) for name in ("RELAY_TLS_CERT", "RELAY_TLS_SELF_SIGNED"))
    if any(answers(port, secure=secure) for secure in (likely, not likely)):
        return 0
    sys.stderr.write(f"relay: no server answers on port {port} of this machine\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
