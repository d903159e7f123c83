"""Whether the server's ports can be had."""

import errno
import json
import os
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any

from relay.config import Settings
from relay.doctor import workers
from relay.doctor.findings import Finding, bad, fair, good
from relay.doctor.holders import holder
from relay.doctor.places import is_there
from relay.errors import WorkerError
from relay.families import EVERY, EVERY_IPV4, NO_IPV6, from_here
from relay.workers import usual
from relay.workers.directory import control

_TIMEOUT_S = 2.0
_MAX_BYTES = 4096
_HELD = (errno.EADDRINUSE, errno.EACCES)
"""A server without privileges has a port below 1024 from systemd, and nobody else may open it."""
_SUBJECTS = {"port": "TCP port", "tcp_port": "TCP port for media", "udp_port": "UDP port"}


def check(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The TCP ports, and the UDP ports if media passes through the server.

    :param environ: of the server: it says where its workers are when no setting does.
    """
    is_running = False
    if settings.port == 0:
        yield _any_port("TCP port", "--port")
    else:
        error = bind_error(socket.SOCK_STREAM, settings.host, settings.port)
        is_running = error in _HELD and relay_answers(settings)
        yield grade_port("port", [settings.port], settings, error, is_running=is_running)
        if is_running:
            yield grade_ready(_asked(settings, "/ready"))
    if settings.tcp_port is not None and settings.takes_tcp_media:
        error = bind_error(socket.SOCK_STREAM, settings.host, settings.tcp_port)
        yield grade_port("tcp_port", [settings.tcp_port], settings, error, is_running=is_running)
    if settings.media_mode == "direct":
        yield good("UDP port", "not needed: the media passes between the browsers")
    elif settings.udp_port == 0:
        yield _any_port("UDP port", "--udp-port")
    else:
        yield from _udp_ports(settings, environ, is_running=is_running)


def _udp_ports(
    settings: Settings, environ: Mapping[str, str], *, is_running: bool
) -> Iterator[Finding]:
    """One finding for all ports of which the same is to be said."""
    try:
        place = settings.runtime_dir or usual(environ, settings.udp_port)
    except WorkerError:  # which is told of the workers
        place = None
    is_running = is_running or (place is not None and workers.is_held(place))
    alike: dict[tuple[int, bool], list[int]] = {}
    for index, port in enumerate(settings.udp_ports):
        error = bind_error(socket.SOCK_DGRAM, settings.host, port)
        # It is not asked: whom a worker without a server hears, it takes for its next one.
        has_place = place is not None and is_there(control(place, index))
        is_left = error == errno.EADDRINUSE and has_place
        alike.setdefault((error, is_left and not is_running), []).append(port)
    for (error, is_left), ports in alike.items():
        if is_left:
            yield _left(ports, settings)
        else:
            yield grade_port("udp_port", ports, settings, error, is_running=is_running)


def _whose(name: str, port: int) -> str:
    kind = socket.SOCK_DGRAM if name == "udp_port" else socket.SOCK_STREAM
    found = holder(kind, port)
    return f": {found}" if found else ""


def _left(ports: list[int], settings: Settings) -> Finding:
    return fair(
        "UDP port",
        f"{span(ports)} on {settings.host}: held by what seems to be left of a former server",
        "a server that starts within a minute goes on with its calls; after that the port is free",
    )


def span(ports: Sequence[int]) -> str:
    """Such as ``7882``, ``7882 to 7885``, ``7882, 7884``."""
    if len(ports) > 2 and ports[-1] - ports[0] == len(ports) - 1:
        return f"{ports[0]} to {ports[-1]}"
    return ", ".join(map(str, ports))


def bind_error(kind: socket.SocketKind, host: str, port: int) -> int:
    """Bind for a moment; returns 0 or an ``errno``."""
    if host == EVERY and (error := _bind_error(kind, EVERY_IPV4, port)):
        return error
    error = _bind_error(kind, host, port)
    return 0 if host == EVERY and error in NO_IPV6 else error


def _bind_error(kind: socket.SocketKind, host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            probe.bind((host, port))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def relay_answers(settings: Settings) -> bool:
    """Whether a relay answers on the TCP port, as far as this machine sees."""
    return _asked(settings, "/health") is not None


def _asked(settings: Settings, path: str) -> dict[str, object] | None:
    """What a relay answers on the TCP port; None when there is none."""
    host = from_here(settings.host)
    authority = f"[{host}]" if ":" in host else host
    urls = (f"{scheme}://{authority}:{settings.port}{path}" for scheme in ("http", "https"))
    return next((said for url in urls if (said := _said_by_relay(url)) is not None), None)


def _said_by_relay(url: str) -> dict[str, object] | None:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False  # it is this machine's own port; nothing secret is sent
    trusting.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
    )
    try:
        answer = _opened(opener, url)
        with answer:
            said = json.loads(answer.read(_MAX_BYTES))
            is_relay = answer.headers.get("Server") == "relay" and isinstance(said, dict)
            return said if is_relay else None
    except (OSError, ValueError, HTTPException):
        return None


def _opened(opener: urllib.request.OpenerDirector, url: str) -> Any:
    """An answer, whatever its status."""
    try:
        return opener.open(url, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        return error


_NOT_READY = {
    "draining": "'relay drain --undo' has it take users again",
    "media_port_down": "'relay workers' and its log say which worker is missing, and why",
    "certificate_ended": "renew the certificate; the server takes the new one by itself",
    "overloaded": "give it more --workers where there are cores, or lower --max-users",
}


def grade_ready(said: Mapping[str, object] | None) -> Finding:
    """Judge what a server that runs says of itself.

    :param said: its answer to ``/ready``; None when there was none.
    """
    reasons = said.get("reasons") if said is not None else None
    if not isinstance(reasons, list):
        return fair("server", "it runs, and does not say whether it is ready", "see its log")
    if not reasons:
        return good("server", "it runs, and takes new users")
    advice = "; ".join(_NOT_READY.get(str(each), "see its log") for each in reasons)
    return bad("server", f"it takes no new users: {', '.join(map(str, reasons))}", advice)


def _any_port(subject: str, option: str) -> Finding:
    return fair(
        subject,
        "any free one is taken, another at each start",
        f"give {option} a number, so that a firewall can let it pass",
    )


def grade_port(
    name: str, ports: Sequence[int], settings: Settings, error: int, *, is_running: bool
) -> Finding:
    """Judge ports of which the same is to be said.

    :param name: of their setting.
    :param error: what kept this process from having them, an ``errno``; 0 for nothing.
    :param is_running: whether a relay answers.
    """
    subject, option = _SUBJECTS[name], settings.written(name)
    where, are = f"{span(ports)} on {settings.host}", "is" if len(ports) == 1 else "are"
    match error:
        case 0:
            return good(subject, f"{where} {are} free")
        case errno.EADDRINUSE | errno.EACCES if is_running:
            return good(subject, f"{where} {are} held by a relay that runs")
        case errno.EADDRINUSE:
            return bad(
                subject,
                f"{where} {are} held by another program{_whose(name, ports[0])}",
                f"end that program (ss -lnp shows it), or choose another {option}",
            )
        case errno.EADDRNOTAVAIL:
            return bad(
                subject,
                f"{settings.host} is no address of this machine",
                f"give {settings.written('host')} one that is, or 0.0.0.0; what browsers are to"
                " be told instead is --public-ip",
            )
        case errno.EACCES | errno.EPERM:
            return bad(
                subject,
                f"{where} {are} not for this user",
                f"choose a {option} from 1024 on, have systemd open it (relay.socket), or give the"
                " server CAP_NET_BIND_SERVICE",
            )
        case _:
            return bad(subject, f"{where}: {os.strerror(error).lower()}", f"look at {option}")
