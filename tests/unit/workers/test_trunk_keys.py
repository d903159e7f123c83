"""Keys of trunks: each worker has its own for each other one, and no two processes share one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from relay.cluster.messages import Refused, TrunkKey
from relay.errors import ClusterError, NodeLost, WorkerLost
from relay.workers import messages
from relay.workers.colleague import Colleague
from relay.workers.trunk_keys import RENEWED_S, TrunkKeys
from tests.support.nodes import Between, FakeCluster


class FakeMember:
    """A worker that does as its front says, and has written it down."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.has_gone = False
        self.told: list[object] = []
        self.opened: set[tuple[str, int]] = set()
        self.sends: dict[tuple[str, int], tuple[int, str]] = {}
        self.takes: dict[tuple[str, int], list[tuple[int, str]]] = {}

    def tell(self, command: object) -> None:
        self.told.append(command)
        match command:
            case messages.OpenTrunk(node, worker):
                self.opened.add((node, worker))
                self.sends.pop((node, worker), None)
                self.takes[node, worker] = []
            case messages.UseTrunkKey(node, worker, epoch, key):
                assert (node, worker) in self.opened
                assert self.sends.get((node, worker)) != (epoch, key), "it would be of no use"
                self.sends[node, worker] = epoch, key
            case messages.CloseTrunks(node):
                self.opened = {end for end in self.opened if node not in (None, end[0])}

    async def ask(self, request: Any) -> object:
        await asyncio.sleep(0)
        if self.has_gone:
            raise WorkerLost("gone")
        end = request.node, request.worker
        if end not in self.opened:
            return messages.TrunkKeyTaken(False)
        known = (request.epoch, request.key)
        if known not in self.takes[end]:
            self.takes[end] = [*self.takes[end], known][-2:]
        return messages.TrunkKeyTaken(True)


class Front:
    """A node's front."""

    def __init__(self, cluster: FakeCluster, workers: int) -> None:
        self.cluster, self.now, self.closed = cluster, 0.0, list[str]()
        self.members = {index: FakeMember(index) for index in range(workers)}
        self.keys = TrunkKeys(
            cluster,
            cast("dict[int, Colleague]", self.members),
            lambda: self.now,
            self.closed.append,
        )

    def join(self, index: int) -> FakeMember:
        """Another worker takes a place."""
        member = self.members[index] = FakeMember(index)
        self.keys.worker_joined(cast("Colleague", member))
        return member


class Nodes:
    def __init__(self) -> None:
        self.between = Between()
        self.berlin = Front(self.between.node("berlin", "192.0.2.1", 7900, 2), 2)
        self.paris = Front(self.between.node("paris", "192.0.2.2", 7950, 1), 1)

    @property
    def all(self) -> tuple[Front, Front]:
        return self.berlin, self.paris

    async def settle(self) -> None:
        while tasks := [task for front in self.all for task in front.keys._telling.values()]:
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    async def beat(self, seconds: float = 1.0) -> None:
        for front in self.all:
            front.now += seconds
            front.keys.beat()
        await self.settle()

    def agree(self) -> bool:
        """Whether everybody sends under a key which its receiver has, and nobody else does."""
        pairs = [
            (self.berlin.members[index], ("paris", 0), self.paris.members[0], ("berlin", index))
            for index in self.berlin.members
        ]
        pairs += [(other, back, one, there) for one, there, other, back in pairs]
        sent = [(one.sends.get(there), other.takes.get(back)) for one, there, other, back in pairs]
        return all(key is not None and takes and key in takes for key, takes in sent) and len(
            {key for key, _ in sent}
        ) == len(sent)


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    made = Nodes()
    for front in made.all:
        front.keys.begin()
    await made.settle()
    yield made
    for front in made.all:
        await front.keys.close()


async def test_all_workers_have_trunks_and_keys(nodes: Nodes) -> None:
    assert nodes.agree()
    opened = [told for told in nodes.berlin.members[1].told if isinstance(told, messages.OpenTrunk)]
    assert opened == [messages.OpenTrunk("paris", 0, ("192.0.2.1", 7901), ("192.0.2.2", 7950))]
    assert nodes.berlin.keys.workers("paris") == 1
    assert nodes.paris.keys.workers("berlin") == 2
    assert nodes.berlin.keys.workers("rome") == 0
    assert len(nodes.between.said) == 4, "each key is told once"


async def test_keys_are_renewed_every_hour(nodes: Nodes) -> None:
    before = dict(nodes.paris.members[0].sends)
    await nodes.beat(RENEWED_S - 1)
    assert nodes.paris.members[0].sends == before
    for _ in range(3):
        await nodes.beat(RENEWED_S)
        assert nodes.agree()
        assert nodes.paris.members[0].sends.keys() == before.keys()
        assert not set(nodes.paris.members[0].sends.values()) & set(before.values())
        before = dict(nodes.paris.members[0].sends)
    assert {epoch for epoch, _ in before.values()} == {3}


async def test_a_worker_that_has_begun_anew_gets_new_keys_both_ways(nodes: Nodes) -> None:
    before = dict(nodes.berlin.members[0].sends)
    others = dict(nodes.berlin.members[1].sends)
    taken = dict(nodes.paris.members[0].sends)
    member = nodes.berlin.join(0)
    await nodes.settle()
    assert nodes.agree()
    assert member.told[0] == messages.CloseTrunks()
    assert not set(member.sends.values()) & set(before.values())
    assert nodes.paris.members[0].sends["berlin", 0] != taken["berlin", 0]
    assert nodes.berlin.members[1].sends == others, "others keep theirs"
    assert len(nodes.between.said) == 4 + 2


async def test_while_a_worker_is_not_there(nodes: Nodes) -> None:
    del nodes.paris.members[0]
    await nodes.beat(RENEWED_S)
    for _ in range(3):
        await nodes.beat()
    for member in nodes.berlin.members.values():
        assert len(member.sends) == 1, "the former key is used until another one is taken"
    nodes.paris.join(0)
    await nodes.settle()
    await nodes.beat()
    assert nodes.agree()


async def test_a_worker_that_does_not_answer(nodes: Nodes) -> None:
    nodes.paris.members[0].has_gone = True
    await nodes.beat(RENEWED_S)
    assert all(epoch == 0 for epoch, _ in nodes.berlin.members[0].sends.values())
    nodes.paris.members[0].has_gone = False
    await nodes.beat()
    assert nodes.agree()


async def test_a_worker_dies_while_its_key_is_being_told() -> None:
    nodes = Nodes()
    for front in nodes.all:
        front.keys.begin()
    await asyncio.sleep(0)
    first = nodes.berlin.members[0]
    second = nodes.berlin.join(0)
    await nodes.settle()
    await nodes.beat()
    assert nodes.agree()
    assert first.sends == {}
    assert second.sends
    for front in nodes.all:
        await front.keys.close()


async def test_a_node_is_lost_and_comes_back(nodes: Nodes) -> None:
    nodes.between.part("berlin", "paris")
    assert nodes.berlin.closed == ["paris"]
    assert nodes.paris.closed == ["berlin"]
    for member in (*nodes.berlin.members.values(), *nodes.paris.members.values()):
        assert member.opened == set()
    assert nodes.berlin.keys.workers("paris") == 0
    assert not nodes.berlin.keys._keys
    before = {
        key for front in nodes.all for m in front.members.values() for key in m.sends.values()
    }
    nodes.between.cut.clear()
    nodes.berlin.cluster.joined(nodes.paris.cluster.here)
    nodes.paris.cluster.joined(nodes.berlin.cluster.here)
    await nodes.settle()
    assert nodes.agree()
    after = {key for front in nodes.all for m in front.members.values() for key in m.sends.values()}
    assert not before & after


async def test_another_run_of_a_node(nodes: Nodes) -> None:
    """Which is told of before the former one is said to be lost."""
    nodes.berlin.cluster.joined(nodes.paris.cluster.here)
    nodes.paris.cluster.joined(nodes.berlin.cluster.here)
    assert nodes.berlin.closed == ["paris"]
    await nodes.settle()
    assert nodes.agree()


async def test_what_cannot_be_taken_is_refused(nodes: Nodes) -> None:
    key = "00" * 16
    for wrong in (
        TrunkKey(1, 0, 0, key),
        TrunkKey(-1, 0, 0, key),
        TrunkKey(0, 2, 0, key),
        TrunkKey(0, 0, 256, key),
        TrunkKey(0, 0, -1, key),
        TrunkKey(0, 0, 0, key[1:]),
        TrunkKey(0, 0, 0, "g" * 32),
    ):
        assert isinstance(await nodes.berlin.keys._take("paris", wrong), Refused)
        with pytest.raises(ClusterError, match="refuses"):
            await nodes.paris.cluster.ask("berlin", wrong)
    assert isinstance(await nodes.berlin.keys._take("rome", TrunkKey(0, 0, 0, key)), Refused)
    assert key not in repr(TrunkKey(0, 0, 0, key))


async def test_nobody_is_told_after_the_end(nodes: Nodes) -> None:
    await nodes.berlin.keys.close()
    said = len(nodes.between.said)
    nodes.berlin.keys.beat()
    nodes.berlin.join(0)
    nodes.between.node("rome", "192.0.2.3", 7900, 1)
    nodes.berlin.cluster.lost(nodes.paris.cluster.here)
    await asyncio.sleep(0)
    assert nodes.berlin.keys._telling == {}
    assert [by for by, _, _ in nodes.between.said[said:] if by == "berlin"] == []
    with pytest.raises(NodeLost):
        await nodes.paris.cluster.ask("nowhere", TrunkKey(0, 0, 0, ""))
