"""Packets of two users become a file that can be played."""

from collections.abc import Iterable

from relay.plane import TappedPacket
from relay.taps.recording import SIZE_PATIENCE_S, Recording
from relay.taps.workshop import packed
from tests.support.vp8 import packets, pictures, sound
from tests.support.webm import Played, play

ANN, BOB = pictures(20, source=1), pictures(20, keys=(0, 10), source=2)


def record(
    ann: Iterable[TappedPacket], bob: Iterable[TappedPacket], *, seconds: float = 2.0
) -> tuple[list[Played], list[bytes]]:
    """Record in real time, a piece each quarter of a second."""
    recording, pieces = Recording(["ann", "bob"], 0.0), []
    waiting = [("ann", packet) for packet in ann] + [("bob", packet) for packet in bob]
    for quarter in range(1, int(4 * seconds) + 1):
        now = quarter / 4
        fetched = [
            packed([p for u, p in waiting if u == user and now - 0.25 <= p.at_s < now])
            for user in ("ann", "bob")
        ]
        pieces.append(recording.piece(fetched, now, False).data)
    pieces.append(recording.piece([[], []], seconds, True).data)
    return play(b"".join(pieces)), pieces


def test_both_sides_with_picture_and_sound() -> None:
    tracks, _ = record(
        sorted([*packets(ANN), *sound(100)], key=lambda p: p.at_s),
        sorted([*packets(BOB, rtp_ts=4_294_900_000), *sound(100)], key=lambda p: p.at_s),
    )
    assert [(track.title, track.codec) for track in tracks] == [
        ("video of ann", "vp8"),
        ("audio of ann", "opus"),
        ("video of bob", "vp8"),
        ("audio of bob", "opus"),
    ]
    for video, source in ((tracks[0], 1), (tracks[2], 2)):
        assert video.numbers == list(range(20))
        assert {stamp.source for stamp in video.stamps if stamp} == {source}
        assert video.times_ms == [100 * number for number in range(20)]
    for audio in (tracks[1], tracks[3]):
        assert audio.times_ms == [20 * number for number in range(100)]


def test_it_is_written_while_it_goes_on() -> None:
    _, pieces = record(packets(ANN), packets(BOB))
    assert [bool(piece) for piece in pieces] == [True, False] + [True] * 7
    [ann, *_] = play(b"".join(pieces[:4]))
    assert ann.numbers == [0, 1, 2, 3, 4], "all but the last 0.6 s, after a second"


def test_what_comes_later_is_later() -> None:
    [ann, _, bob, _], _ = record(packets(ANN[:5]), packets(BOB[:10], at_s=0.75))
    assert ann.times_ms[0] == 0
    assert bob.times_ms[0] == 750


def test_a_loss_leaves_a_hole_until_the_next_key_frame() -> None:
    stream = [packet for packet in packets(BOB) if packet.at_s != 0.4]
    [_, _, bob, _], _ = record(packets(ANN), stream)
    assert bob.numbers == [0, 1, 2, 3, *range(10, 20)]
    assert bob.times_ms == [100 * number for number in bob.numbers]


def test_a_picture_in_the_middle_of_which_it_begins_waits_for_a_key_frame() -> None:
    recording = Recording(["ann", "bob"], 0.0)
    ann_waits, bob_waits = 1, 2

    def piece(from_s: float, to_s: float) -> int:
        ours = [packet for packet in packets(BOB) if from_s <= packet.at_s < to_s]
        return recording.piece([[], packed(ours)], 1.0, False).note

    assert piece(0.5, 0.5) == ann_waits | bob_waits
    assert piece(0.5, 1) == ann_waits | bob_waits
    assert piece(1, 2) == ann_waits
    [_, _, bob, _] = play(recording.piece([[], []], 2.0, True).data)
    assert bob.numbers == list(range(10, 20))


def test_a_camera_that_is_off_does_not_hold_the_rest_back() -> None:
    [ann, _, bob, heard], pieces = record(packets(ANN), sound(100))
    assert [bool(piece) for piece in pieces[:8]] == [False] * 7 + [True]
    assert SIZE_PATIENCE_S == 2.0
    assert ann.numbers == list(range(20))
    assert bob.numbers == []
    assert len(heard.times_ms) == 100


def test_a_recording_of_nothing_is_a_file() -> None:
    tracks, _ = record([], [])
    assert [track.times_ms for track in tracks] == [[], [], [], []]
