"""How links and the plane begin and end: addresses, consent, goodbyes, start and close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from structlog.testing import capture_logs

from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.media import RelayPlane
from relay.media.paths.batch import open_socket
from relay.media.paths.idle import IdleCores
from relay.media.paths.transport import DatagramSocket, PlainSocket
from relay.media.upkeep import CONSENT_S, SETUP_S
from relay.plane import LinkLost, LinkState, LinkUp, MediaEvent, MediaFlowing
from relay.seam import gather_loopback_too
from tests.support.media_house import (
    PATIENCE_S,
    House,
    audio,
    talk,
    until,
)
from tests.support.packets import (
    check,
)

# idle cores


async def test_idle_cores_are_kept_awake_while_there_are_calls(tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.touch()
    cores = IdleCores(device)
    house = House(idle_cores=cores)
    await house.plane.start()
    house.plane.pair("a", "b")
    house.plane.tick()
    awake = device.read_bytes()
    house.plane.unpair("b")
    house.plane.tick()
    assert device.read_bytes() == awake + b"\xff" * 4, "none is left, so they may sleep"
    assert awake == bytes(4)
    await house.close()
    cores.close()


# addresses and consent


async def test_a_call_survives_a_move(house: House) -> None:
    a, b = await house.couple()
    await talk(a, b)
    for number in (2, 3):
        before = a.address
        await a.move()
        assert a.address != before
        await talk(a, b, number)
    assert house.tables["addresses"] == 2


async def test_a_peer_that_is_silent_for_30_s_is_lost(house: House) -> None:
    a, b = await house.couple()
    await talk(a, b)
    await house.hears(MediaFlowing("b"), MediaFlowing("a"))
    house.skew_s += CONSENT_S - 1
    house.plane.tick()
    assert house.heard_nothing
    b.send_raw(check(f"{b.remote.ufrag}:x", b.remote.password))
    await until(lambda: house.plane._links["b"].checked_at > house.now() - 1)
    house.skew_s += 1.5
    house.plane.tick()
    await house.hears(LinkLost("a", "silent"))
    assert house.plane.link_state("a") is LinkState.NONE
    assert house.plane.link_state("b") is LinkState.UP
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    house.skew_s += CONSENT_S + 1
    house.plane.tick()
    await house.hears(LinkLost("b", "silent"))
    house.plane.unpair("a")
    assert set(house.tables.values()) == {0}


async def test_a_link_that_nobody_comes_to_is_lost(house: House) -> None:
    await house.plane.answer("a", house.peer().offer())
    await house.plane.offer("b")
    assert house.plane.link_state("a") is LinkState.CONNECTING
    house.skew_s += CONSENT_S + 1
    house.plane.tick()
    await house.hears(LinkLost("a", "silent"), LinkLost("b", "silent"))
    assert set(house.tables.values()) == {0}


async def test_a_link_that_does_not_come_up_is_given_up_whatever_checks_come(house: House) -> None:
    a, b = house.peer(), await house.join("b")
    a.take_answer(await house.plane.answer("a", a.offer()))
    for _ in range(2):
        house.skew_s += SETUP_S / 2 - 1
        await checks(house, a, "a")
        await checks(house, b, "b")
        house.plane.tick()
        assert house.heard_nothing, "it has its time"
    house.skew_s += 3
    await checks(house, a, "a")
    house.plane.tick()
    await house.hears(LinkLost("a", "failed"))
    assert house.plane.stats().link_losses["failed"] == 1
    assert house.tables == {"addresses": 1, "ufrags": 1, "links": 1, "partners": 0}


async def checks(house: House, peer: ThinPeer, user: str) -> None:
    """A check comes, and nothing else."""
    since = house.now()
    peer.send_raw(check(f"{peer.remote.ufrag}:x", peer.remote.password))
    await until(lambda: house.plane._links[user].checked_at >= since)


async def test_goodbye_ends_a_link(house: House) -> None:
    a, b = await house.couple()
    await a.close()
    await house.hears(LinkLost("a", "closed"))
    assert house.tables == {"addresses": 1, "ufrags": 1, "links": 1, "partners": 2}
    b.send_rtp(audio(b, 1))
    await house.dropped("unpaired", 1)
    house.plane.unpair("b")
    assert house.tables["partners"] == 0


async def test_a_peer_that_thinks_it_is_controlled_learns_that_it_is_not(house: House) -> None:
    """As one does that answers and does not know that the relay is ICE-lite."""
    offer = await house.plane.offer("a")
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
        await house.plane.accept("a", stock.localDescription.sdp)
        await house.hears(LinkUp("a"))
        assert house.drops["stun_refused"] >= 1
        await until(lambda: stock.connectionState == "connected")
    finally:
        await stock.close()


async def test_a_wrong_certificate_fails(house: House) -> None:
    peer = house.peer()
    offer = peer.offer()
    fingerprint = offer.split("a=fingerprint:sha-256 ")[1][:95]
    other = ("00" if fingerprint[:2] != "00" else "11") + fingerprint[2:]
    peer.take_answer(await house.plane.answer("a", offer.replace(fingerprint, other)))
    connecting = asyncio.create_task(peer.connect())
    await until(lambda: house.drops.get("dtls_invalid", 0) > 0)
    assert house.heard_nothing, "whoever sent that certificate, the peer's own may come"
    house.skew_s += SETUP_S / 2
    await checks(house, peer, "a")
    house.skew_s += SETUP_S / 2
    await house.hears(LinkLost("a", "failed"))
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
    assert set(house.tables.values()) == {0}


async def test_a_vanished_peers_port_does_not_disturb_the_others(house: House) -> None:
    a, b = await house.couple()
    c, d = await house.join("c"), await house.join("d")
    house.plane.pair("c", "d")
    await talk(a, b)
    await b.vanish()
    for number in range(2, 50):  # each gets an ICMP error back
        a.send_rtp(audio(a, number))
    await talk(c, d)
    assert house.plane.link_state("b") is LinkState.UP


# the end


async def test_nothing_is_left_when_everybody_has_gone(house: House) -> None:
    a, b = await house.couple()
    await talk(a, b)
    house.plane.unpair("a")
    house.plane.close_link("a")
    house.plane.close_link("a")
    house.plane.close_link("nobody")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    await b.close()
    await house.hears(MediaFlowing("b"), MediaFlowing("a"), LinkLost("b", "closed"))
    assert set(house.tables.values()) == {0}
    assert house.plane.tracks() == []
    assert house.plane.stats().links == 0


async def test_no_event_follows_a_closed_link(house: House) -> None:
    a = await house.join("a")
    house.plane.close_link("a")
    async with asyncio.timeout(PATIENCE_S):
        await a.closed.wait()
    await house.join("b")
    assert house.heard_nothing
    assert house.plane.link_state("a") is LinkState.NONE


async def test_late_news_of_a_former_link_are_none(house: House) -> None:
    """A task whose cancellation was swallowed may still speak once."""
    await house.join("a")
    former = house.plane._links["a"]
    house.plane.close_link("a")
    house.plane._came_up(former)
    house.plane._was_lost(former, "closed")
    assert house.heard_nothing
    await house.join("a")
    house.plane._was_lost(former, "closed")
    assert house.heard_nothing
    assert house.plane.link_state("a") is LinkState.UP


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, 5, 6, 8, 11, 16])
async def test_closing_while_handshakes_are_under_way(house: House, turns: int) -> None:
    """Whatever stage they are in: a cancellation that is swallowed must not be waited for."""
    peers = [house.peer() for _ in range(3)]
    for index, peer in enumerate(peers):
        peer.take_answer(await house.plane.answer(f"user {index}", peer.offer()))
    connecting = [asyncio.create_task(peer.connect(0.2)) for peer in peers[:2]]
    for _ in range(turns):
        await asyncio.sleep(0)
    events = house.events.qsize()
    async with asyncio.timeout(PATIENCE_S):
        await house.plane.close()
    assert house.events.qsize() == events, "nothing is told of closed links"
    for result in await asyncio.gather(*connecting, return_exceptions=True):
        assert result is None or isinstance(result, BotError)


async def test_a_listener_that_fails_harms_nobody(house: House) -> None:
    """Neither other listeners, nor the batch in which packets come, nor the clock."""
    former, house.plane._listeners = house.plane._listeners, []

    def fail(event: MediaEvent) -> None:
        raise RuntimeError(f"a listener's bug at {event}")

    house.plane.subscribe(fail)
    house.plane._listeners += former
    with capture_logs() as logs:
        a, b = await house.couple()
        await talk(a, b)
        await house.hears(MediaFlowing("b"), MediaFlowing("a"))
        house.skew_s += CONSENT_S + 1
        await house.hears(LinkLost("a", "silent"), LinkLost("b", "silent"))  # the clock's own tick
    crashes = [entry for entry in logs if entry["event"] == "listener_crashed"]
    told = [(entry["user"], entry["told"]) for entry in crashes]
    assert sorted(told) == sorted(
        (u, t) for u in "ab" for t in ("LinkUp", "MediaFlowing", "LinkLost")
    )
    assert all(entry["exc_info"] for entry in crashes)
    watcher = house.plane._watcher
    assert watcher is not None
    assert not watcher.done()


async def call(host: str, **options: Any) -> None:
    """A whole call on a plane of its own."""
    house = House(host, **options)
    await house.plane.start()
    try:
        a, b = await house.couple()
        await talk(a, b)
        await a.move()
        await talk(a, b, 2)
        await a.close()
        await house.hears(MediaFlowing("b"), MediaFlowing("a"), LinkLost("a", "closed"))
    finally:
        await house.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_call_on_a_platform_without_batches() -> None:
    await call("127.0.0.1", bind=PlainSocket)


@pytest.mark.parametrize("bind", [PlainSocket, open_socket])
async def test_a_call_of_ipv4_peers_on_a_socket_for_both(
    bind: Callable[[str, int], DatagramSocket],
) -> None:
    try:
        bind("::", 0).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    await call("::", public_ip="127.0.0.1", bind=bind)


def test_a_call_on_uvloop() -> None:
    """The event loop that serves."""
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(call("127.0.0.1"))


async def test_a_plane_that_is_not_started_says_so() -> None:
    plane = RelayPlane("127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="not started"):
        plane.stats()
    with pytest.raises(RuntimeError, match="not started"):
        _ = plane.udp_port
    await plane.close()


async def test_a_port_that_is_taken(house: House) -> None:
    second = RelayPlane("127.0.0.1", house.plane.udp_port)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.close()


@pytest.mark.parametrize(
    ("host", "public_ip", "announced"),
    [
        ("127.0.0.1", None, ["127.0.0.1"]),
        ("127.0.0.1", "203.0.113.9", ["203.0.113.9"]),
        ("0.0.0.0", "203.0.113.9", ["203.0.113.9"]),
    ],
)
async def test_the_announced_addresses(
    host: str, public_ip: str | None, announced: list[str]
) -> None:
    plane = RelayPlane(host, 0, public_ip)
    await plane.start()
    offer = await plane.offer("a")
    lines = [line.split() for line in offer.splitlines() if line.startswith("a=candidate")]
    assert [line[4] for line in lines] == announced * 2
    assert {line[5] for line in lines} == {str(plane.udp_port)}
    await plane.close()


async def test_every_address_is_announced_loopback_last() -> None:
    plane = RelayPlane("0.0.0.0", 0)
    await plane.start()
    offer = await plane.offer("a", is_local=True)
    hosts = [line.split()[4] for line in offer.splitlines() if line.startswith("a=candidate")]
    assert "127.0.0.1" in hosts
    assert not [host for host in hosts if ":" in host], "the socket takes IPv4 only"
    assert hosts[-1].startswith("127.")
    await plane.close()
