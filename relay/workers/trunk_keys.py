"""The trunks between this node's workers and those of others, as the front has them opened.

Each worker has a key of its own for each worker that it sends to. The front makes it, tells the
other node over the nodes' connection, and has it used when the other worker has taken it.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from relay.cluster.interface import Cluster, Node
from relay.cluster.messages import Refused, TrunkKey, TrunkTaken
from relay.errors import ClusterError, NodeLost, WorkerError
from relay.logs import log_crash
from relay.media.paths.trunk import EPOCHS, KEY_BYTES
from relay.workers import messages
from relay.workers.colleague import Colleague
from relay.workers.directory import MAX_WORKERS

RENEWED_S = 3600.0
"""How long a key is used."""

_KEY = re.compile(f"[0-9a-f]{{{2 * KEY_BYTES}}}")


@dataclass(slots=True, eq=False)
class _Key:
    """Of what one worker here sends to one of another node."""

    epoch: int
    is_anew: bool
    """Whether the worker has come while the other node was there."""
    text: str = field(default_factory=lambda: secrets.token_hex(KEY_BYTES), repr=False)
    used_since_s: float | None = None
    """None until the other worker has taken it."""


class TrunkKeys:
    """Of one front.

    :param members: its workers, by their indexes; whoever has them keeps them.
    :param clock: seconds, monotonic.
    :param lost: told the name of a node to which all trunks are closed.
    """

    def __init__(
        self,
        cluster: Cluster,
        members: Mapping[int, Colleague],
        clock: Callable[[], float],
        lost: Callable[[str], None],
    ) -> None:
        self._cluster, self._members = cluster, members
        self._clock, self._closed = clock, lost
        self._nodes: dict[str, Node] = {}
        self._keys: dict[tuple[str, int, int], _Key] = {}
        """By the node, the worker here, and the one there."""
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._is_open = False

    # life

    def begin(self) -> None:
        """Have trunks to all nodes, from now on."""
        self._is_open = True
        self._cluster.serve(TrunkKey, self._take)
        self._cluster.watch(self._joined, self._lost)

    async def close(self) -> None:
        """Tell nobody any more; the trunks end with their workers."""
        self._is_open = False
        tasks = list(self._telling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def workers(self, name: str) -> int:
        """To how many workers of a node there are trunks."""
        return min(self._nodes[name].workers, MAX_WORKERS) if name in self._nodes else 0

    # workers and nodes come and go

    def worker_joined(self, member: Colleague) -> None:
        """Have a worker's trunks; those of a former front's are closed."""
        member.tell(messages.CloseTrunks())
        for node in self._nodes.values():
            self._open(member, node, is_anew=True)
            self._tell_soon(node.name)

    def _joined(self, node: Node) -> None:
        if not self._is_open:
            return
        if node.name in self._nodes:
            self._lost(self._nodes[node.name])
        self._nodes[node.name] = node
        for member in self._members.values():
            self._open(member, node, is_anew=False)
        self._tell_soon(node.name)

    def _lost(self, node: Node) -> None:
        if self._nodes.pop(node.name, None) is None or not self._is_open:
            return
        for ends in [ends for ends in self._keys if ends[0] == node.name]:
            del self._keys[ends]
        for member in self._members.values():
            member.tell(messages.CloseTrunks(node.name))
        if (telling := self._telling.pop(node.name, None)) is not None:
            telling.cancel()
        self._closed(node.name)

    def _open(self, member: Colleague, node: Node, *, is_anew: bool) -> None:
        here = self._cluster.here
        near = here.host, here.port + member.index
        for worker in range(self.workers(node.name)):
            far = node.host, node.port + worker
            member.tell(messages.OpenTrunk(node.name, worker, near, far))
            self._renew((node.name, member.index, worker), is_anew=is_anew)

    # keys

    def beat(self) -> None:
        """Renew keys that are due, and tell what is not taken yet; to be called every second."""
        due_s = self._clock() - RENEWED_S
        for ends, key in list(self._keys.items()):
            if key.used_since_s is not None and key.used_since_s <= due_s:
                self._renew(ends)
        for name in {name for (name, _, _), key in self._keys.items() if key.used_since_s is None}:
            self._tell_soon(name)

    def _renew(self, ends: tuple[str, int, int], *, is_anew: bool = False) -> None:
        """Make another key, which is used once it has been taken; until then the former one is.

        A worker that has begun anew is told of as such until the other node has heard it.
        """
        former = self._keys.get(ends)
        if former is None:
            self._keys[ends] = _Key(0, is_anew)
        else:
            unheard = former.is_anew and former.used_since_s is None
            self._keys[ends] = _Key((former.epoch + 1) % EPOCHS, is_anew or unheard)

    def _tell_soon(self, name: str) -> None:
        """Have a node told, unless it is being told: then what is new has its turn, too."""
        if self._is_open and name in self._nodes and name not in self._telling:
            task = asyncio.create_task(self._tell(name), name=f"keys for node {name}")
            self._telling[name] = task
            task.add_done_callback(log_crash)
            task.add_done_callback(lambda done: self._has_told(name, done))

    def _has_told(self, name: str, done: asyncio.Task[None]) -> None:
        if self._telling.get(name) is done:
            del self._telling[name]

    async def _tell(self, name: str) -> None:
        """Tell what is not taken yet, each once: what fails is tried again at the next beat."""
        tried: set[_Key] = set()
        while True:
            new = [ends for ends, key in self._untaken(name) if key not in tried]
            if not new:
                return
            for ends in new:
                key = self._keys.get(ends)
                if key is None or key.used_since_s is not None:
                    continue
                tried.add(key)
                try:
                    await self._offer(ends, key)
                except NodeLost:
                    return
                except ClusterError:  # the other worker is not there, for the moment
                    continue

    def _untaken(self, name: str) -> Iterator[tuple[tuple[str, int, int], _Key]]:
        for ends, key in self._keys.items():
            if ends[0] == name and key.used_since_s is None:
                yield ends, key

    async def _offer(self, ends: tuple[str, int, int], key: _Key) -> None:
        name, sender, receiver = ends
        if sender not in self._members:
            return
        told = TrunkKey(sender, receiver, key.epoch, key.text, key.is_anew)
        answer = await self._cluster.ask(name, told)
        if not isinstance(answer, TrunkTaken) or self._keys.get(ends) is not key:
            return
        member = self._members.get(sender)
        if member is not None:
            key.used_since_s = self._clock()
            member.tell(messages.UseTrunkKey(name, receiver, key.epoch, key.text))

    async def _take(self, name: str, told: TrunkKey) -> object:
        """Another node's worker is to send under a key."""
        member = self._members.get(told.receiver)
        is_sound = told.epoch in range(EPOCHS) and _KEY.fullmatch(told.key) is not None
        if member is None or not is_sound or told.sender not in range(self.workers(name)):
            return Refused("there is no such trunk")
        wanted = messages.TakeTrunkKey(name, told.sender, told.epoch, told.key)
        try:
            taken: messages.TrunkKeyTaken = await member.ask(wanted)
        except WorkerError:
            return Refused("the worker has gone")
        if not taken.is_known:
            return Refused("there is no such trunk")
        if told.is_anew:
            ends = name, told.receiver, told.sender
            if ends in self._keys:
                self._renew(ends)
                self._tell_soon(name)
        return TrunkTaken()
