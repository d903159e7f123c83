"""What was sent on one outlet can be sent again: as RTX where the receiver has that."""

from __future__ import annotations

import struct
import sys
from dataclasses import replace

import pytest

from relay.media.negotiation.sdp import ABS_SEND_TIME, TRANSPORT_CC, MediaTerms
from relay.media.outlet import Outlet
from relay.media.repeats import Repeats
from tests.support.packets import Rtp, read_rtp, rtp

TERMS = MediaTerms(
    "video", "1", "recvonly", 120, 124, extensions={TRANSPORT_CC: 7, ABS_SEND_TIME: 4}
)


@pytest.fixture
def repair() -> Outlet:
    outlet = Outlet(77, "video", rtx=True)
    outlet.resume(65_534, 0)
    return outlet


def again(repeats: Repeats, packet: bytes) -> Rtp:
    """Keep a packet, and have it again."""
    number = read_rtp(packet).number
    repeats.history.keep(number, memoryview(packet), 0, len(packet), 5.0)
    found = repeats.again(number, 5.5, None)
    assert found
    return read_rtp(found)


def test_a_packet_becomes_a_retransmission(repair: Outlet) -> None:
    packet = rtp(2, 501, payload_type=120, rtp_ts=99, payload=b"picture", marker=True)
    out = again(Repeats(TERMS, repair), packet)
    assert (out.ssrc, out.payload_type, out.rtp_ts, out.marker) == (77, 124, 99, True)
    assert out.payload == struct.pack("!H", 501) + b"picture"
    assert out.number == 65_535
    assert repair.progress.packets == 1
    assert repair.progress.bytes == len(packet) + 2


def test_each_has_a_number_of_its_own(repair: Outlet) -> None:
    """Also the same packet once more: nothing is encrypted twice under one number."""
    repeats = Repeats(TERMS, repair)
    packet = rtp(2, 501, payload_type=120)
    assert [again(repeats, packet).number for _ in range(3)] == [65_535, 0, 1]


def test_it_has_neither_a_transport_wide_number_nor_a_send_time(repair: Outlet) -> None:
    elements = ((4, b"abc"), (0, b""), (3, b"1"), (7, b"\1\2"))
    packet = rtp(2, 1, payload_type=120, payload=b"p", elements=elements, padding=4)
    out = again(Repeats(TERMS, repair), packet)
    assert out.elements == ((3, b"1"),)
    assert (out.payload, out.padding) == (b"\0\1p", 4)


def test_a_reserved_element_ends_the_block(repair: Outlet) -> None:
    packet = rtp(2, 1, payload_type=120, elements=((15, b"\x71"), (7, b"\1\2")))
    repeats = Repeats(TERMS, repair)
    repeats.history.keep(1, memoryview(packet), 0, len(packet), 5.0)
    found = repeats.again(1, 5.0, None)
    assert found is not None
    assert found[16:24] == packet[16:24]


def test_who_has_no_rtx_gets_the_very_same_bytes(repair: Outlet) -> None:
    repeats = Repeats(replace(TERMS, rtx_payload_type=None), repair)
    assert repeats.is_sealed
    packet = b"encrypted under number 9"
    repeats.history.keep(9, memoryview(packet), 0, len(packet), 5.0)
    assert repeats.again(9, 5.0, None) == packet
    assert repair.progress.packets == 0


def test_what_is_not_there_or_may_still_arrive(repair: Outlet) -> None:
    repeats = Repeats(TERMS, repair)
    assert repeats.again(1, 5.0, None) is None
    packet = rtp(2, 1)
    repeats.history.keep(1, memoryview(packet), 0, len(packet), 5.0)
    assert repeats.again(1, 5.1, 0.5) == b""
    assert repair.progress.packets == 0


def size_of(entry: tuple[object, ...] | None) -> int:
    """With the place in the table, and all numbers in it."""
    return 8 + sys.getsizeof(entry) + sum(map(sys.getsizeof, entry or ()))


def test_a_pair_needs_no_more_than_so_much_memory() -> None:
    """Both ways, with pictures and sound of the highest rates."""
    total = 0
    for kind in ("audio", "video"):
        history = Repeats(replace(TERMS, kind=kind), Outlet(1, kind, rtx=True)).history
        for second in range(20):
            for number in range(1000):
                packet = bytes(1000)
                history.keep(number, memoryview(packet), 0, 1000, second + number / 1000)
            history.fit()
        total += 2 * (len(history) + sum(map(size_of, history._entries)))
    assert total < 1.2e6
