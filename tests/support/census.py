"""How many entries the tables of this process have, whichever object of the relay's has them."""

from __future__ import annotations

import functools
import gc
import sys
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

_TABLES = (dict, set, list, deque, bytearray)


def census() -> Counter[str]:
    """Entries by class and attribute, and by module and name; of all objects together."""
    found: Counter[str] = Counter()
    for each in gc.get_objects():
        kind = type(each)
        if str(kind.__module__).startswith("relay."):
            for name, value in _attributes(each):
                if isinstance(value, _TABLES):
                    found[f"{kind.__module__}.{kind.__name__}.{name}"] += len(value)
    for name, module in sorted(sys.modules.items()):
        if name.startswith("relay."):
            for attribute, value in vars(module).items():
                if isinstance(value, _TABLES):
                    found[f"{name}.{attribute}"] += len(value)
                elif isinstance(value, functools._lru_cache_wrapper):
                    found[f"{name}.{attribute}()"] += value.cache_info().currsize
    return +found


def objects() -> Counter[str]:
    """How many objects there are of each class that the collector knows."""
    return Counter(f"{type(each).__module__}.{type(each).__name__}" for each in gc.get_objects())


def _attributes(each: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(each, "__dict__", {}).items()
    for kind in type(each).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name != "__dict__" and hasattr(each, name):
                yield name, getattr(each, name)
