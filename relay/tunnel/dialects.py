"""What a tunnel's two ends say: which frame goes where, and what stands before a datagram.

A frame that is a datagram goes to the leg of its channel, and the dialect is not asked.

Pure, but for the slots that are written into. A *leg* of a tunnel is its way to one of the relay's
own addresses: each has a socket of its own, since an answer has to come from where the question
went (RFC 8445 section 7.2.5.2.1). ICE-TCP has one leg, TURN one for each peer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from relay.framing import HEAD, LENGTH, Frame, datagrams, messages
from relay.tunnel.stun import Address
from relay.tunnel.turn import Turn


class Taken(NamedTuple):
    """What a message comes to."""

    reply: bytes = b""
    """What the other end is told; empty for nothing."""
    relayed: tuple[Address, bytes] | None = None
    """A datagram, and the leg to which it goes."""


class Dialect(Protocol):
    """What is said on one tunnel."""

    @property
    def legs(self) -> Mapping[int, Address]:
        """By channel, where datagrams go; it changes with what is said."""

    def split(self, data: memoryview, end: int) -> tuple[list[Frame], int]:
        """See :func:`relay.framing.datagrams`."""

    def take(self, frame: Frame, data: memoryview, now: float) -> Taken:
        """Do what a frame of ``data`` says that is no datagram."""

    def frame(self, leg: Address, slots: memoryview, at: int, size: int, now: float) -> memoryview:
        """Put a frame around the datagram ``slots[at:at + size]``; empty when it goes nowhere."""

    def look(self, now: float) -> bool:
        """Forget what has run out; whether the tunnel is still of use without any answer."""

    @property
    def is_done(self) -> bool:
        """Whether the other end has shown that it is none of ours."""


class IceTcp:
    """A datagram is a frame (RFC 4571); there is one leg."""

    is_done = False

    def __init__(self, own: Address) -> None:
        self.legs = {0: own}
        """See :class:`Dialect`."""

    split = staticmethod(datagrams)

    def take(self, frame: Frame, data: memoryview, now: float) -> Taken:  # noqa: ARG002
        """See :class:`Dialect`; it is never asked."""
        return Taken()

    def frame(self, leg: Address, slots: memoryview, at: int, size: int, now: float) -> memoryview:  # noqa: ARG002
        """See :class:`Dialect`."""
        LENGTH.pack_into(slots, at - LENGTH.size, size)
        return slots[at - LENGTH.size : at + size]

    def look(self, now: float) -> bool:  # noqa: ARG002
        """See :class:`Dialect`."""
        return False


class TurnTcp:
    """ChannelData and STUN messages (RFC 8656)."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.legs = turn.peer_of
        """See :class:`Dialect`."""

    split = staticmethod(messages)

    @property
    def is_done(self) -> bool:
        """See :class:`Dialect`."""
        return self._turn.is_done

    def take(self, frame: Frame, data: memoryview, now: float) -> Taken:
        """See :class:`Dialect`."""
        return Taken(*self._turn.take(bytes(data[frame.start : frame.start + frame.size]), now))

    def frame(self, leg: Address, slots: memoryview, at: int, size: int, now: float) -> memoryview:
        """See :class:`Dialect`."""
        channel, padding = self._turn.channel_of(leg), -size % 4
        if padding:
            slots[at + size : at + size + padding] = bytes(padding)
        if channel:
            HEAD.pack_into(slots, at - HEAD.size, channel, size)
            return slots[at - HEAD.size : at + size + padding]
        if not self._turn.accepts(leg, now):
            return slots[:0]
        head = self._turn.data_head(leg, size)
        slots[at - len(head) : at] = head
        return slots[at - len(head) : at + size + padding]

    def look(self, now: float) -> bool:
        """See :class:`Dialect`."""
        self._turn.look(now)
        return self._turn.allocation is not None
