"""Single modules of packages that import all that they have as soon as one of them is asked for.

A server forwards media and decodes none, and yet codecs, FFmpeg, numpy and DNS would come with
aiortc's DTLS and aioice's STUN: a third of a worker's memory. So those are imported as if their
packages had nothing else. Whoever imports such a package later gets all of it, with the same
modules in it (by ``from aioice import stun``; ``aioice.stun`` is not set then).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any


@contextmanager
def bare(package: str, others: Mapping[str, Sequence[str]] | None = None) -> Iterator[None]:
    """Within it only those modules of a package are imported that are asked for.

    What is there already stays as it is.

    :param others: modules that are not to be imported either, and the names that are wanted of each
        for annotations, where anything will do.
    """
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    if package in sys.modules or places is None:
        yield
        return
    made = {package: ModuleType(package)}
    made[package].__path__ = places
    for name, wanted in (others or {}).items():
        if name not in sys.modules:
            made[name] = ModuleType(name)
            vars(made[name]).update(dict.fromkeys(wanted, Any))
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in made:
            del sys.modules[name]


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Within it a package that others can do without cannot be imported, unless it is there."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
