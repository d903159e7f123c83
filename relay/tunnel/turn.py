"""A TURN server for one connection, which relays to this server's own media and nowhere else.

Pure: messages in, messages out, time passed in. Of RFC 8656 it does Allocate, Refresh,
CreatePermission, ChannelBind, Send and Data, for UDP. What is different: a *peer* has to be one of
the candidates that the relay announces, so nothing else can be reached or found out about by it;
everything else gets 403, however it is written. There is one allocation a connection, and some
peers.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from relay.framing import CHANNELS
from relay.tunnel.stun import (
    ERROR,
    INDICATION,
    REQUEST,
    SUCCESS,
    Address,
    Attribute,
    Message,
    Method,
    error_code,
    family,
    read,
    unknown_attributes,
    write,
    xor_address,
)

LIFETIME_S, MAX_LIFETIME_S = 600, 3600
"""Of an allocation (RFC 8656 section 7.2)."""

PERMISSION_S, CHANNEL_S = 300.0, 600.0
"""RFC 8656 sections 9 and 12."""

MAX_PEERS = 8
"""Permissions, and channels, of one connection: a relay has a candidate an address."""

MAX_FAILURES = 16
"""Requests that are not signed as they should be; a browser's first one is."""

NONCE_S = 3600.0
"""How long a nonce is good (RFC 8489 section 9.2)."""

_UDP = 17 << 24  # REQUESTED-TRANSPORT (RFC 8656 section 18.8)
_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    420: "Unknown Attribute",
    437: "Allocation Mismatch",
    438: "Stale Nonce",
    440: "Address Family not Supported",
    441: "Wrong Credentials",
    442: "Unsupported Transport Protocol",
    443: "Peer Address Family Mismatch",
    486: "Allocation Quota Reached",
    508: "Insufficient Capacity",
}
_COUNTED = {401: "unauthorized", 403: "forbidden", 486: "quota"}
"""By their code, the refusals that are counted."""


class Gate(Protocol):
    """Who may have an allocation; see :class:`relay.tunnel.credentials.Gate`."""

    realm: str

    def key(self, username: str, now: float) -> bytes | None:
        """The key of a username; None for one that is none."""

    def may_allocate(self, username: str, now: float) -> bool:
        """Whether it may have one more now."""


@dataclass(slots=True)
class Allocation:
    """What a user has been given (RFC 8656 section 3.2)."""

    username: str
    key: bytes = field(repr=False)
    relayed: Address
    """What the client takes for its address at the server: nothing listens there."""
    until_s: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that a request gets."""

    code: int
    more: tuple[tuple[Attribute, bytes], ...] = ()


class Turn:
    """The server's end of one connection."""

    def __init__(
        self,
        gate: Gate,
        client: Address,
        own: Iterable[Address],
        now: float,
        refusals: Counter[str],
        allocation: Allocation | None = None,
        nonce: bytes | None = None,
    ) -> None:
        """Build it.

        :param client: where the connection comes from.
        :param own: the candidates that the relay announces; there are no other peers.
        :param now: seconds, of a clock that never goes back.
        :param refusals: where requests that an operator wants to know of are counted.
        :param allocation: one that was made by another process, and the ``nonce`` that was told.
        """
        self.allocation = allocation
        self.failures = 0
        """Requests that nobody has signed who could."""
        self.peer_of: dict[int, Address] = {}
        """By channel."""
        self._gate, self._client, self._own = gate, client, frozenset(own)
        self._refusals = refusals
        self._channels: dict[Address, int] = {}
        self._channel_until: dict[int, float] = {}
        self._permitted: dict[str, float] = {}  # until when
        self._nonce, self._nonce_until = nonce or _nonce(), now + NONCE_S

    @property
    def nonce(self) -> bytes:
        """The one that was told last."""
        return self._nonce

    @property
    def is_done(self) -> bool:
        """Whether the client has shown that it will not get in."""
        return self.failures > MAX_FAILURES

    def take(self, data: bytes, now: float) -> tuple[bytes, tuple[Address, bytes] | None]:
        """Do what a message says.

        :param data: one STUN message.
        :returns: what to answer, empty for nothing; and what to send to a peer, if it is that.
        """
        message = read(data)
        if message is None:
            return b"", None
        if message.kind == INDICATION and message.method == Method.SEND:
            return b"", self._sent(message, now)
        if message.kind != REQUEST:
            return b"", None
        if message.method == Method.BINDING:
            return self._binding(message), None
        return self._answer(message, now), None

    def accepts(self, peer: Address, now: float) -> bool:
        """Whether data goes to a peer and from it (RFC 8656 sections 11.2 and 11.3)."""
        return self.allocation is not None and self._permitted.get(peer[0], now) > now

    def channel_of(self, peer: Address) -> int:
        """The channel that is bound to a peer; 0 for none."""
        return self._channels.get(peer, 0)

    def data_head(self, peer: Address, size: int) -> bytes:
        """What stands before data of a peer without a channel (RFC 8656 section 11.3).

        :param size: of the data, which follows with its padding.
        """
        transaction_id = secrets.token_bytes(12)
        origin = Attribute.XOR_PEER_ADDRESS, xor_address(peer, transaction_id)
        data = write(INDICATION, Method.DATA, transaction_id, [origin])
        length = len(data) - 20 + 4 + size + -size % 4
        value = Attribute.DATA.to_bytes(2, "big") + size.to_bytes(2, "big")
        return data[:2] + length.to_bytes(2, "big") + data[4:] + value

    def look(self, now: float) -> None:
        """Forget what has run out."""
        allocation = self.allocation
        if allocation is not None and allocation.until_s <= now:
            self._end()
        for channel in [each for each, until in self._channel_until.items() if until <= now]:
            del self._channel_until[channel]
            del self._channels[self.peer_of.pop(channel)]
        for host in [each for each, until in self._permitted.items() if until <= now]:
            del self._permitted[host]

    # requests

    def _answer(self, message: Message, now: float) -> bytes:
        key = self._key(message, now)
        if isinstance(key, Refusal):
            self.failures += 1
            return self._write(message, key, None)
        self.failures = 0
        unknown = message.unknown
        if unknown:
            return self._write(message, Refusal(420, (unknown_attributes(unknown),)), key)
        do = self._methods.get(message.method)
        outcome = Refusal(400) if do is None else do(self, message, key, now)
        return self._write(message, outcome, key)

    def _key(self, message: Message, now: float) -> bytes | Refusal:
        """With what a request is signed (RFC 8489 section 9.2.4)."""
        challenge = (
            (Attribute.REALM, self._gate.realm.encode()),
            (Attribute.NONCE, self._fresh(now)),
        )
        if message.signature is None:
            return Refusal(401, challenge)
        username = message.text(Attribute.USERNAME)
        nonce = message.attributes.get(Attribute.NONCE)
        if username is None or nonce is None or Attribute.REALM not in message.attributes:
            return Refusal(400)
        if nonce != self._nonce:
            return Refusal(438, challenge)
        allocation = self.allocation
        if allocation is not None and username != allocation.username:
            return Refusal(441)
        key = self._gate.key(username, now) if allocation is None else allocation.key
        if key is None or not message.is_signed(key):
            return Refusal(401, challenge)
        return key

    def _fresh(self, now: float) -> bytes:
        if now >= self._nonce_until:
            self._nonce, self._nonce_until = _nonce(), now + NONCE_S
        return self._nonce

    def _allocate(self, message: Message, key: bytes, now: float) -> _Outcome:
        """RFC 8656 section 7.2."""
        if self.allocation is not None:
            return Refusal(437)
        transport = message.number(Attribute.REQUESTED_TRANSPORT)
        if transport is None:
            return Refusal(400)
        if transport != _UDP:
            return Refusal(442)
        even = message.attributes.get(Attribute.EVEN_PORT, b"\0")
        if Attribute.RESERVATION_TOKEN in message.attributes or even[:1] != b"\0":
            return Refusal(508)  # there is no port to keep for another allocation
        host = self._relayed_host(message)
        if host is None:
            return Refusal(440)
        username = message.text(Attribute.USERNAME) or ""
        if not self._gate.may_allocate(username, now):
            return Refusal(486)
        lifetime = _lifetime(message) or LIFETIME_S
        relayed = host, 49152 + 2 * secrets.randbelow(8192)
        self.allocation = Allocation(username, key, relayed, now + lifetime)
        return (
            (Attribute.XOR_RELAYED_ADDRESS, xor_address(relayed, message.transaction_id)),
            (Attribute.LIFETIME, lifetime.to_bytes(4, "big")),
            self._mapped(message),
        )

    def _relayed_host(self, message: Message) -> str | None:
        """The host of a relayed address in the family that is asked for.

        Without a wish it is IPv4 (section 7.2), and IPv6 where the relay has nothing else: a
        browser takes only peers of the same family for it.
        """
        wish = message.attributes.get(Attribute.REQUESTED_ADDRESS_FAMILY)
        hosts = {family(host): host for host, _ in sorted(self._own)}
        if wish is None:
            return hosts.get(1, hosts.get(2))
        return hosts.get(wish[0]) if len(wish) == 4 else None

    def _refresh(self, message: Message, _key: bytes, now: float) -> _Outcome:
        """RFC 8656 section 8.2."""
        if self.allocation is None:
            return Refusal(437)
        lifetime = _lifetime(message)
        if lifetime is None:
            lifetime = LIFETIME_S
        if lifetime == 0:
            self._end()
        else:
            self.allocation.until_s = now + lifetime
        return ((Attribute.LIFETIME, lifetime.to_bytes(4, "big")),)

    def _create_permission(self, message: Message, _key: bytes, now: float) -> _Outcome:
        """RFC 8656 section 10.2."""
        if self.allocation is None:
            return Refusal(437)
        if not message.peers or None in message.peers:
            return Refusal(400)
        hosts = set()
        for peer in message.peers:
            if (refusal := self._refusal(peer, any_port=True)) is not None:
                return refusal
            hosts.add(peer[0] if peer else "")
        if len(hosts | self._permitted.keys()) > MAX_PEERS:
            return Refusal(508)
        self._permitted.update(dict.fromkeys(hosts, now + PERMISSION_S))
        return ()

    def _channel_bind(self, message: Message, _key: bytes, now: float) -> _Outcome:
        """RFC 8656 section 12.2."""
        if self.allocation is None:
            return Refusal(437)
        channel = (message.number(Attribute.CHANNEL_NUMBER) or 0) >> 16
        peer = message.peers[0] if message.peers else None
        if peer is None or channel not in CHANNELS:
            return Refusal(400)
        if (refusal := self._refusal(peer)) is not None:
            return refusal
        if self.peer_of.get(channel, peer) != peer or self._channels.get(peer, channel) != channel:
            return Refusal(400)
        if channel not in self.peer_of and len(self.peer_of) >= MAX_PEERS:
            return Refusal(508)
        self.peer_of[channel], self._channels[peer] = peer, channel
        self._channel_until[channel] = now + CHANNEL_S
        self._permitted[peer[0]] = now + PERMISSION_S
        return ()

    def _refusal(self, peer: Address | None, *, any_port: bool = False) -> Refusal | None:
        """Why something is no peer.

        :param any_port: whether the host alone counts, as it does for a permission.
        """
        hosts = {host for host, _ in self._own}
        if peer is None or not (peer in self._own or (any_port and peer[0] in hosts)):
            return Refusal(403)
        if self.allocation and family(peer[0]) != family(self.allocation.relayed[0]):
            return Refusal(443)
        return None

    _methods: Mapping[int, Callable[[Turn, Message, bytes, float], _Outcome]] = {
        Method.ALLOCATE: _allocate,
        Method.REFRESH: _refresh,
        Method.CREATE_PERMISSION: _create_permission,
        Method.CHANNEL_BIND: _channel_bind,
    }

    # the rest

    @staticmethod
    def _counted_as(message: Message, refusal: Refusal) -> str | None:
        """The reason; None for what belongs to any conversation, as a first request unsigned."""
        if refusal.code == 401 and message.signature is None:
            return None
        return _COUNTED.get(refusal.code)

    def _sent(self, message: Message, now: float) -> tuple[Address, bytes] | None:
        """RFC 8656 section 11.2: what is not allowed is dropped without a word."""
        data = message.attributes.get(Attribute.DATA)
        peer = message.peers[0] if message.peers else None
        if data is None or peer is None or message.unknown:
            return None
        return (peer, data) if peer in self._own and self.accepts(peer, now) else None

    def _binding(self, message: Message) -> bytes:
        unknown = message.unknown
        if unknown:
            return self._write(message, Refusal(420, (unknown_attributes(unknown),)), None)
        return self._write(message, (self._mapped(message),), None)

    def _mapped(self, message: Message) -> tuple[Attribute, bytes]:
        address = xor_address(self._client, message.transaction_id)
        return Attribute.XOR_MAPPED_ADDRESS, address

    def _end(self) -> None:
        self.allocation = None
        self.peer_of.clear()
        self._channels.clear()
        self._channel_until.clear()
        self._permitted.clear()

    def _write(self, message: Message, outcome: _Outcome, key: bytes | None) -> bytes:
        method, transaction_id = message.method, message.transaction_id
        if isinstance(outcome, Refusal):
            if reason := self._counted_as(message, outcome):
                self._refusals[reason] += 1
            told = (error_code(outcome.code, _REASONS[outcome.code]), *outcome.more)
            return write(ERROR, method, transaction_id, told, key)
        return write(SUCCESS, method, transaction_id, outcome, key)


_Outcome = Refusal | tuple[tuple[Attribute, bytes], ...]


def named_peer(data: bytes) -> Address | None:
    """The first peer that a message names; None for one that names none."""
    message = read(data)
    peers = () if message is None else message.peers
    return peers[0] if peers else None


def _lifetime(message: Message) -> int | None:
    """What is asked for, as far as it is allowed; None when nothing is."""
    wish = message.number(Attribute.LIFETIME)
    return min(max(wish, LIFETIME_S), MAX_LIFETIME_S) if wish else wish


def _nonce() -> bytes:
    return secrets.token_hex(16).encode()
