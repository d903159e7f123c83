"""The media plane of a server: made as the settings say, in processes of its own or in this one."""

from __future__ import annotations

import errno
import os
from contextlib import AsyncExitStack
from typing import Protocol

from relay.cluster import Cluster
from relay.config import Settings
from relay.errors import CannotListen, ConfigError, WorkerError, reason_of
from relay.media.paths.candidates import Public, resolved
from relay.media.paths.idle import DEVICE, IdleCores
from relay.plane import MediaPlane
from relay.workers import Crew, Directory, Orders, WorkersPlane, usual


class OwnedPlane(MediaPlane, Protocol):
    """A media plane with a life of its own, as :class:`relay.media.plane.RelayPlane` is."""

    @property
    def udp_ports(self) -> tuple[int, ...]:
        """The ports bound."""

    async def start(self) -> None:
        """Bind the ports.

        :raises OSError: when one cannot be bound.
        :raises WorkerError: when a media process cannot be had.
        """

    def wind_down(self) -> None:
        """The server is about to stop; nothing of the plane is to outlive it."""

    async def let_go(self) -> None:
        """The server cannot begin; calls of a former one are for the next that can."""

    async def close(self) -> None:
        """Close every link and the ports."""


def _idle_cores(stack: AsyncExitStack, settings: Settings) -> IdleCores | None:
    if not settings.poll_idle or settings.media_mode != "relay":
        return None
    try:
        cores = IdleCores()
    except OSError as error:
        written = settings.written("poll_idle")
        raise ConfigError(f"{written}: {DEVICE}: {reason_of(error)}") from error
    stack.callback(cores.close)
    return cores


def plane_of(
    stack: AsyncExitStack, settings: Settings, cluster: Cluster | None = None
) -> OwnedPlane:
    """Media in processes of its own, or in this one.

    :param cluster: the other nodes, whose users may be partners of those here.
    """
    idle_cores = _idle_cores(stack, settings)
    hosts = _public_hosts(settings)
    if settings.workers == 0 or settings.media_mode != "relay":
        from relay.media.plane import RelayPlane  # noqa: PLC0415 - aiortc comes with it

        public = Public(hosts, settings.public_udp_port)
        return RelayPlane(settings.host, settings.udp_port, public, idle_cores=idle_cores)
    try:
        directory = Directory(settings.runtime_dir or usual(os.environ, settings.udp_port))
        directory.claim()
    except WorkerError as error:
        raise ConfigError(f"{settings.written('runtime_dir')}: {error}") from None
    stack.callback(directory.release)
    orders = [
        Orders(
            index,
            settings.host,
            udp_port,
            Public(hosts, settings.public_port_of(index)),
            str(directory.path),
            settings.workers,
            settings.log_level,
            settings.log_json,
            None if settings.log_file is None else str(settings.log_file.absolute()),
        )
        for index, udp_port in enumerate(settings.udp_ports)
    ]
    return WorkersPlane(Crew(orders, directory), idle_cores=idle_cores, cluster=cluster)


def _public_hosts(settings: Settings) -> tuple[str, ...]:
    """The addresses to announce, in place of names as well; empty for the machine's own."""
    found: list[str] = []
    for name in settings.public_ip:
        try:
            found += resolved(name)
        except OSError as error:
            raise ConfigError(
                f"{settings.written('public_ip')}: {name}: {error.strerror}"
            ) from None
    return tuple(dict.fromkeys(found))


async def start_media(
    stack: AsyncExitStack, settings: Settings, plane: OwnedPlane
) -> tuple[int, ...]:
    """Have a plane carry media until the stack ends; returns its UDP ports.

    :raises ConfigError: when a port cannot be bound, or no process be had.
    """
    await _end_former(settings)
    try:
        await plane.start()
    except OSError as error:
        raise cannot_listen(settings, "udp_port", settings.udp_port, error) from error
    except CannotListen as error:
        raise cannot_listen(settings, "udp_port", error.port, error.error) from error
    except WorkerError as error:
        raise ConfigError(f"{settings.written('workers')}: {error}") from error
    stack.push_async_callback(plane.close)
    return plane.udp_ports


async def _end_former(settings: Settings) -> None:
    """Without workers, end those of a server that had some and has vanished: they have the port."""
    try:
        path = settings.runtime_dir or usual(os.environ, settings.udp_port)
    except WorkerError:
        return  # then no worker can have been there
    if settings.workers or path is None or not path.exists():
        return
    directory = Directory(path)
    try:
        directory.claim()
    except WorkerError:
        return  # it is another server's, or is none: whether the port is free, is seen at once
    try:
        await Crew((), directory).clear()
    finally:
        directory.release()


_OF_THE_HOST = frozenset({errno.EADDRNOTAVAIL, errno.EINVAL})  # the second: it lacks its zone


def cannot_listen(settings: Settings, option: str, port: int, error: OSError) -> ConfigError:
    """What to say of a port that cannot be bound; ``option`` is the setting that names it."""
    named = settings.written("host" if error.errno in _OF_THE_HOST else option)
    remedy = "; CAP_NET_BIND_SERVICE lets it have those below 1024" if _is_low(error, port) else ""
    return ConfigError(
        f"{named}: cannot listen on {settings.host} port {port}: {reason_of(error)}{remedy}"
    )


def _is_low(error: OSError, port: int) -> bool:
    return error.errno == errno.EACCES and 0 < port < 1024
