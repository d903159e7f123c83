"""How links and the plane begin and end: addresses, consent, goodbyes, start and close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from structlog.testing import capture_logs

from relay.errors import BotError
from relay.media.paths.candidates import Public
from relay.media.paths.dual import open_socket
from relay.media.paths.idle import IdleCores
from relay.media.paths.transport import DatagramSocket, PlainSocket
from relay.media.plane import RelayPlane
from relay.media.upkeep import CONSENT_S, SETUP_S
from relay.plane import LinkState, MediaEvent, MediaView
from relay.seam import gather_loopback_too
from tests.support.exchange import (
    PATIENCE_S,
    Exchange,
    audio,
    talk,
    until,
)
from tests.support.families import needs_ipv6
from tests.support.news import Flowing, Lost, Up
from tests.support.packets import (
    check,
)
from tests.support.thin import ThinPeer

# idle cores


async def test_idle_cores_are_kept_awake_while_there_are_calls(tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.touch()
    cores = IdleCores(device)
    exchange = Exchange(idle_cores=cores)
    await exchange.plane.start()
    exchange.plane.pair("a", "b")
    exchange.plane.tick()
    awake = device.read_bytes()
    exchange.plane.unpair("b")
    exchange.plane.tick()
    assert device.read_bytes() == awake + b"\xff" * 4, "none is left, so they may sleep"
    assert awake == bytes(4)
    await exchange.close()
    cores.close()


# addresses and consent


async def test_a_call_survives_a_move(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    for number in (2, 3):
        before = a.address
        await a.move()
        assert a.address != before
        await talk(a, b, number)
    assert exchange.tables["addresses"] == 2


async def test_a_peer_that_is_silent_for_36_s_is_lost(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    await exchange.hears(Flowing("b"), Flowing("a"))
    exchange.skew_s += CONSENT_S - 1
    exchange.plane.tick()
    assert exchange.heard_nothing
    b.send_raw(check(f"{b.remote.ufrag}:x", b.remote.password))
    await until(lambda: exchange.plane._links["b"].checked_at > exchange.now() - 1)
    exchange.skew_s += 1.5
    exchange.plane.tick()
    await exchange.hears(Lost("a", "silent"))
    assert exchange.link_state("a") is LinkState.NONE
    assert exchange.link_state("b") is LinkState.UP
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    exchange.skew_s += CONSENT_S + 1
    exchange.plane.tick()
    await exchange.hears(Lost("b", "silent"))
    exchange.plane.unpair("a")
    assert set(exchange.tables.values()) == {0}


async def test_a_link_that_nobody_comes_to_is_lost(exchange: Exchange) -> None:
    await exchange.answer("a", exchange.peer().offer())
    await exchange.offer("b")
    assert exchange.link_state("a") is LinkState.CONNECTING
    exchange.skew_s += CONSENT_S + 1
    exchange.plane.tick()
    await exchange.hears(Lost("a", "silent"), Lost("b", "silent"))
    assert set(exchange.tables.values()) == {0}


async def test_a_link_that_does_not_come_up_is_given_up_whatever_checks_come(
    exchange: Exchange,
) -> None:
    a, b = exchange.peer(), await exchange.join("b")
    exchange.stop_time()  # a busy machine takes its own
    a.take_answer(await exchange.answer("a", a.offer()))
    for _ in range(2):
        exchange.skew_s += SETUP_S / 2 - 5
        await checks(exchange, a, "a")
        await checks(exchange, b, "b")
        exchange.plane.tick()
        assert exchange.heard_nothing, "it has its time"
    exchange.skew_s += 11
    await checks(exchange, a, "a")
    exchange.plane.tick()
    await exchange.hears(Lost("a", "failed"))
    assert exchange.stats().link_losses["failed"] == 1
    assert exchange.tables == {"addresses": 1, "ufrags": 1, "links": 1, "partners": 0}


async def checks(exchange: Exchange, peer: ThinPeer, user: str) -> None:
    """A check comes, and nothing else, unless the plane's own clock ends the link before."""
    since, links = exchange.now(), exchange.plane._links
    peer.send_raw(check(f"{peer.remote.ufrag}:x", peer.remote.password))
    await until(lambda: user not in links or links[user].checked_at >= since)


async def test_goodbye_ends_a_link(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await a.close()
    await exchange.hears(Lost("a", "closed"))
    assert exchange.tables == {"addresses": 1, "ufrags": 1, "links": 1, "partners": 2}
    b.send_rtp(audio(b, 1))
    await exchange.dropped("unpaired", 1)
    exchange.plane.unpair("b")
    assert exchange.tables["partners"] == 0


async def test_a_peer_that_thinks_it_is_controlled_learns_that_it_is_not(
    exchange: Exchange,
) -> None:
    """As one does that answers and does not know that the relay is ICE-lite."""
    offer = await exchange.offer("a")
    assert "a=ice-lite\r\n" in offer
    stock = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    try:
        await stock.setRemoteDescription(
            RTCSessionDescription(offer.replace("a=ice-lite\r\n", ""), "offer")
        )
        gather_loopback_too(stock)
        await stock.setLocalDescription(await stock.createAnswer())
        await exchange.plane.accept("a", stock.localDescription.sdp)
        await exchange.hears(Up("a"))
        assert exchange.drops["stun_refused"] >= 1
        await until(lambda: stock.connectionState == "connected")
    finally:
        await stock.close()


async def test_a_wrong_certificate_fails(exchange: Exchange) -> None:
    peer = exchange.peer()
    offer = peer.offer()
    fingerprint = offer.split("a=fingerprint:sha-256 ")[1][:95]
    other = ("00" if fingerprint[:2] != "00" else "11") + fingerprint[2:]
    peer.take_answer(await exchange.answer("a", offer.replace(fingerprint, other)))
    connecting = asyncio.create_task(peer.connect())
    await until(lambda: exchange.drops.get("dtls_invalid", 0) > 0)
    assert exchange.heard_nothing, "whoever sent that certificate, the peer's own may come"
    exchange.skew_s += SETUP_S / 2
    await checks(exchange, peer, "a")
    exchange.skew_s += SETUP_S / 2
    await exchange.hears(Lost("a", "failed"))
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
    assert set(exchange.tables.values()) == {0}


async def test_a_vanished_peers_port_does_not_disturb_the_others(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    c, d = await exchange.join("c"), await exchange.join("d")
    exchange.plane.pair("c", "d")
    await talk(a, b)
    await b.vanish()
    for number in range(2, 50):  # each gets an ICMP error back
        a.send_rtp(audio(a, number))
    await talk(c, d)
    assert exchange.link_state("b") is LinkState.UP


# the end


async def test_nothing_is_left_when_everybody_has_gone(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    exchange.plane.unpair("a")
    exchange.plane.close_link("a")
    exchange.plane.close_link("a")
    exchange.plane.close_link("nobody")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    await b.close()
    await exchange.hears(Flowing("b"), Flowing("a"), Lost("b", "closed"))
    assert set(exchange.tables.values()) == {0}
    assert exchange.look().tracks == []
    assert exchange.stats().links == 0


async def test_no_event_follows_a_closed_link(exchange: Exchange) -> None:
    a = await exchange.join("a")
    exchange.plane.close_link("a")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    await exchange.join("b")
    assert exchange.heard_nothing
    assert exchange.link_state("a") is LinkState.NONE


async def test_late_news_of_a_former_link_are_none(exchange: Exchange) -> None:
    """A task whose cancellation was swallowed may still speak once."""
    await exchange.join("a")
    former = exchange.plane._links["a"]
    exchange.plane.close_link("a")
    exchange.plane._came_up(former)
    exchange.plane._was_lost(former, "closed")
    assert exchange.heard_nothing
    await exchange.join("a")
    exchange.plane._was_lost(former, "closed")
    assert exchange.heard_nothing
    assert exchange.link_state("a") is LinkState.UP


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, 5, 6, 8, 11, 16])
async def test_closing_while_handshakes_are_under_way(exchange: Exchange, turns: int) -> None:
    """Whatever stage they are in: a cancellation that is swallowed must not be waited for."""
    peers = [exchange.peer() for _ in range(3)]
    for index, peer in enumerate(peers):
        peer.take_answer(await exchange.answer(f"user {index}", peer.offer()))
    connecting = [asyncio.create_task(peer.connect(0.2)) for peer in peers[:2]]
    for _ in range(turns):
        await asyncio.sleep(0)
    events = exchange.events.qsize()
    async with asyncio.timeout(PATIENCE_S):
        await exchange.plane.close()
    assert exchange.events.qsize() == events, "nothing is told of closed links"
    for result in await asyncio.gather(*connecting, return_exceptions=True):
        assert result is None or isinstance(result, BotError)


async def test_a_listener_that_fails_harms_nobody(exchange: Exchange) -> None:
    """Neither other listeners, nor the batch in which packets come, nor the clock."""
    listeners = exchange.plane._listeners._all
    former = list(listeners)
    listeners.clear()

    def fail(event: MediaEvent) -> None:
        raise RuntimeError(f"a listener's bug at {event}")

    exchange.plane.subscribe(fail)
    listeners += former
    with capture_logs() as logs:
        a, b = await exchange.couple()
        await talk(a, b)
        await exchange.hears(Flowing("b"), Flowing("a"))
        exchange.skew_s += CONSENT_S + 1
        await exchange.hears(Lost("a", "silent"), Lost("b", "silent"))  # the clock's own tick
    crashes = [entry for entry in logs if entry["event"] == "listener_crashed"]
    told = [(entry["user"], entry["told"]) for entry in crashes]
    assert sorted(told) == sorted(
        (u, t) for u in "ab" for t in ("LinkUp", "MediaFlowing", "LinkLost")
    )
    assert all(entry["exc_info"] for entry in crashes)
    assert exchange.plane._ticking.is_armed, "the two are still paired"


async def call(host: str, **options: Any) -> None:
    """A whole call on a plane of its own."""
    exchange = Exchange(host, **options)
    await exchange.plane.start()
    try:
        a, b = await exchange.couple()
        await talk(a, b)
        await a.move()
        await talk(a, b, 2)
        await a.close()
        await exchange.hears(Flowing("b"), Flowing("a"), Lost("a", "closed"))
    finally:
        await exchange.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_call_on_a_platform_without_batches() -> None:
    await call("127.0.0.1", bind=PlainSocket)


@needs_ipv6
@pytest.mark.parametrize("bind", [PlainSocket, open_socket])
async def test_a_call_of_ipv4_peers_on_a_socket_for_both(
    bind: Callable[[str, int], DatagramSocket],
) -> None:
    await call("::", public=Public(("127.0.0.1",)), bind=bind)


def test_a_call_on_uvloop() -> None:
    """The event loop that serves."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(call("127.0.0.1"))


async def test_a_plane_that_is_not_started_says_so() -> None:
    plane = RelayPlane("127.0.0.1", 0)
    assert await plane.look() == MediaView()
    with pytest.raises(RuntimeError, match="not started"):
        _ = plane.udp_port
    await plane.close()


async def test_a_port_that_is_taken(exchange: Exchange) -> None:
    second = RelayPlane("127.0.0.1", exchange.plane.udp_port)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.close()


@pytest.mark.parametrize(
    ("host", "public", "announced"),
    [
        ("127.0.0.1", Public(), ["127.0.0.1"]),
        ("127.0.0.1", Public(("203.0.113.9",)), ["203.0.113.9"]),
        ("0.0.0.0", Public(("203.0.113.9", "203.0.113.8")), ["203.0.113.9", "203.0.113.8"]),
        ("0.0.0.0", Public(("203.0.113.9",), 443), ["203.0.113.9"]),
        ("::", Public(("2001:db8::9", "203.0.113.9")), ["2001:db8::9", "203.0.113.9"]),
    ],
)
async def test_the_announced_addresses(host: str, public: Public, announced: list[str]) -> None:
    plane = RelayPlane(host, 0, public)
    await plane.start()
    offer = (await plane.offer("a")).sdp
    lines = [line.split() for line in offer.splitlines() if line.startswith("a=candidate")]
    assert [line[4] for line in lines] == announced * 2
    assert {line[5] for line in lines} == {str(public.port or plane.udp_port)}
    await plane.close()


async def test_every_address_is_announced_loopback_last() -> None:
    plane = RelayPlane("0.0.0.0", 0)
    await plane.start()
    offer = (await plane.offer("a", is_local=True)).sdp
    hosts = [line.split()[4] for line in offer.splitlines() if line.startswith("a=candidate")]
    assert "127.0.0.1" in hosts
    assert not [host for host in hosts if ":" in host], "the socket takes IPv4 only"
    assert hosts[-1].startswith("127.")
    await plane.close()
