"""What there is to say of a cluster in numbers, as one node sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from relay.cluster.greeting import REASONS


@dataclass(frozen=True, slots=True)
class Figures:
    """Those of a server that is alone, as they stand here."""

    nodes: int = 0
    """Others that can be spoken to."""
    leases: int = 0
    """Nodes that have a lease, this one included, as Redis has told last."""
    store_up: bool = False
    """Whether Redis has answered the last time."""
    ahead_s: float = 0.0
    """By how much this machine's clock is ahead of Redis'."""
    messages: Mapping[str, int] = field(default_factory=lambda: {"sent": 0, "received": 0})
    unknown: int = 0
    """Messages of kinds that this release does not know."""
    lost: int = 0
    """Nodes that were spoken to, and went without taking leave."""
    refusals: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a node is doing, as the others know it."""

    load: float = 0.0
    """Share of a core that its own process uses; its workers come on top."""
    draining: bool = False
    users: int = 0
    """Those who are connected to it."""
    looking: Mapping[str, int] = field(default_factory=dict)
    """Those of them who wait, by the mode in which they want to talk."""
