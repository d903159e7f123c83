"""What every measurement is given: the options, the servers, and whom to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from scripts.benchmark.servers import FLOOR, RELAY, Server

Serve = Callable[[], AbstractAsyncContextManager[Server]]
"""Starts a server for as long as the context lasts."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loss:
    """What to measure over bad lines."""

    lines: tuple[str, ...] = ()
    before: str = ""
    """The git revision beside which this tree is measured."""
    runs: int = 5
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    sections: tuple[str, ...]
    rates: tuple[int, ...]
    pairs: tuple[int, ...]
    runs: int
    seconds: float
    janus: bool | None  # None: where it is installed
    stock: bool
    poll_idle: bool
    quick: bool
    users: int
    """That only signal."""
    loss: Loss = field(default_factory=Loss)


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the bench; ``missing`` says why a server is not among the results."""

    options: Options
    say: Say
    passing: dict[str, Serve] = field(default_factory=dict)
    """The servers that pass packets on."""
    encoding: dict[str, Serve] = field(default_factory=dict)
    """Those that decode and encode them."""
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> dict[str, Serve]:
        """The relay and the floor."""
        return {name: self.passing[name] for name in (RELAY, FLOOR)}
