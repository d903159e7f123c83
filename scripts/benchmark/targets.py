"""The project's targets: figures to reach, beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = {"us_per_packet": " us", "_ms": " ms"}


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach; ``met`` is None when it was not measured."""

    figure: str
    target: str
    measured: str
    met: bool | None


def at_most(figure: str, of: object, name: str, most: float, unit: str | None = None) -> Target:
    """That an attribute of a result is at most so much.

    :param of: None when it was not measured.
    :param unit: by default that at the end of the attribute's name.
    """
    value = None if of is None else getattr(of, name)
    if unit is None:
        unit = next((u for end, u in _UNITS.items() if name.endswith(end)), "")
    return judge(figure, value, most, unit, doubt=in_doubt(of))


def judge(
    figure: str, value: float | None, most: float, unit: str, *, form: str = ".3g", doubt: str = ""
) -> Target:
    """That a value is at most so much; None when it was not measured."""
    measured = "" if value is None else f"{value:{form}}{unit}{doubt}"
    met = None if value is None else value <= most
    return Target(figure, f"{most:g}{unit} at most", measured, met)


def at_least(
    figure: str,
    value: float | None,
    least: float,
    unit: str,
    *,
    form: str = ".3g",
    doubt: str = "",
) -> Target:
    """That a value is at least so much; None when it was not measured."""
    measured = "" if value is None else f"{value:{form}}{unit}{doubt}"
    met = None if value is None else value >= least
    return Target(figure, f"{least:g}{unit} at least", measured, met)


def in_doubt(of: object) -> str:
    """What is added to a figure whose row is in doubt."""
    return " (in doubt)" if getattr(of, "doubt", "") else ""
