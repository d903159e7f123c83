"""The cheapest real WebRTC endpoint: one UDP socket, ICE, DTLS, SRTP; packets in and packets out.

For tests, load and probes. Signalling is the caller's: SDP strings go out and come in.
"""

import asyncio
import functools
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

import pylibsrtp
from aiortc.rtcdtlstransport import RTCDtlsParameters, RTCDtlsTransport

from relay.bots.arrivals import INTERVAL_S, Arrivals, age_s
from relay.bots.checks import Checked, Credentials, read_stun, write_check, write_success
from relay.bots.datagrams import DtlsDatagrams
from relay.bots.description import (
    TRANSPORT_CC,
    Local,
    Numbering,
    Remote,
    Ssrcs,
    read_remote,
    write_answer,
    write_offer,
)
from relay.errors import BotError
from relay.seam import LinkCertificate, dtls_transport, srtp_sessions, stop_dtls

QUEUE_PACKETS = 4096
"""How many received packets of a kind wait to be taken; more are dropped and counted."""

_CHECK_RETRY_S = 0.1
_DATAGRAMS_PER_TURN = 64
_DATAGRAM_BYTES = 2048
_SOCKET_BUFFER_BYTES = 1 << 20


@functools.cache
def _certificate() -> LinkCertificate:
    """One for the process: a key costs more than all else that a thin peer does."""
    return LinkCertificate.generateCertificate()


@dataclass(slots=True)
class ThinCounters:
    """Packets by fate.

    ``undecryptable`` came in but was no valid SRTP; ``dropped`` found its queue full; ``unsent``
    was refused by the socket.
    """

    sent: int = 0
    received: int = 0
    undecryptable: int = 0
    dropped: int = 0
    unsent: int = 0


class ThinPeer:
    """One WebRTC endpoint without codecs.

    Either ``offer()`` and ``take_answer(sdp)``, or ``answer(sdp)``; then ``await connect()``.
    Received packets, decrypted, go to the queues ``rtp`` and ``rtcp``, unless ``on_rtp`` or
    ``on_rtcp`` are given, which are then called instead. Those with a transport-wide number are
    told of, if that was negotiated.

    :param host: the local address to bind.
    :param numbering: the payload types and extension ids to offer.
    :param consent_s: seconds between the ICE checks that keep the link (RFC 7675).
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        numbering: Numbering | None = None,
        consent_s: float = 4.0,
        on_rtp: Callable[[bytes], None] | None = None,
        on_rtcp: Callable[[bytes], None] | None = None,
    ) -> None:
        self.rtp: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_PACKETS)
        self.rtcp: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_PACKETS)
        self.counters = ThinCounters()
        self.closed = asyncio.Event()
        """Set when the other side has closed, or we have."""
        self._on_rtp = on_rtp or functools.partial(self._enqueue, self.rtp)
        self._on_rtcp = on_rtcp or functools.partial(self._enqueue, self.rtcp)
        self._host = host
        self._consent_s = consent_s
        self._tie_breaker = secrets.randbits(64)
        self._controlling = True
        self._remote: Remote | None = None
        self._remote_address: tuple[str, int] | None = None
        self._dtls: RTCDtlsTransport | None = None
        self._srtp: tuple[pylibsrtp.Session, pylibsrtp.Session] | None = None
        self._datagrams = DtlsDatagrams(self._send)
        self._transaction_id = b""
        self._confirmed = asyncio.Event()
        self._consent: asyncio.TimerHandle | None = None
        self._arrivals: Arrivals | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = self._bind()
        self._local = self._describe(numbering or Numbering())

    @property
    def ssrcs(self) -> Ssrcs:
        """The SSRCs that this peer's SDP announces."""
        return self._local.ssrcs

    @property
    def address(self) -> tuple[str, int]:
        """The local address and port."""
        host, port = self._open_socket().getsockname()[:2]
        return host, port

    @property
    def remote(self) -> Remote:
        """What the other side's SDP says.

        :raises BotError: when there is none yet.
        """
        if self._remote is None:
            raise BotError("the other side's SDP is not known yet")
        return self._remote

    # signalling

    def offer(self) -> str:
        """This peer's offer."""
        return write_offer(self._local)

    def take_answer(self, sdp: str) -> None:
        """Take the answer to :meth:`offer`.

        :raises BotError: when the SDP cannot be used.
        """
        self._meet(read_remote(sdp), controlling=True)

    def answer(self, sdp: str) -> str:
        """Take an offer and return the answer; we control ICE if the other side is lite.

        :raises BotError: when the SDP cannot be used.
        """
        remote = read_remote(sdp)
        self._meet(remote, controlling=remote.is_lite)
        return write_answer(self._local, remote)

    def _meet(self, remote: Remote, *, controlling: bool) -> None:
        self._remote = remote
        self._remote_address = remote.address
        self._controlling = controlling
        extension_id = remote.numbering.extension_ids.get(TRANSPORT_CC)
        self._arrivals = Arrivals(extension_id) if extension_id is not None else None

    # life

    async def connect(self, timeout_s: float = 10.0) -> None:
        """Do ICE and DTLS; packets can be sent when this returns.

        :raises BotError: when the other side does not answer in time, or the handshake fails.
        """
        remote = self.remote
        role = "client" if remote.dtls_role in ("auto", "server") else "server"
        self._dtls = dtls_transport(self._datagrams, _certificate(), role)
        self._dtls.on("statechange", self._on_dtls_state)
        try:
            async with asyncio.timeout(timeout_s):
                await self._check()
                self._keep_consent()
                await self._dtls.start(RTCDtlsParameters(list(remote.fingerprints)))
        except TimeoutError as error:
            raise BotError(f"no ICE and DTLS within {timeout_s:g} s") from error
        if self._dtls.state != "connected":
            raise BotError(f"the DTLS handshake ended {self._dtls.state}")
        self._srtp = srtp_sessions(self._dtls)

    def rebind(self) -> None:
        """Go on from a new local port, without telling the other side."""
        self._unbind()
        self._socket = self._bind()

    async def move(self, timeout_s: float = 10.0) -> None:
        """Go on from a new local port, and tell the other side with a check.

        :raises BotError: when it does not answer in time.
        """
        self.rebind()
        try:
            async with asyncio.timeout(timeout_s):
                await self._check()
        except TimeoutError as error:
            raise BotError(f"no ICE after the move within {timeout_s:g} s") from error

    async def close(self) -> None:
        """Say goodbye (DTLS close_notify) and let go of everything; harmless when repeated."""
        self._stop_consent()
        if self._telling is not None:
            self._telling.cancel()
        if self._dtls is not None:
            await stop_dtls(self._dtls)
        self._unbind()
        self.closed.set()

    async def vanish(self) -> None:
        """Let go of everything without a word, as a crash or a cut cable does."""
        self._unbind()
        await self.close()

    # packets

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send an RTP packet.

        :raises BotError: when not connected, or when the packet is not RTP.
        """
        self._send(_protected(self._sessions()[1].protect, packet))

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send a compound RTCP packet; raises as :meth:`send_rtp`."""
        self._send(_protected(self._sessions()[1].protect_rtcp, packet))

    def protect(self, packet: bytes) -> bytes:
        """Encrypt an RTP packet without sending it; raises as :meth:`send_rtp`."""
        return _protected(self._sessions()[1].protect, packet)

    def lend_socket(self) -> socket.socket:
        """Hand over the socket, connected to the other side, to a loop that is quicker than ours.

        The peer reads nothing more; its consent checks go on, and :meth:`close` still closes it.
        """
        lent = self._open_socket()
        self._loop.remove_reader(lent)
        if self._remote_address is not None:
            lent.connect(self._remote_address)
        return lent

    def send_raw(self, datagram: bytes) -> None:
        """Send any bytes as they are, to where packets go."""
        self._send(datagram)

    def _sessions(self) -> tuple[pylibsrtp.Session, pylibsrtp.Session]:
        if self._srtp is None:
            raise BotError("not connected")
        return self._srtp

    def _send(self, datagram: bytes) -> None:
        if self._socket is None or self._remote_address is None:
            self.counters.unsent += 1
            return
        try:
            self._socket.sendto(datagram, self._remote_address)
        except OSError:  # a full buffer, or an ICMP error of an earlier datagram
            self.counters.unsent += 1
        else:
            self.counters.sent += 1

    def _on_readable(self) -> None:
        for _ in range(_DATAGRAMS_PER_TURN):
            if self._socket is None:
                return
            try:
                datagram, source = self._socket.recvfrom(_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier datagram
                continue
            if datagram:
                self._on_datagram(datagram, source[:2])

    def _on_datagram(self, datagram: bytes, source: tuple[str, int]) -> None:
        """Tell the protocols apart by the first byte (RFC 7983)."""
        first = datagram[0]
        if first < 4:
            self._on_stun(datagram, source)
        elif 20 <= first < 64:
            self._datagrams.feed(datagram)
        elif 128 <= first < 192:
            self._on_srtp(datagram)

    def _on_srtp(self, datagram: bytes) -> None:
        is_rtcp = len(datagram) > 1 and 192 <= datagram[1] < 224
        packet = self._unprotected(datagram, is_rtcp=is_rtcp)
        if packet is None:
            self.counters.undecryptable += 1
            return
        self.counters.received += 1
        if is_rtcp:
            self._on_rtcp(packet)
            return
        if self._arrivals is not None:
            self._note(self._arrivals, packet)
        self._on_rtp(packet)

    def _note(self, arrivals: Arrivals, packet: bytes) -> None:
        came_s = self._loop.time() - age_s(self._open_socket().fileno())
        if arrivals.note(packet, came_s):
            self._telling = self._loop.call_later(INTERVAL_S, self._tell)

    def _tell(self) -> None:
        if self._arrivals is not None and self._srtp is not None:
            self.send_rtcp(self._arrivals.feedback())

    def _unprotected(self, datagram: bytes, *, is_rtcp: bool) -> bytes | None:
        if self._srtp is None:
            return None
        session = self._srtp[0]
        try:
            return session.unprotect_rtcp(datagram) if is_rtcp else session.unprotect(datagram)
        except (pylibsrtp.Error, TypeError):
            return None

    def _enqueue(self, queue: asyncio.Queue[bytes], packet: bytes) -> None:
        if queue.full():
            self.counters.dropped += 1
        else:
            queue.put_nowait(packet)

    # ICE

    def _credentials(self) -> Credentials:
        remote = self.remote
        return Credentials(self._local.ufrag, self._local.password, remote.ufrag, remote.password)

    async def _check(self) -> None:
        """Send checks until one is confirmed (or, when controlled, until we are nominated)."""
        self._confirmed.clear()
        self._transaction_id = secrets.token_bytes(12)
        while not self._confirmed.is_set():
            self._send_check()
            try:
                async with asyncio.timeout(_CHECK_RETRY_S):
                    await self._confirmed.wait()
            except TimeoutError:
                continue

    def _send_check(self) -> None:
        self._send(
            write_check(
                self._credentials(),
                self._transaction_id,
                self._tie_breaker,
                controlling=self._controlling,
            )
        )

    def _on_stun(self, datagram: bytes, source: tuple[str, int]) -> None:
        if self._remote is None:
            return
        said = read_stun(datagram, self._credentials())
        if isinstance(said, Checked):
            if said.nominated and not self._controlling:
                self._remote_address = source
                self._confirmed.set()
            self._reply(said, source)
        elif said is not None and said.transaction_id == self._transaction_id and self._controlling:
            self._confirmed.set()

    def _reply(self, check: Checked, source: tuple[str, int]) -> None:
        response = write_success(self._credentials(), check.transaction_id, source)
        try:
            self._open_socket().sendto(response, source)
        except OSError:
            self.counters.unsent += 1

    def _keep_consent(self) -> None:
        self._stop_consent()
        self._consent = self._loop.call_later(self._consent_s, self._renew_consent)

    def _renew_consent(self) -> None:
        self._transaction_id = secrets.token_bytes(12)
        self._send_check()
        self._keep_consent()

    def _stop_consent(self) -> None:
        if self._consent is not None:
            self._consent.cancel()
            self._consent = None

    # the socket

    def _bind(self) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER_BYTES)
            bound.bind((self._host, 0))
        except OSError as error:
            bound.close()
            raise BotError(f"cannot bind {self._host}: {error.strerror}") from error
        self._loop.add_reader(bound, self._on_readable)
        return bound

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise BotError("the peer is closed")
        return self._socket

    def _unbind(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _describe(self, numbering: Numbering) -> Local:
        return Local(
            ufrag=secrets.token_hex(4),
            password=secrets.token_hex(16),
            fingerprint=_certificate().getFingerprints()[0].value,
            address=self.address,
            ssrcs=Ssrcs.random(),
            cname=secrets.token_hex(8),
            numbering=numbering,
        )

    def _on_dtls_state(self) -> None:
        if self._dtls is not None and self._dtls.state in ("closed", "failed"):
            self._stop_consent()
            self.closed.set()


def _protected(protect: Callable[[bytes], bytes], packet: bytes) -> bytes:
    try:
        return protect(packet)
    except (pylibsrtp.Error, TypeError) as error:
        raise BotError(f"not a packet that SRTP can protect: {error}") from error
