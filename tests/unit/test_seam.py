"""What the relay relies on inside other packages; a test that fails names what has changed."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import re
from pathlib import Path
from typing import Any

import aioice
import pylibsrtp
import pytest
from aiortc import RTCPeerConnection, rtcdtlstransport
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsParameters, RTCDtlsTransport
from OpenSSL import SSL
from pylibsrtp import Policy, Session, _binding

from relay import seam, srtp

ROOT = Path(__file__).parents[2]
CERTIFICATE = seam.LinkCertificate.generateCertificate()


class Pipe:
    """One end of a wire without loss."""

    role = "controlled"

    def __init__(self) -> None:
        self.datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        self.other: Pipe | None = None

    async def _recv(self) -> bytes:
        return await self.datagrams.get()

    async def _send(self, data: bytes) -> None:
        assert self.other is not None
        await self.other.datagrams.put(data)


def two_ends() -> tuple[RTCDtlsTransport, RTCDtlsTransport]:
    one, other = Pipe(), Pipe()
    one.other, other.other = other, one
    return (
        seam.dtls_transport(one, CERTIFICATE, "client"),
        seam.dtls_transport(other, CERTIFICATE, "server"),
    )


async def connected() -> tuple[RTCDtlsTransport, RTCDtlsTransport]:
    ends = two_ends()
    fingerprints = CERTIFICATE.getFingerprints()
    assert await asyncio.gather(*(seam.start_dtls(end, fingerprints) for end in ends)) == [True] * 2
    return ends


@pytest.mark.parametrize("package", ["aiortc", "aioice", "pylibsrtp"])
def test_the_version_is_one_that_was_tried(package: str) -> None:
    pins = (ROOT / "pyproject.toml").read_text()
    found = re.search(rf'"{package}>=(\d+)\.(\d+),<(\d+)\.(\d+)"', pins)
    assert found, f"{package} is not pinned to a minor version"
    major, minor, _, below = map(int, found.groups())
    assert below == minor + 1
    version = importlib.metadata.version(package)
    assert version.startswith(f"{major}.{minor}."), f"{package} {version}"


# pylibsrtp


def test_pylibsrtp_binding_has_ffi_and_lib() -> None:
    assert srtp.srtp_ffi is _binding.ffi
    assert srtp.srtp_lib is _binding.lib
    for name in ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp"):
        assert callable(getattr(_binding.lib, name)), name


def test_pylibsrtp_session_srtp_works_in_place() -> None:
    key = bytes(28)
    profile = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    out = Session(Policy(key, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    back = Session(Policy(key, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
    packet = b"\x80\x60\0\1" + bytes(8) + b"payload"
    buffer = srtp.srtp_ffi.new("unsigned char[]", packet + bytes(200))
    size = srtp.srtp_ffi.new("int *", len(packet))
    assert srtp.srtp_lib.srtp_protect(out._srtp[0], buffer, size) == 0
    assert size[0] == len(packet) + 16
    assert srtp.srtp_lib.srtp_unprotect(back._srtp[0], buffer, size) == 0
    assert bytes(srtp.srtp_ffi.buffer(buffer, size[0])) == packet
    assert srtp.srtp_lib.srtp_unprotect(back._srtp[0], buffer, size) != 0


def test_pylibsrtp_trailer_fits_behind_a_datagram() -> None:
    assert pylibsrtp.SRTP_MAX_TRAILER_LEN <= 144
    assert pylibsrtp.SRTP_MAX_SRTCP_TRAILER_LEN <= 148


# aiortc's DTLS


@pytest.mark.parametrize("name", ["SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80"])
def test_aiortc_srtp_profiles(name: str) -> None:
    profile = getattr(rtcdtlstransport, name)
    assert profile in rtcdtlstransport.SRTP_PROFILES
    assert profile in seam.LINK_SRTP_PROFILES
    assert isinstance(profile.openssl_profile, bytes)


def test_aiortc_rtccertificate_create_ssl_context_is_what_start_calls() -> None:
    assert list(inspect.signature(RTCCertificate._create_ssl_context).parameters) == [
        "self",
        "srtp_profiles",
    ]
    assert "_create_ssl_context" in inspect.getsource(RTCDtlsTransport.start)


def test_aiortc_rtccertificate_context_is_made_once() -> None:
    certificate = seam.LinkCertificate.generateCertificate()
    assert isinstance(certificate, seam.LinkCertificate)
    context = certificate._create_ssl_context(seam.LINK_SRTP_PROFILES)
    assert isinstance(context, SSL.Context)
    assert certificate._create_ssl_context(seam.LINK_SRTP_PROFILES) is context
    other = seam.LinkCertificate.generateCertificate()
    assert other._create_ssl_context(seam.LINK_SRTP_PROFILES) is not context


@pytest.mark.parametrize("name", ["SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80"])
async def test_what_the_relay_encrypts_arrives_and_no_number_is_used_twice(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libsrtp can be told to allow it, and aiortc does: with GCM that would give the key away."""
    monkeypatch.setattr(seam, "LINK_SRTP_PROFILES", [getattr(rtcdtlstransport, name)])
    monkeypatch.setattr(CERTIFICATE, "_context", None)
    for sender, receiver in (pair := await connected(), pair[::-1]):
        ours, theirs = seam.srtp_sessions(sender)[1], seam.srtp_sessions(receiver)[0]
        packet = b"\x80\x60\0\1" + bytes(8) + b"payload"
        assert theirs.unprotect(ours.protect(packet)) == packet
        with pytest.raises(pylibsrtp.Error, match="replay"):
            ours.protect(packet[:-1] + b"D")
        report = b"\x80\xc9\0\1\0\0\0\7"
        assert theirs.unprotect_rtcp(ours.protect_rtcp(report)) == report
    monkeypatch.setattr(CERTIFICATE, "_context", None)
    for end in pair:
        await seam.stop_dtls(end)


def test_aiortc_rtcdtlstransport_srtp_profiles_and_set_role() -> None:
    dtls = RTCDtlsTransport(Pipe(), [CERTIFICATE])  # type: ignore[arg-type]
    assert dtls._srtp_profiles == rtcdtlstransport.SRTP_PROFILES
    assert dtls._role == "auto"
    dtls = seam.dtls_transport(Pipe(), CERTIFICATE, "client")
    assert dtls._srtp_profiles == seam.LINK_SRTP_PROFILES
    assert dtls._role == "client"


async def test_aiortc_rtcdtlstransport_needs_only_recv_send_and_role_of_its_transport() -> None:
    client, server = await connected()
    assert (client.state, server.state) == ("connected", "connected")
    await seam.stop_dtls(client)
    await seam.stop_dtls(server)


async def test_aiortc_rtcdtlstransport_rx_srtp_and_tx_srtp() -> None:
    client, server = await connected()
    packet = b"\x80\x60\0\1" + bytes(8) + b"payload"
    assert (
        seam.srtp_sessions(server)[0].unprotect(seam.srtp_sessions(client)[1].protect(packet))
        == packet
    )
    assert seam.srtp_pointers(client) == (client._rx_srtp._srtp[0], client._tx_srtp._srtp[0])
    await seam.stop_dtls(client)
    await seam.stop_dtls(server)


async def test_aiortc_rtcdtlstransport_ssl_tells_version_and_profile() -> None:
    client, server = two_ends()
    assert seam.srtp_profile_name(client) == ""
    assert seam.dtls_version_name(client) == ""
    await seam.stop_dtls(client)
    client, server = await connected()
    assert seam.srtp_profile_name(client) == "SRTP_AEAD_AES_128_GCM"
    assert seam.srtp_profile_name(server) == "SRTP_AEAD_AES_128_GCM"
    assert seam.dtls_version_name(client).startswith("DTLSv1.")
    await seam.stop_dtls(client)
    await seam.stop_dtls(server)


async def test_aiortc_rtcdtlstransport_task_ends_and_says_closed() -> None:
    client, server = await connected()
    states: list[str] = []
    server.on("statechange", lambda: states.append(server.state))
    task = client._task
    assert isinstance(task, asyncio.Future)
    await seam.stop_dtls(client)
    assert task.done()
    assert client.state == "closed"
    peer = server._task
    assert peer is not None
    async with asyncio.timeout(5):
        await asyncio.wait([peer])  # it heard close_notify
    assert states == ["closed"]
    await seam.stop_dtls(server)


async def test_aiortc_rtcdtlstransport_start_refuses_another_certificate() -> None:
    client, server = two_ends()
    other = seam.LinkCertificate.generateCertificate().getFingerprints()
    results = await asyncio.gather(
        seam.start_dtls(client, other), seam.start_dtls(server, CERTIFICATE.getFingerprints())
    )
    assert results[0] is False
    await seam.stop_dtls(client)
    await seam.stop_dtls(server)


async def test_a_handshake_whose_last_retransmission_timed_out_has_failed() -> None:
    class TimedOut:
        state = "connecting"

        async def start(self, parameters: RTCDtlsParameters) -> None:
            raise SSL.Error([("SSL routines", "", "read timeout expired")])

    assert not await seam.start_dtls(TimedOut(), [])  # type: ignore[arg-type]


async def test_a_handshake_that_swallows_a_deadline_is_ended_all_the_same() -> None:
    """As `asyncio.wait_for` of Python 3.11 does, which then waits for the next retransmission."""
    swallowed = []

    class Swallows:
        async def start(self, parameters: RTCDtlsParameters) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(1)
            await asyncio.Event().wait()

    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await seam.start_dtls(Swallows(), [])  # type: ignore[arg-type]
    starting = asyncio.create_task(seam.start_dtls(Swallows(), []))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await seam.end_task(starting)
    assert starting.cancelled()
    assert len(swallowed) == 2
    assert asyncio.all_tasks() == {asyncio.current_task()}


# the end of tasks


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = []

    async def stubborn() -> None:
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await seam.end_task(task)
    assert task.cancelled()
    assert len(swallowed) == 3


async def test_a_task_that_has_ended_or_fails_while_it_ends() -> None:
    async def fails() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await seam.end_task(task)
    assert isinstance(task.exception(), RuntimeError)
    await seam.end_task(task)


# what bots use


async def test_aiortc_peer_connections_have_aioice_connections_inside() -> None:
    connection = RTCPeerConnection()
    connection.addTransceiver("audio")
    (transceiver,) = connection.getTransceivers()
    ice = transceiver.receiver.transport.transport.iceGatherer._connection
    assert isinstance(ice, aioice.Connection)
    seam.gather_loopback_too(connection)
    asked: list[Any] = []

    async def gather(_: aioice.Connection, component: int, addresses: list[str]) -> list[Any]:
        asked.append((component, addresses))
        return []

    original = aioice.Connection.get_component_candidates
    assert list(inspect.signature(original).parameters)[:3] == ["self", "component", "addresses"]
    aioice.Connection.get_component_candidates = gather  # type: ignore[method-assign,assignment]
    try:
        await ice.get_component_candidates(1, ["192.0.2.1"])
    finally:
        aioice.Connection.get_component_candidates = original  # type: ignore[method-assign]
    assert asked == [(1, ["127.0.0.1", "192.0.2.1"])]
    await connection.close()
