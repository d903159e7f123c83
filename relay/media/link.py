"""One user's connection to the relay: its credentials, its DTLS, its streams up and down.

A link is opened once and outlives every partner. It knows no other link: the plane pairs them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from relay.logs import log_crash
from relay.media.budget import DTLS, DTLS_COST, Budget
from relay.media.crossing import Crossing
from relay.media.downlink import Downlink
from relay.media.flow import Flow
from relay.media.negotiation.description import USUAL_WISHES, LocalSide, write_answer, write_offer
from relay.media.negotiation.sdp import Terms, Wishes
from relay.media.paths.candidates import Addresses, families
from relay.media.paths.dtls import Fingerprint, Sieve
from relay.media.paths.ice import Credentials
from relay.media.paths.path import Path, Paths
from relay.media.paths.transport import Address, DatagramSocket
from relay.media.pulse import Pulse
from relay.media.uplink import Uplink
from relay.plane import Description, LinkState, PathKind, Trace
from relay.seam import (
    dtls_transport,
    dtls_version_name,
    end_task,
    fingerprint,
    srtp_pointers,
    srtp_profile_name,
    srtp_sessions,
    start_dtls,
    stop_dtls,
)
from relay.srtp import forget_srtp_stream

if TYPE_CHECKING:
    from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport

MAX_QUEUED_RECORDS = 32
"""While so many DTLS records wait, datagrams are dropped unread; a flight has five."""

MAX_ACKNOWLEDGED = 4
"""As many as libwebrtc does; a flight has one datagram or two."""

MAX_HELD = 4
"""Of our DTLS datagrams, those that wait until the peer's address is proven."""


class _Pipe:
    """What aiortc's DTLS transport takes for its ICE transport."""

    role = "controlled"  # an ICE-lite agent always is (RFC 8445 section 6.1.1)

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.records: asyncio.Queue[bytes] = asyncio.Queue()
        self._write = send

    async def _recv(self) -> bytes:
        return await self.records.get()

    async def _send(self, data: bytes) -> None:
        self._write(data)

    def mute(self) -> None:
        """Send nothing any more."""
        self._write = lambda _: None


class Link:
    """One user's connection."""

    def __init__(
        self,
        user_id: str,
        socket: DatagramSocket,
        certificate: RTCCertificate,
        addresses: Addresses,
        now: float,
        credentials: Credentials | None = None,
        tcp_addresses: Addresses = (),
    ) -> None:
        """Prepare a link; nothing happens before :meth:`agree` and :meth:`open`.

        :param addresses: the candidates to announce.
        :param now: seconds of the plane's clock.
        :param credentials: the relay's, new ones by default.
        :param tcp_addresses: the candidates to announce for ICE-TCP.
        """
        self.user_id = user_id
        self.link_id = secrets.token_hex(6)
        self.opened_at = now
        self.state = LinkState.CONNECTING
        self.credentials = credentials or Credentials()
        self.ufrags = {self.credentials.ufrag: self.credentials}
        """The present credentials, and the former ones while an ICE restart is under way."""
        self.uplink = Uplink()
        self.downlink = Downlink(user_id, self.send_rtcp)
        self.downlink.send = self.send
        self.budget = Budget(now)
        self.agreed = False
        self.paths = Paths()
        """The peer's addresses."""
        self.checked: set[PathKind] = set()
        """How its checks have come, and over which of these ways an address was proven."""
        self.proven: set[PathKind] = set()
        self.passwords: dict[str, str] = {}
        """The peer's, by its user name fragment: the present one, and the one before."""
        self.heard_in_checks: deque[int] = deque(maxlen=MAX_ACKNOWLEDGED)
        """The CRC-32 of the latest DTLS datagrams that came inside checks."""
        self.checked_at = now
        """When the last authenticated check came: the peer's consent (RFC 7675)."""
        self.pulse = Pulse()
        """Whether the peer has gone quiet."""
        self.sampled_at = float("-inf")
        """When the counters of its streams were last read for their rates."""
        self._socket = socket
        self._certificate = certificate
        self._addresses, self._tcp_addresses = addresses, tcp_addresses
        own = certificate.getFingerprints()[0]
        self._fingerprints = (Fingerprint(own.algorithm, own.value),)
        self._pipe = _Pipe(self.send)
        self._sieve = Sieve()
        self._held: deque[bytes] = deque(maxlen=MAX_HELD)
        self._begun = asyncio.Event()
        self._closed = asyncio.Event()
        self._role = "server"
        self._dtls_has_come = self._dtls_has_failed = False
        self._task: asyncio.Task[None] | None = None
        self._dtls: RTCDtlsTransport | None = None

    # negotiation

    def agree(self, terms: Terms) -> None:
        """Take the peer's description, a first or a later one."""
        if self.agreed and terms.ufrag != self.uplink.terms.ufrag:  # RFC 8445 section 2.4
            self.credentials = Credentials.of_worker(self.credentials.worker)
            self.ufrags[self.credentials.ufrag] = self.credentials
            while len(self.ufrags) > 2:
                del self.ufrags[next(iter(self.ufrags))]
        if not self.agreed:  # later descriptions keep the role, as DTLS does (RFC 8842 section 5)
            # The server's preference decides which SRTP profile is used, and Chromium prefers its
            # slowest: so be the server, unless the peer insists on it.
            self._role = "client" if terms.setup == "server" else "server"
            self._sieve.role = "server" if self._role == "client" else "client"
            self._sieve.fingerprints = terms.fingerprints
        self.passwords.pop(terms.ufrag, None)
        self.passwords[terms.ufrag] = terms.password
        while len(self.passwords) > 2:
            del self.passwords[next(iter(self.passwords))]
        for ssrc in self.downlink.agree(terms):
            if self.downlink.tx is not None:
                forget_srtp_stream(self.downlink.tx, ssrc)
        self.uplink.agree(terms)
        self.pulse.begin_anew()
        self.agreed = True

    def forget_idle_streams(self, now: float) -> None:
        """Make room for the SSRCs that a later description may bring; ``now`` in seconds.

        Should one come back after all, SRTP begins anew with it.
        """
        for ssrc in self.uplink.forget_idle(now):
            if self.uplink.rx is not None:
                forget_srtp_stream(self.uplink.rx, ssrc)

    def continues(self, terms: Terms) -> bool:
        """Whether an offer renegotiates this link rather than asks for a new one."""
        former = self.terms
        return (
            former is not None
            and self._is_of_same_peer(terms)
            and terms.accepted[0] == former.accepted[0]
        )

    def successor(self, terms: Terms) -> Credentials:
        """The credentials for the link that replaces this one, from its offer.

        A transport is that of the first section of its BUNDLE (RFC 9143 section 7.2). When another
        one has become the first, browsers begin a new transport, say close_notify on the former,
        and yet keep their ICE credentials. Then the relay has to keep its own, too: Firefox takes
        other ones for an ICE restart that it did not ask for, and refuses the answer.
        """
        former = self.terms
        if former is None or not self._is_of_same_peer(terms) or terms.ufrag != former.ufrag:
            return Credentials.of_worker(self.credentials.worker)
        return self.credentials

    def _is_of_same_peer(self, terms: Terms) -> bool:
        former = self.terms
        return (
            former is not None
            and terms.session_id == former.session_id
            and terms.fingerprints == former.fingerprints
        )

    @property
    def terms(self) -> Terms | None:
        """What the peer's last description says; None before there was one."""
        return self.uplink.terms if self.agreed else None

    @property
    def flows(self) -> list[Flow | Crossing]:
        """What the user sends to its partner and what it receives, while there is one."""
        both = self.uplink.flow, self.downlink.flow
        return [flow for flow in both if flow is not None]

    def described(self, sdp: str = "") -> Description:
        """What has come of a description; ``sdp`` is the answer or the offer."""
        sends = frozenset() if self.terms is None else frozenset(self.terms.sending)
        return Description(self.link_id, sdp, sends)

    def end_flows(self) -> None:
        """The user has no partner any more, or no link."""
        for flow in self.flows:
            flow.end()

    def answer(self, wishes: Wishes = USUAL_WISHES) -> str:
        """The answer to the offer whose terms were agreed, with the partner's ``wishes``."""
        return write_answer(self._local_side(wishes), self.uplink.terms, self._role)

    def offer(self, wishes: Wishes = USUAL_WISHES) -> str:
        """The relay's own offer, with the partner's ``wishes``."""
        return write_offer(self._local_side(wishes))

    def _local_side(self, wishes: Wishes) -> LocalSide:
        return LocalSide(
            credentials=self.credentials,
            fingerprints=self._fingerprints,
            addresses=self._addresses,
            tcp_addresses=self._tcp_addresses,
            cname=self.downlink.cname,
            audio=self.downlink.ssrcs("audio"),
            video=self.downlink.ssrcs("video"),
            wishes=wishes,
        )

    # what an operator sees

    @property
    def address(self) -> Address:
        """The peer's address that is in use; None as long as none is proven."""
        return None if self.paths.in_use is None else self.paths.in_use.address

    @property
    def remote_address(self) -> tuple[str, int] | None:
        """Where the peer is, once that is known."""
        return None if self.paths.in_use is None else self.written(self.paths.in_use)

    def written(self, path: Path) -> tuple[str, int]:
        """A path's address, as people write it."""
        return self._socket.host_port(path.address)

    def kind_of(self, path: Path) -> PathKind:
        """How a path goes."""
        return self._socket.kind(path.address)

    @property
    def trace(self) -> Trace | None:
        """How far it has come; None before the peer has described itself, and when it is up."""
        if not self.agreed or self.state is LinkState.UP:
            return None
        dtls: Literal["none", "begun", "failed"] = "begun" if self._dtls_has_come else "none"
        if self._dtls_has_failed or self._sieve.has_met_another:
            dtls = "failed"
        checked, proven = tuple(sorted(self.checked)), tuple(sorted(self.proven))
        takes_tcp = bool(self._tcp_addresses)
        return Trace(checked, proven, dtls, families(self._addresses), takes_tcp)

    @property
    def security(self) -> tuple[str, str] | None:
        """The version of DTLS and the SRTP profile, once they are negotiated."""
        if self._dtls is None or self.state is not LinkState.UP:
            return None
        return dtls_version_name(self._dtls), srtp_profile_name(self._dtls)

    # connection

    def open(self, came_up: Callable[[Link], None], was_lost: Callable[[Link, str], None]) -> None:
        """Start waiting for the peer; exactly one of the callbacks says how that went.

        ``was_lost`` is also called, with ``closed``, when the peer ends an open link.
        """
        self._task = asyncio.create_task(self._run(came_up, was_lost), name=f"link {self.user_id}")
        self._task.add_done_callback(log_crash)

    def use(self, path: Path, now: float) -> None:
        """Have everything sent by a path from now on, and what has waited for it.

        :param now: seconds of the plane's clock.
        """
        self.paths.use(path, now)
        self.downlink.destination = self._socket.destination(path.address)
        while self._held:
            self._socket.send(self._held.popleft(), path.address)

    def lose(self, address: Address) -> Path:
        """Give an address up, which is another peer's now: nothing of this one's goes there."""
        path = self.paths.lose(address)
        if self.paths.in_use is None:
            self.downlink.destination = self._socket.destination(self._socket.portless(address))
        return path

    def begin(self) -> None:
        """Do the DTLS handshake, now that the peer has an address, as soon as there is a peer."""
        self._begun.set()

    @property
    def has_dtls_room(self) -> bool:
        """Whether another DTLS datagram may wait."""
        return self._pipe.records.qsize() < MAX_QUEUED_RECORDS

    def take_dtls(self, datagram: bytes) -> bool:
        """Queue what is sound of a DTLS datagram; False when that is not all of it."""
        self._dtls_has_come = True
        kept, sound = self._sieve.sift(datagram)
        self.budget.owe(DTLS, DTLS_COST * self._sieve.parts, self.budget.network)
        for record in kept:
            self._pipe.records.put_nowait(record)
        return sound

    def _forget_hello(self) -> bool:
        kept = self._sieve.forget_hello()
        for record in kept or ():
            self._pipe.records.put_nowait(record)
        return kept is not None

    def send(self, data: bytes) -> None:
        """Send one datagram to the peer, when it is known where that is.

        What is too much for an address that is not proven waits until one is.
        """
        path = self.paths.in_use
        if path is None and (path := self.paths.speaks) is not None:
            if not path.may_take(len(data)):
                self._held.append(data)
                return
            path.sent += len(data)
        if path is not None:
            self._socket.send(data, path.address)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send an RTCP packet of the relay's own."""
        if self._dtls is not None and self.downlink.tx is not None:
            self.send(srtp_sessions(self._dtls)[1].protect_rtcp(packet))

    async def close(self, *, silently: bool = False) -> None:
        """Say goodbye with close_notify and end the link's tasks; no callback follows.

        :param silently: say nothing, to a peer that is leaving this transport for another: a
            sender in Firefox that hears it before it is told of the other is silent for good.
        """
        if silently:
            self._pipe.mute()
        self.uplink.rx = self.downlink.tx = None
        if self._task is not None:
            await end_task(self._task)
        if self._dtls is not None:
            await stop_dtls(self._dtls)

    async def _run(
        self, came_up: Callable[[Link], None], was_lost: Callable[[Link, str], None]
    ) -> None:
        await self._begun.wait()
        dtls = dtls_transport(self._pipe, self._certificate, self._role, self._forget_hello)
        self._dtls = dtls

        @dtls.on("statechange")
        def note_closure() -> None:
            if dtls.state == "closed":
                self._closed.set()

        told = self.uplink.terms.fingerprints
        known = [fingerprint(each.algorithm, each.value) for each in told]
        if not await start_dtls(dtls, known):
            self._dtls_has_failed = True
            was_lost(self, "failed")
            return
        self.uplink.rx, self.downlink.tx = srtp_pointers(dtls)
        self.state = LinkState.UP
        came_up(self)
        await self._closed.wait()
        was_lost(self, "closed")
