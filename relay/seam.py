"""Every private name of another package that the relay uses, but those of :mod:`relay.srtp`.

The packages are pinned to a minor version in ``pyproject.toml``, and a test fails by name when one
of these changes. Of aiortc only DTLS is imported, for links need no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from OpenSSL import SSL
from pylibsrtp import Policy, Session

from relay.bare import bare

with bare("aiortc", {"aiortc.rtcicetransport": ["RTCIceTransport"], "av": ["AudioFrame"]}):
    from aiortc.rtcdtlstransport import (
        SRTP_AEAD_AES_128_GCM,
        SRTP_AES128_CM_SHA1_80,
        SRTP_PROFILES,
        RTCCertificate,
        RTCDtlsFingerprint,
        RTCDtlsParameters,
        RTCDtlsTransport,
        SRTPProtectionProfile,
        State,
    )

if TYPE_CHECKING:
    from aioice import Candidate, Connection
    from aiortc import RTCPeerConnection

LINK_SRTP_PROFILES = [
    profile
    for profile in (SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80)
    if profile in SRTP_PROFILES
]
"""What links offer. AES-256 is left out: it costs more and protects against nothing more here."""

_DTLS_1_2 = 0xFEFD


class DatagramPipe(Protocol):
    """All that RTCDtlsTransport asks of an RTCIceTransport."""

    role: str

    async def _recv(self) -> bytes: ...

    async def _send(self, data: bytes) -> None: ...


class LinkCertificate(RTCCertificate):
    """A certificate that makes its OpenSSL context once a process instead of once a link."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
            self._context.set_min_proto_version(_DTLS_1_2)
            self._context.set_max_proto_version(_DTLS_1_2)  # relay.media.paths.dtls knows no other
            self._context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return self._context


class _LinkTransport(RTCDtlsTransport):
    """Unlike aiortc's, it does not give up for a ClientHello that OpenSSL refuses.

    And it encrypts no sequence number twice, which aiortc's may (RFC 3711 section 9.1).
    """

    forget_hello: Callable[[], bool] = staticmethod(lambda: False)

    async def _do_handshake(self) -> None:
        while (ssl := self._ssl) is not None and not self.encrypted:
            try:
                ssl.do_handshake()
            except SSL.WantReadError:
                await self._write_ssl()
                await self._hear(ssl)
            except SSL.Error:
                if not self.forget_hello():
                    await self._write_ssl()  # the alert that says why
                    self._set_state(State.FAILED)
                    return
                self._ssl = SSL.Connection(ssl.get_context())
                self._ssl.set_accept_state()
            else:
                self.encrypted = True
                await self._write_ssl()

    async def _hear(self, ssl: SSL.Connection) -> None:
        """Give OpenSSL a record, or have it repeat its last flight when none came in time."""
        try:
            record = await asyncio.wait_for(self.transport._recv(), ssl.DTLSv1_get_timeout())
        except TimeoutError:
            ssl.DTLSv1_handle_timeout()
        else:
            ssl.bio_write(record)

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        ssl = self._ssl
        if ssl is None or self.state == "failed":
            return
        name = ssl.get_selected_srtp_profile()
        profile = next(each for each in self._srtp_profiles if each.openssl_profile == name)
        secret_bytes = profile.key_length + profile.salt_length
        secrets = ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * secret_bytes)
        policy = Policy(
            key=profile.get_key_and_salt(secrets, 1 if self._role == "server" else 0),
            ssrc_type=Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=profile.libsrtp_profile,
        )
        policy.window_size = 1024
        self._tx_srtp = Session(policy)


def dtls_transport(
    pipe: DatagramPipe,
    certificate: RTCCertificate,
    role: str,
    forget_hello: Callable[[], bool] = lambda: False,
) -> RTCDtlsTransport:
    """A DTLS transport over ``pipe``.

    :param role: ``client`` or ``server``.
    :param forget_hello: called when OpenSSL has refused what came; where it says that this was only
        a ClientHello, which somebody else may have sent, the handshake begins again.
    """
    dtls = _LinkTransport(pipe, [certificate])  # type: ignore[arg-type]
    dtls.forget_hello = forget_hello
    dtls._srtp_profiles = LINK_SRTP_PROFILES
    dtls._set_role(role)
    return dtls


def srtp_pointers(dtls: RTCDtlsTransport) -> tuple[Any, Any]:
    """The ``srtp_t`` of a connected transport for receiving and for sending.

    They live as long as the transport does.
    """
    return dtls._rx_srtp._srtp[0], dtls._tx_srtp._srtp[0]


def srtp_profile_name(dtls: RTCDtlsTransport) -> str:
    """The negotiated SRTP protection profile, as RFC 5764 and RFC 7714 name it."""
    return dtls._ssl.get_selected_srtp_profile().decode() if dtls._ssl else ""


def dtls_version_name(dtls: RTCDtlsTransport) -> str:
    """The negotiated version, as OpenSSL names it: ``DTLSv1.2``."""
    return dtls._ssl.get_protocol_version_name() if dtls._ssl else ""


def srtp_sessions(dtls: RTCDtlsTransport) -> tuple[Session, Session]:
    """The SRTP sessions for what comes in and for what goes out, of a connected transport."""
    return dtls._rx_srtp, dtls._tx_srtp


def fingerprint(algorithm: str, value: str) -> RTCDtlsFingerprint:
    """That of a peer's certificate, as :func:`start_dtls` takes it."""
    return RTCDtlsFingerprint(algorithm, value)


async def start_dtls(dtls: RTCDtlsTransport, fingerprints: Iterable[RTCDtlsFingerprint]) -> bool:
    """Do the handshake with a peer that has these fingerprints; False when it failed.

    One cancellation ends it, as a deadline's is the only one (:func:`end_task`).
    """
    parameters = RTCDtlsParameters(fingerprints=list(fingerprints))
    starting = asyncio.ensure_future(dtls.start(parameters))
    try:
        await asyncio.wait([starting])
    finally:
        await end_task(starting)
    try:
        starting.result()
    except SSL.Error:  # its last retransmission timed out, which aiortc does not expect
        return False
    return dtls.state == "connected"


async def stop_dtls(dtls: RTCDtlsTransport) -> None:
    """Send close_notify and wait for the transport's task to end, which ``stop`` only cancels."""
    task = dtls._task
    await dtls.stop()
    if task is not None:
        await end_task(task)


async def end_task(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait for its end, whatever that is, also when cancelled meanwhile.

    One cancellation may not do: Python 3.11's ``asyncio.wait_for``, in which DTLS transports wait,
    swallows one that comes together with its result.

    :raises asyncio.CancelledError: when cancelled; the task has ended all the same.
    """
    is_cancelled = False
    while not task.done():
        task.cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            is_cancelled = True
    await asyncio.gather(task, return_exceptions=True)
    if is_cancelled:
        raise asyncio.CancelledError


def gather_loopback_too(connection: RTCPeerConnection) -> None:
    """Have the connection's ICE use 127.0.0.1 besides the other addresses; aioice leaves it out.

    To be called when the transceivers are there and before a local description is set.
    """
    for transceiver in connection.getTransceivers():
        ice = transceiver.receiver.transport.transport.iceGatherer._connection
        ice.get_component_candidates = functools.partial(  # type: ignore[method-assign]
            _gather_loopback_too, ice
        )


async def _gather_loopback_too(
    ice: Connection, component: int, addresses: list[str]
) -> list[Candidate]:
    addresses = ["127.0.0.1", *addresses]
    return await type(ice).get_component_candidates(ice, component, addresses)


def _transports(connection: RTCPeerConnection) -> set[RTCDtlsTransport]:
    return {transceiver.receiver.transport for transceiver in connection.getTransceivers()}


def overhear_rtp(connection: RTCPeerConnection, on_packet: Callable[[bytes, int], None]) -> None:
    """Have each decrypted RTP packet shown before the connection takes it.

    To be called when the remote description is set, which makes the transports what they stay.

    :param on_packet: gets the packet and the file descriptor of the socket on which it came, of
        which nothing has been read since; -1 when it came through a TURN server.
    """
    for dtls in _transports(connection):
        dtls._handle_rtp_data = functools.partial(  # type: ignore[method-assign]
            _show_and_take, dtls.transport._connection, dtls._handle_rtp_data, on_packet
        )


async def _show_and_take(
    ice: Connection,
    take: Callable[..., Coroutine[None, None, None]],
    on_packet: Callable[[bytes, int], None],
    data: bytes,
    arrival_time_ms: int,
) -> None:
    pair = ice._nominated.get(1)
    transport = pair.protocol.transport if pair is not None else None
    if isinstance(transport, asyncio.DatagramTransport):
        on_packet(data, transport.get_extra_info("socket").fileno())
    else:
        on_packet(data, -1)
    await take(data, arrival_time_ms=arrival_time_ms)


async def send_rtcp(connection: RTCPeerConnection, packet: bytes) -> None:
    """Encrypt and send a compound packet, if the connection is there."""
    for dtls in _transports(connection):
        with contextlib.suppress(ConnectionError):
            await dtls._send_rtp(packet)
