"""Offers and answers, the user's and the relay's, first and later ones, over real sockets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from relay.errors import SdpError
from relay.media.flow import Flow
from relay.media.pulse import LONGEST_PAUSE_S
from relay.media.route import Route
from relay.media.uplink import MAX_STREAMS, TAKEOVER_S
from relay.plane import LinkState
from relay.srtp import srtp_lib
from tests.support.exchange import (
    CHROMIUM,
    FIREFOX,
    PATIENCE_S,
    Exchange,
    audio,
    hear,
    talk,
    video,
)
from tests.support.news import Flowing, Up
from tests.support.offers import section, without
from tests.support.packets import DELTA, KEYFRAME, rr, rtp
from tests.support.thin import ThinPeer

# negotiation


async def test_a_second_offer_of_the_same_peer_renegotiates(exchange: Exchange) -> None:
    a, b, offer, first = await negotiated(exchange)
    await talk(a, b)
    await exchange.hears(Flowing("b"), Flowing("a"))
    flows = exchange.plane._links["a"].uplink.flow, exchange.plane._links["a"].downlink.flow
    assert await exchange.answer("a", offer) == first, "same link, SSRCs and credentials"
    await talk(a, b, 2)
    assert exchange.heard_nothing, "media flow on"
    assert flows == (
        exchange.plane._links["a"].uplink.flow,
        exchange.plane._links["a"].downlink.flow,
    )
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


async def test_a_renegotiation_may_stop_the_picture(exchange: Exchange) -> None:
    a, b, offer, _ = await negotiated(exchange)
    at = offer.index("m=video")
    half = offer[:at] + offer[at:].replace("a=sendrecv", "a=sendonly")
    assert "a=recvonly" in await exchange.answer("a", half)
    b.send_rtp(video(b, 1))
    await exchange.dropped("unpaired", 1)
    await talk(a, b)
    await exchange.answer("a", offer)
    b.send_rtp(video(b, 2))
    await hear(a)


async def test_an_ice_restart(exchange: Exchange) -> None:
    a, b, offer, _ = await negotiated(exchange)
    await talk(a, b)
    a.send_rtp(video(a, 1, KEYFRAME))
    await hear(b)
    old, routes = a.remote, routes_of(exchange)
    restarted = offer.replace(f"a=ice-ufrag:{a._local.ufrag}", "a=ice-ufrag:restarted")
    second = await exchange.answer("a", restarted)
    assert routes_of(exchange) == routes
    a.send_rtp(video(a, 2, DELTA))
    assert (await hear(b)).payload == DELTA, "no key frame is waited for"
    await a.move()  # with the former credentials, which still count
    await talk(a, b, 2)
    a.take_answer(second)
    assert (a.remote.ufrag, a.remote.password) != (old.ufrag, old.password)
    assert (a.remote.audio_ssrcs, a.remote.video_ssrcs) == (old.audio_ssrcs, old.video_ssrcs)
    await a.move()
    await talk(a, b, 3)
    assert exchange.link_state("a") is LinkState.UP
    exchange.plane.close_link("a")
    exchange.plane.close_link("b")
    assert exchange.tables["ufrags"] == 0


async def test_an_ice_restart_after_30_s_without_a_network_continues_the_link(
    exchange: Exchange,
) -> None:
    a, b, offer, _ = await negotiated(exchange)
    await talk(a, b)
    await exchange.hears(Flowing("b"), Flowing("a"))
    link = exchange.plane._links["a"]
    exchange.skew_s += LONGEST_PAUSE_S + 29  # it went right before the next check
    exchange.plane.tick()
    restarted = offer.replace(f"a=ice-ufrag:{a._local.ufrag}", "a=ice-ufrag:restarted")
    a.take_answer(await exchange.answer("a", restarted))
    await a.move()
    await talk(a, b, 2)
    assert exchange.plane._links["a"] is link


async def test_a_change_of_one_kind_leaves_the_other_alone(exchange: Exchange) -> None:
    a, b, offer, _ = await negotiated(exchange)
    a.send_rtp(video(a, 1, KEYFRAME))
    await hear(b)
    muted = offer.replace(
        section(offer, "audio"), section(offer, "audio").replace("a=sendrecv", "a=recvonly")
    )
    before = routes_of(exchange)
    await exchange.answer("a", muted)
    after = routes_of(exchange)
    assert {key for key in before if key not in after} == {("a", "audio")}
    assert all(after[key] is before[key] for key in after)
    a.send_rtp(video(a, 2, DELTA))
    assert (await hear(b)).payload == DELTA
    await exchange.answer("a", offer)
    await talk(a, b, 3)


async def test_a_picture_that_comes_later(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    alone = offer.replace(section(offer, "video"), "").replace("BUNDLE 0 1", "BUNDLE 0")
    answer = await exchange.answer("a", alone)
    assert "m=video" not in answer
    imagined = section(answer, "audio").replace("m=audio", "m=video")
    a.take_answer(answer + imagined.replace("opus/48000/2", "VP8/90000"))  # it wants both
    await a.connect()
    await exchange.hears(Up("a"))
    exchange.plane.pair("a", "b")
    await talk(a, b)
    await exchange.hears(Flowing("a"), Flowing("b"))
    assert "a=ssrc-group:FID" in await exchange.answer("a", offer)
    b.send_rtp(video(b, 1, KEYFRAME))
    assert (await hear(a)).payload == KEYFRAME
    a.send_rtp(video(a, 1, KEYFRAME))
    assert (await hear(b)).payload == KEYFRAME
    assert exchange.heard_nothing


async def test_a_moved_bundle_tag_brings_another_link_with_the_same_credentials(
    exchange: Exchange,
) -> None:
    a, b, offer, first = await negotiated(exchange)
    await talk(a, b)
    await exchange.hears(Flowing("a"), Flowing("b"))
    moved = offer.replace("BUNDLE 0 1", "BUNDLE 1 0")
    second = await exchange.answer("a", moved)
    assert "a=group:BUNDLE 1 0\r\n" in second
    assert exchange.link_state("a") is LinkState.CONNECTING
    keys = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    assert lines(second, *keys) == lines(first, *keys), "Firefox takes no other ones"
    again = exchange.peer(CHROMIUM)
    again._local = a._local  # as browsers do: the same credentials from another port
    again.take_answer(second)
    await again.connect()
    await exchange.hears(Up("a"))
    await talk(again, b, 2)
    await exchange.hears(Flowing("a"), Flowing("b"))
    assert exchange.heard_nothing, "the former transport's end is not the link's"
    assert not a.closed.is_set(), "nor does it hear of it: Firefox would send no more"
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


async def test_offers_that_cannot_be_used_cost_nobody_anything(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    await exchange.hears(Flowing("a"), Flowing("b"))
    routes = routes_of(exchange)
    offer = a.offer()
    for sdp in (
        "",
        "v=0\r\n" * 20_000,
        offer.replace("opus", "x").replace("VP8", "y"),
        offer.replace("m=audio 9", "m=audio 0").replace("m=video 9", "m=video 0"),
        without(offer, "a=ice-ufrag"),
    ):
        with pytest.raises(SdpError):
            await exchange.answer("a", sdp)
    assert routes_of(exchange) == routes
    assert exchange.link_state("a") is LinkState.UP
    await talk(a, b, 2)


async def test_a_partners_wishes_stand_in_the_answer(exchange: Exchange) -> None:
    offer = exchange.peer(CHROMIUM).offer()
    wishing = offer.replace("minptime=10;useinbandfec=1", "stereo=1;maxplaybackrate=16000")
    assert "a=fmtp:111 minptime=10;useinbandfec=1\r\n" in await exchange.answer("a", wishing)
    exchange.plane.pair("a", "b")
    asked = await exchange.answer("b", exchange.peer(CHROMIUM).offer())
    assert "a=fmtp:111 stereo=1;maxplaybackrate=16000;useinbandfec=1\r\n" in asked
    assert "a=fmtp:111 stereo=1;maxplaybackrate=16000;useinbandfec=1\r\n" in await exchange.offer(
        "b"
    )
    assert "a=fmtp:111 minptime=10;useinbandfec=1\r\n" in await exchange.offer("c")


async def test_renegotiations_do_not_use_up_the_links_ssrcs(exchange: Exchange) -> None:
    a, b, offer, _ = await negotiated(exchange)
    uplink = exchange.plane._links["a"].uplink
    for turn in range(1, 5 * MAX_STREAMS):
        await exchange.answer("a", offer)
        exchange.skew_s += 2 * TAKEOVER_S
        for link in exchange.plane._links.values():
            link.checked_at = exchange.now()
        a.send_rtcp(rr(3000 + turn))
        a.send_rtp(rtp(2000 + turn, 1, payload_type=55))
        a.send_rtp(rtp(turn, 1, payload_type=111, payload=b"turn %d" % turn))
        assert (await hear(b)).payload == b"turn %d" % turn
    assert exchange.drops == {"unknown_payload_type": turn}
    assert list(uplink.streams) == [turn - 1, turn]
    keeps = [
        ssrc
        for ssrc in (*range(turn + 1), *range(2000, 2001 + turn), *range(3000, 3001 + turn))
        if srtp_lib.srtp_remove_stream(uplink.rx, socket.htonl(ssrc)) == 0
    ]
    assert keeps == [turn - 1, turn, 2000 + turn, 3000 + turn], "SRTP has forgotten as well"


async def test_a_new_peer_replaces_the_users_link(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    await exchange.hears(Flowing("b"), Flowing("a"))
    again = exchange.peer(FIREFOX)
    again.take_answer(await exchange.answer("a", again.offer()))
    assert exchange.link_state("a") is LinkState.CONNECTING
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    b.send_rtp(audio(b, 2))
    await exchange.dropped("unpaired", 1)
    await again.connect()
    await exchange.hears(Up("a"))
    await talk(again, b, 3)
    await exchange.hears(Flowing("b"), Flowing("a"))
    assert exchange.heard_nothing, "nobody is told that the former link has gone"
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


@pytest.mark.parametrize("role", ["active", "passive"])
async def test_the_relays_own_offer(exchange: Exchange, role: str) -> None:
    b = await exchange.join("b", FIREFOX)
    exchange.plane.pair("a", "b")
    a = exchange.peer()
    offer = await exchange.offer("a")
    assert exchange.link_state("a") is LinkState.CONNECTING
    if role == "passive":
        answer = a.answer(offer.replace("a=setup:actpass", "a=setup:active"))
        answer = answer.replace("a=setup:active", "a=setup:passive")
    else:
        answer = a.answer(offer)
    connected = asyncio.create_task(a.connect())  # its checks may come before its answer
    await exchange.plane.accept("a", answer)
    await connected
    await exchange.hears(Up("a"))
    await talk(a, b)


@pytest.mark.parametrize("setup", ["actpass", "active", "passive"])
async def test_the_dtls_role_of_an_offer(exchange: Exchange, setup: str) -> None:
    a = exchange.peer()
    answer = await exchange.answer("a", a.offer().replace("a=setup:actpass", f"a=setup:{setup}"))
    assert f"a=setup:{'active' if setup == 'passive' else 'passive'}\r\n" in answer
    a.take_answer(answer)
    await a.connect()
    await exchange.hears(Up("a"))


async def test_a_renegotiation_keeps_the_dtls_role(exchange: Exchange) -> None:
    a, b = exchange.peer(), await exchange.join("b")
    answer = a.answer(await exchange.offer("a"))  # the peer is active, the relay passive
    await exchange.plane.accept("a", answer)
    await a.connect()
    await exchange.hears(Up("a"))
    exchange.plane.pair("a", "b")
    later = await exchange.answer("a", answer.replace("a=setup:active", "a=setup:actpass"))
    assert "a=setup:passive" in later
    assert "a=setup:active" not in later
    await talk(a, b)


async def test_an_answer_that_fits_no_offer(exchange: Exchange) -> None:
    a = exchange.peer()
    sdp = a.offer().replace("a=setup:actpass", "a=setup:active")
    with pytest.raises(SdpError, match="without an offer"):
        await exchange.plane.accept("a", sdp)
    await exchange.answer("a", a.offer())
    with pytest.raises(SdpError, match="without an offer"):
        await exchange.plane.accept("a", sdp)


async def test_an_unusable_answer_can_be_followed_by_a_usable_one(exchange: Exchange) -> None:
    a = exchange.peer()
    answer = a.answer(await exchange.offer("a"))
    for sdp in ("", answer.replace("a=setup:active", "a=setup:actpass"), answer[:500]):
        with pytest.raises(SdpError):
            await exchange.plane.accept("a", sdp)
    await exchange.plane.accept("a", answer)
    await a.connect()
    await exchange.hears(Up("a"))


async def test_a_fresh_offer_closes_the_former_link(exchange: Exchange) -> None:
    a = await exchange.join("a")
    await exchange.offer("a")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    assert exchange.heard_nothing
    assert exchange.tables == {"addresses": 0, "ufrags": 1, "links": 1, "partners": 0}


# where the relay is


@pytest.mark.parametrize("is_local", [True, False])
async def test_loopback_is_announced_to_those_on_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, is_local: bool
) -> None:
    hosts = ["192.0.2.1", "127.0.0.1", "::1"]
    monkeypatch.setattr("relay.media.paths.candidates._own", lambda _: hosts)
    exchange = Exchange("127.0.0.1")
    await exchange.plane.start()
    try:
        offer = exchange.peer().offer()
        told = hosts if is_local else hosts[:1]
        answer = await exchange.answer("a", offer, is_local=is_local)
        assert candidates(section(answer, "audio")) == told
        own = await exchange.offer("b", is_local=is_local)
        assert candidates(section(own, "video")) == told
    finally:
        await exchange.close()


async def test_loopback_is_announced_to_everybody_when_there_is_nothing_else(
    exchange: Exchange,
) -> None:
    answer = await exchange.answer("a", exchange.peer().offer())
    assert set(candidates(answer)) == {"127.0.0.1"}


async def negotiated(exchange: Exchange) -> tuple[ThinPeer, ThinPeer, str, str]:
    """Two users in one room, and the first offer and answer of the one who is to make others."""
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    answer = await exchange.answer("a", offer)
    a.take_answer(answer)
    await a.connect()
    await exchange.hears(Up("a"))
    exchange.plane.pair("a", "b")
    return a, b, offer, answer


def candidates(sdp: str) -> list[str]:
    return [line.split()[4] for line in lines(sdp, "a=candidate")]


def lines(sdp: str, *starts: str) -> list[str]:
    return [line for line in sdp.split("\r\n") if line.startswith(starts)]


def routes_of(exchange: Exchange) -> dict[tuple[str, str], Route]:
    """Those that carry media, by whose they are and the kind."""
    return {
        (link.user_id, kind): route
        for link in exchange.plane._links.values()
        if isinstance(link.uplink.flow, Flow)
        for (kind, rtx), route in link.uplink.flow.routes.items()
        if not rtx
    }
