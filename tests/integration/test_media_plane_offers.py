"""Offers of one kind, of rejected ones, of several sections: with stock aiortc."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack

from relay.seam import gather_loopback_too
from tests.support.exchange import (
    PATIENCE_S,
    Exchange,
)
from tests.support.news import Up

pytestmark = pytest.mark.asyncio


class Stock:
    """A user with an aiortc peer connection, and what it receives."""

    def __init__(self, exchange: Exchange, name: str) -> None:
        self.exchange, self.name = exchange, name
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.connection.on("track", lambda track: self.tracks.update({track.kind: track}))

    async def offers(self) -> str:
        gather_loopback_too(self.connection)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        answer = await self.exchange.answer(self.name, self.connection.localDescription.sdp)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return answer

    async def answers(self, *, rejecting: str = "") -> None:
        """Answer the relay's offer."""
        sdp = await self.exchange.offer(self.name)
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in self.connection.getTransceivers():
            transceiver.direction = "sendrecv"
        gather_loopback_too(self.connection)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        answer = self.connection.localDescription.sdp
        if rejecting:
            answer = re.sub(rf"m={rejecting} \d+", f"m={rejecting} 0", answer)
            answer = answer.replace("BUNDLE 0 1", "BUNDLE 0")
        await self.exchange.plane.accept(self.name, answer)

    async def receives(self, kind: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.tracks[kind].recv()


@pytest_asyncio.fixture
async def meet(exchange: Exchange) -> AsyncIterator[list[Stock]]:
    async with AsyncExitStack() as stack:
        users = [Stock(exchange, name) for name in ("a", "b")]
        for user in users:
            stack.push_async_callback(user.connection.close)
        yield users


async def test_beside_a_data_channel(exchange: Exchange, meet: list[Stock]) -> None:
    for user in meet:
        user.connection.addTrack(AudioStreamTrack())
        user.connection.addTrack(VideoStreamTrack())
        user.connection.createDataChannel("beside")
        assert "m=application 0 " in await user.offers()
        await exchange.hears(Up(user.name))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("audio")
        await user.receives("video")
    for task in asyncio.all_tasks():  # aiortc waits for its data channel even when it is closed
        if "RTCPeerConnection.__connect" in repr(task):
            task.cancel()


async def test_only_sound_both_ways(exchange: Exchange, meet: list[Stock]) -> None:
    for user in meet:
        user.connection.addTrack(AudioStreamTrack())
        await user.offers()
        assert exchange.sends(user.name) == frozenset({"audio"})
    await exchange.hears(Up("a"), Up("b"))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("audio")
    assert sorted(meet[0].tracks) == ["audio"]


async def test_only_a_picture_both_ways(exchange: Exchange, meet: list[Stock]) -> None:
    for user in meet:
        user.connection.addTrack(VideoStreamTrack())
        await user.offers()
    await exchange.hears(Up("a"), Up("b"))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("video")


async def test_sound_and_picture_meet_only_sound(exchange: Exchange, meet: list[Stock]) -> None:
    a, b = meet
    a.connection.addTrack(AudioStreamTrack())
    a.connection.addTrack(VideoStreamTrack())
    b.connection.addTrack(AudioStreamTrack())
    for user in meet:
        await user.offers()
    await exchange.hears(Up("a"), Up("b"))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("audio")
    await exchange.dropped_some("unpaired")


async def test_only_sound_meets_only_a_picture(exchange: Exchange, meet: list[Stock]) -> None:
    a, b = meet
    a.connection.addTrack(AudioStreamTrack())
    b.connection.addTrack(VideoStreamTrack())
    for user in meet:
        await user.offers()
    await exchange.hears(Up("a"), Up("b"))
    exchange.plane.pair("a", "b")
    await exchange.dropped_some("unpaired")
    assert exchange.heard_nothing
    assert exchange.stats().packets_forwarded == 0


async def test_a_client_that_rejects_the_relays_picture_has_sound(
    exchange: Exchange, meet: list[Stock]
) -> None:
    a, b = meet
    a.connection.addTrack(AudioStreamTrack())
    b.connection.addTrack(AudioStreamTrack())
    await a.answers(rejecting="video")
    await b.offers()
    assert exchange.sends("a") == frozenset({"audio"})
    await exchange.hears(Up("a"), Up("b"))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("audio")
