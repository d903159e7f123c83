"""Media that goes there and comes back, on a clock that the test moves."""

from __future__ import annotations

from relay.bots.check.probe import Probe
from relay.bots.description import Ssrcs
from relay.media.packets.vp8 import is_keyframe_start

SSRCS = Ssrcs(1, 2, 3)
HEADER_BYTES = 12


class Air:
    """What a probe has sent, and a server that sends it back."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.probe = Probe(SSRCS, self.sent.append)
        self.now_s = 100.0

    def play(self, seconds: float, *, loses: int = 0, delay_s: float = 0.0) -> None:
        """Send for a while; every so many packets one does not come back."""
        until = self.now_s + seconds
        while self.now_s < until:
            before = len(self.sent)
            self.probe.play(self.now_s)
            for number, packet in enumerate(self.sent[before:], before):
                if not loses or number % loses:
                    self.probe.take(packet, self.now_s + delay_s)
            self.now_s += 0.005


def test_it_is_as_much_as_a_call_has() -> None:
    air = Air()
    air.play(1.0)
    bps = 8 * sum(map(len, air.sent))
    assert 0.9e6 < bps < 1.1e6
    video = [packet for packet in air.sent if packet[8:12] == bytes([0, 0, 0, 2])]
    assert len(video) == 30 * 4
    begins = [is_keyframe_start(memoryview(p), HEADER_BYTES, len(p)) for p in video]
    assert begins == [True, False, False, False] * 30
    assert [p[1] & 0x80 for p in video] == [0, 0, 0, 0x80] * 30


def test_round_trip_and_loss_are_measured() -> None:
    air = Air()
    air.play(1.0, delay_s=0.02)
    air.play(1.0, delay_s=0.04, loses=10)
    measured = air.probe.measured()
    assert measured is not None
    assert 19 < measured.round_trip_ms < 41
    assert 39 < measured.worst_ms < 41
    assert 0.04 < measured.loss_ratio < 0.06
    assert not air.probe.is_complete


def test_what_was_sent_before_the_server_was_ready_is_not_lost() -> None:
    air = Air()
    air.play(0.3, loses=1)
    assert air.probe.measured() is None
    air.play(1.0)
    measured = air.probe.measured()
    assert measured is not None
    assert measured.lost == 0
    assert air.probe.is_complete


def test_what_comes_twice_or_from_somebody_else_counts_nothing() -> None:
    air, other = Air(), Air()
    air.play(0.5)
    other.play(0.5)
    before = air.probe.measured()
    for packet in [*air.sent, *other.sent, b"", bytes(11), bytes(2000)]:
        air.probe.take(packet, air.now_s)
    assert air.probe.measured() == before


def test_a_machine_that_was_busy_makes_up_for_nothing() -> None:
    air = Air()
    air.play(0.1)
    before = len(air.sent)
    air.now_s += 5
    air.play(0.1)
    assert len(air.sent) - before < 60
