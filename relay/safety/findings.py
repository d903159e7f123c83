"""What there is to know of somebody, and what came of what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from relay.records import Appeal, Block, Report


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know of somebody who comes in."""

    avoids: frozenset[str] = frozenset()
    """Tokens of those whom it never wants to meet again."""
    outcomes: tuple[Report, ...] = ()
    """Its reports that were decided, and of which it was not told."""
    warnings: tuple[Report, ...] = ()
    """Reports for which it is to be warned, and has not been."""
    has_reported: bool = False


@dataclass(frozen=True, slots=True)
class Deeds:
    """What somebody has done."""

    blocks: tuple[Block, ...] = ()
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Filed:
    """What came of a report."""

    report: Report
    block: Block
    is_stored: bool


def shown_appeal(appeal: Appeal) -> dict[str, Any]:
    """An appeal as the banned person sees it."""
    return {
        "at": appeal.at,
        "words": appeal.words,
        "outcome": appeal.outcome,
        "answer": appeal.answer,
    }
