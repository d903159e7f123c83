"""A connection that carries media, in the process that has accepted it.

It stays here until it has said which of the relay's processes it is for: an ICE-TCP connection with
its first check, whose name fragment begins with the process's number; one of TURN when it names a
peer. Then its descriptor goes there. What came over TLS has no descriptor that another process
could use: it gets one end of a pair of sockets instead, and encryption stays here.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from relay.door.greeting import Greeting
from relay.errors import MalformedPacket
from relay.framing import Frame, datagrams, messages
from relay.media.paths.ice import read_check, worker_of
from relay.source import plain
from relay.tunnel.handover import Granted, Handover, Kind
from relay.tunnel.plaintext import Plaintext
from relay.tunnel.stun import Address
from relay.tunnel.turn import Gate, Turn, named_peer

MAX_FIRST_BYTES = 16 * 1024
"""What may come before it is known where it goes."""

LOOK_S = 15.0
"""How often it is looked at whether an allocation has run out."""


class Host(Protocol):
    """Where connections go; see :class:`relay.tunnel.tunnels.Tunnels`."""

    refusals: Counter[str]
    """Connections, and requests on them, that were turned away, by the reason."""

    def addresses(self) -> Mapping[Address, int]:
        """The candidates that the relay announces, and which process has each."""

    def take(self, worker: int, handover: Handover, connected: socket.socket) -> None:
        """Take a connection; its descriptor is the host's from now on."""


class Reception:
    """Makes an :class:`Arrival` of each connection.

    :param clock: seconds, as in the usernames that ``gate`` knows; it never goes back.
    """

    def __init__(self, host: Host, gate: Gate, clock: Callable[[], float]) -> None:
        self.host, self.gate, self.clock = host, gate, clock
        self.here: dict[Arrival, asyncio.Transport] = {}
        """Those whose connections are this process's."""
        self._none_is_here = asyncio.Event()

    def receive(self, found: Greeting, is_tls: bool, stay: Callable[[], None]) -> Arrival:
        """What takes a connection over.

        :param stay: to be called when it may stay although it has asked for nothing in HTTP.
        """
        return Arrival(self, found, is_tls, stay)

    async def close(self) -> None:
        """End those that are here."""
        for transport in list(self.here.values()):
            transport.abort()
        if self.here:
            self._none_is_here.clear()
            await self._none_is_here.wait()

    def left(self, arrival: Arrival) -> None:
        """A connection has ended, or is another process's."""
        self.here.pop(arrival, None)
        if not self.here:
            self._none_is_here.set()


class Arrival(asyncio.Protocol):
    """One connection, from its first byte to where it goes."""

    def __init__(
        self, reception: Reception, greeting: Greeting, is_tls: bool, stay: Callable[[], None]
    ) -> None:
        self._reception, self._is_tls, self._stay = reception, is_tls, stay
        self._is_turn = greeting is Greeting.TURN
        self._first = bytearray()
        self._turn: Turn | None = None
        self._pump: Plaintext | None = None
        self._looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As of a protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._reception.here[self] = self._transport
        peer = transport.get_extra_info("peername")
        self._client = str(plain(peer[0])), int(peer[1])
        if self._is_turn:
            reception = self._reception
            own = reception.host.addresses()
            self._turn = Turn(
                reception.gate, self._client, own, reception.clock(), reception.host.refusals
            )

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of the interface
        """As of a protocol."""
        self._reception.left(self)
        if self._looking is not None:
            self._looking.cancel()
        if self._pump is not None:
            self._pump.close()

    def data_received(self, data: bytes) -> None:
        """As of a protocol."""
        if self._pump is not None:
            self._pump.take(data)
            return
        self._first += data
        if len(self._first) > MAX_FIRST_BYTES:
            self._refuse("unclear")
            return
        try:
            if self._turn is not None:
                self._talk(self._turn)
            else:
                self._look_at_check()
        except MalformedPacket:
            self._refuse("unclear")

    def _refuse(self, reason: str) -> None:
        self._reception.host.refusals[reason] += 1
        self._transport.abort()

    def pause_writing(self) -> None:
        """As of a protocol."""
        if self._pump is not None:
            self._pump.pause()
        else:
            self._transport.abort()  # it asks and does not read the answers

    def resume_writing(self) -> None:
        """As of a protocol."""
        if self._pump is not None:
            self._pump.resume()

    # ICE-TCP

    def _look_at_check(self) -> None:
        frames, _ = datagrams(memoryview(bytes(self._first)), len(self._first))
        if not frames:
            return
        start, size, _ = frames[0]
        check = read_check(bytes(self._first[start : start + size]))
        worker = None if check is None else worker_of(check.local_ufrag)
        if worker is None or self._is_tls:
            self._refuse("unclear")
        else:
            self._place(worker, Handover("tcp", self._client, bytes(self._first)))

    # TURN

    def _talk(self, turn: Turn) -> None:
        now, replies = self._reception.clock(), list[bytes]()
        view = memoryview(bytes(self._first))
        frames, rest = messages(view, len(view))
        for frame in frames:
            message = _message(view, frame)
            worker = self._worker_for(turn, message)
            if worker is not None:
                self._first = self._first[frame.start :]
                self._give_away(turn, worker, b"".join(replies), now)
                return
            replies.append(turn.take(message, now)[0] if message else b"")
        self._first = self._first[rest:]
        if replies:
            self._transport.write(b"".join(replies))
        if turn.is_done:
            self._transport.close()
        if turn.allocation is not None and self._looking is None:
            self._stay()
            self._look(turn)

    def _worker_for(self, turn: Turn, message: bytes) -> int | None:
        peer = named_peer(message) if message and turn.allocation is not None else None
        return None if peer is None else self._reception.host.addresses().get(peer)

    def _give_away(self, turn: Turn, worker: int, unsent: bytes, now: float) -> None:
        allocation = turn.allocation
        if allocation is None:
            return
        granted = Granted(
            allocation.username,
            allocation.key,
            allocation.relayed,
            allocation.until_s - now,
            self._reception.gate.realm,
            turn.nonce,
        )
        kind: Kind = "turn-tls" if self._is_tls else "turn-tcp"
        self._place(worker, Handover(kind, self._client, bytes(self._first), unsent, granted))

    def _look(self, turn: Turn) -> None:
        """End it when its allocation has run out."""
        turn.look(self._reception.clock())
        if turn.allocation is None:
            self._transport.abort()
        else:
            self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look, turn)

    # the way on

    def _place(self, worker: int, handover: Handover) -> None:
        if self._looking is not None:
            self._looking.cancel()
        if self._transport.get_write_buffer_size():  # what it asked for it does not read
            self._transport.abort()
            return
        if not self._is_tls:
            self._transport.pause_reading()
        try:
            given = self._encrypted() if self._is_tls else self._descriptor()
        except OSError:  # there is none left
            self._refuse("files")
            return
        self._reception.host.take(worker, handover, given)
        if not self._is_tls:
            self._transport.abort()  # which closes this process's descriptor, and not the other

    def _descriptor(self) -> socket.socket:
        return socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno()))

    def _encrypted(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._pump = Plaintext(ours, self._transport)
        self._first.clear()
        self._stay()
        return theirs


def _message(view: memoryview, frame: Frame) -> bytes:
    """A STUN message; nothing of ChannelData, which is too early."""
    return b"" if frame.channel else bytes(view[frame.start : frame.start + frame.size])
