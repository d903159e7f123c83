"""What a user has seen and heard, as the browser's getStats tells it (``watching.js`` looks)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from statistics import median
from typing import Any

STILL_S = 0.6
"""A picture that has stood for so long at the end is a freeze, though the browser counts it only
when the next one comes."""
FULL = 0.85
"""Of the camera's pictures a second; fewer are not the full picture."""
_RATED_S = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at getStats (the field's names are its own, but for sums of two)."""

    at_s: float
    frames: int
    """Shown so far."""
    width: int
    freezes: int
    """And pauses, as which the browser counts freezes of more than 5 s."""
    frozen_s: float
    samples: int
    """Of sound."""
    made_up: int
    """Of these, without silence that nobody could tell from silence."""
    estimate_bps: float
    is_strained: bool
    """The sender's machine is too slow for its picture."""
    counts: dict[str, int]
    """Packets, requests and such; losses may become fewer, since what is late counts as lost."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two users had of a call."""

    freezes: int
    frozen_s: float
    longest_s: float
    """Of these freezes."""
    made_up_percent: float
    """Of the sound."""
    pictures_per_s: float
    width: float
    """The median."""
    estimate_kbps: float
    """What the browser thinks that it can send; the median."""
    strained_percent: float
    """Of the time, in which its own machine was too slow for its picture."""
    counts: dict[str, int]


NUMBERS = tuple(each.name for each in fields(Side) if each.name != "counts")


def looks(told: list[dict[str, Any]]) -> list[Look]:
    """As the page tells them, those before there was a link left out."""
    return [Look(**each) for each in told if each["samples"] or each["frames"]]


def side(seen: list[Look]) -> Side:
    """Of a stretch of a call.

    :raises ValueError: when there are not two looks.
    """
    if len(seen) < 2:
        raise ValueError("nothing was seen")
    began_s, ended_s = seen[0].at_s, seen[-1].at_s
    # What the first freeze took before that is not of this stretch.
    frozen = [min(rise, now.at_s - began_s) for now, rise in _rises(seen, "frozen_s")]
    freezes = int(sum(rise for _, rise in _rises(seen, "freezes")))
    moved_s = max((now.at_s for now, rise in _rises(seen, "frames") if rise), default=began_s)
    if ended_s - moved_s >= STILL_S:
        frozen.append(ended_s - moved_s)
        freezes += 1
    samples = sum(rise for _, rise in _rises(seen, "samples"))
    made_up = sum(rise for _, rise in _rises(seen, "made_up"))
    return Side(
        freezes=freezes,
        frozen_s=min(sum(frozen), ended_s - began_s),
        longest_s=max(frozen),
        made_up_percent=100 * made_up / samples if samples else 100.0,
        pictures_per_s=sum(rise for _, rise in _rises(seen, "frames")) / (ended_s - began_s),
        width=median(each.width for each in seen),
        estimate_kbps=median(each.estimate_bps for each in seen) / 1e3,
        strained_percent=100 * sum(each.is_strained for each in seen) / len(seen),
        counts={name: _grown(seen, name) for name in seen[-1].counts},
    )


def back_s(seen: list[Look], clean_s: float, width: int, frames_per_s: float) -> float | None:
    """How long after a moment the picture is whole, and has been for the second that follows.

    :param width: of the camera's picture.
    :returns: None when that never was.
    """
    for number, start in enumerate(seen):
        later = [each for each in seen[number:] if each.at_s <= start.at_s + _RATED_S]
        lasted_s = later[-1].at_s - start.at_s
        if start.at_s < clean_s or lasted_s < _RATED_S / 2:
            continue
        shown = later[-1].frames - start.frames
        if min(each.width for each in later) >= width and shown >= FULL * frames_per_s * lasted_s:
            return start.at_s - clean_s
    return None


def _rises(seen: list[Look], name: str) -> Iterator[tuple[Look, float]]:
    """By how much a counter has risen with each look; that of a new link begins at 0."""
    for before, now in pairwise(seen):
        yield now, getattr(now, name) - (getattr(before, name) if _is_same(before, now) else 0)


def _grown(seen: list[Look], name: str) -> int:
    return sum(
        now.counts[name] - (before.counts[name] if _is_same(before, now) else 0)
        for before, now in pairwise(seen)
    )


def _is_same(before: Look, now: Look) -> bool:
    """Whether they are of one link; there is always sound."""
    return now.samples >= before.samples
