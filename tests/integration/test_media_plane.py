"""The media plane over real sockets, with thin peers that do real ICE, DTLS and SRTP."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import pytest
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80

from relay.bots import thin
from relay.media.meter import SAMPLE_S
from relay.media.packets.rtp import NUMBER
from relay.plane import LinkState
from relay.seam import LinkCertificate, srtp_profile_name
from tests.support.exchange import (
    CHROMIUM,
    FIREFOX,
    PATIENCE_S,
    Exchange,
    audio,
    exchange_media,
    hear,
    take,
    talk,
    video,
)
from tests.support.news import Flowing
from tests.support.packets import (
    DELTA,
    KEYFRAME,
    Rtp,
    block,
    nack,
    pli,
    read_rtcp,
    remb,
    rr,
    rtx,
    sdes,
    sr,
    transport_cc,
)

# a call


async def test_two_users_exchange_media(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await exchange_media(a, b)
    await exchange.hears(Flowing("b"), Flowing("a"))


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (SRTP_AEAD_AES_128_GCM, "SRTP_AEAD_AES_128_GCM"),
        (SRTP_AES128_CM_SHA1_80, "SRTP_AES128_CM_SHA1_80"),
    ],
    ids=["GCM", "CM"],
)
async def test_each_srtp_profile(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, profile: Any, name: str
) -> None:
    """A peer that offers one profile only talks to one that offers both."""
    certificate = LinkCertificate.generateCertificate()
    certificate._create_ssl_context([profile])
    with monkeypatch.context() as patch:
        patch.setattr(thin, "_certificate", lambda: certificate)
        a = await exchange.join("a", CHROMIUM)
    assert a._dtls is not None
    assert srtp_profile_name(a._dtls) == name
    b = await exchange.join("b", FIREFOX)
    exchange.plane.pair("a", "b")
    await talk(a, b)
    a.send_rtcp(sr(a.ssrcs.audio, 5) + sdes(a.ssrcs.audio, b"secret"))
    assert b"secret" not in await take(b.rtcp)


async def test_feedback_goes_both_ways(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    a.send_rtp(video(a, 7, elements=((3, b"\0\x09"),)))
    heard = await hear(b)
    ((_, number),) = heard.elements or ()
    asked = a.rtcp.get_nowait() if a.rtcp.qsize() else None
    assert asked is None, "the key frame came at once"
    b.send_rtcp(
        rr(b.ssrcs.video, block(heard.ssrc, heard.number))
        + nack(b.ssrcs.video, heard.ssrc, (heard.number, 3))
        + transport_cc(b.ssrcs.video, heard.ssrc, int.from_bytes(number, "big"))
        + remb(b.ssrcs.video, heard.ssrc)
    )
    report, feedback = read_rtcp(await take(a.rtcp))
    assert report.blocks == [(a.ssrcs.video, 7)]
    assert (feedback.media, feedback.fci[:2]) == (a.ssrcs.video, b"\0\x09")
    again = await hear(b)
    assert again.ssrc != heard.ssrc
    assert again.payload == heard.number.to_bytes(2) + heard.payload
    b.send_rtcp(pli(b.ssrcs.video, heard.ssrc))
    request = feedback
    while (request.kind, request.count) == (feedback.kind, feedback.count):  # b's own
        _, request = read_rtcp(await take(a.rtcp))
    assert (request.kind, request.count, request.media) == (206, 1, a.ssrcs.video)


async def test_a_key_frame_is_asked_for_until_it_comes(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    a.send_rtp(video(a, 1, DELTA))
    for _ in range(3):  # the plane's clock repeats it
        _, request = read_rtcp(await take(a.rtcp))
        assert (request.kind, request.count, request.media) == (206, 1, a.ssrcs.video)
    assert b.rtp.empty()
    a.send_rtp(video(a, 2, KEYFRAME))
    await hear(b)


async def test_a_running_stream_is_asked_when_the_pair_is_made(exchange: Exchange) -> None:
    a = await exchange.join("a")
    a.send_rtp(video(a, 1))
    await exchange.dropped("unpaired", 1)
    await exchange.join("b")
    exchange.plane.pair("a", "b")
    _, request = read_rtcp(await take(a.rtcp))
    assert (request.count, request.media) == (1, a.ssrcs.video)


async def test_tracks_and_counters(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    a.send_rtp(video(a, 1))
    a.send_rtp(video(a, 4, DELTA))
    a.send_rtp(rtx(a.ssrcs.rtx, 1, 2))
    for _ in range(3):
        await hear(b)
    (picture,) = [track for track in exchange.look().tracks if track.ssrc == a.ssrcs.video]
    assert (picture.user_id, picture.kind, picture.codec) == ("a", "video", "vp8")
    assert (picture.packets, picture.lost, picture.keyframes) == (2, 2, 1)
    stats = exchange.stats()
    assert (stats.links, stats.packets_forwarded) == (2, 3)
    assert stats.packets_received > 3
    restored = len(rtx(1, 1, 1)) - NUMBER.size
    assert stats.bytes_forwarded == len(video(a, 1)) + len(video(a, 4, DELTA)) + restored


# pairs


async def test_a_pair_is_made_as_soon_as_both_links_are_up(exchange: Exchange) -> None:
    exchange.plane.pair("a", "b")
    a = await exchange.join("a", CHROMIUM)
    a.send_rtp(audio(a, 1))
    await exchange.dropped("unpaired", 1)
    b = await exchange.join("b", FIREFOX)
    await talk(a, b, 2)


async def test_unpaired_users_hear_nothing(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    exchange.plane.unpair("b")
    exchange.plane.unpair("b")
    exchange.plane.unpair("nobody")
    a.send_rtp(audio(a, 2))
    b.send_rtp(audio(b, 2))
    await exchange.dropped("unpaired", 2)
    assert a.rtp.empty()
    assert b.rtp.empty()
    assert exchange.link_state("a") is LinkState.UP
    exchange.plane.pair("b", "a")
    await talk(a, b, 3)


async def test_swapped_partners_continue_one_stream(exchange: Exchange) -> None:
    users = {
        name: await exchange.join(name, numbering)
        for name, numbering in zip("abcd", (CHROMIUM, FIREFOX) * 2, strict=True)
    }
    seen: dict[str, list[Rtp]] = {name: [] for name in users}
    pairings = [("ab", "cd"), ("ac", "bd"), ("ad", "bc")] * 2
    for turn, rooms in enumerate(pairings):
        for room in rooms:
            exchange.plane.pair(*room)
        for one, other in [pair for room in rooms for pair in permutations(room, 2)]:
            sender = users[one]
            for step in range(3):
                number = turn * 7919 + step
                rtp_ts = turn * 1_000_003 + 3000 * step
                mark = KEYFRAME + f"{turn}{one}{step}".encode()
                sender.send_rtp(video(sender, number, mark, rtp_ts=rtp_ts))
                heard = await hear(users[other])
                assert heard.payload == mark
                seen[other].append(heard)
    for name, packets in seen.items():
        numbers = [packet.number for packet in packets]
        assert numbers == [(numbers[0] + n) & 0xFFFF for n in range(18)]
        assert {packet.ssrc for packet in packets} == {users[name].remote.video_ssrcs[0]}
        steps = [(b.rtp_ts - a.rtp_ts) & 0xFFFFFFFF for a, b in pairwise(packets)]
        assert all(0 < step < 90_000 * PATIENCE_S for step in steps)


async def test_pairing_anew_parts_the_former_pair(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    c = await exchange.join("c")
    exchange.plane.pair("c", "a")
    await talk(a, c)
    b.send_rtp(audio(b, 1))
    await exchange.dropped("unpaired", 1)
    assert exchange.tables["partners"] == 2


# operators


async def test_packets_go_first_while_somebody_looks_at_the_links(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.media.plane.LINKS_AT_ONCE", 1)
    a, b = await exchange.couple()
    await talk(a, b)
    before = exchange.stats().packets_forwarded
    a.send_rtp(audio(a, 10))
    assert exchange.look().stats.packets_forwarded == before + 1, "it did not wait"


async def test_each_link_has_its_own_moment_for_reading_counters(exchange: Exchange) -> None:
    await exchange.couple()
    links, now = exchange.plane._links, exchange.now()
    links["a"].sampled_at, links["b"].sampled_at = now, now - SAMPLE_S
    exchange.plane.tick()
    assert links["a"].sampled_at == now
    assert links["b"].sampled_at >= now
