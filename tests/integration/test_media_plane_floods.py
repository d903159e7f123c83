"""One user floods the relay over real sockets: another pair's packets all arrive.

What was dropped is counted, and the floods are bounded; nothing here looks at how long it took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from relay.bots.checks import write_check
from relay.media.budget import MAX_MESSAGES, OF_LINK, RTP_COST
from tests.support.exchange import Exchange, audio, talk, until, video
from tests.support.news import Flowing, Over
from tests.support.packets import DELTA, nack, pli, read_rtp, rr
from tests.support.thin import ThinPeer

FLOOD = 3000
AT_ONCE = 100
"""So many are sent before the relay has its turn, so that the system's buffers lose none."""


@pytest.fixture
async def room(exchange: Exchange) -> tuple[ThinPeer, ThinPeer]:
    """The flooder and its partner, who hear each other; beside a and b, who do too."""
    mallory, partner = await exchange.join("mallory"), await exchange.join("partner")
    exchange.plane.pair("mallory", "partner")
    await talk(mallory, partner)
    await exchange.hears(Flowing("mallory"), Flowing("partner"))
    partner.send_rtp(video(partner, 100))
    return mallory, partner


async def flood(
    exchange: Exchange, send: Callable[[int], None], beside: tuple[ThinPeer, ThinPeer]
) -> None:
    """Have much sent, and in between the pair beside talk; all of it arrives at the relay.

    No time passes, or a slow machine would be allowed more.
    """
    exchange.stop_time()
    for at in range(0, FLOOD, AT_ONCE):
        before = exchange.stats().packets_received
        for number in range(at, at + AT_ONCE):
            send(number)
        await until(lambda: exchange.stats().packets_received >= before + AT_ONCE)  # noqa: B023
        await talk(*beside, 2 + at // AT_ONCE)


async def test_rtcp_of_110_messages(exchange: Exchange, room: tuple[ThinPeer, ThinPeer]) -> None:
    beside = await exchange.couple()
    mallory, _ = room
    compound = rr(mallory.ssrcs.audio) + pli(mallory.ssrcs.audio, 1) * 110
    assert MAX_MESSAGES < 110
    await flood(exchange, lambda _: mallory.send_rtcp(compound), beside)
    assert exchange.drops["rtcp_over_budget"] == FLOOD
    assert over(exchange) == {"mallory": ("rtcp",)}


async def test_a_check_repeated(exchange: Exchange, room: tuple[ThinPeer, ThinPeer]) -> None:
    beside = await exchange.couple()
    mallory, _ = room
    check = write_check(mallory.ice.credentials, b"the same one", 7, controlling=True)
    await flood(exchange, lambda _: mallory.send_raw(check), beside)
    assert FLOOD / 2 < exchange.drops["checks_over_budget"] < FLOOD
    assert over(exchange) == {"mallory": ("checks",)}


async def test_packets(exchange: Exchange, room: tuple[ThinPeer, ThinPeer]) -> None:
    beside = await exchange.couple()
    mallory, partner = room
    heard = 0

    def send(number: int) -> None:
        nonlocal heard
        while not partner.rtp.empty():
            heard += 1
            partner.rtp.get_nowait()
        mallory.send_rtp(audio(mallory, 2 + number, payload=bytes(1000)))

    await flood(exchange, send, beside)
    dropped = exchange.drops["rtp_over_budget"]
    may = OF_LINK["rtp"].at_once / (1000 + RTP_COST)
    assert 0 < dropped < FLOOD - 0.8 * may
    assert heard <= FLOOD - dropped
    assert over(exchange) == {"mallory": ("rtp",)}


async def test_numbers_asked_for_again(exchange: Exchange, room: tuple[ThinPeer, ThinPeer]) -> None:
    beside = await exchange.couple()
    mallory, partner = room
    for number in range(101, 140):
        partner.send_rtp(video(partner, number, DELTA))
    seen = read_rtp(await asyncio.wait_for(mallory.rtp.get(), 10))
    asked = nack(mallory.ssrcs.audio, seen.ssrc, *[(seen.number, 0xFFFF)] * 20)
    compound = rr(mallory.ssrcs.audio) + asked
    await flood(exchange, lambda _: mallory.send_rtcp(compound), beside)
    drops = exchange.drops
    assert drops["nacks_over_budget"] > 0
    assert drops["rtcp_over_budget"] > 0
    assert over(exchange) == {"mallory": ("nacks", "rtcp")}


async def test_dtls(exchange: Exchange, room: tuple[ThinPeer, ThinPeer]) -> None:
    beside = await exchange.couple()
    mallory, partner = room
    junk = b"\x16\xfe\xfd" + bytes(497)
    await flood(exchange, lambda _: mallory.send_raw(junk), beside)
    assert exchange.drops["dtls_over_budget"] > FLOOD / 2
    await talk(mallory, partner, 5000)


async def test_forgeries(exchange: Exchange, room: tuple[ThinPeer, ThinPeer]) -> None:
    beside = await exchange.couple()
    mallory, partner = room
    genuine = mallory._sessions()[1].protect(audio(mallory, 4000))
    forged = genuine[:-1] + bytes([genuine[-1] ^ 1])
    await flood(exchange, lambda _: mallory.send_raw(forged), beside)
    drops = exchange.drops
    assert drops["authentication"] + drops.get("authentication_over_budget", 0) == FLOOD
    assert drops["authentication"] >= 1000
    exchange.skew_s += 1
    exchange.plane.tick()
    await until(lambda: exchange.plane._links["mallory"].budget.rtp > 0)
    await talk(mallory, partner, 4001)


async def test_handshakes_of_a_crowd_wait_and_a_pair_talks_on(exchange: Exchange) -> None:
    beside = await exchange.couple()
    await talk(*beside)
    crowd = [exchange.peer() for _ in range(60)]
    for number, peer in enumerate(crowd):
        peer.take_answer(await exchange.answer(f"u{number}", peer.offer()))
    joining = asyncio.gather(*(peer.connect() for peer in crowd))
    number = 2
    while not joining.done():
        await talk(*beside, number)
        number += 1
        await asyncio.sleep(0.01)  # as fast as it goes would be more than a user may send
    await joining
    assert len(exchange.plane._links) == 62
    assert exchange.drops.get("dtls_over_budget", 0) == 0


async def test_who_goes_on_for_long_is_told_of(
    exchange: Exchange, room: tuple[ThinPeer, ThinPeer]
) -> None:
    mallory, _ = room
    compound = rr(mallory.ssrcs.audio) + pli(mallory.ssrcs.audio, 1) * 110
    while exchange.heard_nothing:
        dropped = exchange.drops.get("rtcp_over_budget", 0)
        mallory.send_rtcp(compound)
        await until(lambda: exchange.drops.get("rtcp_over_budget", 0) > dropped)  # noqa: B023
        exchange.plane.tick()
    await exchange.hears(Over("mallory", "rtcp"))


def over(exchange: Exchange) -> dict[str, tuple[str, ...]]:
    """Who is over which budget, as operators see it."""
    return {link.user_id: link.over_budget for link in exchange.look().links if link.over_budget}
