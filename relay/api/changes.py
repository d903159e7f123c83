"""What is kept for all nodes of a cluster has changed: told to the others, and heard of them.

Nothing that counts is told itself, only that it is to be looked up again: where somebody missed it,
it is looked up in time anyway.
"""

from __future__ import annotations

from collections.abc import Callable

from relay.cluster import Cluster
from relay.cluster.messages import Changed

Hearer = Callable[[str], None]
"""Gets what it is about: an id, or nothing."""


class Changes:
    """Tells the other nodes, and hears them; without a cluster, nobody.

    :param hearers: by the names of what changes, who takes it over.
    """

    def __init__(self, cluster: Cluster | None, hearers: dict[str, Hearer]) -> None:
        self._cluster, self._hearers = cluster, hearers
        if cluster is not None:
            cluster.hear(Changed, self._heard)

    def tell(self, what: str, about: str = "") -> None:
        """Tell all others."""
        if self._cluster is not None:
            for node in list(self._cluster.others):
                self.tell_one(node, what, about)

    def tell_one(self, node: str, what: str, about: str = "") -> None:
        """Tell one other."""
        if self._cluster is not None:
            self._cluster.tell(node, Changed(f"{what} {about}" if about else what))

    def _heard(self, _: str, changed: Changed) -> None:
        what, _, about = changed.what.partition(" ")
        if (hearer := self._hearers.get(what)) is not None:
            hearer(about)
