"""Nodes whose messages take their time: in order, as over a connection, and each by a task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.cluster import Node
from relay.cluster.interface import ANSWER_S
from relay.cluster.messages import VOCABULARY
from relay.errors import NodeLost

Hop = Callable[[], Awaitable[None]]


@dataclass
class Distance:
    """The network: awaits ``hop`` with whatever is on its way.

    :param patience: awaited beside an answer; the node counts as silent when it is done first.
    """

    hop: Hop
    patience: Hop
    nodes: dict[str, DistantCluster] = field(default_factory=dict)

    def node(self, name: str) -> DistantCluster:
        here = DistantCluster(self, Node(name, f"{name}-1", "0.1.0", "127.0.0.1", 0, 1))
        others = list(self.nodes.values())
        self.nodes[name] = here
        for other in others:
            here.join(other)
            other.join(here)
        return here

    async def lose(self, name: str) -> None:
        """A node dies: what is on its way from it or to it is lost."""
        gone = self.nodes.pop(name)
        for other in self.nodes.values():
            await other.lose(name)
        await gone.close()

    async def close(self) -> None:
        for node in self.nodes.values():
            await node.close()


class DistantCluster:
    """A :class:`relay.cluster.Cluster`."""

    def __init__(self, distance: Distance, here: Node) -> None:
        self._distance, self._here = distance, here
        self._others: dict[str, Node] = {}
        self._out: dict[str, asyncio.Queue[tuple[str, int, bytes]]] = {}
        self._tasks: dict[str, set[asyncio.Task[Any]]] = {}
        self._asked: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._carried: set[str] = set()
        """To whom something is on its way."""
        self._number = 0
        self._serving: dict[type, Callable[[str, Any], Awaitable[object]]] = {}
        self._hearing: dict[type, Callable[[str, Any], None]] = {}
        self._lost: list[Callable[[Node], None]] = []

    @property
    def here(self) -> Node:
        return self._here

    @property
    def others(self) -> Mapping[str, Node]:
        return self._others

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of this node's is on its way, nor being answered."""
        is_silent = not self._carried and all(queue.empty() for queue in self._out.values())
        is_idle = not self._asked and all(len(tasks) == 1 for tasks in self._tasks.values())
        return is_silent and is_idle

    def serve(self, kind: type[Any], handler: Callable[[str, Any], Awaitable[object]]) -> None:
        self._serving[kind] = handler

    def hear(self, kind: type[Any], handler: Callable[[str, Any], None]) -> None:
        self._hearing[kind] = handler

    def watch(self, joined: Callable[[Node], None], lost: Callable[[Node], None]) -> None:
        self._lost.append(lost)
        for node in self._others.values():
            joined(node)

    async def ask(self, node: str, request: object, patience_s: float = ANSWER_S) -> Any:
        del patience_s  # it is the network's
        if node not in self._others:
            raise NodeLost(f"node {node} has gone")
        self._number += 1
        number, answered = self._number, asyncio.get_running_loop().create_future()
        self._asked[number] = node, answered
        self._out[node].put_nowait(("request", number, VOCABULARY.write(request)))
        waiting = asyncio.ensure_future(self._distance.patience())
        try:
            await asyncio.wait({answered, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if answered.done():
                return answered.result()
            raise NodeLost(f"node {node} does not answer")
        finally:
            waiting.cancel()
            answered.cancel()
            del self._asked[number]

    def tell(self, node: str, message: object) -> None:
        if node in self._others:
            self._out[node].put_nowait(("told", 0, VOCABULARY.write(message)))

    # what the network does

    def join(self, other: DistantCluster) -> None:
        name = other.here.name
        self._others[name] = other.here
        self._out[name] = asyncio.Queue()
        self._tasks[name] = {asyncio.create_task(self._carry(other))}

    async def lose(self, name: str) -> None:
        node = self._others.pop(name)
        del self._out[name]
        tasks = self._tasks.pop(name)
        for to, answered in self._asked.values():
            if to == name and not answered.done():
                answered.set_exception(NodeLost(f"node {name} has gone"))
        for lost in self._lost:
            lost(node)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def close(self) -> None:
        for name in list(self._others):
            tasks = self._tasks.pop(name)
            del self._others[name], self._out[name]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for _, answered in self._asked.values():
            if not answered.done():
                answered.set_exception(NodeLost("this node ends"))

    async def _carry(self, other: DistantCluster) -> None:
        queue = self._out[other.here.name]
        while True:
            item = await queue.get()
            self._carried.add(other.here.name)
            try:
                await self._distance.hop()
                other.arrived(self._here.name, *item)
            finally:
                self._carried.discard(other.here.name)

    def arrived(self, by: str, what: str, number: int, data: bytes) -> None:
        if by not in self._others:
            return
        message, _ = VOCABULARY.read(data)
        if what == "told":
            if (hearing := self._hearing.get(type(message))) is not None:
                hearing(by, message)
        elif what == "request":
            task = asyncio.create_task(self._answer(by, number, message))
            self._tasks[by].add(task)
            task.add_done_callback(self._tasks[by].discard)
        elif number in self._asked and not self._asked[number][1].done():
            self._asked[number][1].set_result(message)

    async def _answer(self, by: str, number: int, request: object) -> None:
        await asyncio.sleep(0)
        answer = await self._serving[type(request)](by, request)
        if by in self._out:
            self._out[by].put_nowait(("answer", number, VOCABULARY.write(answer)))
