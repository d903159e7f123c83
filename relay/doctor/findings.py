"""What the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is."""

    GOOD = "good"
    FAIR = "fair"
    """It works, but not for everybody, or not as well as it could."""
    BAD = "bad"
    """It does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    grade: Grade
    subject: str
    """Names it in a word or two."""
    text: str
    advice: str = ""
    """What to change; empty when there is nothing to."""


def good(subject: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(Grade.GOOD, subject, text)


def fair(subject: str, text: str, advice: str) -> Finding:
    """Something to know."""
    return Finding(Grade.FAIR, subject, text, advice)


def bad(subject: str, text: str, advice: str) -> Finding:
    """Something to change."""
    return Finding(Grade.BAD, subject, text, advice)
