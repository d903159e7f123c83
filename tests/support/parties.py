"""Parties on several nodes, over one store, on one clock that only tests move."""

from __future__ import annotations

from relay.safety import Identity
from relay.signaling.limits import Limits
from relay.store import MemoryStore, Store
from tests.support.nodes import Between
from tests.support.party import Party, User


class Parties:
    """One party a node; what is told between them is settled with either.

    :param names: the nodes'.
    """

    def __init__(
        self,
        *names: str,
        store: Store | None = None,
        limits: Limits | None = None,
        keeps_evidence: bool = False,
    ) -> None:
        self.between = Between()
        self.store = store or MemoryStore()
        self.nodes = {
            name: Party(
                store=self.store,
                limits=limits,
                keeps_evidence=keeps_evidence,
                cluster=self.between.node(name),
            )
            for name in names
        }
        self._introduce()

    def __getitem__(self, name: str) -> Party:
        return self.nodes[name]

    async def pair(
        self, first: str = "ann", second: str = "bob", *, can_resume: bool = False
    ) -> tuple[User, User]:
        """Two who have just met, of the first two nodes, with their links up; nothing unheard."""
        one, two, *_ = self.nodes.values()
        users = (
            one.come(first, can_resume=can_resume, identity=Identity(f"{first}'s")),
            two.come(second, can_resume=can_resume, identity=Identity(f"{second}'s")),
        )
        for user in users:
            await user.offer()
            await user.come_up()
            await user.find()
        for user in users:
            user.hear()
        assert (users[0].partner, users[1].partner) == (second, first)
        self.between.said.clear()
        return users

    async def pass_time(self, seconds: float) -> None:
        """Let all clocks go on together, second by second."""
        left = seconds
        while left > 0:
            step = min(left, 1.0)
            for party in self.nodes.values():
                party.now += step
            for party in self.nodes.values():
                party.tick()
            await self.settle()
            left -= step

    async def lose(self, name: str) -> Party:
        """A node dies, and all its users with it; what they have in the store stays there."""
        gone = self.nodes.pop(name)
        gone.neighbours = []
        self._introduce()
        self.between.lose(name)
        await self.settle()
        return gone

    async def settle(self) -> None:
        """Have everything handled, at all nodes."""
        await next(iter(self.nodes.values())).settle()

    def told(self, kind: type) -> list[tuple[str, str]]:
        """Between whom a kind of message went, since the last time that this was cleared."""
        return [(by, to) for by, to, what in self.between.said if isinstance(what, kind)]

    def _introduce(self) -> None:
        everybody = list(self.nodes.values())
        for party in everybody:
            party.neighbours = [other for other in everybody if other is not party]
