"""Lines between nodes: a socket is at one, and its session at another.

What the socket says, and what it is told, goes frame by frame over the connection of the two nodes.
Either way only so much is under way at once: who takes frames says so, and as many more may follow.
So whoever is slow makes the other end wait, and that has what bounds it: a socket that is not read,
or an outbox.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex

import structlog

from relay.cluster import Cluster, Node
from relay.cluster.messages import Frame, Going, Hung, Resuming, Taken
from relay.errors import ClusterError
from relay.protocol.messages import MAX_FRAME_BYTES
from relay.signaling.connection import stop
from relay.signaling.outbox import CLOSE_GOING_AWAY, CLOSE_POLICY, Closing
from relay.signaling.wire import GRACE_S, Goodbye, Heard, Overdrawn, Wire
from relay.source import plain

WINDOW_BYTES = 16 * 1024
"""So long may the frames be that are under way; one more may have begun with less."""
WINDOW_FRAMES = 32
"""And so many there may be."""
_TOLD_BYTES, _TOLD_FRAMES = WINDOW_BYTES // 4, WINDOW_FRAMES // 4
"""When so much has been taken, the other end is told."""
MEETING_S = 2.0
"""How long a node is waited for that was not there yet."""
_MAX_MET = 1024
_LOST = 1006  # RFC 6455 section 7.4.1
_NO_CODE = 1005  # the same: a close frame without a code
_LEAST_CODE, _MOST_CODE = 1000, 4999
_MAX_REASON_CHARS = 30  # a close frame has 123 bytes for it
_MAX_NAME_CHARS = 64

log = structlog.get_logger(__name__)


class Window:
    """What is under way, or waits to be taken: sizes of frames, the oldest first."""

    def __init__(self) -> None:
        self._sizes: deque[int] = deque()
        self._bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether another frame may follow."""
        return self._bytes < WINDOW_BYTES and len(self._sizes) < WINDOW_FRAMES

    def add(self, size: int) -> None:
        """A frame is under way."""
        self._sizes.append(size)
        self._bytes += size

    def take(self, frames: int) -> int:
        """So many have been taken; how long they were."""
        before = self._bytes
        for _ in range(min(frames, len(self._sizes))):
            self._bytes -= self._sizes.popleft()
        return before - self._bytes


class End:
    """One end of a line; at the session's node it is a :class:`relay.signaling.wire.Socket`.

    :param node: where the other end is.
    :param line: its name.
    """

    def __init__(self, lines: Lines, node: str, line: str) -> None:
        self.node, self.line = node, line
        self.hung: Hung | None = None
        self._lines = lines
        self._heard: deque[Frame] = deque()
        self._coming, self._going = Window(), Window()
        self._is_taking = False  # who hears has a frame, and has not done with it
        self._taken_frames = self._taken_bytes = 0  # of which the other end has not been told
        self._changed = asyncio.Event()

    @property
    def close_code(self) -> int | None:
        """With which the socket was closed, once it is."""
        return None if self.hung is None else self.hung.code

    async def hear(self) -> Heard | Goodbye:
        """What comes next; whoever asks has done with what came before."""
        self._done()
        while not self._heard:
            if self.hung is not None:
                code = self.hung.code
                return Goodbye(None if code == _LOST else code, self.hung.reason)
            self._changed.clear()
            await self._changed.wait()
        frame = self._heard.popleft()
        self._is_taking = True
        return Heard(frame.text, frame.is_paid)

    async def tell(self, frame: bytes) -> None:
        """Send a text frame; wait while much is under way already.

        :raises ConnectionError: when the line has ended.
        """
        await self.say(Frame(self.line, frame.decode()))

    async def say(self, frame: Frame) -> None:
        """As :meth:`tell`, and say whether it is paid for."""
        while not self._going.is_open and self.hung is None:
            self._changed.clear()
            await self._changed.wait()
        if self.hung is not None:
            raise ConnectionResetError("the line has ended")
        self._going.add(len(frame.text))
        self._lines.send(self.node, frame)

    async def close(self, closing: Closing) -> None:
        """Have the socket closed."""
        self.hang(closing.code, closing.reason)

    def drop(self) -> None:
        """Nothing more is said or heard here."""
        self.hang(_LOST)

    def hang(self, code: int, reason: str = "") -> None:
        """End the line, and tell the other end; only the first call counts."""
        if self.hung is None:
            self._lines.send(self.node, Hung(self.line, code, reason))
            self.ended(Hung(self.line, code, reason))

    # what comes from the other node

    def ended(self, hung: Hung) -> None:
        """The line has ended; what has come by it is still heard."""
        if self.hung is None:
            self.hung = hung
            self._lines.forget(self)
            self._changed.set()

    def came(self, frame: Frame) -> None:
        """A frame has come."""
        if not self._coming.is_open or len(frame.text) > MAX_FRAME_BYTES:
            log.warning("line_overrun", node=self.node)
            self._heard.clear()
            self.hang(CLOSE_POLICY, "too much data")
            return
        self._coming.add(len(frame.text))
        self._heard.append(frame)
        self._changed.set()

    def taken(self, frames: int) -> None:
        """The other end has taken frames."""
        self._going.take(frames)
        self._changed.set()

    def _done(self) -> None:
        """Tell what is taken: not each frame, but before the other end has to wait for it."""
        if not self._is_taking:
            return
        self._is_taking = False
        self._taken_frames += 1
        self._taken_bytes += self._coming.take(1)
        if self._taken_frames >= _TOLD_FRAMES or self._taken_bytes >= _TOLD_BYTES:
            self._lines.send(self.node, Taken(self.line, self._taken_frames))
            self._taken_frames = self._taken_bytes = 0


class Lines:
    """All lines of a node, either way.

    :param go_on: has a session go on over a line, if it can be had; awaits nothing.
    """

    def __init__(self, cluster: Cluster, go_on: Callable[[Resuming, End], bool]) -> None:
        self._cluster = cluster
        self._go_on = go_on
        self._ends: dict[tuple[str, str], End] = {}
        self._met: deque[str] = deque(maxlen=_MAX_MET)
        """Nodes that were there since this one has started."""
        self._joined = asyncio.Event()
        cluster.serve(Resuming, self._asked)
        cluster.hear(Frame, self._came)
        cluster.hear(Taken, self._taken)
        cluster.hear(Hung, self._hung)
        cluster.watch(self._meet, self._lost)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._ends)

    def node_of(self, token: str) -> str | None:
        """Which other node has given a token; None when it is this one's, or nobody's."""
        node, dot, _ = token.partition(".")
        return node if dot and node != self._cluster.here.name else None

    async def open(self, node: str, frame: str, *, source: str, is_local: bool) -> End | None:
        """Ask for a session at another node; for one that was not met yet it is waited a little.

        :param frame: the client's ``resume`` message.
        :param source: where the socket comes from, as ``is_local``.
        :returns: the line over which it goes on; None when it cannot be had.
        :raises ClusterError: when the node has gone, or does not answer.
        """
        await self._have_met(node)
        end = self._begun(End(self, node, token_hex(12)))
        try:
            answer = await self._cluster.ask(
                node, Resuming(end.line, frame, source=source, is_local=is_local)
            )
        except ClusterError:
            # Should it go on there all the same, nobody comes back to it: its client is told so.
            end.hang(CLOSE_GOING_AWAY)
            raise
        except asyncio.CancelledError:
            end.drop()
            raise
        if isinstance(answer, Going) and answer.is_on:
            return end
        self.forget(end)
        return None

    def send(self, node: str, message: Frame | Taken | Hung) -> None:
        """Tell another node."""
        self._cluster.tell(node, message)

    def forget(self, end: End) -> None:
        """A line has ended."""
        self._ends.pop((end.node, end.line), None)

    async def _have_met(self, node: str) -> None:
        """A server that has just started has users before it has met all others."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MEETING_S):
                while node not in self._met:
                    self._joined.clear()
                    await self._joined.wait()

    def _meet(self, node: Node) -> None:
        if node.name not in self._met:
            self._met.append(node.name)
        self._joined.set()

    def _begun(self, end: End) -> End:
        self._ends[end.node, end.line] = end
        return end

    async def _asked(self, node: str, resuming: Resuming) -> Going:
        is_new = (node, resuming.line) not in self._ends
        if not is_new or len(resuming.line) > _MAX_NAME_CHARS:
            return Going(is_on=False)
        end = self._begun(End(self, node, resuming.line))
        is_near = _on_one_machine(self._cluster.here, self._cluster.others.get(node))
        is_on = self._go_on(replace(resuming, is_local=resuming.is_local and is_near), end)
        if not is_on:
            self.forget(end)
        return Going(is_on=is_on)

    def _came(self, node: str, frame: Frame) -> None:
        end = self._ends.get((node, frame.line))
        if end is not None:
            end.came(frame)
        else:  # it may have ended here meanwhile; else the other end must not wait for ever
            self.send(node, Hung(frame.line))

    def _taken(self, node: str, taken: Taken) -> None:
        if (end := self._ends.get((node, taken.line))) is not None:
            end.taken(taken.frames)

    def _hung(self, node: str, hung: Hung) -> None:
        if (end := self._ends.get((node, hung.line))) is not None:
            end.ended(_sound(hung))

    def _lost(self, node: Node) -> None:
        ends = [end for end in self._ends.values() if end.node == node.name]
        for end in ends:
            end.ended(Hung(end.line))
        if ends:
            log.warning("lines_lost", node=node.name, lines=len(ends))


async def join(wire: Wire, end: End) -> None:
    """Have a socket of this node and a line carry each other's frames, until either ends.

    A socket whose line is lost is lost, too: its client comes back with another one.
    """
    reader = asyncio.create_task(_carry_in(wire, end), name=f"read line {end.line}")
    writer = asyncio.create_task(_carry_out(end, wire), name=f"write line {end.line}")
    closing: Closing | None = None
    try:
        await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({writer}, timeout=GRACE_S)  # what has come still goes out
        if writer.done() and writer.exception() is None:
            closing = writer.result()
    finally:
        end.drop()
        await stop(reader)
        await stop(writer)
        if closing is None:
            wire.cut()
    if closing is not None:
        await wire.close(closing)
        wire.drop()


async def _carry_in(wire: Wire, end: End) -> None:
    """What the client says."""
    while True:
        match await wire.hear():
            case Heard(data, is_paid):
                # What is not paid for, or no text, is counted there, and found to be a mistake.
                text = data if is_paid and isinstance(data, str) else ""
                try:
                    await end.say(Frame(end.line, text, is_paid))
                except ConnectionError:
                    return
            case Overdrawn():
                end.hang(CLOSE_POLICY, "too much data")
                return
            case Goodbye(code):
                end.hang(_LOST if code is None else code or _NO_CODE)
                return


async def _carry_out(end: End, wire: Wire) -> Closing | None:
    """What the client is told; how the socket is to be closed, or that it is lost."""
    while True:
        heard = await end.hear()
        if isinstance(heard, Goodbye):
            return None if heard.code is None else Closing(heard.code, heard.reason)
        text = heard.data
        try:
            await wire.tell(text.encode() if isinstance(text, str) else text)
        except ConnectionError:
            return None


def _on_one_machine(here: Node, other: Node | None) -> bool:
    """Whether a client that is on another node's machine is on this one's."""
    if other is None:
        return False
    return here.host == other.host or (_is_loopback(here.host) and _is_loopback(other.host))


def _is_loopback(host: str) -> bool:
    try:
        return plain(host).is_loopback
    except ValueError:  # a name
        return False


def _sound(hung: Hung) -> Hung:
    """What another node says, within the bounds of a close frame."""
    code = hung.code if _LEAST_CODE <= hung.code <= _MOST_CODE else _LOST
    return Hung(hung.line, code, hung.reason[:_MAX_REASON_CHARS])
