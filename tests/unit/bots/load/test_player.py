"""What a user of a load sends, on a clock that only the test moves."""

import pytest

from relay.bots.description import ABS_SEND_TIME, Numbering, Ssrcs
from relay.bots.load.clip import Clip, Frame
from relay.bots.load.player import Player, latency_s, payload_of, send_time
from relay.bots.load.tally import Tally

CLIP = Clip(
    0.1,
    (
        Frame(0.00, is_video=True, payloads=(b"key1", b"key2")),
        Frame(0.02, is_video=False, payloads=(b"tone",)),
        Frame(0.05, is_video=True, payloads=(b"delta",)),
    ),
)
NUMBERING = Numbering(extension_ids={ABS_SEND_TIME: 2})


class Recorder:
    """A player, and what it has sent."""

    def __init__(self, epoch_s: float = 100.0) -> None:
        self.sent: list[bytes] = []
        self.tally = Tally()
        ssrcs = Ssrcs(audio=0xA, video=0xB, rtx=0xC)
        self.player = Player(CLIP, ssrcs, NUMBERING, self.sent.append, self.tally, epoch_s)

    def play(self, now_s: float) -> list[bytes]:
        self.player.play(now_s)
        sent = self.sent[:]
        self.sent.clear()
        return [payload_of(packet) for packet in sent]


def test_nothing_is_sent_before_the_start_and_after_the_stop() -> None:
    recorder = Recorder()
    assert recorder.play(100.0) == []
    recorder.player.start(100.0)
    assert recorder.play(100.0) == [b"key1", b"key2"]
    recorder.player.stop()
    assert recorder.play(100.5) == []


def test_frames_are_sent_when_they_are_due_over_and_over() -> None:
    recorder = Recorder()
    recorder.player.start(100.0)
    assert recorder.play(100.0) == [b"key1", b"key2"]
    assert recorder.play(100.019) == []
    assert recorder.play(100.06) == [b"tone", b"delta"]
    assert recorder.play(100.11) == [b"key1", b"key2"]
    assert recorder.tally.sent == 6


def test_headers() -> None:
    recorder = Recorder(epoch_s=99.0)
    recorder.player.start(100.0)
    recorder.player.play(100.021)
    first, second, tone = recorder.sent
    assert [packet[1] for packet in recorder.sent] == [96, 96 | 0x80, 111]  # the marker
    assert [int.from_bytes(packet[2:4], "big") for packet in recorder.sent] == [0, 1, 0]
    assert [int.from_bytes(packet[8:12], "big") for packet in recorder.sent] == [0xB, 0xB, 0xA]
    assert int.from_bytes(first[4:8], "big") == int.from_bytes(second[4:8], "big") == 90_000
    assert int.from_bytes(tone[4:8], "big") == 48_000 + 960


@pytest.mark.parametrize("sent_s", [5.0, 64.0, 1e6, 1e9])
def test_a_packet_tells_how_long_it_took_whatever_becomes_of_its_send_time(sent_s: float) -> None:
    recorder = Recorder()
    recorder.player.start(sent_s)
    recorder.player.play(sent_s)
    packet = bytearray(recorder.sent[0])
    packet[17:20] = b"now"  # the relay's own clock
    took_s = latency_s(bytes(packet), sent_s + 0.25)
    assert took_s == pytest.approx(0.25, abs=1e-4)


@pytest.mark.parametrize("packet", [b"", bytes(30), b"\xb0" + bytes(40), b"\x90" + b"\x08" * 40])
def test_other_packets_tell_nothing(packet: bytes) -> None:
    assert latency_s(packet, 1.0) is None


def test_send_time_has_24_bits() -> None:
    assert send_time(0.0) == send_time(64.0) == 0
    assert send_time(63.999999) == (1 << 24) - 1


def test_a_request_starts_with_the_key_frame_again_but_not_at_once() -> None:
    recorder = Recorder()
    recorder.player.start(100.0)
    recorder.play(100.0)
    recorder.player.asked_for_keyframe(100.1)
    assert recorder.play(100.01) == []
    recorder.player.asked_for_keyframe(100.31)
    assert recorder.play(100.31) == [b"key1", b"key2"]


def test_a_request_while_nothing_is_sent_changes_nothing() -> None:
    recorder = Recorder()
    recorder.player.asked_for_keyframe(100.0)
    assert not recorder.player.is_playing


def test_one_that_is_far_too_late_begins_afresh_and_says_so() -> None:
    recorder = Recorder()
    recorder.player.start(100.0)
    assert recorder.play(107.0) == [b"key1", b"key2"]
    assert recorder.tally.skipped == 1
    assert recorder.tally.was_late(cpu_ratio=0.1)


def test_a_little_late_is_made_up_for_and_measured() -> None:
    recorder = Recorder()
    recorder.player.start(100.0)
    assert recorder.play(100.04) == [b"key1", b"key2", b"tone"]
    assert recorder.tally.times["late"].largest_s == pytest.approx(0.04)
    assert not recorder.tally.was_late(cpu_ratio=0.1)
    assert recorder.tally.was_late(cpu_ratio=0.95)
