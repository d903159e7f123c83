"""Connections that are handed to another process, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay.tunnel.handover import Granted, Handover
from relay.workers import handing
from relay.workers.handing import Handing, Taking, name
from tests.support.wires import until

PLAIN = Handover("tcp", ("203.0.113.9", 5000), b"\x00\x01first")
OF_TURN = Handover(
    "turn-tls",
    ("2001:db8::9", 5000),
    b"",
    b"unsent",
    Granted("user", bytes(range(16)), ("198.51.100.1", 50000), 600.0, "relay", b"nonce"),
)
OWN = ("127.0.0.1", 7882)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def is_closed(other_end: socket.socket) -> bool:
    other_end.setblocking(False)
    try:
        return other_end.recv(1) == b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("handed", [PLAIN, OF_TURN])
async def test_it_arrives_with_its_descriptor(
    tmp_path: Path, pair: tuple[socket.socket, socket.socket], handed: Handover
) -> None:
    taken: asyncio.Queue[tuple[Handover, socket.socket]] = asyncio.Queue()
    taking = Taking(name(tmp_path, 3), lambda *what: taken.put_nowait(what))
    front = Handing(lambda: tmp_path)
    front.joined(3, [OWN])
    assert front.addresses() == {OWN: 3}

    front.take(3, handed, pair[0])

    found, connected = await asyncio.wait_for(taken.get(), 20)
    assert found == handed
    pair[1].send(b"hello")
    assert connected.recv(5) == b"hello"
    connected.close()
    taking.close()
    front.close()


async def test_nobody_to_take_it_ends_it(
    tmp_path: Path, pair: tuple[socket.socket, socket.socket]
) -> None:
    front = Handing(lambda: tmp_path)
    front.take(3, PLAIN, pair[0])
    assert is_closed(pair[1])
    assert front.refusals["worker"] == 1


async def test_a_worker_that_has_just_died_ends_it(
    tmp_path: Path, pair: tuple[socket.socket, socket.socket]
) -> None:
    front = Handing(lambda: tmp_path)
    front.joined(3, [OWN])
    front.take(3, PLAIN, pair[0])
    assert is_closed(pair[1])
    front.lost(3)
    assert front.addresses() == {}
    front.close()


async def test_a_worker_that_takes_nothing_is_waited_for_with_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing, "MAX_WAITING", 2)
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    deaf.bind(str(name(tmp_path, 0)))
    front = Handing(lambda: tmp_path)
    front.joined(0, [OWN])
    others = []
    while not front.refusals["full"]:
        ours, theirs = socket.socketpair()
        others.append(theirs)
        front.take(0, PLAIN, ours)
        assert len(others) < 5000, "it is never refused"
    assert len(front._waiting) == 2
    assert is_closed(others[-1])
    deaf.recvmsg(65536)  # one has room now
    await until(lambda: len(front._waiting) == 1)
    front.close()
    assert not front._waiting
    for other in others:
        other.close()
    deaf.close()


async def test_nonsense_is_closed(
    tmp_path: Path, pair: tuple[socket.socket, socket.socket]
) -> None:
    taking = Taking(name(tmp_path, 0), lambda *_: pytest.fail("it was taken"))
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.connect(str(name(tmp_path, 0)))
    socket.send_fds(sender, [b"nonsense"], [pair[0].fileno()])
    pair[0].close()
    await until(lambda: is_closed(pair[1]))
    sender.close()
    taking.close()
