"""Clients' ends of media over TCP, as a script of its own: datagrams on one side, a stream outside.

It is told of each wire by a line of JSON on stdin, and answers with a line: the UDP port of the
wire's other end. It ends with stdin. Like a browser it writes each datagram by itself, and so into
a TLS record of its own.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from aioice import stun

from relay.framing import HEAD, LENGTH, datagrams, messages
from relay.tunnel.batch import HEAD_BYTES, SLOT_BYTES, Batch
from relay.tunnel.credentials import key_of

CHANNEL = 0x4000
_UDP = 17 << 24
_BUFFER_BYTES = 4 << 20
_PATIENCE_S = 10


@dataclass(frozen=True, slots=True)
class Wire:
    """What is to be laid; without a username it is ICE-TCP, else TURN."""

    port: int
    """The server's, on 127.0.0.1."""
    near: int
    """The UDP port of the user."""
    peer: int
    """The relay's UDP port, the peer of TURN."""
    username: str = ""
    credential: str = ""
    is_tls: bool = False

    def as_line(self) -> str:
        """As it is told."""
        return json.dumps(asdict(self)) + "\n"


class Full(Exception):
    """The load itself does not get rid of what it has to send."""


class End:
    """One wire: pumps datagrams into a stream, and out of it."""

    def __init__(self, wire: Wire, batch: Batch) -> None:
        self._batch, self._is_turn = batch, bool(wire.username)
        self.stream = _connected(wire)
        if wire.username:
            _bind(self.stream, wire)
        self.stream.setblocking(False)
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.datagrams.bind(("127.0.0.1", 0))
        self.datagrams.connect(("127.0.0.1", wire.near))
        self.datagrams.setblocking(False)
        self._rest = b""

    def go_out(self) -> None:
        """What the user has sent goes to the server."""
        slots = self._batch.slots
        for index, size in enumerate(self._batch.receive(self.datagrams)):
            at, padding = index * SLOT_BYTES + HEAD_BYTES, 0
            if self._is_turn:
                padding = -size % 4
                HEAD.pack_into(slots, at - HEAD.size, CHANNEL, size)
                start = at - HEAD.size
            else:
                LENGTH.pack_into(slots, at - LENGTH.size, size)
                start = at - LENGTH.size
            framed = slots[start : at + size + padding]
            try:
                sent = self.stream.send(framed)
            except (BlockingIOError, ssl.SSLWantWriteError) as error:
                raise Full from error
            if sent != len(framed):
                raise Full

    def come_in(self) -> None:
        """What the server has sent goes to the user."""
        view = self._batch.stream
        while True:
            kept = len(self._rest)
            view[:kept] = self._rest
            try:
                size = self.stream.recv_into(view[kept:], 16 * 1024)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            if not size:
                raise OSError("the server has hung up")
            frames, rest = (messages if self._is_turn else datagrams)(view, kept + size)
            self._rest = bytes(view[rest : kept + size])
            wanted = CHANNEL if self._is_turn else 0  # nothing that TURN says of itself
            self._batch.send(
                self.datagrams, [(f.start, f.size) for f in frames if f.channel == wanted]
            )
            if not isinstance(self.stream, ssl.SSLSocket):
                return


def _connected(wire: Wire) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", wire.port), _PATIENCE_S)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
    if not wire.is_tls:
        return stream
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting.wrap_socket(stream)


def _bind(stream: socket.socket, wire: Wire) -> None:
    """Have an allocation, and a channel to the relay (RFC 8656)."""
    allocate = {"REQUESTED-TRANSPORT": _UDP}
    refused = _ask(stream, _request(stun.Method.ALLOCATE, allocate))
    signed = {
        "USERNAME": wire.username,
        "REALM": refused.attributes["REALM"],
        "NONCE": refused.attributes["NONCE"],
    }
    key = key_of(wire.username, signed["REALM"], wire.credential)
    channel = {"CHANNEL-NUMBER": CHANNEL, "XOR-PEER-ADDRESS": ("127.0.0.1", wire.peer)}
    for method, said in (
        (stun.Method.ALLOCATE, allocate),
        (stun.Method.CHANNEL_BIND, channel),
    ):
        answer = _ask(stream, _request(method, {**said, **signed}, key))
        if answer.message_class is not stun.Class.RESPONSE:
            raise OSError(f"TURN: {answer.attributes.get('ERROR-CODE')}")


def _request(method: stun.Method, attributes: Mapping[str, object], key: bytes = b"") -> bytes:
    message = stun.Message(message_method=method, message_class=stun.Class.REQUEST)
    message.attributes.update(attributes)
    if key:
        message.add_message_integrity(key)
    return bytes(message)


def _ask(stream: socket.socket, request: bytes) -> stun.Message:
    stream.sendall(request)
    head = _exactly(stream, 20)
    return stun.parse_message(head + _exactly(stream, int.from_bytes(head[2:4], "big")))


def _exactly(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            raise OSError("the server has hung up")
        data += more
    return data


def main() -> None:
    """Serve until stdin ends."""
    batch, poll = Batch(), select.epoll()
    do: dict[int, Callable[[], None]] = {}
    kept: list[End] = []
    poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd != sys.stdin.fileno():
                try:
                    do[fd]()
                except OSError:  # the server has ended, as it does when all is measured
                    poll.unregister(fd)
                continue
            line = sys.stdin.readline()
            if not line:
                return
            end = End(Wire(**json.loads(line)), batch)
            kept.append(end)
            for each, pump in ((end.stream, end.come_in), (end.datagrams, end.go_out)):
                do[each.fileno()] = pump
                poll.register(each.fileno(), select.EPOLLIN)
            print(end.datagrams.getsockname()[1], flush=True)


if __name__ == "__main__":
    main()
