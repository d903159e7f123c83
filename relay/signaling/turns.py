"""Whose turn it is to search again, of those who wait: so many a second, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

AT_ONCE = 64

T = TypeVar("T")


class Turns:
    """Remembers how far it has come; with more than can be asked at once nobody is left out."""

    def __init__(self) -> None:
        self._next = 0

    def of(self, waiting: Sequence[T]) -> Iterator[T]:
        """The next ones.

        :param waiting: all who wait, in an order that mostly stays as it is.
        """
        first = self._next % len(waiting) if waiting else 0
        self._next = first + AT_ONCE
        return islice(chain(waiting[first:], waiting[:first]), AT_ONCE)
