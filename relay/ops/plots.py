"""Sparklines and graphs of block characters."""

from collections.abc import Callable, Sequence

_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = len(_BLOCKS) - 1

Value = float | None


def sparkline(values: Sequence[Value], width: int, top: float | None = None) -> str:
    """The last ``width`` values as one line, the newest at the right.

    A value that is more than nothing shows at least the lowest block; None leaves a gap.

    :param top: what fills the line; without it the largest value shown.
    """
    shown = _last(values, width)
    top = _top(shown) if top is None else top
    return "".join(_BLOCKS[_eighths(value, top, _EIGHTHS)] for value in shown)


def graph(
    values: Sequence[Value], width: int, height: int, label: Callable[[float], str], least: float
) -> list[str]:
    """The last ``width`` values as ``height`` lines over a line of time, with a scale at the left.

    :param label: writes a value of the scale.
    :param least: the scale reaches at least up to this, so that noise about nothing stays small.
    """
    shown = _last(values, width)
    top = max(_top(shown), least)
    levels = [_eighths(value, top, _EIGHTHS * height) for value in shown]
    marks = {height - 1: label(top), 0: label(0)}
    if height >= 4:
        marks[height // 2] = label(top * (height // 2 + 1) / height)
    margin = max(len(mark) for mark in marks.values())
    return [
        f"{marks.get(row, ''):>{margin}} ┤"
        + "".join(_BLOCKS[min(max(level - row * _EIGHTHS, 0), _EIGHTHS)] for level in levels)
        for row in reversed(range(height))
    ]


def _last(values: Sequence[Value], width: int) -> list[Value]:
    shown = list(values[-width:]) if width > 0 else []
    return [None] * (width - len(shown)) + shown


def _top(values: Sequence[Value]) -> float:
    return max((value for value in values if value is not None), default=0.0)


def _eighths(value: Value, top: float, most: int) -> int:
    if value is None or value <= 0 or top <= 0:
        return 0
    return min(max(round(value / top * most), 1), most)
