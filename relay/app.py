"""The one place that puts the parts together."""

import asyncio
import gc
import os
import secrets
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import structlog
from aiohttp import web
from pydantic import SecretStr

from relay.api.answers import request_logger
from relay.api.front import Membership
from relay.api.welcome import Welcome
from relay.application import Parts, application
from relay.carrier import OwnedPlane, cannot_listen, plane_of, start_media
from relay.certificate import Certificate
from relay.cluster.expulsion import Expulsion
from relay.clustered import clustered, refused
from relay.config import Settings
from relay.departing import Departure
from relay.door import Door, DoorLimits, ProtocolFactory, files
from relay.door.inherited import Inherited, inherited
from relay.errors import ConfigError
from relay.families import from_here, reached
from relay.over_tcp import OverTcp
from relay.proxies import Proxies
from relay.reloading import Reloading, welcome_text
from relay.signaling import FRAME_BYTES_PER_MESSAGE, Gateway
from relay.stored import opened
from relay.supervisor import Supervisor
from relay.traces import tracing

_SHUTDOWN_S = 3.0
"""How long a request that is under way may take to finish."""
_KEEPALIVE_S = 75.0
"""How long a connection is kept for the next request: longer than proxies keep theirs."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Relay:
    """A running server, as seen from outside."""

    settings: Settings
    port: int
    udp_ports: tuple[int, ...]  # none in direct mode
    operator_token: SecretStr
    gateway: Gateway
    reloading: Reloading
    fingerprint: str | None = None  # of a certificate made for this run
    expulsion: Expulsion = field(default_factory=Expulsion)
    """From its cluster."""

    @property
    def url(self) -> str:
        """Where the page is, for a browser on this machine."""
        return self._url(from_here(self.settings.host, "localhost"))

    @property
    def urls_elsewhere(self) -> list[str]:
        """Where it is for those of other machines whose camera works by this server's addresses.

        A certificate of the operator's is for a name, and without any there is no camera.
        """
        if not self.settings.tls_self_signed:
            return []
        hosts = [*self.settings.public_ip, *map(str, reached(self.settings.host))]
        return [self._url(host) for host in dict.fromkeys(hosts)]

    def _url(self, host: str) -> str:
        secure = self.settings.tls_self_signed or self.settings.tls_cert is not None
        authority = f"[{host}]" if ":" in host else host
        path = self.settings.base_path.removesuffix("/")
        return f"{'https' if secure else 'http'}://{authority}:{self.port}{path}"


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    plane: OwnedPlane | None = None,
    membership: Membership | None = None,
    sockets: Inherited | None = None,
) -> AsyncIterator[Relay]:
    """Run the server for as long as the context lasts; port 0 takes any free one.

    :param plane: the media plane to use, not yet started, instead of one made from the settings.
    :param membership: what operators have of a cluster, instead of what the settings say.
    :param sockets: that listen already, instead of ports that are to be opened.
    :raises ConfigError: when a port cannot be bound, or a file cannot be used; the message names
        the option.
    """
    token = settings.operator_token or SecretStr(secrets.token_urlsafe(24))
    certificate = Certificate(settings)
    async with AsyncExitStack() as stack:
        records = await stack.enter_async_context(opened(settings))
        part = await stack.enter_async_context(clustered(settings))
        traces = await stack.enter_async_context(tracing(os.environ, part.name))
        plane = plane or plane_of(stack, settings, part.cluster)
        over_tcp = OverTcp(settings)
        sockets = sockets or Inherited([])
        door = _door(settings, over_tcp, sockets)
        welcome = Welcome(welcome_text(settings))
        parts = Parts(
            settings=settings,
            plane=plane,
            token=token,
            door=door,
            over_tcp=over_tcp,
            records=records,
            part=part,
            certificate=certificate,
            traces=traces,
            welcome=welcome,
            membership=membership or part.membership,
        )
        app, gateway = application(parts)
        udp_ports: tuple[int, ...] = ()
        if settings.media_mode == "relay":
            stack.push_async_callback(over_tcp.close)
            udp_ports = await start_media(stack, settings, plane)
            await over_tcp.begin(plane)
        try:
            port = await _start_http(stack, settings, app, door, certificate.context)
            sockets.done()
        except ConfigError:
            await plane.let_go()
            raise
        over_tcp.announce(plane, port)
        _log.info("server_started", port=port, udp_ports=udp_ports, media_mode=settings.media_mode)
        fingerprint = certificate.fingerprint if settings.tls_self_signed else None
        reloading = Reloading(settings, certificate, welcome)
        yield Relay(
            settings, port, udp_ports, token, gateway, reloading, fingerprint, part.expulsion
        )
        _log.info("server_stopping")
        plane.wind_down()
    _log.info("server_stopped")


async def serve(
    settings: Settings,
    started: Callable[[Relay], None],
    read: Callable[[], Settings],
    watching: Supervisor,
) -> None:
    """Run the server until SIGINT or SIGTERM; a second signal ends the process at once.

    Sockets that the process was started with are taken.

    With ``drain_s`` SIGTERM has users move away first; a second signal ends that, and the third one
    the process. SIGHUP has it take up its settings and files anew, SIGUSR1 the log's file.

    :param started: called once, when the server can be reached.
    :param read: the settings as they are when it is called.
    :param watching: is told how it goes.
    :raises ConfigError: as :func:`running`, and when the cluster has no place for it any more.
    """
    files.raise_limit()
    sockets = inherited(os.environ, os.getpid())
    loop = asyncio.get_running_loop()
    departure = Departure(settings.drain_s, watching)

    def stop(number: signal.Signals) -> None:
        if departure.told(drains=number == signal.SIGTERM):
            return
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        loop.add_signal_handler(number, lambda: None)  # nobody is there yet
    async with watching.watched(), running(settings, sockets=sockets) as relay:
        loop.add_signal_handler(signal.SIGHUP, relay.reloading.reload, read)
        loop.add_signal_handler(signal.SIGUSR1, relay.reloading.reopen_logs)
        gc.collect()
        gc.freeze()  # or every full collection would look at all that was imported, for 0.1 s
        started(relay)
        watching.ready()
        watching.status("takes new users")
        await departure.wait(relay.gateway, relay.expulsion)
        watching.stopping()
    if relay.expulsion.why:
        raise refused(settings, relay.expulsion.why)


def _door(settings: Settings, over_tcp: OverTcp, sockets: Inherited) -> Door:
    many = files.connections(settings.max_users, files.limit())
    if (users := files.seats(settings.max_users, many)) < settings.max_users:
        _log.warning("few_files", files=files.limit(), users=users)
    # Somewhat more than frames may cost, so that who sends too much of them is told so.
    bytes_per_s = max(2**18, 1.25 * FRAME_BYTES_PER_MESSAGE * settings.messages_per_s)
    limits = DoorLimits(many, settings.connections_per_source, bytes_per_s=bytes_per_s)
    proxies = Proxies(settings.trusted_proxies)
    return Door(limits, proxies.bounded_source_of, media=over_tcp.media, inherited=sockets)


async def _start_http(
    stack: AsyncExitStack,
    settings: Settings,
    app: web.Application,
    door: Door,
    tls: Callable[[], ssl.SSLContext | None],
) -> int:
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=request_logger(),
        shutdown_timeout=_SHUTDOWN_S,
        keepalive_timeout=_KEEPALIVE_S,
    )
    stack.push_async_callback(door.end)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    stack.push_async_callback(door.close)  # before the runner's cleanup
    factory = cast("ProtocolFactory", runner.server)
    try:
        port = door.open(factory, settings.host, settings.port, tls)
    except OSError as error:
        raise cannot_listen(settings, "port", settings.port, error) from error
    if settings.tcp_port is not None and settings.takes_tcp_media:
        try:
            door.open(None, settings.host, settings.tcp_port, tls)
        except OSError as error:
            raise cannot_listen(settings, "tcp_port", settings.tcp_port, error) from error
    return port
