"""The cheapest real WebRTC endpoint: ICE, DTLS, SRTP and no codecs; packets in and packets out.

For load, probes and tests. Signalling is the caller's: SDP strings go out and come in.
"""

import asyncio
import functools
import secrets
from collections.abc import Callable

import pylibsrtp
from aiortc.rtcdtlstransport import RTCDtlsTransport

from relay.bots.arrivals import INTERVAL_S, Arrivals
from relay.bots.checks import Credentials
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
from relay.bots.ice import IceTransport
from relay.errors import BotError
from relay.seam import LinkCertificate, dtls_transport, srtp_sessions, start_dtls, stop_dtls


@functools.cache
def _certificate() -> LinkCertificate:
    """One for the process: a key costs more than all else that a thin peer does."""
    return LinkCertificate.generateCertificate()


class ThinPeer:
    """One WebRTC endpoint without codecs.

    Either ``offer()`` and ``take_answer(sdp)``, or ``answer(sdp)``; then ``await connect()``.
    Received packets with a transport-wide number are told of, if that was negotiated.

    :param on_rtp: gets each RTP packet, decrypted; ``on_rtcp`` each compound RTCP packet.
    :param host: the local address to bind.
    :param numbering: the payload types and extension ids to offer.
    :param open_ice: makes another way to the other side than a UDP socket at ``host``; it gets what
        takes the SRTP that comes.
    :raises BotError: when the address cannot be bound.
    """

    def __init__(
        self,
        *,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
        host: str = "127.0.0.1",
        numbering: Numbering | None = None,
        open_ice: Callable[[Callable[[bytes], None]], IceTransport] | None = None,
    ) -> None:
        self.ice = (
            IceTransport(host, self._on_srtp) if open_ice is None else open_ice(self._on_srtp)
        )
        self.closed = asyncio.Event()
        """Set when the other side has closed, or we have."""
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._remote: Remote | None = None
        self._dtls: RTCDtlsTransport | None = None
        self._srtp: tuple[pylibsrtp.Session, pylibsrtp.Session] | None = None
        self._arrivals: Arrivals | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._local = Local(
            ufrag=secrets.token_hex(4),
            password=secrets.token_hex(16),
            fingerprint=_certificate().getFingerprints()[0].value,
            address=self.ice.address,
            ssrcs=Ssrcs.random(),
            cname=secrets.token_hex(8),
            numbering=numbering or Numbering(),
        )

    @property
    def ssrcs(self) -> Ssrcs:
        """The SSRCs that this peer's SDP announces."""
        return self._local.ssrcs

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
        local = self._local
        credentials = Credentials(local.ufrag, local.password, remote.ufrag, remote.password)
        self.ice.aim(remote.address, credentials, controlling=controlling)
        extension_id = remote.numbering.extension_ids.get(TRANSPORT_CC)
        self._arrivals = Arrivals(extension_id) if extension_id is not None else None

    # life

    async def connect(self, timeout_s: float = 10.0) -> None:
        """Do ICE and DTLS; packets can be sent when this returns.

        :raises BotError: when the other side does not answer in time, or the handshake fails.
        """
        remote = self.remote
        role = "client" if remote.dtls_role in ("auto", "server") else "server"
        self._dtls = dtls_transport(self.ice, _certificate(), role)
        self._dtls.on("statechange", self._on_dtls_state)
        try:
            async with asyncio.timeout(timeout_s):
                await self.ice.check()
                self.ice.keep_consent()
                connected = await start_dtls(self._dtls, remote.fingerprints)
        except TimeoutError as error:
            raise BotError(f"no ICE and DTLS within {timeout_s:g} s") from error
        if not connected:
            raise BotError(f"the DTLS handshake ended {self._dtls.state}")
        self._srtp = srtp_sessions(self._dtls)

    async def close(self) -> None:
        """Say goodbye (DTLS close_notify) and let go of everything; harmless when repeated."""
        self.ice.stop_consent()
        if self._telling is not None:
            self._telling.cancel()
        if self._dtls is not None:
            await stop_dtls(self._dtls)
        self.ice.close()
        self.closed.set()

    # packets

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send an RTP packet.

        :raises BotError: when not connected, or when the packet is not RTP.
        """
        self.ice.send(_protected(self._sessions()[1].protect, packet))

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send a compound RTCP packet; raises as :meth:`send_rtp`."""
        self.ice.send(_protected(self._sessions()[1].protect_rtcp, packet))

    def _sessions(self) -> tuple[pylibsrtp.Session, pylibsrtp.Session]:
        if self._srtp is None:
            raise BotError("not connected")
        return self._srtp

    def _on_srtp(self, datagram: bytes) -> None:
        is_rtcp = len(datagram) > 1 and 192 <= datagram[1] < 224
        packet = self._unprotected(datagram, is_rtcp=is_rtcp)
        if packet is None:
            self.ice.counters.undecryptable += 1
            return
        if is_rtcp:
            self._on_rtcp(packet)
            return
        if self._arrivals is not None:
            self._note(self._arrivals, packet)
        self._on_rtp(packet)

    def _note(self, arrivals: Arrivals, packet: bytes) -> None:
        if arrivals.note(packet, self._loop.time() - self.ice.age_s):
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

    def _on_dtls_state(self) -> None:
        if self._dtls is not None and self._dtls.state in ("closed", "failed"):
            self.ice.stop_consent()
            self.closed.set()


def _protected(protect: Callable[[bytes], bytes], packet: bytes) -> bytes:
    try:
        return protect(packet)
    except (pylibsrtp.Error, TypeError) as error:
        raise BotError(f"not a packet that SRTP can protect: {error}") from error
