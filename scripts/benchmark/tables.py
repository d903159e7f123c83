"""Tables for people, as all measurements draw them."""

from __future__ import annotations

from rich.table import Table

_WORDS = {"load", "line", "server", "in doubt", "of", "from", "how", "figure", "target", "counted"}
"""The headings over words, which stand left; numbers stand right."""


def table(title: str, *headings: str) -> Table:
    """An empty one."""
    drawn = Table(title=title, title_justify="left", caption_justify="left")
    for heading in headings:
        is_word = heading in _WORDS
        drawn.add_column(heading, justify="left" if is_word else "right", no_wrap=is_word)
    return drawn


def number(value: float | None, digits: int) -> str:
    """A cell; empty when there is no value."""
    return "" if value is None else f"{value:.{digits}f}"
