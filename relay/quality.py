"""How well somebody sees and hears a partner, in one figure, and which part of the way is to blame.

Pure, and of no medium's packets: whoever knows more of them says it in these words. The page has
the same figure of its own (``web/media/quality.js``); ``tests/quality.json`` holds both to one
table.

What spoils a conversation most weighs most: sound that is made up, and a picture that stands still;
then how long it takes; a small picture least. Each is a factor of what is left, so one of them is
enough to make a call bad, and nothing makes up for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log2
from typing import Literal, get_args

Grade = Literal["good", "weak", "poor"]
GRADES: tuple[Grade, ...] = get_args(Grade)

Leg = Literal["up", "relay", "down"]
"""A part of the way: from the sender to the relay, the relay itself, from there to the receiver."""
LEGS: tuple[Leg, ...] = get_args(Leg)

BEST, WORST = 5.0, 1.0
"""As a mean opinion score has it (ITU-T P.800.1)."""

GOOD, WEAK = 4.0, 2.5
"""From where on it is good, and from where on it is not poor."""

CONCEALED, FROZEN = 7.0, 8.0
"""How much a share of the time costs, as a power of e: with a tenth, half of it is left."""
TOLERATED_MS, SLOW_MS = 150.0, 700.0
"""A delay that nobody notices (ITU-T G.114), and what costs as much as a factor of e."""
ENOUGH_LINES, SMALLER, SMALLEST = 360, 0.07, 0.8
"""The short side of a picture that is large enough; what each half of it costs, and what is left at
least."""

FREEZES = 6.0
"""A packet of a picture that is lost for good stops it until the next key frame: so many times as
much of the time as of the packets."""
BLAMED = 0.05
"""A leg that costs less, as a power of e, is not to blame: 0.2 of the best figure."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What somebody gets of a partner; shares are from 0 to 1. None: there is none, or who knows.

    What is not known is not held against it.
    """

    concealed: float | None = None
    """Of the sound: what was made up since it did not come in time."""
    frozen: float | None = None
    """Of the time: when the picture stood still."""
    shown: float | None = None
    """Of the pictures that were sent: those that were shown."""
    delay_ms: float | None = None
    """From one to the other."""
    lines: int | None = None
    """Of the picture's short side."""


def quality(got: Experience) -> float:
    """From :data:`WORST` to :data:`BEST`."""
    left = exp(-CONCEALED * _share(got.concealed) - FROZEN * _share(got.frozen))
    if got.shown is not None:
        left *= _share(got.shown) ** 0.5
    left *= exp(-max((got.delay_ms or 0.0) - TOLERATED_MS, 0.0) / SLOW_MS)
    if got.lines:
        left *= max(1 - SMALLER * max(log2(ENOUGH_LINES / got.lines), 0.0), SMALLEST)
    return WORST + (BEST - WORST) * left


def grade(figure: float) -> Grade:
    """The same in a word; what is told with one decimal has the word of that."""
    figure = round(figure, 1)
    return "good" if figure >= GOOD else "weak" if figure >= WEAK else "poor"


@dataclass(frozen=True, slots=True)
class Losses:
    """What one leg has lost lately: shares of the packets."""

    sound: float = 0.0
    """For good, whatever repair made up for."""
    picture: float = 0.0
    at_first: float = 0.0
    """Before repair, which takes time: of the medium that lost more."""
    delay_ms: float = 0.0
    """How long the leg takes."""


def costs(lost: Losses, delay_ms: float) -> float:
    """What a leg costs, as a power of e.

    :param delay_ms: of all legs together.
    """
    cost = CONCEALED * lost.sound + FROZEN * FREEZES * lost.picture + lost.at_first
    if delay_ms > TOLERATED_MS:
        cost += (delay_ms - TOLERATED_MS) / SLOW_MS * lost.delay_ms / delay_ms
    return cost


def to_blame(legs: Mapping[Leg, Losses]) -> Leg | None:
    """The leg that costs most; None when none costs anything to speak of."""
    delay_ms = sum(lost.delay_ms for lost in legs.values())
    cost, leg = max(((costs(lost, delay_ms), leg) for leg, lost in legs.items()), default=(0, None))
    return leg if cost >= BLAMED else None


def together(*lost: float) -> float:
    """What is lost where so much is lost on each of several legs."""
    through = 1.0
    for share in lost:
        through *= 1 - _share(share)
    return 1 - through


def frozen_by(lost: float) -> float:
    """For how much of the time a picture stands still of which so many packets are lost for good.

    For want of somebody who has seen it.
    """
    return 1 - exp(-FREEZES * lost)


def _share(value: float | None) -> float:
    return min(max(value or 0.0, 0.0), 1.0)
