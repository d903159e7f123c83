"""Between a transport and its protocol: tells when it ends, and whose protocol it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from relay.door.greeting import Greeting, greeting

ProtocolFactory = Callable[[], asyncio.Protocol]


class MediaProtocol(Protocol):
    """Makes the protocol of a connection that carries media."""

    def __call__(self, found: Greeting, is_tls: bool, stay: Callable[[], None]) -> asyncio.Protocol:
        """A protocol.

        :param stay: called when it may stay although it says nothing in HTTP.
        """


@dataclass(frozen=True, slots=True)
class Guests:
    """Who may be behind a connection."""

    http: ProtocolFactory | None
    media: MediaProtocol | None
    is_tls: bool
    stay: Callable[[], None]

    def protocol(self, first: bytes) -> tuple[asyncio.Protocol | None, bool]:
        """Whose the connection is that begins so: its protocol, and whether it is HTTP's.

        :returns: no protocol where that cannot be told yet, or, with True, for nobody.
        """
        found = Greeting.HTTP if self.media is None else greeting(first)
        if found is Greeting.MORE:
            return None, False
        if self.media is not None and found in (Greeting.ICE, Greeting.TURN):
            return self.media(found, self.is_tls, self.stay), False
        if self.http is None or found is Greeting.NONSENSE:
            return None, True
        return self.http(), True


class Entrance(asyncio.Protocol):
    """Passes everything on to a protocol, and tells of the beginning and the end.

    :param entered: is told the transport; returns what is called at the end.
    :param take: whether so many bytes of HTTP are passed on.
    :param undecided: transports of which it is not known yet whose they are.
    """

    def __init__(
        self,
        guests: Guests,
        entered: Callable[[asyncio.Transport], Callable[[], None]],
        take: Callable[[int], bool],
        undecided: set[asyncio.Transport],
    ) -> None:
        self._guests, self._entered, self._take = guests, entered, take
        self._undecided = undecided
        self._inner: asyncio.Protocol | None = None
        self._is_http = True
        self._first = b""
        self._left: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is somebody; TLS, if there is any, has shaken hands."""
        self._transport = cast("asyncio.Transport", transport)
        self._left = self._entered(self._transport)
        self._undecided.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if self._left is not None:
            self._left()
            self._undecided.discard(self._transport)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As of a protocol."""
        if self._inner is None:
            data = self._decide(data)
        if self._inner is not None and (not self._is_http or self._take(len(data))):
            self._inner.data_received(data)

    def _decide(self, data: bytes) -> bytes:
        """Find out whose it is; returns all that has come."""
        first = self._first + data
        self._inner, self._is_http = self._guests.protocol(first)
        if self._inner is not None:
            self._undecided.discard(self._transport)
            self._inner.connection_made(self._transport)
        elif self._is_http:
            self._transport.abort()
        else:
            self._first = first  # a few bytes
        return first

    def eof_received(self) -> bool | None:
        """As of a protocol."""
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """As of a protocol."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """As of a protocol."""
        if self._inner is not None:
            self._inner.resume_writing()
