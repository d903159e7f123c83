"""Transport-wide feedback on the wire (draft-holmer-rmcat-transport-wide-cc-extensions-01)."""

from __future__ import annotations

import struct

import pytest

from relay.errors import MalformedPacket
from relay.transport_cc import (
    MAX_STATUSES,
    Feedback,
    Layout,
    first_arrival,
    moved,
    read,
    survey,
    write,
)


def packet(
    statuses: int, chunks: list[int], deltas: bytes, *, base: int = 5, reference: int = 3
) -> bytes:
    """A feedback packet by hand, number 9, from SSRC 1 about SSRC 2."""
    body = b"".join(struct.pack("!H", chunk) for chunk in chunks) + deltas
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes([padding])
    first = 0xAF if padding else 0x8F
    words = 4 + len(body) // 4
    head = struct.pack("!BBHIIHHI", first, 205, words, 1, 2, base, statuses, reference << 8 | 9)
    return head + body


RUN = packet(3, [0x2003], bytes([1, 2, 3]))
ONE_BIT = packet(5, [0x8000 | 0b10110 << 9], bytes([1, 2, 3]))
TWO_BIT = packet(4, [0xC000 | 0b00_01_10_01 << 6], bytes([4]) + struct.pack("!h", -3) + bytes([5]))
NOTHING = packet(20, [20], b"")


@pytest.mark.parametrize(
    ("data", "ticks"),
    [
        (RUN, [1, 3, 6]),
        (ONE_BIT, [1, None, 3, 6, None]),
        (TWO_BIT, [None, 4, 1, 6]),
        (NOTHING, [None] * 20),
    ],
    ids=["run", "one bit", "two bits", "nothing"],
)
def test_each_kind_of_chunk_is_read(data: bytes, ticks: list[int | None]) -> None:
    feedback = read(data)
    arrivals = tuple(None if each is None else 3 * 256 + each for each in ticks)
    assert feedback == Feedback(5, arrivals, 9)
    assert survey(data).statuses == len(ticks)


def test_the_first_arrival_is_known_without_taking_the_packet_apart() -> None:
    assert first_arrival(TWO_BIT, survey(TWO_BIT)) == 3 * 256 + 4
    assert first_arrival(NOTHING, survey(NOTHING)) == 3 * 256


@pytest.mark.parametrize("ticks", [0, 1, 251, 252, 300, -5, 2**32 - 700])
def test_moving_a_packet_shifts_every_arrival_and_nothing_else(ticks: int) -> None:
    for data in (RUN, ONE_BIT, TWO_BIT):
        before = read(data)
        after = moved(data, survey(data), base=70000, ticks=ticks, count=300, ssrcs=(7, 8))
        assert struct.unpack_from("!II", after, 4) == (7, 8)
        assert read(after) == Feedback(
            70000 & 0xFFFF,
            tuple(
                None if each is None else (each + ticks) & 0xFFFFFFFF for each in before.arrivals
            ),
            300 & 0xFF,
        )


def test_a_large_first_delta_is_moved_too() -> None:
    data = packet(1, [0x4001], struct.pack("!h", -300))
    after = moved(data, survey(data), base=5, ticks=1000, count=0, ssrcs=(1, 2))
    assert read(after).arrivals == (3 * 256 - 300 + 1000,)


@pytest.mark.parametrize(
    "arrivals",
    [
        (256,),
        (None,) * 30,
        (None, 700, 600, 700),
        (256,) * 14 + (None,) * 13 + (257, 10000, 258),
        tuple(256 + each for each in range(100)),
        tuple(None if each % 3 else 5 * each for each in range(50)),
        (2**32 - 10, 2**32 - 1, 5),
    ],
)
def test_what_is_written_is_read_again(arrivals: tuple[int | None, ...]) -> None:
    feedback = Feedback(0xFFF0, arrivals, 200)
    data = write(feedback, 11, 12)
    assert len(data) % 4 == 0
    assert struct.unpack_from("!H", data, 2)[0] == len(data) // 4 - 1
    assert struct.unpack_from("!II", data, 4) == (11, 12)
    assert read(data) == feedback


def test_long_runs_take_one_chunk() -> None:
    assert len(write(Feedback(0, (None,) * 1000), 1, 2)) == 24


def test_arrivals_too_far_apart_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="too far apart"):
        write(Feedback(0, (0, 40000)), 1, 2)


@pytest.mark.parametrize("arrivals", [(), (None,) * (MAX_STATUSES + 1)])
def test_nothing_and_too_much_cannot_be_written(arrivals: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match="about nothing"):
        write(Feedback(0, arrivals), 1, 2)


@pytest.mark.parametrize(
    "data",
    [
        RUN[:19],
        packet(0, [], b""),
        packet(MAX_STATUSES + 1, [0x2000 | 0x1FFF], bytes(3000)),
        packet(3, [], b""),
        packet(3, [0x2002], bytes(2)),
        packet(3, [0x2000, 0x2003], bytes(3)),
        packet(3, [0x6003], bytes(9)),
        packet(3, [0xF000], bytes(9)),
        packet(7, [0x2007], bytes(2)),
        packet(4, [0x4004], bytes(6)),
        RUN[:-1] + bytes([200]),
    ],
    ids=[
        "cut",
        "no status",
        "too many",
        "no chunk",
        "too few chunks",
        "a run of none",
        "reserved run",
        "reserved symbol",
        "too few small deltas",
        "too few large deltas",
        "padding that lies",
    ],
)
def test_counts_and_lengths_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        survey(data)
    with pytest.raises(MalformedPacket):
        read(data)


def test_a_layout_says_where_the_first_delta_is() -> None:
    assert survey(RUN) == Layout(5, 3, 3, 22, survey(RUN).first_delta)
    assert survey(NOTHING).first_delta_at == 0
