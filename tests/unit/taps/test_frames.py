"""Packets become frames: whole ones, in order, and nothing that refers to what was lost."""

from collections.abc import Iterable

import pytest

from relay.plane import Direction, TappedPacket
from relay.taps.frames import MAX_JUMP, PATIENCE_S, Depacketizer, InOrder, payload_of
from tests.support.packets import rtp, rtx
from tests.support.vp8 import SILENCE, packets, pictures, repair, sound

NINE = pictures(9, keys=(0, 6))


def frames(kind: str, stream: Iterable[TappedPacket], *, rest: bool = True) -> list[bytes]:
    depacketizer = Depacketizer(kind)
    found = [frame for packet in stream for frame in depacketizer.add(packet)]
    return [frame.data for frame in found + (depacketizer.rest() if rest else [])]


def test_every_picture_comes_as_soon_as_it_is_whole() -> None:
    assert frames("video", packets(NINE), rest=False) == NINE


def test_numbers_wrap_around() -> None:
    assert frames("video", packets(NINE, number=65_530), rest=False) == NINE


def test_only_key_frames_say_their_size() -> None:
    depacketizer = Depacketizer("video")
    found = [frame for packet in packets(NINE) for frame in depacketizer.add(packet)]
    assert [frame.is_key for frame in found] == [index in (0, 6) for index in range(9)]
    assert [frame.size for frame in found if frame.is_key] == [(320, 240)] * 2
    assert {frame.size for frame in found if not frame.is_key} == {None}


def test_nothing_comes_before_a_key_frame() -> None:
    depacketizer = Depacketizer("video")
    stream = list(packets(NINE))
    begun = next(i for i, packet in enumerate(stream) if packet.at_s >= 0.2)
    found = [frame for packet in stream[begun:] for frame in depacketizer.add(packet)]
    assert [frame.data for frame in found] == NINE[6:]


def test_packets_in_the_wrong_order_are_put_right() -> None:
    stream = list(packets(NINE))
    for at in range(1, len(stream) - 1, 3):  # the first one says where the numbers begin
        stream[at], stream[at + 1] = stream[at + 1], stream[at]
    assert frames("video", stream) == NINE


def test_packets_that_come_twice_count_once() -> None:
    assert frames("video", [p for packet in packets(NINE) for p in (packet, packet)]) == NINE


def test_after_a_loss_nothing_comes_until_the_next_key_frame() -> None:
    stream = list(packets(NINE))
    lost = next(packet for packet in stream if packet.at_s == 0.2)
    stream.remove(lost)
    assert frames("video", stream) == [*NINE[:2], *NINE[6:]]


def test_a_lost_packet_is_waited_for() -> None:
    depacketizer = Depacketizer("video")
    stream = list(packets(NINE))
    lost = next(packet for packet in stream if packet.at_s == 0.1)
    found = [
        frame
        for packet in stream
        if packet is not lost and packet.at_s < PATIENCE_S
        for frame in depacketizer.add(packet)
    ]
    assert [frame.data for frame in found] == NINE[:1]
    assert not depacketizer.waits_for_keyframe
    assert depacketizer.overdue(0.1 + PATIENCE_S - 0.01) == []
    assert depacketizer.overdue(0.1 + PATIENCE_S + 0.11) == []
    assert depacketizer.waits_for_keyframe


def test_a_retransmission_repairs_the_loss() -> None:
    stream = list(packets(NINE))
    lost = next(packet for packet in stream if packet.at_s == 0.2)
    stream[stream.index(lost)] = lost._replace(data=b"")  # unreadable
    late = next(i for i, packet in enumerate(stream) if packet.at_s == 0.4)
    stream.insert(late, repair(lost, 0.4))
    assert frames("video", stream) == NINE


def test_a_retransmission_alone_begins_nothing() -> None:
    stream = list(packets(NINE))
    assert frames("video", [repair(stream[0], 0.0), *stream]) == NINE
    assert frames("video", [repair(stream[0], 0.0)]) == []


def test_a_stale_retransmission_is_harmless() -> None:
    stream = list(packets(NINE, number=40_000))
    stale = TappedPacket(Direction.UP, "video", True, 0.1, rtx(3, 1, 10, payload=b"\x10\x00"))
    assert frames("video", [stream[0], stale, *stream[1:]]) == NINE


def test_another_camera_begins_with_its_own_key_frame() -> None:
    first, second = list(packets(NINE[:3])), list(packets(NINE, number=9, ssrc=9, at_s=1))
    assert frames("video", first + second) == NINE[:3] + NINE


def test_a_jump_of_the_numbers_is_a_loss_and_no_more() -> None:
    first, second = packets(NINE[:3]), packets(NINE, number=100 + 5 * MAX_JUMP, at_s=1)
    assert frames("video", [*first, *second]) == NINE[:3] + NINE


def test_padding_between_pictures_is_no_loss() -> None:
    stream = list(packets(NINE[:2]))
    last = int.from_bytes(stream[-1].data[2:4], "big")
    padding = stream[-1]._replace(data=rtp(2, last + 1, payload=b"", padding=20))
    more = list(packets(NINE[2:], number=last + 2, at_s=0.2, rtp_ts=23_000))
    assert frames("video", [*stream, padding, *more]) == NINE


def test_a_picture_whose_end_is_missing_is_left_out() -> None:
    stream = list(packets(NINE))
    unmarked = [p._replace(data=bytes([p.data[0], p.data[1] & 0x7F]) + p.data[2:]) for p in stream]
    assert frames("video", unmarked) == []


def test_sound_comes_packet_by_packet_also_after_a_loss() -> None:
    stream = list(sound(100))
    assert frames("audio", stream) == [SILENCE] * 100
    del stream[10:20]
    assert frames("audio", stream) == [SILENCE] * 90


def test_silence_that_is_not_sent_is_no_loss() -> None:
    quiet = list(sound(3)) + [packet._replace(at_s=60.0) for packet in sound(3, number=65_503)]
    assert frames("audio", quiet, rest=False) == [SILENCE] * 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80" * 11,
        rtp(1, 1, payload=b"", csrcs=(1, 2))[:14],
        rtp(1, 1, elements=((1, b"abc"),))[:18],
        bytes([0xA0]) + rtp(1, 1, payload=b"\xff")[1:],  # more padding than packet
    ],
)
def test_packets_that_lie_are_left_out(data: bytes) -> None:
    assert payload_of(TappedPacket(Direction.UP, "video", False, 0, data)) is None


@pytest.mark.parametrize("payload", [b"", b"\x01"])
def test_retransmissions_of_nothing_are_left_out(payload: bytes) -> None:
    data = rtp(3, 1, payload_type=97, payload=payload)
    assert payload_of(TappedPacket(Direction.UP, "video", True, 0, data)) is None


def test_what_is_held_stays_bounded() -> None:
    order: InOrder[int] = InOrder()
    order.add(0, 0, 0.0)
    for number in range(2, 60_000, 2):  # every other one is lost
        order.add(number & 0xFFFF, number, number / 1000)
    assert len(order._held) <= MAX_JUMP
