"""Reads a recording with FFmpeg, as a player would."""

import io
from dataclasses import dataclass, field

import av

from relay.bots.picture import Stamp, luma, read


@dataclass
class Played:
    """One track of a recording, decoded."""

    kind: str
    codec: str
    title: str
    times_ms: list[int] = field(default_factory=list)
    stamps: list[Stamp | None] = field(default_factory=list)
    """What the pictures say of themselves."""
    samples: int = 0
    """Of sound, for each channel."""

    @property
    def numbers(self) -> list[int]:
        """The pictures' numbers; each must be readable."""
        assert None not in self.stamps
        return [stamp.number for stamp in self.stamps if stamp is not None]


def play(data: bytes, *, decode: bool = True) -> list[Played]:
    """All tracks of a file, which may be cut off; ``decode`` what they hold."""
    with av.open(io.BytesIO(data), "r") as file:
        tracks = [
            Played(stream.type, stream.codec_context.name, stream.metadata["title"])
            for stream in file.streams
        ]
        for packet in file.demux():
            if packet.pts is None:
                continue
            track = tracks[packet.stream.index]
            track.times_ms.append(packet.pts)
            for frame in packet.decode() if decode else ():
                if isinstance(frame, av.VideoFrame):
                    track.stamps.append(read(luma(frame)))
                else:
                    assert isinstance(frame, av.AudioFrame)
                    track.samples += frame.samples
    return tracks
