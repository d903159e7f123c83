"""WebM as it is written, read by FFmpeg."""

import io

import av
import pytest

from relay.taps.webm import Block, TrackEntry, clusters, header
from tests.support.vp8 import SILENCE, pictures
from tests.support.webm import play

TRACKS = [TrackEntry("ann", (320, 240)), TrackEntry("sound")]
PICTURES = pictures(5)


def test_what_is_written_can_be_played() -> None:
    video = [Block(100 * i, 0, data, i == 0) for i, data in enumerate(PICTURES)]
    audio = [Block(20 * i, 1, SILENCE, is_key=True) for i in range(25)]
    blocks = sorted(video + audio, key=lambda block: block.at_ms)
    [ann, sound] = play(header(TRACKS) + clusters(blocks[:9]) + clusters(blocks[9:]))
    assert (ann.kind, ann.codec, ann.title) == ("video", "vp8", "ann")
    assert ann.times_ms == [0, 100, 200, 300, 400]
    assert ann.numbers == [0, 1, 2, 3, 4]
    assert (sound.kind, sound.codec, sound.title) == ("audio", "opus", "sound")
    assert sound.times_ms == [20 * i for i in range(25)]
    assert sound.samples == 25 * 960


def test_the_header_says_what_the_tracks_are() -> None:
    with av.open(io.BytesIO(header(TRACKS)), "r") as file:
        picture, sound = file.streams
        assert isinstance(picture, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        assert (picture.width, picture.height) == (320, 240)
        assert (sound.rate, sound.channels) == (48000, 2)
        assert file.duration is None


def test_key_frames_are_marked() -> None:
    encoded = pictures(5, keys=(0, 3))
    blocks = [Block(100 * i, 0, data, i in (0, 3)) for i, data in enumerate(encoded)]
    with av.open(io.BytesIO(header(TRACKS[:1]) + clusters(blocks)), "r") as file:
        marks = [packet.is_keyframe for packet in file.demux() if packet.pts is not None]
    assert marks == [True, False, False, True, False]


@pytest.mark.parametrize("gap_ms", [29_999, 30_000, 30_001, 40_000, 200_000])
def test_blocks_far_apart_get_clusters_of_their_own(gap_ms: int) -> None:
    blocks = [Block(i * gap_ms, 0, SILENCE, is_key=True) for i in range(4)]
    [sound] = play(header([TrackEntry("sound")]) + clusters(blocks))
    assert sound.times_ms == [0, gap_ms, 2 * gap_ms, 3 * gap_ms]


def test_nothing_is_no_cluster() -> None:
    assert clusters([]) == b""


@pytest.mark.parametrize("size", [0, 1, 120, 126, 127, 128, 16_382, 16_383, 70_000])
def test_frames_of_any_size(size: int) -> None:
    data = header(TRACKS[:1]) + clusters([Block(0, 0, b"\x01" * size, is_key=False)])
    with av.open(io.BytesIO(data), "r") as file:
        [packet, *_] = file.demux()
        assert packet.size == size


def test_wherever_it_is_cut_off_what_is_before_can_be_played() -> None:
    whole = header(TRACKS)
    for index, data in enumerate(PICTURES):
        begins = len(whole)
        sound = Block(100 * index + 1, 1, SILENCE, is_key=True)
        whole += clusters([Block(100 * index, 0, data, index == 0), sound])
        for kept in (begins, begins + 1, begins + 7, (begins + len(whole)) // 2, len(whole) - 1):
            [ann, _] = play(whole[:kept])
            assert ann.numbers[:index] == list(range(index))
            assert len(ann.times_ms) <= index + 1
