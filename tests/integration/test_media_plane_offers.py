"""Offers of one kind, of rejected ones, of several sections: with stock aiortc and thin peers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack

from relay.errors import SdpError
from relay.media.route import Route
from relay.plane import LinkState, LinkUp, MediaFlowing
from relay.seam import gather_loopback_too
from tests.support.exchange import (
    CHROMIUM,
    FIREFOX,
    PATIENCE_S,
    Exchange,
    hear,
    talk,
    video,
)
from tests.support.offers import section, without
from tests.support.packets import DELTA, KEYFRAME

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
        answer = await self.exchange.plane.answer(self.name, self.connection.localDescription.sdp)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return answer

    async def answers(self, *, rejecting: str = "") -> None:
        """Answer the relay's offer."""
        sdp = await self.exchange.plane.offer(self.name)
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
        await exchange.hears(LinkUp(user.name))
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
        assert exchange.plane.sends(user.name) == frozenset({"audio"})
    await exchange.hears(LinkUp("a"), LinkUp("b"))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("audio")
    assert sorted(meet[0].tracks) == ["audio"]


async def test_only_a_picture_both_ways(exchange: Exchange, meet: list[Stock]) -> None:
    for user in meet:
        user.connection.addTrack(VideoStreamTrack())
        await user.offers()
    await exchange.hears(LinkUp("a"), LinkUp("b"))
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
    await exchange.hears(LinkUp("a"), LinkUp("b"))
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
    await exchange.hears(LinkUp("a"), LinkUp("b"))
    exchange.plane.pair("a", "b")
    await exchange.dropped_some("unpaired")
    assert exchange.heard_nothing
    assert exchange.plane.stats().packets_forwarded == 0


async def test_a_client_that_rejects_the_relays_picture_has_sound(
    exchange: Exchange, meet: list[Stock]
) -> None:
    a, b = meet
    a.connection.addTrack(AudioStreamTrack())
    b.connection.addTrack(AudioStreamTrack())
    await a.answers(rejecting="video")
    await b.offers()
    assert exchange.plane.sends("a") == frozenset({"audio"})
    await exchange.hears(LinkUp("a"), LinkUp("b"))
    exchange.plane.pair("a", "b")
    for user in meet:
        await user.receives("audio")


# renegotiation, with thin peers


async def test_an_ice_restart_holds_no_picture(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await exchange.plane.answer("a", offer))
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    a.send_rtp(video(a, 1, KEYFRAME))
    await hear(b)
    routes = routes_of(exchange)
    restarted = offer.replace(f"a=ice-ufrag:{a._local.ufrag}", "a=ice-ufrag:restarted")
    a.take_answer(await exchange.plane.answer("a", restarted))
    assert routes_of(exchange) == routes
    a.send_rtp(video(a, 2, DELTA))
    assert (await hear(b)).payload == DELTA, "no key frame is waited for"


async def test_a_change_of_one_kind_leaves_the_other_alone(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await exchange.plane.answer("a", offer))
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    a.send_rtp(video(a, 1, KEYFRAME))
    await hear(b)
    muted = offer.replace(
        section(offer, "audio"), section(offer, "audio").replace("a=sendrecv", "a=recvonly")
    )
    before = routes_of(exchange)
    await exchange.plane.answer("a", muted)
    after = routes_of(exchange)
    assert {key for key in before if key not in after} == {("a", "audio")}
    assert all(after[key] is before[key] for key in after)
    a.send_rtp(video(a, 2, DELTA))
    assert (await hear(b)).payload == DELTA
    await exchange.plane.answer("a", offer)
    await talk(a, b, 3)


async def test_a_picture_that_comes_later(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    alone = offer.replace(section(offer, "video"), "").replace("BUNDLE 0 1", "BUNDLE 0")
    answer = await exchange.plane.answer("a", alone)
    assert "m=video" not in answer
    imagined = section(answer, "audio").replace("m=audio", "m=video")
    a.take_answer(answer + imagined.replace("opus/48000/2", "VP8/90000"))  # it wants both
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    await talk(a, b)
    await exchange.hears(MediaFlowing("a"), MediaFlowing("b"))
    assert "a=ssrc-group:FID" in await exchange.plane.answer("a", offer)
    b.send_rtp(video(b, 1, KEYFRAME))
    assert (await hear(a)).payload == KEYFRAME
    a.send_rtp(video(a, 1, KEYFRAME))
    assert (await hear(b)).payload == KEYFRAME
    assert exchange.heard_nothing


async def test_a_moved_bundle_tag_brings_another_link_with_the_same_credentials(
    exchange: Exchange,
) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    first = await exchange.plane.answer("a", offer)
    a.take_answer(first)
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    await talk(a, b)
    await exchange.hears(MediaFlowing("a"), MediaFlowing("b"))
    moved = offer.replace("BUNDLE 0 1", "BUNDLE 1 0")
    second = await exchange.plane.answer("a", moved)
    assert "a=group:BUNDLE 1 0\r\n" in second
    assert exchange.plane.link_state("a") is LinkState.CONNECTING
    keys = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    assert lines(second, *keys) == lines(first, *keys), "Firefox takes no other ones"
    again = exchange.peer(CHROMIUM)
    again._local = a._local  # as browsers do: the same credentials from another port
    again.take_answer(second)
    await again.connect()
    await exchange.hears(LinkUp("a"))
    await talk(again, b, 2)
    await exchange.hears(MediaFlowing("a"), MediaFlowing("b"))
    assert exchange.heard_nothing, "the former transport's end is not the link's"
    assert not a.closed.is_set(), "nor does it hear of it: Firefox would keep its picture there"
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


async def test_offers_that_cannot_be_used_cost_nobody_anything(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    await exchange.hears(MediaFlowing("a"), MediaFlowing("b"))
    routes = routes_of(exchange)
    offer = a.offer()
    for sdp in (
        offer.replace("opus", "x").replace("VP8", "y"),
        offer.replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"),
        without(offer, "a=ice-ufrag"),
    ):
        with pytest.raises(SdpError):
            await exchange.plane.answer("a", sdp)
    assert routes_of(exchange) == routes
    await talk(a, b, 2)


async def test_a_partners_wishes_stand_in_the_answer(exchange: Exchange) -> None:
    offer = exchange.peer(CHROMIUM).offer()
    wishing = offer.replace("minptime=10;useinbandfec=1", "stereo=1;maxplaybackrate=16000")
    assert "a=fmtp:111 minptime=10;useinbandfec=1\r\n" in await exchange.plane.answer("a", wishing)
    exchange.plane.pair("a", "b")
    asked = await exchange.plane.answer("b", exchange.peer(CHROMIUM).offer())
    assert "a=fmtp:111 stereo=1;maxplaybackrate=16000\r\n" in asked
    assert "a=fmtp:111 stereo=1;maxplaybackrate=16000\r\n" in await exchange.plane.offer("b")
    assert "a=fmtp:111 minptime=10;useinbandfec=1\r\n" in await exchange.plane.offer("c")


# where the relay is


@pytest.mark.parametrize("is_local", [True, False])
async def test_loopback_is_announced_to_those_on_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, is_local: bool
) -> None:
    hosts = ["192.0.2.1", "127.0.0.1", "::1"]
    monkeypatch.setattr("relay.media.candidates.hosts", lambda *_: hosts)
    exchange = Exchange("127.0.0.1")
    await exchange.plane.start()
    try:
        offer = exchange.peer().offer()
        told = hosts if is_local else hosts[:1]
        answer = await exchange.plane.answer("a", offer, is_local=is_local)
        assert candidates(section(answer, "audio")) == told
        own = await exchange.plane.offer("b", is_local=is_local)
        assert candidates(section(own, "video")) == told
    finally:
        await exchange.close()


async def test_loopback_is_announced_to_everybody_when_there_is_nothing_else(
    exchange: Exchange,
) -> None:
    answer = await exchange.plane.answer("a", exchange.peer().offer())
    assert set(candidates(answer)) == {"127.0.0.1"}


def candidates(sdp: str) -> list[str]:
    return [line.split()[4] for line in lines(sdp, "a=candidate")]


def lines(sdp: str, *starts: str) -> list[str]:
    return [line for line in sdp.split("\r\n") if line.startswith(starts)]


def routes_of(exchange: Exchange) -> dict[tuple[str, str], Route]:
    """Those that carry media, by whose they are and the kind."""
    return {
        (link.user_id, kind): route
        for link in exchange.plane._links.values()
        if link.uplink.flow is not None
        for (kind, rtx), route in link.uplink.flow.routes.items()
        if not rtx
    }
