"""The table of all measurements: to add one, write its module, and its line here.

The module has ``measure``, and the three functions of a ``Kind``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rich.table import Table

from scripts.benchmark import (
    anatomy,
    bridge,
    cluster,
    forwarding,
    idle,
    isolation,
    keeping,
    loss,
    loss_rows,
    matching,
    memory,
    rows,
    spread,
    taps,
    times,
    tunnels,
    workers,
)
from scripts.benchmark.bench import Bench
from scripts.benchmark.targets import Target


class Kind(Protocol):
    """What is found: a module that tells it and judges it."""

    def as_dict(self, found: list[Any], /) -> dict[str, Any]:
        """For JSON."""

    def tables(self, found: list[Any], /) -> list[Table]:
        """For people; of what is not empty."""

    def targets(self, found: list[Any], /) -> list[Target]:
        """All that it is judged by, measured or not."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One section of the bench."""

    name: str
    what: str
    """For people; empty when the name says it all."""
    measure: Callable[[Bench, list[Any]], Awaitable[None]]
    """Adds what it finds to a list, so that nothing is lost when it breaks off."""
    kind: Kind
    by_default: bool = True
    """Otherwise it is measured only when it is asked for."""


MEASUREMENTS = (
    Measurement("batches", "CPU of a packet in full batches", forwarding.batches, rows),
    Measurement("calls", "real calls, up to where a server breaks", forwarding.calls, rows),
    Measurement("memory", "of a pair and of an idle user", memory.measure, memory),
    Measurement("idle", "a server without users", idle.measure, idle),
    Measurement("times", "until media, from an offer and from Next", times.measure, times),
    Measurement("matching", "", matching.measure, matching),
    Measurement("taps", "what recording some calls does to all", taps.measure, rows),
    Measurement("workers", "media processes", workers.measure, workers),
    Measurement("spread", "calls on one worker and on two", spread.measure, spread),
    Measurement("bridge", "a partner on another plane", bridge.measure, bridge),
    Measurement("cluster", "partners on other nodes, and meeting them", cluster.measure, cluster),
    Measurement("tunnels", "calls over TCP and TLS", tunnels.measure, tunnels),
    Measurement("keeping", "what evidence costs packets, and memory", keeping.measure, keeping),
    Measurement("isolation", "what floods of one user do to others", isolation.measure, isolation),
    Measurement("loss", "over bad lines, in browsers", loss.measure, loss_rows, by_default=False),
    Measurement("anatomy", "where a packet's time goes", anatomy.measure, anatomy),
)
KINDS = tuple(dict.fromkeys(each.kind for each in MEASUREMENTS))
