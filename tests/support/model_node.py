"""A node as matching knows it: users who search, meet and part, and what nodes say of rooms.

It does what signalling does with rooms across nodes, and nothing else, step by step: a message is
delivered when a test says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from relay.cluster.lane import Lane
from relay.errors import StoreAway
from relay.matching import Matchmaker
from relay.store import Room, Waiter
from relay.store.redis import RedisStore
from relay.store.shared import SharedStore

_EPOCH_S = 1_700_000_000

Kind = Literal["offer", "accepted", "declined", "parted"]


@dataclass
class Person:
    """A user. ``room`` is what it has been told of; ``offered`` is one that it may be told of."""

    user_id: str
    waits: bool = False
    since_s: float = 0.0
    room: Room | None = None
    offered: Room | None = None

    @property
    def is_free(self) -> bool:
        return self.waits and self.room is None and self.offered is None


@dataclass
class World:
    """Some nodes, a Redis, and the network between them."""

    lane: Lane
    now: float = 1000.0
    nodes: dict[str, ModelNode] = field(default_factory=dict)
    wires: dict[tuple[str, str], deque[tuple[Kind, Room]]] = field(default_factory=dict)
    """What is under way, by whom it was sent and to whom."""
    cut: set[frozenset[str]] = field(default_factory=set)
    numbers: count[int] = field(default_factory=count)

    def are_joined(self, a: str, b: str) -> bool:
        return a in self.nodes and b in self.nodes and frozenset({a, b}) not in self.cut

    def tell(self, sender: str, receiver: str, kind: Kind, room: Room) -> None:
        if self.are_joined(sender, receiver):
            self.wires.setdefault((sender, receiver), deque()).append((kind, room))

    def break_wires(self, a: str, b: str) -> None:
        """The connection is lost, with what is under way; both know."""
        for pair in ((a, b), (b, a)):
            self.wires.pop(pair, None)
        for here, there in ((a, b), (b, a)):
            if here in self.nodes:
                self.nodes[here].lost(there)


class ModelNode:
    """One node; its way to Redis can be cut, so that a command does not come in, or its answer."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.people: dict[str, Person] = {}
        self.trouble: Literal["", "lost", "unanswered"] = ""
        self.broken = 0
        """So many commands fail, whatever else: the connection was lost."""
        redis = RedisStore(self._run, name, self._clock)
        self.store = SharedStore(redis, self._clock)
        self.store.restates(lambda: [p.room for p in self.people.values() if p.room is not None])
        self._matchmaker = Matchmaker(
            self.store,
            rematch_after_s=0.0,
            new_room_id=lambda: f"room {next(world.numbers)}",
            reaches=lambda node: world.are_joined(name, node),
        )

    def _clock(self) -> float:
        return self.world.now

    async def _run(self, *command: str | int) -> Any:
        if self.broken or self.trouble == "lost":
            self.broken = max(self.broken - 1, 0)
            raise StoreAway("lost")
        answer = await self.world.lane.run(*command)
        if self.trouble == "unanswered":
            raise StoreAway("unanswered")
        if command[0] == "EVALSHA":  # Redis' time goes as the world's does
            us = round((self.world.now + _EPOCH_S) * 1e6)
            answer[:2] = [str(us // 1_000_000), str(us % 1_000_000)]
        return answer

    def come(self) -> Person:
        person = Person(f"user {next(self.world.numbers)}")
        self.people[person.user_id] = person
        return person

    async def search(self, person: Person) -> None:
        if not person.waits:
            person.waits, person.since_s = True, self.world.now
        if not person.is_free:
            return
        waiter = Waiter(person.user_id, person.since_s, node=self.name)
        wanted: Callable[[], bool] = lambda: person.is_free  # noqa: E731
        room = await self._matchmaker.search(waiter, self.world.now, wanted=wanted)
        if room is None:
            return
        other_id = room.second if room.first == person.user_id else room.first
        if (there := room.node_of(other_id)) != self.name:
            person.offered = room
            self.world.tell(self.name, there, "offer", room)
            if not self.world.are_joined(self.name, there):
                await self.give_up(person)
            return
        other = self.people.get(other_id)
        if other is not None and other.is_free and person.is_free:
            person.room = other.room = room
        else:
            await self._matchmaker.leave(person.user_id)

    async def give_up(self, person: Person) -> None:
        """No answer to an offer has come in time."""
        room, person.offered = person.offered, None
        if room is not None:
            self.world.tell(self.name, self._node_there(room), "parted", room)
            await self._matchmaker.leave(person.user_id)

    async def stop(self, person: Person, *, for_good: bool = False) -> None:
        """Leave the queue, or the room; the partner searches on."""
        person.waits = False
        await self._matchmaker.leave(person.user_id)
        self._part(person)
        if for_good:
            del self.people[person.user_id]

    async def deliver(self, sender: str) -> None:
        """Take one message of another node's."""
        kind, room = self.world.wires[sender, self.name].popleft()
        person = self.people.get(room.first if room.nodes[0] == self.name else room.second)
        match kind:
            case "offer":
                is_taken = person is not None and person.is_free
                if person is not None and is_taken:
                    person.room = room
                answer: Kind = "accepted" if is_taken else "declined"
                self.world.tell(self.name, sender, answer, room)
            case "accepted":
                if person is not None and person.offered == room:
                    person.offered, person.room = None, room
                else:
                    self.world.tell(self.name, sender, "parted", room)
            case "declined":
                if person is not None and person.offered == room:
                    person.offered = None
                    await self._matchmaker.leave(person.user_id)
            case "parted":
                if person is not None and person.room == room:
                    person.room = None
                if person is not None and person.offered == room:
                    person.offered = None

    def lost(self, there: str) -> None:
        """The connection to another node, or the node, is lost."""
        for person in self.people.values():
            for room in (person.room, person.offered):
                if room is not None and there in room.nodes:
                    person.room = person.offered = None

    def _part(self, person: Person) -> None:
        for room in (person.room, person.offered):
            if room is None:
                continue
            there = self._node_there(room)
            if there == self.name:
                for user_id in (room.first, room.second):
                    if (each := self.people.get(user_id)) is not None and each.room == room:
                        each.room = None
            else:
                self.world.tell(self.name, there, "parted", room)
        person.room = person.offered = None

    def _node_there(self, room: Room) -> str:
        return room.nodes[1] if room.nodes[0] == self.name else room.nodes[0]
