"""What each of two partners gets of the other: one figure, and the leg that is to blame.

What the relay counts says which leg has lost what; what was seen and heard in the end the page
tells (``quality_report``), or it is guessed from what was lost for good. So a page that lies
changes its own figure, and blames nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from relay.api import models
from relay.api.quality import SILENT_S
from relay.plane import LinkView
from relay.quality import (
    WORST,
    Experience,
    Leg,
    Losses,
    frozen_by,
    grade,
    quality,
    to_blame,
    together,
)
from relay.signaling import UserView
from relay.track import TrackView

_SENT_FPS = 1.0
"""Of fewer pictures a second nobody can say how many of them were shown."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one user's end of a room is judged by.

    ``sent`` are the partner's tracks by their ids, as far as they are here.
    """

    user: UserView
    room_age_s: float
    received: Collection[TrackView]
    sent: Mapping[str, TrackView] = field(default_factory=dict)
    partner: UserView | None = None
    """None on another node."""
    partners_link: LinkView | None = None
    lag_ms: float = 0.0
    """How late the process is that forwards."""


def judged(side: Side) -> models.RoomSide:
    """The figure, its word, and the leg; None while nothing has come of the partner."""
    figure, leg = _figure_and_leg(side)
    return models.RoomSide.model_construct(
        user_id=side.user.user_id,
        quality=None if figure is None else round(figure, 1),
        grade=None if figure is None else grade(figure),
        leg=leg,
    )


def _figure_and_leg(side: Side) -> tuple[float | None, Leg | None]:
    if side.user.is_interrupted:
        return WORST, "down"
    got, legs = Experience(), _Legs(side.lag_ms)
    for track in side.received:
        part = _sound(side, track, legs) if track.kind == "audio" else _picture(side, track, legs)
        if part is not None:
            got = _both(got, part)
    if got == Experience():
        return None, None
    delay_ms = sum(lost.delay_ms for lost in legs.lost.values())
    return quality(replace(got, delay_ms=delay_ms)), to_blame(legs.lost)


def _sound(side: Side, track: TrackView, legs: _Legs) -> Experience | None:
    if track.idle_s is None or track.idle_s >= side.room_age_s:
        return None  # nothing was ever sent to this user in this room
    if track.idle_s >= SILENT_S:
        if side.partner is None or "audio" in side.partner.off:  # on another node, who knows
            return None
        legs.stopped(side, track)
        return Experience(concealed=1.0)
    lost = legs.add(side, track)
    told = side.user.told
    known = None if told is None else told.concealed_ratio
    return Experience(concealed=lost if known is None else known)


def _picture(side: Side, track: TrackView, legs: _Legs) -> Experience | None:
    is_off = side.partner is not None and "video" in side.partner.off
    is_awaited = track.waits_for_keyframe and track.counterpart_id is not None and not is_off
    if is_awaited and side.room_age_s >= SILENT_S:
        legs.stopped(side, track)
        return Experience(frozen=1.0)
    if track.idle_s is None or track.idle_s >= min(side.room_age_s, SILENT_S):
        return None  # a camera may be switched off
    lost = legs.add(side, track)
    told, sent_fps = side.user.told, track.fps or 0.0
    frozen = None if told is None else told.frozen_ratio
    shown = None if told is None or sent_fps < _SENT_FPS else told.frames_per_s
    return Experience(
        frozen=frozen_by(lost) if frozen is None else frozen,
        shown=None if shown is None else min(shown / sent_fps, 1.0),
        lines=min(track.width, track.height) if track.width and track.height else None,
    )


def _both(one: Experience, other: Experience) -> Experience:
    """What is known of either medium."""
    return Experience(
        concealed=one.concealed if other.concealed is None else other.concealed,
        frozen=one.frozen if other.frozen is None else other.frozen,
        shown=one.shown if other.shown is None else other.shown,
        lines=one.lines if other.lines is None else other.lines,
    )


class _Legs:
    """What each leg has lost of what one user gets."""

    def __init__(self, lag_ms: float) -> None:
        self.lost: dict[Leg, Losses] = {
            "up": Losses(),
            "relay": Losses(delay_ms=lag_ms),
            "down": Losses(),
        }

    def add(self, side: Side, track: TrackView) -> float:
        """Enter what was lost of a track; returns how much that is for good."""
        sent = side.sent.get(track.counterpart_id or "")
        left: dict[Leg, float] = {
            "up": track.left_up_ratio,
            "relay": track.left_relay_ratio or 0.0,
            "down": track.left_down_ratio or 0.0,
        }
        if sent is not None:  # what is missing further on, the way between two workers has lost
            left["up"] = min(left["up"], sent.left_up_ratio)
            left["relay"] += track.left_up_ratio - left["up"]
        link = side.partners_link
        if link is not None and "rtp" in link.over_budget:  # it came, and was too much
            left["relay"], left["up"] = left["relay"] + left["up"], 0.0
        at_first = {"up": sent.loss_ratio if sent else 0.0, "down": track.loss_ratio}
        delays = _delays(track, sent)
        for leg, before in self.lost.items():
            is_sound = track.kind == "audio"
            self.lost[leg] = Losses(
                sound=left[leg] if is_sound else before.sound,
                picture=before.picture if is_sound else left[leg],
                at_first=max(before.at_first, at_first.get(leg, 0.0)),
                delay_ms=max(before.delay_ms, delays.get(leg, 0.0)),
            )
        return together(*left.values())

    def stopped(self, side: Side, track: TrackView) -> None:
        """Nothing comes any more of a track: from the sender, or the relay holds it back."""
        sent = side.sent.get(track.counterpart_id or "")
        is_held = sent is not None and sent.idle_s is not None and sent.idle_s < SILENT_S
        leg: Leg = "relay" if is_held else "up"
        self.lost[leg] = replace(self.lost[leg], at_first=1.0)


def _delays(track: TrackView, sent: TrackView | None) -> dict[str, float]:
    """Of the two ways outside, in ms; sound is held back for twice its jitter."""
    up_ms, down_ms = (sent.round_trip_ms or 0.0) / 2 if sent else 0.0, track.round_trip_ms or 0.0
    down_ms /= 2
    if track.kind == "audio":
        up_jitter_ms = sent.jitter_ms if sent else 0.0
        up_ms += 2 * up_jitter_ms
        down_ms += 2 * max(track.jitter_ms - up_jitter_ms, 0.0)
    return {"up": up_ms, "down": down_ms}
