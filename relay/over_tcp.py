"""Puts the parts together that carry media over TCP: the door, the tunnels and the media plane."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

from relay.config import Settings
from relay.door import MediaProtocol
from relay.door.greeting import Greeting
from relay.tunnel.announced import IceServers, Own
from relay.tunnel.arrival import Reception
from relay.tunnel.credentials import Gate
from relay.tunnel.tunnels import Tunnels
from relay.workers import WorkersPlane

if TYPE_CHECKING:
    from relay.media.plane import RelayPlane

REALM = "relay"


class OverTcp:
    """Of one server; nothing of it is there in mode ``direct``, or when it is switched off."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._secret = secrets.token_bytes(32)
        self._clock = _steady_clock()
        self._reception: Reception | None = None
        self._tunnels: Tunnels | None = None
        turn_secret = settings.turn_secret
        named = [server.model_dump(exclude_none=True) for server in settings.ice_servers]
        key = None if turn_secret is None else turn_secret.get_secret_value().encode()
        self.ice_servers = IceServers(named, key)
        """What users are told of servers, by their requests."""

    @property
    def media(self) -> MediaProtocol | None:
        """What the door gives connections to that carry media."""
        return self._receive if self._settings.takes_tcp_media else None

    async def begin(self, plane: object) -> None:
        """Have a place for connections, now that the plane has started.

        :param plane: a plane of a test's has none.
        """
        if not self._settings.takes_tcp_media:
            return
        gate = Gate(self._secret, REALM)
        if isinstance(plane, WorkersPlane):
            self._reception = Reception(plane.tunnels, gate, self._clock)
        elif _is_here(plane):
            self._tunnels = Tunnels(plane.landing)
            self._reception = Reception(self._tunnels, gate, self._clock)

    async def close(self) -> None:
        """End all connections; to be called after the plane has said goodbye over them."""
        if self._tunnels is not None:
            self._tunnels.close()
        if self._reception is not None:
            await self._reception.close()

    def announce(self, plane: object, page_port: int) -> None:
        """Have peers told of the port, now that it is open."""
        settings = self._settings
        if not settings.takes_tcp_media or not (isinstance(plane, WorkersPlane) or _is_here(plane)):
            return
        chosen = settings.public_tcp_port or settings.tcp_port
        port = chosen or page_port
        plane.announce_tcp(port)
        self.ice_servers.own = Own(self._secret, port, self._clock, is_chosen=chosen is not None)

    def _receive(self, found: Greeting, is_tls: bool, stay: Callable[[], None]) -> asyncio.Protocol:
        if self._reception is None:
            raise RuntimeError("the media plane is not started")
        return self._reception.receive(found, is_tls, stay)


def _is_here(plane: object) -> TypeGuard[RelayPlane]:
    """Whether it carries media in this process."""
    from relay.media.plane import RelayPlane  # noqa: PLC0415 - aiortc comes with it

    return isinstance(plane, RelayPlane)


def _steady_clock() -> Callable[[], float]:
    """The Unix clock as it was at first: it is not put right, and so never goes back."""
    began_at, began_s = time.time(), time.monotonic()
    return lambda: began_at + time.monotonic() - began_s
