"""What this worker's media says to workers of other nodes: over UDP, encrypted.

A *trunk* leads to one worker of another node; all those of a plane end at one socket, the
*terminal*. A datagram is a *stamp*, a head as bridges have it, what follows that, and a tag. The
stamp, eight bytes with the lowest first, says which key it is (the *epoch*, in the highest byte),
and counts the datagrams. Stamp and head are authenticated, and what follows is encrypted as well,
by AES-128-GCM (NIST SP 800-38D); the nonce are the stamp and the first bytes of the head.

No stamp is ever used twice: whoever sends has each key for itself and for one receiver, and counts
on when it gets another key. Who receives takes each once (:class:`.window.Window`), and knows the
last two keys, since datagrams under the former one may still be on their way.

A packet is encrypted out of its slot into that of the terminal with the same number, and decrypted
the other way round. The terminal's socket is not connected: the system tells a connected one when
nobody is there, and event loops take that for its end.
"""

from __future__ import annotations

import errno
import itertools
import sys
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from relay.media.paths.bridge import HEAD, HEAD_BITS, Bridge
from relay.media.paths.dual import open_single
from relay.media.paths.transport import (
    MAX_DATAGRAM_BYTES,
    SLOT_BYTES,
    SLOTS,
    Address,
    DatagramSocket,
    Destination,
)
from relay.media.paths.window import Window

KEY_BYTES, TAG_BYTES = 16, 16
EPOCHS = 256
KEYS = 2
"""That are known of what comes: the last one, and the one before."""

STAMP_BYTES, NONCE_BYTES = 8, 12
OPENING_BYTES = STAMP_BYTES + HEAD.size
"""What a datagram begins with, and is not encrypted."""
OVERHEAD_BYTES = OPENING_BYTES + TAG_BYTES
MOST_BYTES = MAX_DATAGRAM_BYTES - OVERHEAD_BYTES
"""Of what follows a head."""

_SLOT_WORDS = SLOT_BYTES // 8
_EPOCH_AT = 56
"""A million packets a second take 2,000 years to count so far."""
_COUNT = (1 << _EPOCH_AT) - 1

Place = tuple[str, int]
"""An IP address, and a port."""

Cipher = Callable[[memoryview, memoryview, memoryview, memoryview], int]
"""Nonce, what it is about, what else is authenticated, and where the result goes."""


class _Opener(NamedTuple):
    """What opens datagrams of one epoch."""

    key: bytes
    decrypt: Cipher
    window: Window


class Trunk(Bridge):
    """The way to one worker of another node: made by :meth:`Terminal.lead`."""

    def __init__(self, terminal: Terminal, far: Place, number: int) -> None:
        """:param number: that no other trunk has; from 1."""
        self.inlet, self.mark = terminal, number << HEAD_BITS
        self.heard = 0
        """How many datagrams have come that are authentic."""
        self.openers: dict[int, _Opener] = {}
        """By epoch, in the order in which they were told."""
        self._terminal, self._far = terminal, far
        self._view = terminal.slots.view
        self._address: Address = None
        self._destination: Destination = None
        """None while there is no socket, or no way there."""
        self._key: AESGCM | None = None
        self._encrypt: Cipher | None = None
        self._stamp = 0
        """Of the next datagram."""

    @property
    def is_up(self) -> bool:
        """See :class:`Bridge`; whether anybody is there is told by :attr:`heard`."""
        return self._encrypt is not None and self._destination is not None

    def settle(self, socket: DatagramSocket | None) -> Address:
        """Know the socket; returns the address of what comes, None when there is no way."""
        self._address = None if socket is None else socket.at(*self._far)
        if socket is None or self._address is None:
            self._destination = None
        else:
            self._destination = socket.destination(self._address)
        return self._address

    def encrypt_with(self, key: bytes, epoch: int) -> None:
        """Use a key from now on.

        :param key: 16 bytes, which nobody else has for anything else.
        """
        self._stamp = epoch << _EPOCH_AT | self._stamp & _COUNT  # it counts on
        self._key = AESGCM(key)
        self._encrypt = self._key.encrypt_into

    def decrypt_with(self, key: bytes, epoch: int) -> None:
        """Take what comes under a key, too; one that is known already goes on."""
        known = self.openers.get(epoch)
        if known is not None and known.key == key:
            return
        self.openers.pop(epoch, None)
        self.openers[epoch] = _Opener(key, AESGCM(key).decrypt_into, Window())
        while len(self.openers) > KEYS:
            del self.openers[next(iter(self.openers))]

    def stage(self, slot: int, size: int, heading: int) -> None:
        """See :class:`Bridge`; encrypts, which is the one time that the packet is copied."""
        encrypt, terminal, destination = self._encrypt, self._terminal, self._destination
        if encrypt is None or destination is None or size > MOST_BYTES:
            self._cannot(size)
            return
        at, word = slot * SLOT_BYTES, slot * _SLOT_WORDS
        stamp, words, end = self._stamp, terminal.words, at + size
        self._stamp = stamp + 1
        words[word] = stamp
        words[word + 1] = heading
        encrypt(
            terminal.nonces[slot],
            self._view[at:end],
            terminal.openings[slot],
            terminal.view[at + OPENING_BYTES : end + OVERHEAD_BYTES],
        )
        terminal.put(slot, size + OVERHEAD_BYTES, destination)
        terminal.packets_sent += 1
        terminal.bytes_sent += size

    def send(self, heading: int, data: bytes = b"") -> None:
        """See :class:`Bridge`."""
        if self._key is None or self._destination is None or len(data) > MOST_BYTES:
            self._cannot(len(data))
            return
        stamp = self._stamp
        self._stamp = stamp + 1
        opening = stamp.to_bytes(STAMP_BYTES, "little") + heading.to_bytes(HEAD.size, sys.byteorder)
        sealed = self._key.encrypt(opening[:NONCE_BYTES], data, opening)
        self._terminal.send(opening + sealed, self._address)

    def close(self) -> None:
        """Its keys are of no use any more."""
        self._key = self._encrypt = self._destination = None
        self.openers.clear()

    def _cannot(self, size: int) -> None:
        drops = self._terminal.drops
        if size > MOST_BYTES:
            drops["trunk_too_long"] += 1
        elif self._encrypt is None:
            drops["trunk_keyless"] += 1
        else:
            drops["trunk_down"] += 1


class Terminal:
    """The socket at which all trunks of a plane end.

    :param slots: of the plane, into which packets are decrypted.
    """

    def __init__(self, slots: DatagramSocket) -> None:
        self.drops: Counter[str] = Counter()
        self.packets_sent = self.packets_received = 0
        self.bytes_sent = self.bytes_received = 0
        """Of packets, without heads."""
        self.refusal = ""
        """Why there is no socket."""
        self.slots = slots
        self.view = self.words = memoryview(b"")
        self.nonces: list[memoryview] = []
        self.openings: list[memoryview] = []
        """What datagrams in slots begin with: to cut a view takes longer than to read it."""
        self.put: Callable[[int, int, Destination], None] = _nowhere
        """Has a datagram in a slot sent by :meth:`flush`."""
        self._socket: DatagramSocket | None = None
        self._flushed = 0
        """How many packets have been staged and sent."""
        self._trunks: dict[Address, Trunk] = {}
        self._numbers = itertools.count(1)

    # life

    def fileno(self) -> int:
        """The descriptor, for the event loop's reader; -1 while there is no socket."""
        return -1 if self._socket is None else self._socket.fileno()

    def open(self, near: Place) -> bool:
        """Bind, unless it is bound; returns whether it is.

        :param near: where other nodes reach this one; on an address that is none of this
            machine's, as behind a NAT, the port is bound on all.
        """
        if self._socket is not None:
            return True
        try:
            opened = self._socket = _bound(near)
        except OSError as error:
            self.refusal = error.strerror or "it cannot be bound"
            return False
        self.refusal, self.put = "", opened.stage
        starts = range(0, SLOTS * SLOT_BYTES, SLOT_BYTES)
        self.view, self.words = opened.view, opened.view.cast("B").cast("Q")
        self.nonces = [self.view[at : at + NONCE_BYTES] for at in starts]
        self.openings = [self.view[at : at + OPENING_BYTES] for at in starts]
        return True

    def close(self) -> None:
        """Close the socket; it may be opened again."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self.put = None, _nowhere
        self._trunks.clear()

    def lead(self, far: Place) -> Trunk:
        """A trunk to a place; while there is no socket, it leads nowhere."""
        trunk = Trunk(self, far, next(self._numbers))
        self.join(trunk)
        return trunk

    def join(self, trunk: Trunk) -> None:
        """Have a trunk lead where it should, now that there is a socket."""
        address = trunk.settle(self._socket)
        if address is not None:
            self._trunks[address] = trunk

    def part(self, trunk: Trunk) -> None:
        """Close a trunk."""
        for address in [at for at, each in self._trunks.items() if each is trunk]:
            del self._trunks[address]
        trunk.close()

    # what goes

    def flush(self) -> None:
        """See :class:`relay.media.paths.bridge.Flushes`."""
        if self._flushed != self.packets_sent and self._socket is not None:
            self._flushed = self.packets_sent
            self._socket.flush()
            self._count_refused()

    def send(self, datagram: bytes, address: Address) -> None:
        """Send at once."""
        if self._socket is not None:
            self._socket.send(datagram, address)
            self._count_refused()

    def _count_refused(self) -> None:
        if self._socket is not None and self._socket.send_drops:
            self.drops["trunk_full"] += self._socket.send_drops
            self._socket.send_drops = 0

    # what comes

    def receive(self) -> list[tuple[int, int]]:
        """See :class:`relay.media.paths.bridge.Inlet`; what is not authentic is dropped."""
        socket, drops = self._socket, self.drops
        count = 0 if socket is None else socket.receive()
        if socket is None or not count:
            return []
        found: list[tuple[int, int]] = []
        words, trunks, view, into = self.words, self._trunks, self.view, self.slots.view
        for slot, (size, address) in enumerate(zip(*socket.headings(count), strict=True)):
            trunk = trunks.get(address)
            if trunk is None:
                drops["trunk_unknown"] += 1
                continue
            if size < OVERHEAD_BYTES:
                drops["trunk_malformed"] += 1
                continue
            word = slot * _SLOT_WORDS
            stamp = words[word]
            opener = trunk.openers.get(stamp >> _EPOCH_AT)
            if opener is None:
                drops["trunk_keyless"] += 1
                continue
            _, decrypt, window = opener
            stamp &= _COUNT
            if not window.is_new(stamp):
                drops["trunk_replayed"] += 1
                continue
            at, to, inner = slot * SLOT_BYTES, len(found) * SLOT_BYTES, size - OVERHEAD_BYTES
            body = view[at + OPENING_BYTES : at + size]
            try:
                decrypt(self.nonces[slot], body, self.openings[slot], into[to : to + inner])
            except InvalidTag:
                drops["trunk_forged"] += 1
                continue
            window.take(stamp)
            trunk.heard += 1
            found.append((words[word + 1] | trunk.mark, inner))
        return found


def _nowhere(slot: int, size: int, destination: Destination) -> None:
    """There is no socket: no trunk has a destination then."""


def _bound(near: Place) -> DatagramSocket:
    host, port = near
    if port >= 1 << 16:  # of the last of many workers
        raise OSError(errno.EADDRNOTAVAIL, "there is no such port")
    try:
        return open_single(host, port)
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        return open_single("::" if ":" in host else "0.0.0.0", port)  # noqa: S104
