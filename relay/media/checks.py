"""Connectivity checks: those that come are answered, and ours tell who is at an address.

Here are the tables by which datagrams find their link. A path (``paths.path``) is in one of two: in
``by_address`` when its link uses it, so that a packet costs one look, and in ``elsewhere`` if not.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from zlib import crc32

from relay.media.budget import CHECKS, Networks
from relay.media.handshakes import Handshakes
from relay.media.link import Link
from relay.media.packets.rtp import HEADER_BYTES, SSRC
from relay.media.paths.ice import (
    CHECK_BYTES,
    Check,
    answer_check,
    is_answer,
    is_signed,
    read_answer,
    read_check,
    write_check,
)
from relay.media.paths.path import Path
from relay.media.paths.transport import SLOT_BYTES, Address, DatagramSocket
from relay.plane import LinkState

STALE_ADDRESS_S = 10.0
"""An address whose link has not been checked for this long may be nominated for another link."""

_SSRC_AT = 8  # in an RTP packet (RFC 3550 section 5.1)


class Checks:
    """Takes the checks that come, sends ours, and keeps the tables."""

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
        self.elsewhere: dict[Address, Link] = {}
        self._by_ufrag: dict[str, Link] = {}
        self._asked: dict[bytes, tuple[Link, Path]] = {}
        """What is not answered yet, by transaction."""
        self._lost: dict[int, Link] = {}
        """Links whose media has ceased to come, by each SSRC, in case it comes from elsewhere."""
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
        for path in link.paths.known.values():
            self._displace(link, path)
        self._find_again(link)
        if link.budget.network is not None:
            self._handshakes.forget(link.budget.network, link.begin)

    def link_at(self, address: Address) -> Link | None:
        """Whose path an address is, whether it is proven or not."""
        return self.by_address.get(address) or self.elsewhere.get(address)

    # checks that come, and the answers to ours

    def take(self, slot: int, size: int, address: Address, now: float) -> None:
        """Answer a connectivity check, and let it nominate the address that it came from."""
        socket, drops, at = self._socket, self._drops, slot * SLOT_BYTES
        if is_answer(socket.view[at : at + size]):
            self._take_answer(bytes(socket.view[at : at + size]), address, now)
            return
        link = self.link_at(address)
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
        credentials = link.ufrags[check.local_ufrag]
        if not is_signed(check, credentials.password):
            drops["stun"] += 1
            return
        path = None
        if check.refusal is not None:
            drops["stun_refused"] += 1
        else:
            path = self._heed(link, check, size, address, now)
        where = socket.reflexive(address)
        answer = answer_check(check, credentials, *where, link.heard_in_checks)
        if path is not None:
            path.sent += len(answer)
        socket.send(answer, address)

    def _heed(
        self, link: Link, check: Check, size: int, address: Address, now: float
    ) -> Path | None:
        """Take a signed check for consent, for a nomination, and for the DTLS inside it.

        It may be a copy that somebody else sends: so from where nobody has answered yet, the peer
        is asked first, and before it has its own answer: then it is proven when its DTLS comes.
        """
        owner = self.link_at(address)
        if owner not in (None, link) and now - owner.checked_at < STALE_ADDRESS_S:
            self._drops["address_taken"] += 1  # or a forged check could cut another user off
            return None
        path = link.paths.heard(address, size, now)
        self._settle(link)
        if path is None:
            return None
        if owner is not link:
            kind = self._socket.kind(address)
            link.checked.add(kind)
            path.is_detour = kind != "udp"
        if owner is None:
            self.elsewhere[address] = link
        path.ufrags = check.local_ufrag, check.remote_ufrag
        if path.is_proven or link.paths.in_use is None:
            link.checked_at = now
        if link.budget.network is None:
            link.budget.network = self._networks.find(self._socket.network(address))
            self._handshakes.ask(link.budget.network, link.begin, now)
        if path.is_due(now):
            self._ask(link, path, now)
        if check.nominates and link.paths.nominate(path, now):
            self._use(link, path, now)
        if check.dtls is not None or link.paths.speaks is None:
            link.paths.speaks = path
        if check.dtls:
            if (crc := crc32(check.dtls)) not in link.heard_in_checks:
                link.heard_in_checks.append(crc)
            self._take_dtls(link, check.dtls, now)
        return path

    def _take_answer(self, data: bytes, address: Address, now: float) -> None:
        answer = read_answer(data)
        asked = self._asked.get(answer.transaction_id) if answer is not None else None
        if answer is None or asked is None:
            self._drops["stun"] += 1
            return
        link, path = asked
        if path.address != address or not is_signed(answer, path.secret):
            self._drops["stun"] += 1
            return
        self._await_no_answer(path)
        link.checked_at = now  # RFC 7675 section 5.1
        self._prove(link, path, now)

    # ours

    def _ask(self, link: Link, path: Path, now: float) -> None:
        """Send a check of ours, when it is known how the peer knows it, and may be sent."""
        ours, theirs = path.ufrags
        if theirs not in link.passwords:
            theirs = next(reversed(link.passwords), "")
        if not theirs or not path.may_take(CHECK_BYTES + len(ours) + len(theirs)):
            return
        if not path.transaction_id:
            path.transaction_id = secrets.token_bytes(12)
            self._asked[path.transaction_id] = link, path
        path.secret, path.asked_at = link.passwords[theirs], now
        check = write_check(path.transaction_id, ours, theirs, path.secret)
        path.sent += len(check)
        self._socket.send(check, path.address)

    def came_up(self, link: Link, now: float) -> None:
        """Note that the handshake is done: who did it is where it was done."""
        path = link.paths.speaks
        if link.paths.in_use is None and path is not None:
            self._prove(link, path, now)

    def hear_dtls(self, size: int, address: Address) -> Link | None:
        """Whose DTLS it is that came from an address; from an unproven one, too."""
        link = self.by_address.get(address)
        if link is None and (link := self.elsewhere.get(address)) is not None:
            path = link.paths.known[address]
            path.received += size
            link.paths.speaks = path
        return link

    def knock(self, at: int, size: int, address: Address, now: float) -> None:
        """Look whether RTP from an address that is not proven may be that of a link's peer.

        When the NAT in front of a peer gives it another port, nothing but its media may tell, as a
        browser that is content with what it hears sends checks only every few seconds.

        :param at: where the packet is in the socket's buffer.
        """
        if not self._lost or size < HEADER_BYTES:
            return
        (ssrc,) = SSRC.unpack_from(self._socket.view, at + _SSRC_AT)
        link = self._lost.get(ssrc)
        if link is None or link.paths.in_use is None:
            return
        ufrags = link.paths.in_use.ufrags
        path = link.paths.knocked(address, size, CHECK_BYTES + sum(map(len, ufrags)), now)
        self._settle(link)
        if path is None:
            return
        if self.link_at(address) is None:
            self.elsewhere[address] = link
        path.ufrags = ufrags
        self._ask(link, path, now)

    def look(self, link: Link, now: float) -> None:
        """Look after the paths of a link; to be called by the clock."""
        paths = link.paths
        path = paths.look(link.uplink.heard_at)
        if path is not None:
            self._use(link, path, now)
        if not paths.has_no_choice:
            for each in paths.to_ask(now):
                self._ask(link, each, now)
            paths.forget_silent(now)
            self._settle(link)
        is_lost = link.state is LinkState.UP and paths.is_lost(now)
        if is_lost and not paths.sought:
            paths.sought = tuple(link.uplink.streams)
            self._lost.update(dict.fromkeys(paths.sought, link))
        elif paths.sought and not is_lost:
            self._find_again(link)

    # the tables

    def _prove(self, link: Link, path: Path, now: float) -> None:
        owner = self.link_at(path.address)
        if owner is not link:  # it is stale, as it was when the path was asked
            if owner is not None and now - owner.checked_at < STALE_ADDRESS_S:
                self._drops["address_taken"] += 1
                return
            if owner is not None:
                self._displace(owner, owner.lose(path.address))
            self.elsewhere[path.address] = link
        link.proven.add(link.kind_of(path))
        is_to_be_used = link.paths.prove(path, now)
        self._settle(link)
        if is_to_be_used:
            self._use(link, path, now)

    def _use(self, link: Link, path: Path, now: float) -> None:
        former = link.paths.in_use
        if former is not None and self.by_address.get(former.address) is link:
            del self.by_address[former.address]
            self.elsewhere[former.address] = link
        link.use(path, now)
        self.elsewhere.pop(path.address, None)
        self.by_address[path.address] = link
        network = self._networks.find(self._socket.network(path.address))
        waits_in, link.budget.network = link.budget.network, network
        if waits_in is not None and self._handshakes.forget(waits_in, link.begin):
            self._handshakes.ask(network, link.begin, now)

    def _displace(self, link: Link, path: Path) -> None:
        for table in (self.by_address, self.elsewhere):
            if table.get(path.address) is link:
                del table[path.address]
        self._await_no_answer(path)

    def _await_no_answer(self, path: Path) -> None:
        """What is asked there next is another transaction."""
        self._asked.pop(path.transaction_id, None)
        path.transaction_id = b""

    def _settle(self, link: Link) -> None:
        """Forget the paths that the link has forgotten."""
        while link.paths.gone:
            self._displace(link, link.paths.gone.pop())

    def _find_again(self, link: Link) -> None:
        for ssrc in link.paths.sought:
            if self._lost.get(ssrc) is link:
                del self._lost[ssrc]
        link.paths.sought = ()
