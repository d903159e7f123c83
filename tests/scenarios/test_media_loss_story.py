"""Packets get lost on all hops, also in the middle of a change of partners; repairs find their way.

Each hop repairs its own: the receiver asks the relay, which sends it once more (RFC 4588) under the
number that the receiver knows; the relay asks the sender, and what comes has to fill the right gap.
"""

from __future__ import annotations

import random
import struct
from itertools import pairwise

import pytest

from relay import transport_cc
from relay.media.flow import Flow
from relay.media.translation import translate
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import (
    CONTINUATION,
    KEYFRAME,
    Rtp,
    nack,
    read_rtcp,
    read_rtp,
    rr,
    rtp,
    rtx,
)
from tests.support.sides import REPAIR, VIDEO, Side, pair, part

LOSS = 0.05  # on each hop: about 10 % end to end


class Camera:
    """A sender that keeps what it sent and repeats it when asked."""

    def __init__(self, offer: str, ssrc: int, first: int) -> None:
        self.side = Side(offer)
        video = self.side.uplink.terms.video
        self.payload_type, self.rtx_type = video.payload_type, video.rtx_payload_type or 0
        self.ssrc, self.next, self.next_repair = ssrc, first, 7
        self.sent: dict[int, bytes] = {}
        self.now = 100.0

    def shoot(self, *, keyframe: bool) -> bytes:
        number = self.next & 0xFFFF
        mark = struct.pack("!IH", self.ssrc, number)
        self.sent[number] = (KEYFRAME if keyframe else CONTINUATION) + mark
        self.next += 1
        return rtp(self.ssrc, number, payload_type=self.payload_type, payload=self.sent[number])

    def repeat(self, number: int) -> bytes:
        self.next_repair += 1
        return rtx(
            self.ssrc + 1,
            self.next_repair,
            number,
            payload_type=self.rtx_type,
            payload=self.sent[number],
        )


class Screen:
    """A receiver that knows by the numbers what it misses."""

    def __init__(self, offer: str) -> None:
        self.side = Side(offer)
        self.got: dict[int, bytes] = {}
        self.first = self.last = -1

    def take(self, packet: Rtp) -> None:
        number, payload = packet.number, packet.payload
        if packet.ssrc == self.side.outlet(REPAIR).ssrc:
            (number,), payload = struct.unpack_from("!H", payload), payload[2:]
        if self.first < 0:
            self.first = self.last = number
        extended = self.last + ((number - self.last + 0x8000) & 0xFFFF) - 0x8000
        assert extended not in self.got or self.got[extended] == payload
        self.got[extended] = payload
        self.last = max(self.last, extended)

    def missing(self) -> list[int]:
        return [n for n in range(self.first, self.last) if n not in self.got]

    def request(self) -> bytes:
        ssrc = self.side.outlet(VIDEO).ssrc
        return nack(1, ssrc, *((number, 0) for number in self.missing()[:50]))


class Network:
    """Loses packets, by the same dice each time."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.lost = 0

    def passes(self) -> bool:
        lost = self._rng.random() < LOSS
        self.lost += lost
        return not lost


def carry(network: Network, packet: bytes, camera: Camera, screen: Screen) -> None:
    """One packet's way up, through the relay, and down."""
    if not network.passes():
        return
    out = camera.side.send(packet, camera.now)
    if isinstance(out, Rtp) and network.passes():
        screen.take(out)


def repair(network: Network, camera: Camera, screen: Screen) -> None:
    """One round of asking and repeating on each hop, any of which may get lost."""
    flow = camera.side.uplink.flow
    if isinstance(flow, Flow) and flow.video is not None and flow.video.gaps is not None:
        asked, given_up = flow.video.gaps.due(camera.now, 0.02)
        assert given_up == []
        if network.passes():
            for number in asked:
                carry(network, camera.repeat(number & 0xFFFF), camera, screen)
    forward, backward = screen.side.uplink.flow, screen.side.downlink.flow
    if not screen.missing() or forward is None or backward is None or not network.passes():
        return
    answer = translate(screen.request(), forward, backward, camera.now)
    assert answer.data == b"", "the partner hears nothing of it"
    for packet in answer.retransmissions:
        if network.passes():
            screen.take(read_rtp(packet))


def film(network: Network, camera: Camera, screen: Screen, packets: int) -> None:
    """Shoot a while; a key frame until one has come through, as the relay would ask for."""
    for step in range(packets):
        camera.now += 0.01
        flow = camera.side.uplink.flow
        held = flow is not None and flow.video is not None and flow.video.waits_for_keyframe
        carry(network, camera.shoot(keyframe=held), camera, screen)
        if step % 10 == 9:
            repair(network, camera, screen)


@pytest.mark.parametrize("seed", range(4))
def test_lost_packets_are_repaired_across_partners(seed: int) -> None:
    network, screen = Network(seed), Screen(FIREFOX)
    cameras = [Camera(CHROMIUM, 10, 65_000), Camera(FIREFOX, 20, 5), Camera(CHROMIUM, 30, 40_000)]
    now = 100.0
    for camera in cameras:
        camera.now = now
        pair(camera.side, screen.side)
        film(network, camera, screen, 700)
        for _ in range(30):
            camera.now += 0.03
            repair(network, camera, screen)
        assert screen.missing() == []
        now = camera.now
        part(screen.side)
    assert network.lost > 150, "there was something to repair"
    shown = [payload[-6:] for _, payload in sorted(screen.got.items())]
    assert len(shown) > 2000
    by_camera = [[mark for mark in shown if mark[3] == camera.ssrc] for camera in cameras]
    assert shown == by_camera[0] + by_camera[1] + by_camera[2], "one after the other"
    for camera, marks in zip(cameras, by_camera, strict=True):
        numbers = [struct.unpack("!H", mark[4:])[0] for mark in marks]
        steps = {(b - a) & 0xFFFF for a, b in pairwise(numbers)}
        assert steps == {1}, f"camera {camera.ssrc} is complete and in order"


def test_without_losses_nothing_is_asked_for() -> None:
    network, screen, camera = Network(1), Screen(CHROMIUM), Camera(FIREFOX, 10, 65_500)
    pair(camera.side, screen.side)
    network.passes = lambda: True  # type: ignore[method-assign]
    film(network, camera, screen, 200)
    assert screen.missing() == []
    assert camera.next_repair == 7
    assert len(screen.got) == 200


def test_each_loss_is_told_once_whether_it_was_repaired_or_not() -> None:
    """The estimate stays honest: what was lost on either hop and then repaired is told as lost.

    A retransmission of the sender's has a number of its own; one of the relay's has none.
    """
    sender, receiver = Side(CHROMIUM), Side(FIREFOX)
    there, back = pair(sender, receiver)

    def shown(packet: bytes) -> int:
        """The transport-wide number under which the receiver has it."""
        (number,) = (value for _, value in sender.sent(packet).elements or ())
        return int.from_bytes(number)

    def numbered(number: int) -> tuple[tuple[int, bytes], ...]:
        return ((3, number.to_bytes(2)),)

    first = shown(rtp(2, 1, payload=KEYFRAME, elements=numbered(101)))
    for number in (2, 4, 5):  # the third is lost on the way up
        shown(rtp(2, number, payload=CONTINUATION, elements=numbered(100 + number)))
    repaired = sender.sent(rtx(3, 1, 3, payload=CONTINUATION, elements=numbered(106)))
    assert repaired.ssrc == receiver.outlet(VIDEO).ssrc
    outlet = receiver.outlet(VIDEO)
    lost = outlet.progress.last - 3  # the second, on the way down
    answer = translate(nack(1, outlet.ssrc, (lost, 0)), back, there, 100.0)
    (again,) = map(read_rtp, answer.retransmissions)
    assert again.elements in (None, ())
    came = [None if ahead in (1, 2) else 6400 + ahead for ahead in range(6)]
    feedback = transport_cc.write(transport_cc.Feedback(first, tuple(came)), 1, outlet.ssrc)
    told = translate(rr(1) + feedback, back, there, 100.2).data
    (part,) = (each for each in read_rtcp(told) if (each.kind, each.count) == (205, 15))
    heard = transport_cc.read(struct.pack("!BBH", 0x8F, 205, len(part.body) // 4) + part.body)
    assert heard.base == 101
    assert [arrival is None for arrival in heard.arrivals] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
