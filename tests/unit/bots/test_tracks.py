import asyncio
import itertools

import pytest
from aiortc.mediastreams import MediaStreamError

from relay.bots.picture import luma, read
from relay.bots.tracks import Gate, PictureTrack, ToneTrack, next_turn


@pytest.mark.parametrize(
    ("turn", "since_s", "following"),
    [
        (0, 0.0, 1),  # at the beginning
        (4, 0.45, 5),  # in time
        (4, 0.55, 5),  # a little late: catch up
        (4, 0.69, 5),
        (4, 0.71, 8),  # later than 0.2 s: skip
        (4, 60.0, 601),  # after a pause
        (4, 0.1, 5),  # early
    ],
)
def test_next_turn(turn: int, since_s: float, following: int) -> None:
    assert next_turn(turn, since_s, interval_s=0.1) == following


async def test_a_picture_waits_for_its_gate() -> None:
    gate = Gate()
    track = PictureTrack(7, itertools.count(), gate)
    frame = asyncio.ensure_future(track.recv())
    await asyncio.sleep(0)
    assert not frame.done()
    gate.open()
    stamp = read(luma(await frame))
    assert stamp is not None
    assert (stamp.source, stamp.number) == (7, 0)


async def test_frame_numbers_and_times_go_up() -> None:
    gate = Gate()
    gate.open()
    track = PictureTrack(7, itertools.count(), gate)
    frames = [await track.recv() for _ in range(3)]
    stamps = [read(luma(frame)) for frame in frames]
    assert [stamp.number for stamp in stamps if stamp] == [0, 1, 2]
    first, second, third = [frame.pts for frame in frames if frame.pts is not None]
    assert first < second < third


async def test_numbers_go_on_with_the_next_connection() -> None:
    gate, numbers = Gate(), itertools.count()
    gate.open()
    await PictureTrack(7, numbers, gate).recv()
    stamp = read(luma(await PictureTrack(7, numbers, gate).recv()))
    assert stamp is not None
    assert stamp.number == 1


async def test_a_tone_is_twenty_milliseconds_of_stereo() -> None:
    gate = Gate()
    gate.open()
    track = ToneTrack(7, gate)
    first, second = await track.recv(), await track.recv()
    assert (first.samples, first.sample_rate, first.layout.name) == (960, 48000, "stereo")
    assert first.pts is not None
    assert second.pts is not None
    assert (second.pts - first.pts) % 960 == 0


async def test_a_stopped_track_ends() -> None:
    gate = Gate()
    gate.open()
    track = ToneTrack(7, gate)
    await track.recv()
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
