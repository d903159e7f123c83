"""Ways over TCP: ICE-TCP (RFC 6544), and a TURN server over TCP or TLS (RFC 8656)."""

import asyncio
import hashlib
import os
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from aioice import stun, turn

from relay import framing
from relay.bots.check.ways import Address, Turn
from relay.bots.ice import IceTransport
from relay.errors import BotError, MalformedPacket

GOODBYE_S = 1.0
"""How long a TURN server may take to let an allocation go."""

_MAX_UNSENT_BYTES = 128 * 1024
"""A second of media: what is more is dropped, as UDP would."""


class Wire(Protocol):
    """Carries datagrams over a connection that is open."""

    deliver: Callable[[bytes, Address], None]
    """Gets each that comes, and from where it is."""

    def send(self, datagram: bytes, address: Address) -> bool:
        """Send one; whether it was taken."""


class StreamIce(IceTransport):
    """ICE whose datagrams go by a wire."""

    def __init__(self, wire: Wire, on_srtp: Callable[[bytes], None]) -> None:
        self._wire = wire
        super().__init__("", on_srtp)
        wire.deliver = self._on_datagram

    @property
    def address(self) -> Address:
        """Nowhere: the server learns where its client is from what comes."""
        return "0.0.0.0", 9  # noqa: S104 - nothing is bound

    @property
    def age_s(self) -> float:
        """Unknown."""
        return 0.0

    def _bind(self) -> None:
        return None

    def _send_to(self, datagram: bytes, address: Address) -> None:
        if self._wire.send(datagram, address):
            self.counters.sent += 1
        else:
            self.counters.unsent += 1


class _Framed(asyncio.Protocol):
    """An ICE-TCP connection (RFC 4571)."""

    def __init__(self, address: Address) -> None:
        self.deliver: Callable[[bytes, Address], None] = lambda _, __: None
        self._address = address
        self._buffer = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of create_connection
        self.transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.transport = None

    def send(self, datagram: bytes, address: Address) -> bool:
        transport = self.transport
        if transport is None or address != self._address:
            return False
        if transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            return False
        transport.write(framing.LENGTH.pack(len(datagram)) + datagram)
        return True

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        whole = bytes(self._buffer)
        try:
            frames, rest = framing.datagrams(memoryview(whole), len(whole))
        except MalformedPacket:
            self.close()
            return
        del self._buffer[:rest]
        for frame in frames:
            if frame.size:
                self.deliver(whole[frame.start : frame.start + frame.size], self._address)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _Relayed:
    """An allocation of a TURN server's; the receiver of aioice's client."""

    def __init__(self, client: turn.TurnClientTcpProtocol) -> None:
        self.deliver: Callable[[bytes, Address], None] = lambda _, __: None
        self._client = client
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, datagram: bytes, address: Address) -> bool:
        transport = self._client.transport
        if transport.is_closing() or transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            return False
        task = asyncio.get_running_loop().create_task(
            self._client.send_data(datagram, address), name="check over TURN"
        )
        self._sending.add(task)
        task.add_done_callback(self._sent)
        return True

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled():
            task.exception()  # the peer address is refused: nothing will answer by it

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.deliver(data, address[:2])

    def connection_lost(self, _: Exception | None) -> None:
        """Nothing can be sent any more, and what waits for an answer gets none."""

    async def close(self) -> None:
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)


@asynccontextmanager
async def over_tcp(addresses: Sequence[Address]) -> AsyncIterator[tuple[Wire, Address]]:
    """An ICE-TCP connection to the first of some addresses that lets one in.

    :raises BotError: when none does.
    """
    wire, address = await _first(addresses)
    try:
        yield wire, address
    finally:
        wire.close()


async def _first(addresses: Sequence[Address]) -> tuple[_Framed, Address]:
    loop, why = asyncio.get_running_loop(), "there is no address"
    opening = {
        loop.create_task(_open(address), name="check over TCP"): address for address in addresses
    }
    try:
        while opening:
            done, _ = await asyncio.wait(opening, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                address = opening.pop(task)
                if (error := task.exception()) is None:
                    return task.result(), address
                why = _why(error)
        raise BotError(f"no connection: {why}")
    finally:
        for task in opening:
            task.cancel()
        for ended in await asyncio.gather(*opening, return_exceptions=True):
            if isinstance(ended, _Framed):  # it was as quick as the first
                ended.close()


async def _open(address: Address) -> _Framed:
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: _Framed(address), *address)
    return wire


@asynccontextmanager
async def over_turn(server: Turn, fingerprint: bytes | None) -> AsyncIterator[Wire]:
    """An allocation of a TURN server's.

    :param fingerprint: the SHA-256 of the one certificate to accept; None for any that can be
        verified.
    :raises BotError: when there is no way to it, or it refuses.
    """
    client = await _connected(server, fingerprint)
    relayed = _Relayed(client)
    try:
        try:
            await client.connect()
        except stun.TransactionFailed as error:
            raise BotError(f"the TURN server refuses: {error}") from error
        except (stun.TransactionError, ConnectionError) as error:
            raise BotError("the TURN server does not answer") from error
        client.receiver = relayed  # type: ignore[assignment] # it has what is asked of one
        yield relayed
    finally:
        await relayed.close()
        with suppress(TimeoutError, ConnectionError, stun.TransactionError):
            async with asyncio.timeout(GOODBYE_S):
                await client.delete()
        client.transport.abort()


async def _connected(server: Turn, fingerprint: bytes | None) -> turn.TurnClientTcpProtocol:
    context = None
    if server.is_secure:
        context = ssl.create_default_context()
        if fingerprint is not None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    loop = asyncio.get_running_loop()
    try:
        transport, client = await loop.create_connection(
            lambda: turn.TurnClientTcpProtocol(
                server.address,
                username=server.username,
                password=server.credential,
                lifetime=turn.DEFAULT_ALLOCATION_LIFETIME,
                channel_refresh_time=turn.DEFAULT_CHANNEL_REFRESH_TIME,
            ),
            *server.address,
            ssl=context,
        )
    except OSError as error:
        raise BotError(f"no connection: {_why(error)}") from error
    if context is not None and fingerprint is not None:
        shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if hashlib.sha256(shown).digest() != fingerprint:
            transport.abort()
            raise BotError("the TURN server has another certificate than --fingerprint says")
    return client


def _why(error: BaseException) -> str:
    """In the system's words, where it has some: asyncio has its own around them."""
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.errno:
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return str(error) or type(error).__name__
