"""What a node can do with the others of its cluster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

M = TypeVar("M")

ANSWER_S = 2.0
"""How long another node may take to answer."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node, as it introduces itself to the others."""

    name: str
    """Chosen by the operator; no two of a cluster have the same."""
    incarnation: str
    """Of this run: another run of the same name is another node."""
    version: str
    """Of the software."""
    host: str
    """The address at which other nodes reach it."""
    port: int
    """TCP for messages; UDP from here on for the bridge, one for each worker."""
    workers: int


class Cluster(Protocol):
    """The other nodes, as this one can speak to them.

    Messages between two nodes arrive in the order in which they were sent, or the other node is
    lost: then both ends are told so. What comes of a node that is lost is not handled any more.
    Handlers run on the event loop's thread; one that raises is logged, and a request that it was
    to answer is refused.
    """

    @property
    def here(self) -> Node:
        """This node."""

    @property
    def others(self) -> Mapping[str, Node]:
        """Those that can be spoken to now, by their names."""

    def serve(self, kind: type[M], handler: Callable[[str, M], Awaitable[object]]) -> None:
        """Answer requests of a kind; the handler gets the asking node's name, and gives a message.

        Requests are handled beside each other and beside what is told.
        """

    def hear(self, kind: type[M], handler: Callable[[str, M], None]) -> None:
        """Take what other nodes tell of a kind; in order, each before the next is read."""

    def watch(self, joined: Callable[[Node], None], lost: Callable[[Node], None]) -> None:
        """Hear which nodes come and go, from now on; those that are there are told of at once."""

    async def ask(self, node: str, request: object, patience_s: float = ANSWER_S) -> Any:
        """The answer of another node.

        :raises NodeLost: when it is none of :attr:`others`, goes meanwhile, or does not answer.
        :raises ClusterError: when it does not understand the request, or has failed.
        """

    def tell(self, node: str, message: object) -> None:
        """Tell another node; nothing happens when it is none of :attr:`others`."""
