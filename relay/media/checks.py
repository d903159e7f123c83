"""Connectivity checks: they are answered, and tell which link is at which address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from zlib import crc32

from relay.media.budget import CHECKS, Networks
from relay.media.handshakes import Handshakes
from relay.media.link import Link
from relay.media.paths.ice import Check, answer_check, is_signed, read_check
from relay.media.paths.transport import SLOT_BYTES, Address, DatagramSocket

STALE_ADDRESS_S = 10.0
"""An address whose link has not been checked for this long may be nominated for another link."""

UDP_ALIVE_S = 7.0
"""An address over UDP that was checked so lately works: Firefox checks every 6 s at the latest."""


class Checks:
    """Takes the checks that come, and keeps the tables by which datagrams find their link."""

    def __init__(
        self,
        socket: DatagramSocket,
        drops: Counter[str],
        handshakes: Handshakes,
        take_dtls: Callable[[Link, bytes, float], None],
    ) -> None:
        """Build it.

        :param drops: where what goes nowhere is counted, by its reason.
        :param handshakes: where links ask for theirs, once they have an address.
        :param take_dtls: gets the DTLS that comes inside checks, and what time it is.
        """
        self.by_address: dict[Address, Link] = {}
        self._by_ufrag: dict[str, Link] = {}
        self._socket = socket
        self._drops = drops
        self._networks = Networks()
        self._handshakes = handshakes
        self._take_dtls = take_dtls

    def add(self, link: Link) -> None:
        """Have the datagrams of a link find it, also after it has got new credentials."""
        for ufrag in [u for u, owner in self._by_ufrag.items() if owner is link]:
            if ufrag not in link.ufrags:
                del self._by_ufrag[ufrag]
        for ufrag in link.ufrags:
            self._by_ufrag[ufrag] = link

    def remove(self, link: Link) -> None:
        """Forget a link."""
        for ufrag in link.ufrags:
            self._by_ufrag.pop(ufrag, None)
        if self.by_address.get(link.address) is link:
            del self.by_address[link.address]
        if link.budget.network is not None:
            self._handshakes.forget(link.budget.network, link.begin)

    def take(self, slot: int, size: int, address: Address, now: float) -> None:
        """Answer a connectivity check, and let it nominate the address that it came from."""
        socket, drops, at = self._socket, self._drops, slot * SLOT_BYTES
        link = self.by_address.get(address)
        if link is not None and link.budget.left(CHECKS, now) < 1:  # not even read
            link.budget.refuse(CHECKS, now, drops)
            return
        check = read_check(bytes(socket.view[at : at + size]))
        link = self._by_ufrag.get(check.local_ufrag) if check is not None else None
        if check is None or link is None:
            drops["stun"] += 1
            return
        # Only the user knows the fragment: nobody else can spend what the link may
        if not link.budget.pay(CHECKS, 1, now, drops, self._networks.find(socket.network(address))):
            return
        if not is_signed(check, link.ufrags[check.local_ufrag]):
            drops["stun"] += 1
            return
        if check.refusal is not None:
            drops["stun_refused"] += 1
        else:
            self._heed(link, check, address, now)
        credentials = link.ufrags[check.local_ufrag]
        where = socket.reflexive(address)
        socket.send(answer_check(check, credentials, *where, link.heard_in_checks), address)

    def _heed(self, link: Link, check: Check, address: Address, now: float) -> None:
        """Take a signed check for consent, for a nomination, and for the DTLS inside it."""
        link.checked_at = now
        if address == link.address:
            link.address_checked_at = now
        # Chromium nominates up to 3 s later than it begins with DTLS: until then the first will do
        if (
            (check.nominates or link.address is None)
            and self.by_address.get(address) is not link
            and not self._is_second_choice(link, address, now)
        ):
            self._nominate(link, address, now)
        if check.dtls:
            if (crc := crc32(check.dtls)) not in link.heard_in_checks:
                link.heard_in_checks.append(crc)
            self._take_dtls(link, check.dtls, now)

    def _is_second_choice(self, link: Link, address: Address, now: float) -> bool:
        """Whether somebody who is heard over UDP has tried TCP, too.

        Firefox nominates each pair that works; the one of the highest priority counts then (RFC
        5245 section 8.1.1.2), and that is UDP's for as long as it is alive.
        """
        way = self._socket.way
        return (
            link.address is not None
            and now - link.address_checked_at < UDP_ALIVE_S
            and way(address) != "udp"
            and way(link.address) == "udp"
        )

    def _nominate(self, link: Link, address: Address, now: float) -> None:
        owner = self.by_address.get(address)
        if owner is not None and now - owner.checked_at < STALE_ADDRESS_S:
            self._drops["address_taken"] += 1  # or a forged check could cut another user off
            return
        if self.by_address.get(link.address) is link:
            del self.by_address[link.address]
        self.by_address[address] = link
        is_first = link.address is None
        link.nominate(address)
        link.address_checked_at = now
        network = link.budget.network = self._networks.find(self._socket.network(address))
        if is_first:
            self._handshakes.ask(network, link.begin, now)
