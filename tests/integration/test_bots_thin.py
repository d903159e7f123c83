"""Thin peers over real sockets: with each other, and with a stock aiortc connection."""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from relay.bots.arrivals import age_s
from relay.bots.description import MID, TRANSPORT_CC, Numbering
from relay.errors import BotError
from relay.seam import gather_loopback_too
from relay.transport_cc import read
from tests.support.exchange import take
from tests.support.packets import pli, rtp
from tests.support.thin import ThinPeer


@contextlib.asynccontextmanager
async def two_thin_peers() -> AsyncIterator[tuple[ThinPeer, ThinPeer]]:
    caller, callee = ThinPeer(), ThinPeer()
    try:
        caller.take_answer(callee.answer(caller.offer()))
        await asyncio.gather(caller.connect(), callee.connect())
        yield caller, callee
    finally:
        await caller.close()
        await callee.close()


async def test_two_thin_peers_exchange_packets() -> None:
    async with two_thin_peers() as (caller, callee):
        packet = rtp(caller.ssrcs.video, 1)
        caller.send_rtp(packet)
        assert await take(callee.rtp) == packet

        report = pli(callee.ssrcs.video, caller.ssrcs.video)
        callee.send_rtcp(report)
        assert await take(caller.rtcp) == report


async def test_they_tell_of_packets_that_carry_transport_wide_numbers() -> None:
    async with two_thin_peers() as (caller, _callee):
        transport_id = caller.remote.numbering.extension_ids[TRANSPORT_CC]
        for number in (0xFFFF, 0, 2):
            element = (transport_id, number.to_bytes(2, "big"))
            caller.send_rtp(rtp(caller.ssrcs.video, number, elements=(element,)))
        told = read((await take(caller.rtcp))[8:])
        assert told.base == 0xFFFF
        assert [arrival is not None for arrival in told.arrivals] == [True, True, False, True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_how_late_a_datagram_is_read() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        for _ in range(20):  # the kernel begins to stamp at some time after it was first asked
            began_s = time.time()
            sender.sendto(b"x", receiver.getsockname())
            time.sleep(0.1)
            receiver.recv(1)
            age = age_s(receiver.fileno())
            assert age <= time.time() - began_s
            if age >= 0.09:
                return
        pytest.fail("it never tells")


async def test_they_know_each_others_streams() -> None:
    async with two_thin_peers() as (caller, callee):
        assert callee.remote.audio_ssrcs == (caller.ssrcs.audio,)
        assert caller.remote.video_ssrcs == (callee.ssrcs.video, callee.ssrcs.rtx)


async def test_a_moved_peer_is_still_heard_and_hears() -> None:
    async with two_thin_peers() as (caller, callee):
        before = caller.address
        await caller.move()
        assert caller.address != before

        caller.send_rtp(rtp(caller.ssrcs.video, 1))
        assert await take(callee.rtp)
        callee.send_rtp(rtp(callee.ssrcs.video, 1))
        assert await take(caller.rtp)


async def test_garbage_is_counted_and_harms_nothing() -> None:
    async with two_thin_peers() as (caller, callee):
        for datagram in (b"", b"\x00", b"\x00" * 19, b"\x16\xfe\xfd", b"\x80", b"\x80\xc8" * 6):
            caller.send_raw(datagram)
        caller.send_rtp(rtp(caller.ssrcs.video, 1))
        assert await take(callee.rtp)
        assert callee.counters.undecryptable == 2


async def test_close_is_told_to_the_other_side() -> None:
    async with two_thin_peers() as (caller, callee):
        await caller.close()
        async with asyncio.timeout(5):
            await callee.closed.wait()


async def test_vanishing_says_nothing() -> None:
    async with two_thin_peers() as (caller, callee):
        await caller.vanish()
        assert caller.closed.is_set()
        assert not callee.closed.is_set()


async def test_no_task_stays_behind() -> None:
    async with two_thin_peers() as (caller, _):
        caller.send_rtp(rtp(caller.ssrcs.video, 1))
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_packets_beyond_the_queue_are_dropped_and_counted() -> None:
    async with two_thin_peers() as (caller, callee):
        while not callee.rtp.full():
            callee.rtp.put_nowait(b"")
        caller.send_rtp(rtp(caller.ssrcs.video, 1))
        caller.send_rtp(rtp(caller.ssrcs.video, 2))
        caller.send_rtcp(pli(caller.ssrcs.video, callee.ssrcs.video))
        await take(callee.rtcp)
        assert callee.dropped == 2


async def test_sending_before_connecting_is_an_error() -> None:
    peer = ThinPeer()
    with pytest.raises(BotError, match="not connected"):
        peer.send_rtp(rtp(1, 1))
    await peer.close()


async def test_a_silent_other_side_is_an_error() -> None:
    caller, callee = ThinPeer(), ThinPeer()
    caller.take_answer(callee.answer(caller.offer()))
    await callee.vanish()
    with pytest.raises(BotError, match="no ICE and DTLS within"):
        await caller.connect(timeout_s=0.3)
    await caller.close()


async def test_a_wrong_fingerprint_fails_the_handshake() -> None:
    caller, callee = ThinPeer(), ThinPeer()
    answer = callee.answer(caller.offer())
    fingerprint = caller.offer().split("a=fingerprint:sha-256 ")[1].split("\r\n")[0]
    other = ("00" if fingerprint[:2] != "00" else "11") + fingerprint[2:]
    caller.take_answer(answer.replace(fingerprint, other))
    ended = await asyncio.gather(caller.connect(5), callee.connect(5), return_exceptions=True)
    assert isinstance(ended[0], BotError)
    await caller.close()
    await callee.close()


@contextlib.asynccontextmanager
async def stock_peer() -> AsyncIterator[RTCPeerConnection]:
    stock = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    stock.addTrack(AudioStreamTrack())
    stock.addTrack(VideoStreamTrack())
    try:
        yield stock
    finally:
        await stock.close()


async def test_a_thin_peer_calls_stock_aiortc() -> None:
    numbering = Numbering(opus=109, vp8=120, rtx=124, extension_ids={MID: 9})
    thin = ThinPeer(numbering=numbering)
    async with stock_peer() as stock:
        await stock.setRemoteDescription(RTCSessionDescription(thin.offer(), "offer"))
        gather_loopback_too(stock)
        await stock.setLocalDescription(await stock.createAnswer())
        thin.take_answer(stock.localDescription.sdp)
        await thin.connect()

        assert thin.remote.numbering == numbering
        seen: set[int] = set()
        while not seen >= {109, 120}:  # the first picture takes a busy machine its time
            seen.add((await take(thin.rtp))[1] & 0x7F)
        assert seen == {109, 120}
    await thin.close()


async def test_stock_aiortc_calls_a_thin_peer() -> None:
    thin = ThinPeer()
    async with stock_peer() as stock:
        gather_loopback_too(stock)
        await stock.setLocalDescription(await stock.createOffer())
        answer = thin.answer(stock.localDescription.sdp)
        await stock.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await thin.connect()
        assert len(await take(thin.rtp)) > 12
    await thin.close()
