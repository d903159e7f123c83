"""The clip: once encoded, it is what a browser would send."""

import pytest
from aiortc.codecs import get_decoder
from aiortc.codecs.vpx import vp8_depayload
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import VideoFrame

from relay.bots.load import clip
from relay.bots.load.clip import Clip


@pytest.fixture(scope="module")
def made() -> Clip:
    return clip.encode(seconds=1.0)


def test_it_has_30_pictures_and_50_sounds_a_second_in_order(made: Clip) -> None:
    assert sum(frame.is_video for frame in made.frames) == 30
    assert sum(not frame.is_video for frame in made.frames) == 50
    times = [frame.at_s for frame in made.frames]
    assert times == sorted(times)
    assert times[-1] < made.duration_s


def test_its_rate_is_that_of_a_call(made: Clip) -> None:
    assert 900_000 < made.bitrate_bps < 1_700_000
    assert 130 < made.packets_per_s < 260
    assert max(len(p) for frame in made.frames for p in frame.payloads) <= 1100


def test_it_begins_with_a_key_frame_so_that_it_can_be_repeated(made: Clip) -> None:
    first, *others = [frame for frame in made.frames if frame.is_video]
    assert clip.begins_keyframe(first.payloads[0])
    assert not clip.begins_keyframe(first.payloads[1])
    assert not any(clip.begins_keyframe(frame.payloads[0]) for frame in others)


@pytest.mark.parametrize("payload", [b"", b"\x10", b"\xff\xff", bytes(3)])
def test_nonsense_begins_nothing(payload: bytes) -> None:
    assert not clip.begins_keyframe(payload)


def test_it_decodes_twice_in_a_row(made: Clip) -> None:
    decoder = get_decoder(RTCRtpCodecParameters("video/VP8", 90_000, payloadType=96))
    sizes = []
    for number, frame in enumerate(2 * [frame for frame in made.frames if frame.is_video]):
        data = b"".join(vp8_depayload(payload) for payload in frame.payloads)
        for picture in decoder.decode(JitterFrame(data, 3000 * number)):
            assert isinstance(picture, VideoFrame)
            sizes.append((picture.width, picture.height))
    assert sizes == [(640, 480)] * 60
