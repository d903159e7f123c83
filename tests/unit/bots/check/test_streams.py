"""What comes over a stream, and what is sent on one, without a socket."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from relay.bots.check.streams import _MAX_UNSENT_BYTES, StreamIce, _Framed, _why
from relay.bots.checks import Credentials

HERE = ("192.0.2.1", 443)
CREDENTIALS = Credentials("ours", "p" * 32, "theirs", "q" * 32)


class Connection(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.unsent = 0
        self.is_aborted = False

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
def connection() -> Connection:
    return Connection()


@pytest.fixture
def wire(connection: Connection) -> _Framed:
    made = _Framed(HERE)
    made.connection_made(connection)
    return made


def test_datagrams_have_their_length_before_them(wire: _Framed, connection: Connection) -> None:
    assert wire.send(b"abc", HERE)
    assert connection.written == [b"\x00\x03abc"]
    assert not wire.send(b"abc", ("192.0.2.2", 443)), "it leads elsewhere"


def test_what_comes_is_cut_where_datagrams_end(wire: _Framed) -> None:
    came: list[bytes] = []
    wire.deliver = lambda datagram, address: came.append(datagram)
    for byte in b"\x00\x02ab\x00\x00\x00\x01c":
        wire.data_received(bytes([byte]))
    wire.data_received(b"\x00\x01d\x00\x01e\x00")
    assert came == [b"ab", b"c", b"d", b"e"]


def test_a_length_that_lies_ends_it(wire: _Framed, connection: Connection) -> None:
    wire.data_received(b"\xff\xff")
    assert connection.is_aborted


def test_what_is_too_much_for_the_path_is_dropped(wire: _Framed, connection: Connection) -> None:
    connection.unsent = _MAX_UNSENT_BYTES + 1
    assert not wire.send(b"abc", HERE)
    connection.unsent = 0
    wire.connection_lost(None)
    assert not wire.send(b"abc", HERE)
    assert connection.written == []


async def test_checks_go_by_the_wire_and_only_that_is_used_that_answers(
    wire: _Framed, connection: Connection
) -> None:
    ice = StreamIce(wire, lambda _: None)
    ice.aim(None, CREDENTIALS, controlling=True)
    ice.choose([HERE, ("192.0.2.2", 443)])
    ice._send_check()
    assert (ice.counters.sent, ice.counters.unsent) == (1, 1)
    ice.send(b"media")
    assert ice.counters.unsent == 2, "nobody has answered yet"
    ice.close()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(111, "Connect call failed ('192.0.2.1', 443)"), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (ssl.SSLError(1, "certificate verify failed"), "certificate verify failed"),
        (OSError("Multiple exceptions"), "Multiple exceptions"),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_why_there_is_no_connection_is_said_in_few_words(error: Exception, why: str) -> None:
    assert why in _why(error)
