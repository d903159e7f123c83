"""What a bot saw and heard."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from relay.bots.picture import Stamp
from relay.bots.tone import SILENCE_DBFS, Sound

KEPT_FRAMES = 20_000
"""How many of the last readable frames a report remembers."""
KEPT_ERRORS = 100


@dataclass(frozen=True, slots=True)
class FrameSeen:
    """One decoded frame of a bot's picture; ``latency_ms`` is from its making to its decoding."""

    source: int
    number: int
    latency_ms: int


@dataclass(slots=True)
class Report:
    """What one bot saw and heard; it grows while the bot runs.

    ``links`` counts its peer connections. Of the ``frames`` received, ``unreadable`` were no bot's
    picture, or damaged. ``interruptions`` counts how often nothing came of a partner, as the server
    says, ``resumes`` how often the bot's own socket was lost and followed by another, and ``moves``
    how often it went to another server. ``sound`` is the last tenth of a second.
    """

    number: int
    links: int = 0
    partners: int = 0
    frames: int = 0
    unreadable: int = 0
    width: int = 0
    height: int = 0
    audio_frames: int = 0
    sound: Sound = field(default_factory=lambda: Sound(SILENCE_DBFS, 0.0))
    chats: int = 0
    interruptions: int = 0
    resumes: int = 0
    moves: int = 0
    seen: deque[FrameSeen] = field(default_factory=lambda: deque(maxlen=KEPT_FRAMES))
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_ERRORS))

    @property
    def saw_media(self) -> bool:
        """Whether any picture or sound came."""
        return self.frames > 0 or self.audio_frames > 0

    @property
    def out_of_order(self) -> int:
        """How many frames came after a later one of the same source."""
        return sum(
            later.source == earlier.source and later.number <= earlier.number
            for earlier, later in zip(self.seen, list(self.seen)[1:], strict=False)
        )

    def latency_ms(self, percent: float) -> int | None:
        """The latency that ``percent`` of the readable frames stay within; None without any."""
        return percentile((frame.latency_ms for frame in self.seen), percent)

    def see(self, stamp: Stamp | None, now_ms: int, width: int, height: int) -> None:
        """Note a decoded frame; ``stamp`` is what its pixels say, if anything."""
        self.frames += 1
        self.width, self.height = width, height
        if stamp is None:
            self.unreadable += 1
        else:
            self.seen.append(FrameSeen(stamp.source, stamp.number, stamp.latency_ms(now_ms)))

    def numbers_from(self, source: int) -> list[int]:
        """The numbers of the frames seen of one bot, in the order of their decoding."""
        return [frame.number for frame in self.seen if frame.source == source]

    def as_dict(self) -> dict[str, Any]:
        """The summary, for JSON."""
        return {
            "bot": self.number,
            "links": self.links,
            "partners": self.partners,
            "frames": self.frames,
            "unreadable": self.unreadable,
            "outOfOrder": self.out_of_order,
            "width": self.width,
            "height": self.height,
            "latencyMsP50": self.latency_ms(50),
            "latencyMsP95": self.latency_ms(95),
            "audioFrames": self.audio_frames,
            "audioLevelDbfs": round(self.sound.level_dbfs, 1),
            "audioHz": round(self.sound.frequency_hz),
            "chats": self.chats,
            "interruptions": self.interruptions,
            "resumes": self.resumes,
            "moves": self.moves,
            "errors": list(self.errors),
        }

    def line(self) -> str:
        """The summary, for people."""
        return f"bot {self.number}: " + ", ".join(self._phrases())

    def _phrases(self) -> Iterable[str]:
        yield f"{self.partners} partner{'' if self.partners == 1 else 's'}"
        if not self.saw_media:
            yield "saw no media"
        if self.frames:
            yield (
                f"{self.frames} frames {self.width}x{self.height} "
                f"({self.unreadable} unreadable, {self.out_of_order} out of order)"
            )
        if self.seen:
            yield f"latency {self.latency_ms(50)} ms p50 {self.latency_ms(95)} ms p95"
        if self.audio_frames:
            yield f"sound {self.sound.level_dbfs:.0f} dBFS at {self.sound.frequency_hz:.0f} Hz"
        if self.interruptions:
            yield f"interrupted {self.interruptions} time{'' if self.interruptions == 1 else 's'}"
        if self.resumes:
            yield f"came back {self.resumes} time{'' if self.resumes == 1 else 's'}"
        if self.moves:
            yield f"moved {self.moves} time{'' if self.moves == 1 else 's'}"
        yield from (f"error {error}" for error in self.errors)


def percentile(values: Iterable[int], percent: float) -> int | None:
    """The smallest of the values that ``percent`` of them do not exceed; None without any."""
    ordered = sorted(values)
    if not ordered:
        return None
    at = max(0, -int(-len(ordered) * percent // 100) - 1)
    return ordered[at]
