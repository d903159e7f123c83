"""A web proxy by which a machine in a network of its own gets at packages, as this one does."""

from __future__ import annotations

import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OF_THE_WAY = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "host"}
"""Headers that are not passed on (RFC 9110 section 7.6.1)."""
_PATIENCE_S = 60


class _Proxy(BaseHTTPRequestHandler):
    """GET for apt, CONNECT for pip (RFC 9110 section 9.3.6)."""

    def do_GET(self) -> None:
        asked = urllib.request.Request(self.path)
        for name, value in self.headers.items():
            if name.lower() not in _OF_THE_WAY:
                asked.add_header(name, value)
        try:
            answer: HTTPResponse | urllib.error.HTTPError = urllib.request.urlopen(
                asked, timeout=_PATIENCE_S
            )
        except urllib.error.HTTPError as error:  # 304 and 404 are answers, too
            answer = error
        with answer:
            self.send_response_only(int(answer.status or 0))
            for name, value in answer.headers.items():
                if name.lower() not in _OF_THE_WAY:
                    self.send_header(name, value)
            self.end_headers()
            shutil.copyfileobj(answer, self.wfile)

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), _PATIENCE_S) as far:
            far.settimeout(None)
            self.send_response_only(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(far, self.connection))
            back.start()
            _pass_on(self.connection, far)
            back.join()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass  # one side has gone
    finally:
        for each in (source, sink):  # so the other direction ends, too
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@contextmanager
def lent(address: str) -> Iterator[str]:
    """A proxy on an address of this machine; its own address is what comes."""
    server = ThreadingHTTPServer((address, 0), _Proxy)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
