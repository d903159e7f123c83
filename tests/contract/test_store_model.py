"""Whatever happens to nodes, to Redis and to the network between them, users are in order.

Generated stories over a real Redis: nodes crash and come back, connections break, Redis loses
writes or their answers, and messages are delivered late. At no moment has a user two rooms, and a
room that one of the two does not know of is only there while a message about it is under way. When
all is well again, nobody goes on waiting while somebody else does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from relay.cluster.lane import Lane, client
from relay.store.scripts import KEYS
from tests.support.model_node import ModelNode, Person, World
from tests.support.redis_server import NEEDS_REDIS, RedisServer

pytestmark = NEEDS_REDIS

T = TypeVar("T")
NAMES = ("a", "b", "c")
STEPS = 300
PEOPLE = 2
"""On each node, at most."""

a_node = st.sampled_from(NAMES)
somebody = st.integers(0, PEOPLE - 1)


class Nodes(RuleBasedStateMachine):
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World(Lane(client(self.url, 60.0), patience_s=60.0))
        self.snapshot: dict[str, bytes] | None = None
        self.is_silently_restored = False
        self.do(self.world.lane.run("FLUSHALL"))
        for name in NAMES:
            self.start(name)

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(what)

    def start(self, name: str) -> None:
        node = self.world.nodes[name] = ModelNode(self.world, name)
        self.do(node.store.tend())

    def person(self, name: str, number: int) -> tuple[ModelNode, Person] | None:
        node = self.world.nodes.get(name)
        if node is None:
            return None
        while len(node.people) < PEOPLE:
            node.come()
        return node, [*node.people.values()][number]

    def under_way(self) -> list[tuple[str, str]]:
        return sorted(pair for pair, wire in self.world.wires.items() if wire)

    # what users do

    @rule(name=a_node, number=somebody)
    def search(self, name: str, number: int) -> None:
        if found := self.person(name, number):
            node, person = found
            self.do(node.search(person))

    @rule(name=a_node, number=somebody)
    def press_next(self, name: str, number: int) -> None:
        self.stop(name, number, for_good=False)
        self.search(name, number)

    @rule(names=st.permutations(NAMES), number=somebody)
    def two_come_anew(self, names: list[str], number: int) -> None:
        """On two nodes, so that they are likely to meet."""
        for name in names[:2]:
            self.stop(name, number, for_good=True)
        for name in names[:2]:
            self.search(name, number)

    @rule(name=a_node, number=somebody, for_good=st.booleans())
    def stop(self, name: str, number: int, *, for_good: bool) -> None:
        if found := self.person(name, number):
            node, person = found
            self.do(node.stop(person, for_good=for_good))

    # what the network does

    @rule(which=st.integers(0, 5), many=st.integers(1, 3))
    def deliver(self, which: int, many: int) -> None:
        if under_way := self.under_way():
            sender, receiver = under_way[which % len(under_way)]
            for _ in range(min(many, len(self.world.wires[sender, receiver]))):
                self.do(self.world.nodes[receiver].deliver(sender))

    @rule(name=a_node, number=somebody)
    def an_answer_is_late(self, name: str, number: int) -> None:
        if found := self.person(name, number):
            node, person = found
            self.do(node.give_up(person))

    @rule(a=a_node, b=a_node, which=st.integers(0, 5))
    def cut(self, a: str, b: str, which: int) -> None:
        """Rather where something is under way."""
        if under_way := self.under_way():
            a, b = under_way[which % len(under_way)]
        if a != b:
            self.world.cut.add(frozenset({a, b}))
            self.world.break_wires(a, b)

    @rule(a=a_node, b=a_node, which=st.integers(0, 5))
    def mend(self, a: str, b: str, which: int) -> None:
        self.world.cut.discard(frozenset({a, b}))

    # what nodes do

    @rule(name=a_node)
    def crash(self, name: str) -> None:
        if self.world.nodes.pop(name, None):
            for other in NAMES:
                if other != name:
                    self.world.break_wires(name, other)

    @rule(name=a_node)
    def start_again(self, name: str) -> None:
        if name not in self.world.nodes:
            self.start(name)

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0]))
    def pass_time(self, seconds: float) -> None:
        self.world.now += seconds
        for node in self.world.nodes.values():
            self.do(node.store.tend())

    @rule(name=a_node, but=st.sampled_from(["", *NAMES]))
    def sweep(self, name: str, but: str) -> None:
        """One whose lease has ended may be alive."""
        if name in self.world.nodes:
            living = set(self.world.nodes) - ({but} - {name})
            self.do(self.world.nodes[name].store.sweep(living))

    # what Redis does

    @rule(name=a_node, trouble=st.sampled_from(["", "lost", "unanswered"]))
    def reach(self, name: str, trouble: Any) -> None:
        if name in self.world.nodes:
            self.world.nodes[name].trouble = trouble

    @rule()
    def save(self) -> None:
        self.snapshot = {}
        for key in KEYS:
            dumped = self.do(self.raw("DUMP", key))
            if dumped is not None:
                self.snapshot[key] = dumped

    @rule(is_noticed=st.booleans())
    def lose_writes(self, *, is_noticed: bool) -> None:
        """As after a failover: what came since is lost, and mostly all connections are."""
        if self.snapshot is None:
            return
        self.do(self.raw("FLUSHALL"))
        for key, dumped in self.snapshot.items():
            self.do(self.raw("RESTORE", key, 0, dumped))
        if is_noticed:
            for node in self.world.nodes.values():
                node.broken = 1
        else:
            self.is_silently_restored = True

    async def raw(self, *command: Any) -> Any:
        return await self.plain.execute_command(*command, NEVER_DECODE=True)

    @property
    def plain(self) -> Any:
        return self.world.lane._client

    # what is always so

    @invariant()
    def each_room_is_known_to_both_or_news_of_it_is_under_way(self) -> None:
        world = self.world
        seen: dict[str, str] = {}
        for name, node in world.nodes.items():
            for person in node.people.values():
                assert person.user_id not in seen
                seen[person.user_id] = name
                room = person.room
                if room is None:
                    continue
                assert person.user_id in (room.first, room.second)
                assert room.node_of(person.user_id) == name
                partner_id = room.second if room.first == person.user_id else room.first
                there = room.node_of(partner_id)
                partner = world.nodes[there].people.get(partner_id)
                if partner is None or partner.room != room:
                    news = [
                        told
                        for pair in ((name, there), (there, name))
                        for _, told in world.wires.get(pair, ())
                    ]
                    assert room in news

    def teardown(self) -> None:
        try:
            self.all_is_well_again()
            if not self.is_silently_restored:
                self.nothing_is_left()
        finally:
            self.do(self.world.lane.close())
            self.loop.close()

    def all_is_well_again(self) -> None:
        world = self.world
        world.cut.clear()
        for name in NAMES:
            if name not in world.nodes:
                self.start(name)
        for node in world.nodes.values():
            node.trouble = ""
        for _ in range(30):
            world.now += 1.0
            self.second()
            waiting = [p for n in world.nodes.values() for p in n.people.values() if p.waits]
            alone = [person for person in waiting if person.room is None]
            if len(alone) <= 1 and all(node.store.is_there for node in world.nodes.values()):
                break
        assert len(alone) <= 1, alone
        assert all(node.store.is_there for node in world.nodes.values())

    def second(self) -> None:
        for node in self.world.nodes.values():
            self.do(node.store.tend())
            self.do(node.store.sweep(set(self.world.nodes)))
            for person in [*node.people.values()]:
                if person.waits:
                    self.do(node.search(person))
        while under_way := self.under_way():
            for sender, receiver in under_way:
                self.do(self.world.nodes[receiver].deliver(sender))
        for node in self.world.nodes.values():
            for person in node.people.values():
                self.do(node.give_up(person))

    def nothing_is_left(self) -> None:
        for node in self.world.nodes.values():
            for person in [*node.people.values()]:
                self.do(node.stop(person, for_good=True))
        self.second()
        for key in KEYS[:-1]:
            assert self.do(self.world.lane.run("EXISTS", key)) == 0, key


@pytest.fixture
def url(redis_server: RedisServer) -> Iterator[str]:
    Nodes.url = redis_server.url
    yield redis_server.url
    redis_server.ask("FLUSHALL")


@pytest.mark.timeout(600)
def test_whatever_happens(url: str) -> None:
    run_state_machine_as_test(
        Nodes,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_while_many_meet(url: str, seed: int) -> None:
    """The same, with users who mostly search, so that trouble mostly meets somebody."""
    random = Random(seed)
    nodes = Nodes()
    try:
        for _ in range(STEPS):
            something_happens(random, nodes)
            nodes.each_room_is_known_to_both_or_news_of_it_is_under_way()
    finally:
        nodes.teardown()


def something_happens(random: Random, nodes: Nodes) -> None:
    name, other = random.sample(NAMES, 2)
    number, which = random.randrange(PEOPLE), random.randrange(6)
    chance = random.random()
    if chance < 0.35:
        nodes.search(name, number)
    elif chance < 0.55:
        nodes.deliver(which, random.randrange(1, 4))
    elif chance < 0.75:
        nodes.press_next(name, number)
    elif chance < 0.8:
        nodes.stop(name, number, for_good=random.random() < 0.5)
    elif chance < 0.84:
        nodes.an_answer_is_late(name, number)
    elif chance < 0.88:
        random.choice([nodes.cut, nodes.cut, nodes.mend])(name, other, which)
    elif chance < 0.92:
        nodes.pass_time(random.choice([0.1, 1.0, 4.0]))
    else:
        trouble = random.choice(["", "", "", "lost", "unanswered"])
        rare: list[Callable[[], None]] = [
            lambda: nodes.crash(name),
            lambda: nodes.start_again(name),
            lambda: nodes.start_again(name),
            lambda: nodes.sweep(name, random.choice(["", other])),
            lambda: nodes.reach(name, trouble),
            lambda: nodes.reach(name, trouble),
            lambda: nodes.save(),  # noqa: PLW0108 - its decorator hides what it gives
            lambda: nodes.lose_writes(is_noticed=random.random() < 0.8),
        ]
        random.choice(rare)()


def test_an_offer_that_is_lost_keeps_nobody_from_meeting(url: str) -> None:
    """Its room is in the store, and nobody will ever be told of it."""
    nodes = Nodes()
    try:
        nodes.search("a", 0)
        nodes.search("b", 0)
        assert nodes.under_way() == [("b", "a")]
        nodes.cut("a", "b", 0)
        nodes.mend("a", "b", 0)
        nodes.search("a", 0)
        nodes.search("b", 0)
        assert nodes.under_way() == []  # it is news on its way, as far as anybody knows
    finally:
        nodes.teardown()
