"""A thin peer's way to the other side, which is a plain socket here."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from aioice import stun

from relay.bots import ice
from relay.bots.checks import Credentials, write_success
from relay.bots.ice import IceTransport

CREDENTIALS = Credentials("ours", "p" * 32, "theirs", "q" * 32)
THEIRS = Credentials("theirs", "q" * 32, "ours", "p" * 32)


@pytest.fixture
def other() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        yield bound


@pytest.fixture
async def way(other: socket.socket) -> AsyncIterator[IceTransport]:
    transport = IceTransport("127.0.0.1", lambda _: None)
    transport.aim(other.getsockname(), CREDENTIALS, controlling=True)
    yield transport
    transport.close()


async def checked(other: socket.socket) -> bytes:
    """The transaction id of the next check."""
    async with asyncio.timeout(10):
        datagram = await asyncio.get_running_loop().sock_recv(other, 2048)
    return stun.parse_message(datagram).transaction_id


async def test_only_the_answer_to_the_last_check_confirms(
    way: IceTransport, other: socket.socket
) -> None:
    checking = asyncio.create_task(way.check())
    for transaction_id in (bytes(12), await checked(other)):
        assert not checking.done()
        answer = write_success(THEIRS, transaction_id, way.address)
        way._on_datagram(answer, other.getsockname())
        for _ in range(5):
            await asyncio.sleep(0)
        assert checking.done() == any(transaction_id)


async def test_of_several_addresses_the_one_is_used_that_answers(
    way: IceTransport, other: socket.socket
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.setblocking(False)
        way.choose([silent.getsockname(), other.getsockname()])
        checking = asyncio.create_task(way.check())
        transaction_id = await checked(silent)
        assert await checked(other) == transaction_id
        answer = write_success(THEIRS, transaction_id, way.address)
        way._on_datagram(answer, other.getsockname())
        async with asyncio.timeout(10):
            await checking
        way.send(b"chosen")
        async with asyncio.timeout(10):
            while await asyncio.get_running_loop().sock_recv(other, 2048) != b"chosen":
                pass


async def test_consent_is_asked_for_again_and_again_each_time_as_another(
    way: IceTransport, other: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ice, "CONSENT_S", 0.001)
    way.keep_consent()
    assert len({await checked(other) for _ in range(4)}) == 4


async def test_dtls_that_nobody_takes_is_dropped_at_some_time(way: IceTransport) -> None:
    for number in range(1000):
        way._on_datagram(bytes([22, number % 256]), ("127.0.0.1", 9))
    assert way._dtls.qsize() == 64
    assert await way._recv() == b"\x16\x00"


async def test_what_cannot_be_sent_is_counted(other: socket.socket) -> None:
    transport = IceTransport("127.0.0.1", lambda _: None)
    transport.send(b"to nobody")
    transport.aim(other.getsockname(), CREDENTIALS, controlling=True)
    transport.send(b"to somebody")
    transport.close()
    transport.send(b"too late")
    assert (transport.counters.sent, transport.counters.unsent) == (1, 2)
