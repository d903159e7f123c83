"""A capture's bytes."""

import pytest

from relay.plane import Direction, TappedPacket
from relay.taps import pcapng
from relay.taps.capture import STATISTICS_INTERVAL_S, Capture, captured
from relay.taps.workshop import Workshop, packed
from tests.support.fake_plane import FakePlane
from tests.support.packets import rtp
from tests.support.pcapng import read_pcapng

DATA = rtp(7, 1, payload=b"what they say", elements=((1, b"abc"),))
HEADER_BYTES = 20
USER, RELAY = ("192.0.2.1", 5004), ("198.51.100.1", 5004)


def test_a_packet_is_what_it_was() -> None:
    at_us = 1_795_657_172_249_482
    data = pcapng.header("l1", "a comment") + pcapng.packet(Direction.UP, at_us, DATA, len(DATA))
    found = read_pcapng(data)
    assert {"a comment", "link l1"} <= set(found.texts)
    [datagram] = found.datagrams
    assert (datagram.at_us, datagram.payload, datagram.inbound) == (at_us, DATA, True)
    assert (datagram.source, datagram.destination) == (USER, RELAY)


def test_directions() -> None:
    data = pcapng.header("l1", "") + pcapng.packet(Direction.DOWN, 0, DATA, len(DATA))
    [datagram] = read_pcapng(data).datagrams
    assert (datagram.source, datagram.destination, datagram.inbound) == (RELAY, USER, False)


@pytest.mark.parametrize("kept", [12, 13, 14, 15, 16])
def test_a_packet_that_is_cut_says_how_long_it_was(kept: int) -> None:
    data = pcapng.header("l1", "") + pcapng.packet(Direction.UP, 0, DATA, kept)
    [datagram] = read_pcapng(data).datagrams
    assert datagram.payload == DATA[:kept]
    assert datagram.udp_bytes == 8 + len(DATA)


def test_what_was_dropped_is_told() -> None:
    assert read_pcapng(pcapng.header("l1", "") + pcapng.statistics(9, 42)).dropped == [42]


def shown(*packets: tuple[Direction, float]) -> list[tuple[object, ...]]:
    return packed([TappedPacket(way, "video", False, at_s, DATA) for way, at_s in packets])


@pytest.mark.parametrize("payload", [False, True])
def test_payload_only_when_asked(payload: bool) -> None:
    capture = Capture("l1", payload, 50.0, 10**9)
    written = capture.piece(shown((Direction.UP, 51.5), (Direction.DOWN, 51.6)), 0, 52.0, True).data
    found = read_pcapng(written)
    assert [datagram.at_us for datagram in found.datagrams] == [
        10**15 + 51_500_000,
        10**15 + 51_600_000,
    ]
    assert [datagram.inbound for datagram in found.datagrams] == [True, False]
    kept = DATA if payload else DATA[:HEADER_BYTES]
    assert [datagram.payload for datagram in found.datagrams] == [kept, kept]
    assert (b"what they say" in written) is payload
    assert found.dropped == [0]


def test_a_quiet_capture_says_that_it_goes_on() -> None:
    capture = Capture("l1", False, 50.0, 0.0)
    first = capture.piece([], 0, 50.0, False).data
    assert read_pcapng(first).datagrams == []
    assert capture.piece([], 0, 50.0, False).data == b""
    later = capture.piece([], 7, 50.0 + STATISTICS_INTERVAL_S, False).data
    assert read_pcapng(first + later).dropped == [7]


async def test_it_ends_with_the_link_and_not_with_the_partner(workshop: Workshop) -> None:
    plane = FakePlane()
    async with captured(plane, workshop, "ann", "l1", payload=False, clock=lambda: 50.0) as capture:
        [(_, up, tap), (_, down, _)] = plane.taps
        assert (up, down) == (Direction.UP, Direction.DOWN)
        tap.take(TappedPacket(Direction.UP, "video", False, 50.0, DATA))
        tap.parted()
        assert capture.over() is None
        tap.link_closed()
        assert capture.over() == "link_ended"
        written = await capture.piece(last=True)
    [datagram] = read_pcapng(written).datagrams
    assert datagram.payload == DATA[:HEADER_BYTES]
    assert plane.taps == []
