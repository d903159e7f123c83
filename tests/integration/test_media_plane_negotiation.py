"""Offers and answers, the user's and the relay's, first and later ones, over real sockets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from relay.errors import SdpError
from relay.media.uplink import MAX_STREAMS, TAKEOVER_S
from relay.plane import LinkState, LinkUp, MediaFlowing
from relay.seam import srtp_lib
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
from tests.support.packets import rr, rtp

# negotiation


async def test_a_second_offer_of_the_same_peer_renegotiates(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    first = await exchange.plane.answer("a", offer)
    a.take_answer(first)
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    await talk(a, b)
    await exchange.hears(MediaFlowing("b"), MediaFlowing("a"))
    flows = exchange.plane._links["a"].uplink.flow, exchange.plane._links["a"].downlink.flow
    assert await exchange.plane.answer("a", offer) == first, "same link, SSRCs and credentials"
    await talk(a, b, 2)
    assert exchange.heard_nothing, "media flow on"
    assert flows == (
        exchange.plane._links["a"].uplink.flow,
        exchange.plane._links["a"].downlink.flow,
    )
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


async def test_a_renegotiation_may_stop_the_picture(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await exchange.plane.answer("a", offer))
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    at = offer.index("m=video")
    half = offer[:at] + offer[at:].replace("a=sendrecv", "a=sendonly")
    assert "a=recvonly" in await exchange.plane.answer("a", half)
    b.send_rtp(video(b, 1))
    await exchange.dropped("unpaired", 1)
    await talk(a, b)
    await exchange.plane.answer("a", offer)
    b.send_rtp(video(b, 2))
    await hear(a)


async def test_an_unusable_offer_leaves_the_link_as_it_was(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    for sdp in ("", a.offer().replace("VP8", "x").replace("opus", "x"), "v=0\r\n" * 20_000):
        with pytest.raises(SdpError):
            await exchange.plane.answer("a", sdp)
    await talk(a, b)
    assert exchange.plane.link_state("a") is LinkState.UP


async def test_an_ice_restart(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    first = await exchange.plane.answer("a", offer)
    a.take_answer(first)
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    await talk(a, b)
    old = a.remote
    restarted = offer.replace(f"a=ice-ufrag:{a._local.ufrag}", "a=ice-ufrag:restarted")
    second = await exchange.plane.answer("a", restarted)
    await a.move()  # with the former credentials, which still count
    await talk(a, b, 2)
    a.take_answer(second)
    assert (a.remote.ufrag, a.remote.password) != (old.ufrag, old.password)
    assert (a.remote.audio_ssrcs, a.remote.video_ssrcs) == (old.audio_ssrcs, old.video_ssrcs)
    await a.move()
    await talk(a, b, 3)
    assert exchange.plane.link_state("a") is LinkState.UP
    exchange.plane.close_link("a")
    exchange.plane.close_link("b")
    assert exchange.tables["ufrags"] == 0


async def test_renegotiations_do_not_use_up_the_links_ssrcs(exchange: Exchange) -> None:
    a, b = exchange.peer(CHROMIUM), await exchange.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await exchange.plane.answer("a", offer))
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    uplink = exchange.plane._links["a"].uplink
    for turn in range(1, 5 * MAX_STREAMS):
        await exchange.plane.answer("a", offer)
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
    await exchange.hears(MediaFlowing("b"), MediaFlowing("a"))
    again = exchange.peer(FIREFOX)
    again.take_answer(await exchange.plane.answer("a", again.offer()))
    assert exchange.plane.link_state("a") is LinkState.CONNECTING
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    b.send_rtp(audio(b, 2))
    await exchange.dropped("unpaired", 1)
    await again.connect()
    await exchange.hears(LinkUp("a"))
    await talk(again, b, 3)
    await exchange.hears(MediaFlowing("b"), MediaFlowing("a"))
    assert exchange.heard_nothing, "nobody is told that the former link has gone"
    assert exchange.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


@pytest.mark.parametrize("role", ["active", "passive"])
async def test_the_relays_own_offer(exchange: Exchange, role: str) -> None:
    b = await exchange.join("b", FIREFOX)
    exchange.plane.pair("a", "b")
    a = exchange.peer()
    offer = await exchange.plane.offer("a")
    assert exchange.plane.link_state("a") is LinkState.CONNECTING
    if role == "passive":
        answer = a.answer(offer.replace("a=setup:actpass", "a=setup:active"))
        answer = answer.replace("a=setup:active", "a=setup:passive")
    else:
        answer = a.answer(offer)
    connected = asyncio.create_task(a.connect())  # its checks may come before its answer
    await exchange.plane.accept("a", answer)
    await connected
    await exchange.hears(LinkUp("a"))
    await talk(a, b)


@pytest.mark.parametrize("setup", ["actpass", "active", "passive"])
async def test_the_dtls_role_of_an_offer(exchange: Exchange, setup: str) -> None:
    a = exchange.peer()
    answer = await exchange.plane.answer(
        "a", a.offer().replace("a=setup:actpass", f"a=setup:{setup}")
    )
    assert f"a=setup:{'active' if setup == 'passive' else 'passive'}\r\n" in answer
    a.take_answer(answer)
    await a.connect()
    await exchange.hears(LinkUp("a"))


async def test_a_renegotiation_keeps_the_dtls_role(exchange: Exchange) -> None:
    a, b = exchange.peer(), await exchange.join("b")
    answer = a.answer(await exchange.plane.offer("a"))  # the peer is active, the relay passive
    await exchange.plane.accept("a", answer)
    await a.connect()
    await exchange.hears(LinkUp("a"))
    exchange.plane.pair("a", "b")
    later = await exchange.plane.answer("a", answer.replace("a=setup:active", "a=setup:actpass"))
    assert "a=setup:passive" in later
    assert "a=setup:active" not in later
    await talk(a, b)


async def test_an_answer_that_fits_no_offer(exchange: Exchange) -> None:
    a = exchange.peer()
    sdp = a.offer().replace("a=setup:actpass", "a=setup:active")
    with pytest.raises(SdpError, match="without an offer"):
        await exchange.plane.accept("a", sdp)
    await exchange.plane.answer("a", a.offer())
    with pytest.raises(SdpError, match="without an offer"):
        await exchange.plane.accept("a", sdp)


async def test_an_unusable_answer_can_be_followed_by_a_usable_one(exchange: Exchange) -> None:
    a = exchange.peer()
    answer = a.answer(await exchange.plane.offer("a"))
    for sdp in ("", answer.replace("a=setup:active", "a=setup:actpass"), answer[:500]):
        with pytest.raises(SdpError):
            await exchange.plane.accept("a", sdp)
    await exchange.plane.accept("a", answer)
    await a.connect()
    await exchange.hears(LinkUp("a"))


async def test_a_fresh_offer_closes_the_former_link(exchange: Exchange) -> None:
    a = await exchange.join("a")
    await exchange.plane.offer("a")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    assert exchange.heard_nothing
    assert exchange.tables == {"addresses": 0, "ufrags": 1, "links": 1, "partners": 0}
