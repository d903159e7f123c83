"""Who somebody is, without a name: a visitor by its cookie, an address by a keyed hash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from relay.records import Party


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of whoever holds a connection; nothing at all of a bot on a private network."""

    visitor: str = ""
    """The id in its cookie; empty without one."""
    addresses: tuple[str, ...] = ()
    """Hashes of its address: under the present key first, then under the former one. None for
    addresses that many share by nature: loopback, and private networks, where proxies stand."""

    @property
    def party(self) -> Party:
        """What is written down of it."""
        return Party(self.visitor, self.addresses[0] if self.addresses else "")

    @property
    def tokens(self) -> frozenset[str]:
        """All by which it can be found, in one table of visitors and addresses."""
        return frozenset(_tokens(self.visitor, self.addresses))

    @property
    def own_tokens(self) -> frozenset[str]:
        """By which it alone is found: its cookie; without one, its address, which others share."""
        return frozenset(_tokens(self.visitor, () if self.visitor else self.addresses))


NOBODY = Identity()


def identity_of(party: Party) -> Identity:
    """Somebody who is written down."""
    return Identity(party.visitor, (party.address,) if party.address else ())


def tokens_of(party: Party) -> frozenset[str]:
    """As :attr:`Identity.own_tokens`, of somebody who is written down."""
    return identity_of(party).own_tokens


def all_tokens_of(party: Party) -> frozenset[str]:
    """As :attr:`Identity.tokens`, of somebody who is written down."""
    return identity_of(party).tokens


def _tokens(visitor: str, addresses: tuple[str, ...]) -> Iterator[str]:
    if visitor:
        yield f"visitor:{visitor}"
    for address in addresses:
        yield f"address:{address}"
