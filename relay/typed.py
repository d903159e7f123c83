"""Typed messages as bytes: the kind's name, the number of a request, and JSON.

Whoever reads them has said which kinds it knows; fields that it does not know are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from relay.errors import NotUnderstood

Kind = type[Any]


class Vocabulary:
    """The kinds of messages that two ends have for each other.

    :param kinds: dataclasses; no two with one name.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._readers: dict[str, TypeAdapter[Any]] = {
            kind.__name__: TypeAdapter(kind) for kind in kinds
        }

    def write(self, message: object, number: int = 0) -> bytes:
        """A message, with the number of its request."""
        name = type(message).__name__
        return b"%b %d %b" % (name.encode(), number, self._readers[name].dump_json(message))

    def read(self, data: bytes) -> tuple[Any, int]:
        """What :meth:`write` has written: the message and its number; None for an unknown kind.

        :raises NotUnderstood: when it is nothing of the kind.
        """
        name, _, rest = data.partition(b" ")
        number, _, body = rest.partition(b" ")
        if not number.isdigit() or len(number) > 20:
            raise NotUnderstood("says what nobody understands")
        reader = self._readers.get(name.decode(errors="replace"))
        if reader is None:
            return None, int(number)
        try:
            return reader.validate_json(body), int(number)
        except ValueError:
            raise NotUnderstood(f"says what is no {name.decode()}") from None
