"""Offers and answers, the user's and the relay's, first and later ones, over real sockets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from relay.errors import SdpError
from relay.media.uplink import MAX_STREAMS, TAKEOVER_S
from relay.plane import LinkState, LinkUp, MediaFlowing
from relay.seam import srtp_lib
from tests.support.media_house import (
    CHROMIUM,
    FIREFOX,
    PATIENCE_S,
    House,
    audio,
    hear,
    talk,
    video,
)
from tests.support.packets import rr, rtp

# negotiation


async def test_a_second_offer_of_the_same_peer_renegotiates(house: House) -> None:
    a, b = house.peer(CHROMIUM), await house.join("b", FIREFOX)
    offer = a.offer()
    first = await house.plane.answer("a", offer)
    a.take_answer(first)
    await a.connect()
    await house.hears(LinkUp("a"))
    house.plane.pair("a", "b")
    await talk(a, b)
    await house.hears(MediaFlowing("b"), MediaFlowing("a"))
    flows = house.plane._links["a"].uplink.flow, house.plane._links["a"].downlink.flow
    assert await house.plane.answer("a", offer) == first, "same link, SSRCs and credentials"
    await talk(a, b, 2)
    assert house.heard_nothing, "media flow on"
    assert flows == (house.plane._links["a"].uplink.flow, house.plane._links["a"].downlink.flow)
    assert house.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


async def test_a_renegotiation_may_stop_the_picture(house: House) -> None:
    a, b = house.peer(CHROMIUM), await house.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await house.plane.answer("a", offer))
    await a.connect()
    await house.hears(LinkUp("a"))
    house.plane.pair("a", "b")
    at = offer.index("m=video")
    half = offer[:at] + offer[at:].replace("a=sendrecv", "a=sendonly")
    assert "a=recvonly" in await house.plane.answer("a", half)
    b.send_rtp(video(b, 1))
    await house.dropped("unpaired", 1)
    await talk(a, b)
    await house.plane.answer("a", offer)
    b.send_rtp(video(b, 2))
    await hear(a)


async def test_an_unusable_offer_leaves_the_link_as_it_was(house: House) -> None:
    a, b = await house.couple()
    for sdp in ("", a.offer().replace("VP8", "x").replace("opus", "x"), "v=0\r\n" * 20_000):
        with pytest.raises(SdpError):
            await house.plane.answer("a", sdp)
    await talk(a, b)
    assert house.plane.link_state("a") is LinkState.UP


async def test_an_ice_restart(house: House) -> None:
    a, b = house.peer(CHROMIUM), await house.join("b", FIREFOX)
    offer = a.offer()
    first = await house.plane.answer("a", offer)
    a.take_answer(first)
    await a.connect()
    await house.hears(LinkUp("a"))
    house.plane.pair("a", "b")
    await talk(a, b)
    old = a.remote
    restarted = offer.replace(f"a=ice-ufrag:{a._local.ufrag}", "a=ice-ufrag:restarted")
    second = await house.plane.answer("a", restarted)
    await a.move()  # with the former credentials, which still count
    await talk(a, b, 2)
    a.take_answer(second)
    assert (a.remote.ufrag, a.remote.password) != (old.ufrag, old.password)
    assert (a.remote.audio_ssrcs, a.remote.video_ssrcs) == (old.audio_ssrcs, old.video_ssrcs)
    await a.move()
    await talk(a, b, 3)
    assert house.plane.link_state("a") is LinkState.UP
    house.plane.close_link("a")
    house.plane.close_link("b")
    assert house.tables["ufrags"] == 0


async def test_renegotiations_do_not_use_up_the_links_ssrcs(house: House) -> None:
    a, b = house.peer(CHROMIUM), await house.join("b", FIREFOX)
    offer = a.offer()
    a.take_answer(await house.plane.answer("a", offer))
    await a.connect()
    await house.hears(LinkUp("a"))
    house.plane.pair("a", "b")
    uplink = house.plane._links["a"].uplink
    for turn in range(1, 5 * MAX_STREAMS):
        await house.plane.answer("a", offer)
        house.skew_s += 2 * TAKEOVER_S
        for link in house.plane._links.values():
            link.checked_at = house.now()
        a.send_rtcp(rr(3000 + turn))
        a.send_rtp(rtp(2000 + turn, 1, payload_type=55))
        a.send_rtp(rtp(turn, 1, payload_type=111, payload=b"turn %d" % turn))
        assert (await hear(b)).payload == b"turn %d" % turn
    assert house.drops == {"unknown_payload_type": turn}
    assert list(uplink.streams) == [turn - 1, turn]
    keeps = [
        ssrc
        for ssrc in (*range(turn + 1), *range(2000, 2001 + turn), *range(3000, 3001 + turn))
        if srtp_lib.srtp_remove_stream(uplink.rx, socket.htonl(ssrc)) == 0
    ]
    assert keeps == [turn - 1, turn, 2000 + turn, 3000 + turn], "SRTP has forgotten as well"


async def test_a_new_peer_replaces_the_users_link(house: House) -> None:
    a, b = await house.couple()
    await talk(a, b)
    await house.hears(MediaFlowing("b"), MediaFlowing("a"))
    again = house.peer(FIREFOX)
    again.take_answer(await house.plane.answer("a", again.offer()))
    assert house.plane.link_state("a") is LinkState.CONNECTING
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    b.send_rtp(audio(b, 2))
    await house.dropped("unpaired", 1)
    await again.connect()
    await house.hears(LinkUp("a"))
    await talk(again, b, 3)
    await house.hears(MediaFlowing("b"), MediaFlowing("a"))
    assert house.heard_nothing, "nobody is told that the former link has gone"
    assert house.tables == {"addresses": 2, "ufrags": 2, "links": 2, "partners": 2}


@pytest.mark.parametrize("role", ["active", "passive"])
async def test_the_relays_own_offer(house: House, role: str) -> None:
    b = await house.join("b", FIREFOX)
    house.plane.pair("a", "b")
    a = house.peer()
    offer = await house.plane.offer("a")
    assert house.plane.link_state("a") is LinkState.CONNECTING
    if role == "passive":
        answer = a.answer(offer.replace("a=setup:actpass", "a=setup:active"))
        answer = answer.replace("a=setup:active", "a=setup:passive")
    else:
        answer = a.answer(offer)
    connected = asyncio.create_task(a.connect())  # its checks may come before its answer
    await house.plane.accept("a", answer)
    await connected
    await house.hears(LinkUp("a"))
    await talk(a, b)


@pytest.mark.parametrize("setup", ["actpass", "active", "passive"])
async def test_the_dtls_role_of_an_offer(house: House, setup: str) -> None:
    a = house.peer()
    answer = await house.plane.answer("a", a.offer().replace("a=setup:actpass", f"a=setup:{setup}"))
    assert f"a=setup:{'active' if setup == 'passive' else 'passive'}\r\n" in answer
    a.take_answer(answer)
    await a.connect()
    await house.hears(LinkUp("a"))


async def test_a_renegotiation_keeps_the_dtls_role(house: House) -> None:
    a, b = house.peer(), await house.join("b")
    answer = a.answer(await house.plane.offer("a"))  # the peer is active, the relay passive
    await house.plane.accept("a", answer)
    await a.connect()
    await house.hears(LinkUp("a"))
    house.plane.pair("a", "b")
    later = await house.plane.answer("a", answer.replace("a=setup:active", "a=setup:actpass"))
    assert "a=setup:passive" in later
    assert "a=setup:active" not in later
    await talk(a, b)


async def test_an_answer_that_fits_no_offer(house: House) -> None:
    a = house.peer()
    sdp = a.offer().replace("a=setup:actpass", "a=setup:active")
    with pytest.raises(SdpError, match="without an offer"):
        await house.plane.accept("a", sdp)
    await house.plane.answer("a", a.offer())
    with pytest.raises(SdpError, match="without an offer"):
        await house.plane.accept("a", sdp)


async def test_an_unusable_answer_can_be_followed_by_a_usable_one(house: House) -> None:
    a = house.peer()
    answer = a.answer(await house.plane.offer("a"))
    for sdp in ("", answer.replace("a=setup:active", "a=setup:actpass"), answer[:500]):
        with pytest.raises(SdpError):
            await house.plane.accept("a", sdp)
    await house.plane.accept("a", answer)
    await a.connect()
    await house.hears(LinkUp("a"))


async def test_a_fresh_offer_closes_the_former_link(house: House) -> None:
    a = await house.join("a")
    await house.plane.offer("a")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    assert house.heard_nothing
    assert house.tables == {"addresses": 0, "ufrags": 1, "links": 1, "partners": 0}
