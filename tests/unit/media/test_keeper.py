"""The last whole key frame is kept, whatever happens to its packets; others cost nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from relay.media.flow import Flow
from relay.media.gathering import MAX_FRAME_BYTES, GatheringWay
from relay.media.keeper import PATIENCE_S, PAUSE_S, Keeper, Picture
from relay.media.restoring import RepairRoute
from relay.media.route import Route
from relay.media.tapped import TappedRoute
from relay.media.verdict import Verdict
from tests.support.keyframe import RTX_SSRC, VIDEO_SSRC, key_frame, payloads
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.onlooker import Onlooker
from tests.support.packets import DELTA, rtp, rtx
from tests.support.sides import Side

NO_RTX = CHROMIUM.replace("a=rtpmap:97 rtx/90000\r\n", "")


class Couple:
    """Ann, whose pictures are kept, and Bob, to whom they go."""

    def __init__(self, receives: str = FIREFOX) -> None:
        self.counts: Counter[str] = Counter()
        self.ann, self.bob = Side(CHROMIUM), Side(receives)
        self.keeper = self.ann.uplink.keeper = Keeper(self.ann.uplink.current, self.counts)
        self.flow = Flow(self.ann.uplink, self.bob.downlink)
        self.number, self.rtp_ts, self.now = 100, 5000, 10.0

    def packets(self, frame: bytes, cut: int = 700, **fields: int) -> list[bytes]:
        """The packets of the next picture."""
        self.rtp_ts += 3000
        made = []
        for payload, is_last in payloads(frame, cut):
            self.number += 1
            made.append(
                rtp(
                    VIDEO_SSRC,
                    self.number,
                    rtp_ts=self.rtp_ts,
                    payload=payload,
                    marker=is_last,
                    **fields,  # type: ignore[arg-type]
                )
            )
        return made

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            self.ann.sent(packet, self.now)

    def show(self, frame: bytes, cut: int = 700) -> None:
        """A picture, a while after the last one."""
        self.now += 1
        self.send(*self.packets(frame, cut))

    def repeat(self, packet: bytes, number: int = 1) -> bytes:
        """The retransmission of a packet."""
        original, rtp_ts = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
        payload, is_last = packet[12:], bool(packet[1] & 0x80)
        return rtx(RTX_SSRC, number, original, rtp_ts=rtp_ts, payload=payload, marker=is_last)

    @property
    def frame(self) -> bytes | None:
        return None if self.keeper.picture is None else self.keeper.picture.frame

    @property
    def is_plain(self) -> bool:
        """Whether no packet costs more than it has to."""
        routes = [stream.route for stream in self.ann.uplink.streams.values()]
        return not any(isinstance(route, GatheringWay) for route in routes)


@pytest.fixture
def couple() -> Couple:
    return Couple()


def test_a_key_frame_is_kept_when_its_last_packet_has_passed(couple: Couple) -> None:
    *packets, last = couple.packets(key_frame(7, width=640, height=480))
    couple.send(*packets)
    assert couple.frame is None
    assert not couple.is_plain
    couple.send(last)
    assert couple.keeper.picture == Picture(
        10.0, 640, 480, key_frame(7, width=640, height=480), "user"
    )
    assert type(couple.ann.uplink.streams[VIDEO_SSRC].route) is Route
    assert couple.counts == {"kept": 1}


def test_other_packets_meet_the_plain_route(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.send(*couple.packets(DELTA[1:]), *couple.packets(DELTA[1:]))
    assert couple.is_plain
    assert couple.frame == key_frame(1)


def test_one_of_a_single_packet_is_kept_at_once(couple: Couple) -> None:
    couple.show(key_frame(1, size=100))
    assert couple.frame == key_frame(1, size=100)
    assert couple.is_plain


def test_the_last_one_counts(couple: Couple) -> None:
    for mark in range(3):
        couple.show(key_frame(mark))
    assert couple.frame == key_frame(2)


def test_padding_is_no_part_of_it(couple: Couple) -> None:
    couple.send(*couple.packets(key_frame(1), padding=5))
    assert couple.frame == key_frame(1)


def test_what_is_out_of_order_behind_the_first_packet_is_put_in_order(couple: Couple) -> None:
    first, *rest = couple.packets(key_frame(1, size=5000))
    couple.send(first, *reversed(rest))
    assert couple.frame == key_frame(1, size=5000)


def test_one_with_a_hole_is_not_kept_and_the_former_one_stays(couple: Couple) -> None:
    couple.show(key_frame(1))
    first, _, last = couple.packets(key_frame(2))
    couple.now += 1
    couple.send(first, last, *couple.packets(DELTA[1:]))
    assert couple.frame == key_frame(1)
    couple.now += PATIENCE_S + 0.1
    couple.send(*couple.packets(DELTA[1:]))
    assert couple.is_plain
    assert couple.counts == {"kept": 1, "torn": 1}
    assert not couple.keeper.is_in_want, "there is one"


def test_one_whose_first_packet_is_lost_is_not_noticed(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.now += 1
    couple.send(*couple.packets(key_frame(2))[1:])
    assert couple.frame == key_frame(1)
    assert couple.is_plain


@pytest.mark.parametrize("receives", [FIREFOX, CHROMIUM, NO_RTX], ids=["firefox", "same", "no rtx"])
@pytest.mark.parametrize("lost", [1, 2])
def test_what_is_repeated_fills_the_hole(receives: str, lost: int) -> None:
    couple = Couple(receives)
    couple.show(key_frame(1))
    couple.now += 1
    repairs = couple.flow.routes.get(("video", True))
    assert type(repairs) is RepairRoute
    packets = couple.packets(key_frame(2))
    missing = packets.pop(lost)
    couple.send(*packets, *couple.packets(DELTA[1:]))
    couple.now += 0.2
    couple.send(couple.repeat(missing))
    assert couple.frame == key_frame(2)
    assert couple.is_plain


def test_repeats_of_others_do_not(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.now += 1
    before = couple.packets(DELTA[1:])
    couple.send(*before)
    first, _, last = couple.packets(key_frame(2))
    couple.send(first, last)
    probe = rtx(RTX_SSRC, 2, couple.number - 1, payload=b"", rtp_ts=couple.rtp_ts)
    couple.send(couple.repeat(before[0]), probe, couple.repeat(last, 3))
    assert couple.frame == key_frame(1)


def test_one_without_a_marker_ends_where_the_next_begins(couple: Couple) -> None:
    packets = [bytes([p[0], p[1] & 0x7F]) + p[2:] for p in couple.packets(key_frame(1))]
    couple.send(*packets)
    assert couple.frame is None
    couple.send(*couple.packets(DELTA[1:]))
    assert couple.frame == key_frame(1)
    assert couple.is_plain


def test_one_that_is_too_large_is_counted(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.show(key_frame(2, size=MAX_FRAME_BYTES + 1), cut=1200)
    assert couple.frame == key_frame(1)
    assert couple.is_plain
    couple.show(key_frame(3, size=9000), cut=12)
    assert couple.frame == key_frame(1), "packets cost more than their bytes"
    assert couple.counts == {"kept": 1, "too_large": 2}
    couple.show(key_frame(4, size=MAX_FRAME_BYTES), cut=1200)
    assert couple.frame == key_frame(4, size=MAX_FRAME_BYTES)


def test_no_more_than_some_are_kept(couple: Couple) -> None:
    couple.show(key_frame(1))
    for mark in range(2, 5):
        couple.send(*couple.packets(key_frame(mark)))
        assert couple.is_plain
    assert couple.frame == key_frame(1)
    couple.now += PAUSE_S
    couple.send(*couple.packets(key_frame(5)))
    assert couple.frame == key_frame(5)


def test_another_one_that_begins_meanwhile_takes_its_place(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.now += 1
    couple.send(couple.packets(key_frame(2))[0])
    couple.now += PAUSE_S
    couple.send(*couple.packets(key_frame(3)))
    assert couple.frame == key_frame(3)
    assert couple.is_plain


def test_one_that_stops_in_the_middle_is_given_up_by_the_clock(couple: Couple) -> None:
    couple.send(couple.packets(key_frame(1))[0])
    couple.keeper.tick(couple.now + PATIENCE_S)
    assert not couple.is_plain
    couple.keeper.tick(couple.now + PATIENCE_S + 0.1)
    assert couple.is_plain
    assert couple.keeper.is_in_want
    couple.show(key_frame(2))
    assert not couple.keeper.is_in_want


def test_what_nobody_can_read_is_not_kept(couple: Couple) -> None:
    encrypted = b"\x50" + bytes(range(200))
    couple.show(encrypted)
    couple.show(key_frame(1, width=0))
    assert couple.keeper.picture is None
    assert couple.is_plain


def test_a_size_is_what_the_frame_says(couple: Couple) -> None:
    couple.show(key_frame(1, size=30, width=16383, height=16383))
    assert couple.keeper.picture is not None
    assert (couple.keeper.picture.width, couple.keeper.picture.height) == (16383, 16383)


def test_a_tap_sees_what_it_would(couple: Couple) -> None:
    onlooker = Onlooker()
    couple.send(*couple.packets(key_frame(0, size=50)))
    couple.ann.uplink.taps = (onlooker,)
    couple.flow.show()
    couple.show(key_frame(1))
    assert couple.frame == key_frame(1)
    assert len(onlooker.packets) == 3
    assert type(couple.ann.uplink.streams[VIDEO_SSRC].route) is TappedRoute


def test_a_tap_that_begins_in_the_middle_tears_it(couple: Couple) -> None:
    first, *rest = couple.packets(key_frame(1))
    couple.send(first)
    couple.ann.uplink.taps = (onlooker := Onlooker(),)
    couple.flow.show()
    couple.send(*rest)
    assert (couple.frame, len(onlooker.packets)) == (None, 2)
    couple.show(key_frame(2))
    assert couple.frame == key_frame(2)


def test_next_in_the_middle_tears_it(couple: Couple) -> None:
    first, second, last = couple.packets(key_frame(1))
    couple.send(first)
    couple.flow.end()
    assert couple.ann.send(second) == "unpaired"
    cid = Side(FIREFOX)
    couple.keeper.close()
    Flow(couple.ann.uplink, cid.downlink)
    assert couple.ann.send(last) is Verdict.HELD
    couple.show(key_frame(2))
    assert couple.frame == key_frame(2)


def test_a_renegotiation_of_the_picture_goes_on_with_the_next(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.now += 1
    couple.send(couple.packets(key_frame(2))[0])
    couple.bob.agree(CHROMIUM)
    couple.flow.renew()
    couple.show(key_frame(3))
    assert couple.frame == key_frame(3)
    assert couple.is_plain


def test_another_camera_is_kept_too(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.now += 5
    packets = [p[:8] + (9).to_bytes(4, "big") + p[12:] for p in couple.packets(key_frame(2))]
    couple.send(*packets)
    assert couple.frame == key_frame(2)


def test_a_packet_that_goes_nowhere_is_no_part_of_it(couple: Couple) -> None:
    couple.show(key_frame(1))
    couple.now += 1
    first, second, last = couple.packets(key_frame(2))
    couple.send(first)
    lying = bytes([second[0], 111]) + second[2:]
    assert couple.ann.send(lying, couple.now) is Verdict.UNKNOWN_PAYLOAD_TYPE
    couple.send(last)
    assert couple.frame == key_frame(1)
