"""One connection that carries media: bytes in order outside, datagrams inside.

What comes is cut into datagrams, which go to the media plane's own UDP port from a socket that is
this tunnel's; what the plane sends there is framed and written. Nothing waits on the way: what does
not fit into the bound on unsent bytes is dropped whole, and counted, so that the loss is seen by
whoever adapts to it, and delay does not grow.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from relay.errors import MalformedPacket
from relay.framing import Frame
from relay.media.paths.transport import MAX_DATAGRAM_BYTES
from relay.pace import TokenBucket
from relay.tunnel.batch import HEAD_BYTES, READ_BYTES, SLOT_BYTES, Batch
from relay.tunnel.dialects import Dialect
from relay.tunnel.stun import Address

MAX_UNSENT_BYTES = 128 * 1024
"""Half a second of a call's media, beyond what the kernel has."""

NOT_SENT_BYTES = 16 * 1024
"""What the kernel may have that it has not sent: it is past being dropped."""

SOCKET_BYTES = 64 * 1024
"""Of the buffer of one end of a pair of sockets, behind which another process encrypts."""

DATAGRAM_COST = 1000
"""A datagram costs its bytes and so much more, as in :mod:`relay.media.budget`."""
COST_PER_S, COST_AT_ONCE = 3.6e6, 0.9e6
"""16 Mbit/s. Whoever sends more is read more slowly, and TCP tells it so."""

TCP_NOTSENT_LOWAT = 25
"""linux/tcp.h; socket has no name for it."""


class Tunnel:
    """It runs from :meth:`begin` to :meth:`close`."""

    def __init__(
        self,
        stream: socket.socket,
        dialect: Dialect,
        batch: Batch,
        connect: Callable[[], socket.socket],
        drops: Counter[str],
        clock: Callable[[], float],
        closed: Callable[[Tunnel], None],
    ) -> None:
        """Build it.

        :param stream: connected and non-blocking; it belongs to the tunnel from now on.
        :param batch: that of all tunnels of this process.
        :param connect: makes the socket of a leg.
        :param drops: where datagrams that go nowhere are counted, by the reason.
        :param closed: called once, when it ends; the legs are still there.
        """
        self.opened_at = clock()
        self.heard_at: float | None = None
        """When the media plane last sent something: it does not to who is nobody."""
        self.legs: dict[Address, socket.socket] = {}
        self._stream, self._dialect, self._batch = stream, dialect, batch
        self._connect, self._drops = connect, drops
        self._clock, self._closed = clock, closed
        self._rest = b""  # of a frame that is not complete; at most one
        self._unsent = bytearray()
        self._pace = TokenBucket(COST_PER_S, COST_AT_ONCE)
        self._pause: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._is_open = True

    def begin(self, first: bytes, unsent: bytes = b"") -> None:
        """Go on with what has been read already, and what was to be written."""
        _prepare(self._stream)
        self._loop.add_reader(self._stream, self._on_stream)
        if unsent:
            self._write([memoryview(unsent)])
        if first:
            self._batch.stream[: len(first)] = first
            self._took(len(first))

    def close(self) -> None:
        """End it; harmless when it has ended."""
        if not self._is_open:
            return
        self._is_open = False
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._stream)
        self._loop.remove_writer(self._stream)
        self._closed(self)
        self._stream.close()
        for leg in self.legs.values():
            self._loop.remove_reader(leg)
            leg.close()

    def look(self, now: float, answer_s: float, idle_s: float) -> None:
        """End it when it is of no use.

        :param answer_s: within how many seconds the media plane has to have answered.
        :param idle_s: for how many it may say nothing afterwards.
        """
        if self._dialect.look(now):
            return
        heard_at = self.heard_at
        since_s = now - (self.opened_at if heard_at is None else heard_at)
        if since_s > (answer_s if heard_at is None else idle_s):
            self.close()

    # from the user

    def _on_stream(self) -> None:
        view, kept = self._batch.stream, len(self._rest)
        view[:kept] = self._rest
        try:
            size = self._stream.recv_into(view[kept:], READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            size = 0
        if size:
            self._took(kept + size)
        else:
            self.close()

    def _took(self, end: int) -> None:
        """Deal with the first bytes of the batch's stream."""
        view, now = self._batch.stream, self._clock()
        try:
            frames, rest = self._dialect.split(view, end)
        except MalformedPacket:
            self._drops["tunnel_malformed"] += 1
            self.close()
            return
        self._rest = bytes(view[rest:end])
        legs = self._dialect.legs
        parts: list[tuple[int, int]] = []
        going: Address | None = None
        for frame in frames:
            start, size, channel = frame
            leg = legs.get(channel)
            if leg is not going:
                self._send(going, parts)
                going, parts = leg, []
            if leg is not None:
                if size <= MAX_DATAGRAM_BYTES:
                    parts.append((start, size))
                else:
                    self._drops["tunnel_too_long"] += 1
            elif channel:
                self._drops["tunnel_unbound"] += 1
            else:
                self._obey(frame, now)
        self._send(going, parts)
        if self._dialect.is_done:
            self.close()
        self._pay(end + DATAGRAM_COST * len(frames), now)

    def _obey(self, frame: Frame, now: float) -> None:
        """Do what a message says; a datagram that it carries goes out by itself."""
        reply, relayed = self._dialect.take(frame, self._batch.stream, now)
        if reply:
            self._write([memoryview(reply)])
        if relayed is None:
            return
        where, data = relayed
        if len(data) > MAX_DATAGRAM_BYTES:
            self._drops["tunnel_too_long"] += 1
        elif (leg := self._leg(where)) is not None:
            with suppress(OSError):
                leg.send(data)

    def _send(self, where: Address | None, parts: list[tuple[int, int]]) -> None:
        if where is None or not parts or (leg := self._leg(where)) is None:
            return
        if refused := self._batch.send(leg, parts):
            self._drops["tunnel_refused"] += refused

    def _leg(self, where: Address) -> socket.socket | None:
        """The socket of a leg, which is made when it is needed; None when the tunnel has ended."""
        if not self._is_open:
            return None
        leg = self.legs.get(where)
        if leg is None:
            try:
                leg = self.legs[where] = self._connect()
            except OSError:  # there is no descriptor left
                self.close()
                return None
            self._loop.add_reader(leg, self._on_leg, where, leg)
        return leg

    def _pay(self, cost: float, now: float) -> None:
        """Read no more for a while, when more has come than is allowed."""
        left = self._pace.spend(now, cost)
        if left < 0 and self._is_open and self._pause is None:
            self._loop.remove_reader(self._stream)
            self._pause = self._loop.call_later(-left / COST_PER_S, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._stream, self._on_stream)

    # to the user

    def _on_leg(self, where: Address, leg: socket.socket) -> None:
        sizes = self._batch.receive(leg)
        if not sizes:
            return
        now, slots, frame = self._clock(), self._batch.slots, self._dialect.frame
        self.heard_at = now
        starts = range(HEAD_BYTES, SLOT_BYTES * len(sizes), SLOT_BYTES)
        self._write(
            [
                framed
                for at, size in zip(starts, sizes, strict=True)
                if (framed := frame(where, slots, at, size, now))
            ]
        )

    def _write(self, frames: list[memoryview]) -> None:
        """Write frames, or keep them, or drop them; never a part of one."""
        if not frames or not self._is_open:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._stream.sendmsg(frames)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self.close()
                return
            if sent == sum(map(len, frames)):
                return
        for frame in frames:
            size = len(frame)
            if sent >= size:
                sent -= size
            elif sent or len(self._unsent) + size <= MAX_UNSENT_BYTES:
                self._keep(frame[sent:])
                sent = 0
            else:
                self._drops["tunnel_full"] += 1

    def _keep(self, data: memoryview) -> None:
        if not self._unsent:
            self._loop.add_writer(self._stream, self._on_writable)
        self._unsent += data

    def _on_writable(self) -> None:
        try:
            sent = self._stream.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.close()
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._stream)


def _prepare(stream: socket.socket) -> None:
    """Have the kernel keep little, and send at once."""
    stream.setblocking(False)
    if stream.family == socket.AF_UNIX:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        return
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(OSError):  # a system without it
        stream.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_BYTES)
