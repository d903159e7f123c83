"""Pictures that another node has: who is asked for them, and who is given which."""

from __future__ import annotations

import pytest

from relay.cluster.messages import Picture, PictureOf, Pose
from relay.media.gathering import MAX_FRAME_BYTES
from relay.media.keeper import MAX_FORMER
from relay.plane import Kept
from relay.workers.homes import Homes, Remote
from relay.workers.messages import LookFor
from relay.workers.pictures import Pictures
from tests.support.nodes import Between


class Front:
    """A node's, whose users and their pictures a test has put there."""

    def __init__(self, between: Between, name: str) -> None:
        self.cluster = between.node(name)
        self.homes = Homes()
        self.kept: dict[str, Kept] = {}
        self.posed: list[str] = []
        self.pictures = Pictures(self.cluster, self.homes, self._seek, self.posed.append)
        self.pictures.begin()

    async def _seek(self, wanted: LookFor) -> Kept | None:
        found = self.kept.get(wanted.user_id)
        is_wanted = found is not None and wanted.partner_id in (None, found.partner_id)
        return found if is_wanted else None

    def part(self, user_id: str) -> None:
        self.pictures.parting(user_id)
        self.homes.part(user_id)

    async def find(self, user_id: str, partner_id: str | None = None) -> Kept | None:
        return await self.pictures.find(LookFor(user_id, partner_id, None))


@pytest.fixture
def fronts() -> tuple[Front, Front, Front]:
    between = Between()
    return Front(between, "a"), Front(between, "b"), Front(between, "c")


def meet(one: Front, ann: str, other: Front, bob: str) -> None:
    """Users of two nodes."""
    for front, there, user, partner in ((one, other, ann, bob), (other, one, bob, ann)):
        front.homes.worker_of[user] = 0
        front.homes.pair_across(user, Remote(partner, there.cluster.here.name, 1))


def shown(to: str) -> Kept:
    return Kept(1.0, 320, 240, b"a key frame", to)


async def test_the_partners_node_has_it_during_the_call_and_after(
    fronts: tuple[Front, Front, Front],
) -> None:
    a, b, _ = fronts
    meet(a, "ann", b, "bob")
    b.kept["ann"] = shown("bob")
    for _ in range(2):
        assert await a.find("ann", "bob") == await a.find("ann", "bob") == shown("bob")
        assert await a.find("bob", "ann") is None, "it is kept here"
        assert await a.find("ann", "eve") is None
        a.part("ann")
        b.part("bob")


async def test_whose_partner_was_here_is_asked_for_wherever_it_is_seen_now(
    fronts: tuple[Front, Front, Front],
) -> None:
    a, b, c = fronts
    meet(a, "ann", b, "bob")
    a.part("ann")
    b.part("bob")
    b.kept["bob"] = shown("ben")
    assert await a.find("bob") == shown("ben")
    a.pictures.ask_elsewhere("bob")
    assert b.posed == ["bob"]
    del b.kept["bob"]
    meet(b, "bob", c, "cid")
    c.kept["bob"] = shown("cid")
    assert await a.find("bob") == shown("cid"), "its node knows who has it"


async def test_who_has_had_nothing_to_do_with_a_user_is_shown_nothing(
    fronts: tuple[Front, Front, Front],
) -> None:
    a, b, c = fronts
    meet(a, "ann", b, "bob")
    b.kept |= {"ann": shown("bob"), "bea": shown("ben")}
    b.homes.worker_of["bea"] = 0
    assert await c.cluster.ask("b", PictureOf("ann")) == Picture()
    assert await a.cluster.ask("b", PictureOf("bea")) == Picture()
    for name, cluster in (("ann", c.cluster), ("bob", c.cluster), ("bea", a.cluster)):
        cluster.tell("b", Pose(name))
    a.cluster.tell("b", Pose("ann"))  # who is not there
    assert b.posed == []


@pytest.mark.parametrize(
    "answer",
    [
        Picture(),
        Picture(1.0, 320, 240, b"", "bob"),
        Picture(-1.0, 320, 240, b"x", "bob"),
        Picture(1.0, 1 << 14, 240, b"x", "bob"),
        Picture(1.0, 320, -1, b"x", "bob"),
        Picture(1.0, 320, 240, bytes(MAX_FRAME_BYTES + 1), "bob"),
        Picture(1.0, 320, 240, b"x", 65 * "b"),
        Pose("bob"),
    ],
)
async def test_what_can_be_no_picture_is_none(
    fronts: tuple[Front, Front, Front], answer: object
) -> None:
    a, b, _ = fronts
    meet(a, "ann", b, "bob")

    async def show(*_: object) -> object:
        return answer

    b.cluster.serve(PictureOf, show)
    assert await a.find("ann", "bob") is None


async def test_a_node_that_does_not_answer_has_none(fronts: tuple[Front, Front, Front]) -> None:
    a, b, _ = fronts
    meet(a, "ann", b, "bob")
    b.cluster._between.lose("b")
    assert await a.find("ann", "bob") is None


async def test_only_so_many_partners_are_remembered(fronts: tuple[Front, Front, Front]) -> None:
    a, b, _ = fronts
    for number in range(MAX_FORMER + 1):
        meet(a, "ann", b, f"bob {number}")
        a.part("ann")
    assert len(a.pictures._former) == MAX_FORMER
    b.kept["ann"] = shown("bob 1")
    assert await a.find("ann", "bob 0") is None
    assert await a.find("ann", "bob 1") == shown("bob 1")


async def test_without_a_cluster_there_is_nobody_to_ask() -> None:
    pictures = Pictures(None, Homes(), Front(Between(), "a")._seek, print)
    pictures.begin()
    assert await pictures.find(LookFor("ann", "bob", None)) is None
