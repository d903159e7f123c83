"""What a bot sends: a picture and a tone that say whose they are, or a media file."""

import asyncio
import time
from collections.abc import Iterator
from fractions import Fraction

from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, FFmpegError, VideoFrame
from av.frame import Frame

from relay.bots.picture import FRAMES_PER_S, Stamp, draw
from relay.bots.tone import SAMPLE_RATE_HZ, frequency_of, make
from relay.errors import BotError

_VIDEO_CLOCK_HZ = 90_000
_AUDIO_FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
_LATE_S = 0.2
"""A sender that is later than this skips ahead; up to it, it catches up."""


class Gate:
    """Whether a bot's media flows; while it is shut, nothing is sent at all."""

    def __init__(self) -> None:
        self._open = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether media flows."""
        return self._open.is_set()

    def open(self) -> None:
        """Let media flow."""
        self._open.set()

    def shut(self) -> None:
        """Hold media back."""
        self._open.clear()

    async def opened(self) -> None:
        """Wait until media flows."""
        await self._open.wait()


def next_turn(turn: int, age_s: float, interval_s: float) -> int:
    """Which frame comes after frame ``turn``, ``age_s`` after the beginning.

    The following one, if it is not more than a little late; else the next that is due.
    """
    following = turn + 1
    is_late = age_s - following * interval_s > _LATE_S
    return int(age_s / interval_s) + 1 if is_late else following


class _PacedTrack(MediaStreamTrack):
    """Gives out a frame every so often, while its gate is open."""

    def __init__(self, gate: Gate, interval_s: float) -> None:
        super().__init__()
        self._gate = gate
        self._interval_s = interval_s
        self._began_at = time.monotonic()
        self._turn = 0

    async def _next_turn(self) -> int:
        """Wait for the next frame's time; returns which it is, counted from the beginning."""
        while True:
            await self._gate.opened()
            age_s = time.monotonic() - self._began_at
            self._turn = next_turn(self._turn, age_s, self._interval_s)
            await asyncio.sleep(self._turn * self._interval_s - age_s)
            if self.readyState != "live":
                raise MediaStreamError
            if self._gate.is_open:
                return self._turn


class PictureTrack(_PacedTrack):
    """The generated picture: ``source`` is the bot's number, ``numbers`` counts its frames."""

    kind = "video"

    def __init__(self, source: int, numbers: Iterator[int], gate: Gate) -> None:
        super().__init__(gate, 1 / FRAMES_PER_S)
        self._source = source
        self._numbers = numbers

    async def recv(self) -> VideoFrame:
        """Draw the next frame when it is due."""
        turn = await self._next_turn()
        stamp = Stamp(self._source, next(self._numbers), time.time_ns() // 1_000_000)
        frame = VideoFrame.from_ndarray(draw(stamp), format="yuv420p")
        frame.pts = turn * _VIDEO_CLOCK_HZ // FRAMES_PER_S
        frame.time_base = Fraction(1, _VIDEO_CLOCK_HZ)
        return frame


class ToneTrack(_PacedTrack):
    """The tone that belongs to the bot's number."""

    kind = "audio"

    def __init__(self, source: int, gate: Gate) -> None:
        super().__init__(gate, _AUDIO_FRAME_SAMPLES / SAMPLE_RATE_HZ)
        self._frequency_hz = frequency_of(source)

    async def recv(self) -> AudioFrame:
        """Make the next 20 ms when they are due."""
        first = await self._next_turn() * _AUDIO_FRAME_SAMPLES
        samples = make(self._frequency_hz, first, _AUDIO_FRAME_SAMPLES)
        both = samples.repeat(2).reshape(1, -1)  # made stereo by FFmpeg, mono loses 3 dB
        frame = AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = first
        frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
        return frame


class PlayedTrack(MediaStreamTrack):
    """A media file's track; while its gate is shut the file plays on unsent, as a camera would."""

    def __init__(self, played: MediaStreamTrack, gate: Gate) -> None:
        super().__init__()
        self.kind = played.kind
        self._played = played
        self._gate = gate

    async def recv(self) -> Frame:
        """The next frame to send."""
        while True:
            frame = await self._played.recv()
            if isinstance(frame, Frame) and self._gate.is_open:
                return frame

    def stop(self) -> None:
        """Stop playing."""
        super().stop()
        self._played.stop()


def play(file: str, gate: Gate) -> list[MediaStreamTrack]:
    """The tracks of a media file, repeated for ever.

    :raises BotError: when it cannot be read, or has neither picture nor sound.
    """
    try:
        player = MediaPlayer(file, loop=True)
    except (FFmpegError, OSError) as error:
        raise BotError(f"cannot play {file}: {error.strerror or error}") from error
    except AssertionError as error:
        raise BotError(f"cannot repeat {file}: its length is unknown") from error
    tracks = [PlayedTrack(track, gate) for track in (player.audio, player.video) if track]
    if not tracks:
        raise BotError(f"{file} has neither picture nor sound")
    return list(tracks)
