"""Who goes round all who have a partner: what it asks for, what it says, and what it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from relay.classify.seats import SAME_S
from relay.classify.watch import AT_ONCE, Watch
from relay.errors import ClassifierFailed
from relay.evidence.webp import to_webp
from relay.matching import State
from relay.plane import Direction, Kept
from relay.records import Party, Reason, Report
from relay.safety import Identity
from relay.signaling import UserView
from tests.support.keyframe import key_frame
from tests.support.scoring import Scorer

EVERY_S = 0.1
WAITS_S = (SAME_S + 0.01,)


class World:
    """Rooms, pictures, and what was made known, in place of plane, gateway and safety."""

    def __init__(self) -> None:
        self.rooms: dict[str, tuple[str, str]] = {}
        """By its name: who is in it."""
        self.pictures: dict[str, bytes] = {}
        self.new: set[str] = set()
        """Whose camera has a new picture each time that one is asked for."""
        self.ages: dict[str, float] = {}
        self.asked: list[str] = []
        self.blurred: list[tuple[str, str, float]] = []
        self.cases: list[tuple[str, str, float]] = []
        self.frozen: list[tuple[str, str, str]] = []
        self.keeps = False
        self.gone: set[str] = set()

    def pair(self, room: str, *users: str, size: int = 500) -> None:
        self.rooms[room] = (users[0], users[1])
        for number, user in enumerate(users):
            self.pictures[user] = key_frame(number, size)
            self.new.add(user)

    # the plane

    def keep(self, *, on: bool) -> None:
        self.keeps = on

    async def kept(self, user_id: str, partner_id: str | None = None) -> Kept | None:
        await asyncio.sleep(0)
        frame = self.pictures.get(user_id)
        if frame is None or (partner_id, user_id) not in self._pairs():
            return None
        get = self.ages.pop if user_id in self.new else self.ages.get
        age_s = get(user_id, 1e9)
        return Kept(age_s, 320, 240, frame, partner_id or "")

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        assert direction is Direction.UP
        self.asked.append(user_id)
        if user_id in self.new:
            self.ages[user_id] = 0.0

    # the gateway

    def users(self) -> list[UserView]:
        return [
            UserView(user, State.IN_CALL, room, partner, 0.0, None)
            for room, two in self.rooms.items()
            for user, partner in (two, two[::-1])
        ]

    def suspect(self, user_id: str, room_id: str, score: float) -> Identity | None:
        self.blurred.append((user_id, room_id, score))
        return None if user_id in self.gone else Identity(user_id)

    def _pairs(self) -> set[tuple[str | None, str]]:
        return {each for a, b in self.rooms.values() for each in ((a, b), (b, a))}


class Cases:
    """Where operators find them."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def suspect(self, reported: Identity, room_id: str, score: float) -> Report:
        self._world.cases.append((reported.visitor, room_id, score))
        return Report("case", 0.0, Reason.NUDITY, Party(), reported.party, room_id)

    def freeze(self, report: Report, reporter_id: str, reported_id: str) -> None:
        self._world.frozen.append((report.id, reporter_id, reported_id))


@asynccontextmanager
async def watching(
    world: World, score: Callable[[bytes], float | None] | Scorer, every_s: float = EVERY_S
) -> AsyncIterator[Watch]:
    scorer = score if isinstance(score, Scorer) else Scorer(score)
    cases = Cases(world)
    watch = Watch(
        world,
        world,
        cases,
        scorer,
        every_s=every_s,
        threshold=0.8,
        freezer=cases,
        waits_s=WAITS_S,
    )
    watch.start()
    assert world.keeps
    yield watch
    await watch.close()
    assert scorer.is_closed


async def so(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def only(world: World, user: str, score: float) -> Callable[[bytes], float]:
    """A high score for the pictures of one user."""
    return lambda webp: score if webp == to_webp(world.pictures[user]) else 0.1


async def test_a_high_score_blurs_the_picture_and_makes_a_case_once() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    async with watching(world, only(world, "bob", 0.99)) as watch:
        await so(lambda: watch.looks.verdicts["clear"] >= 5)
        assert watch.looks.verdicts["high"] == 1, "there is nothing left to find out"
    assert world.blurred == [("bob", "room", 0.99)]
    assert world.cases == [("bob", "room", 0.99)]
    assert world.frozen == [("case", "ann", "bob")]
    assert watch.looks.took.count >= 6


async def test_a_score_that_is_not_sure_is_looked_at_again_at_once() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    async with watching(world, only(world, "bob", 0.85), every_s=2.0) as watch:
        await so(lambda: bool(world.cases))
        assert watch.looks.verdicts["high"] == 2
        assert watch.looks.verdicts["clear"] <= 1, "it is still the first round"
    assert world.asked.count("bob") == 2, "for a new picture each time"


async def test_one_high_score_and_then_none_is_nothing() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    scores = iter([0.94])
    async with watching(world, lambda _: next(scores, 0.1)) as watch:
        await so(lambda: watch.looks.verdicts["clear"] >= 4)
    assert (world.blurred, world.cases) == ([], [])


async def test_each_partner_is_told_and_one_user_is_one_case() -> None:
    world = World()
    world.pair("first", "ann", "bob")
    async with watching(world, only(world, "bob", 1.0)):
        await so(lambda: len(world.blurred) == 1)
        del world.rooms["first"]
        world.pair("second", "cid", "bob")
        await so(lambda: len(world.blurred) == 2)
    assert [room for _, room, _ in world.blurred] == ["first", "second"]
    assert world.cases == [("bob", "first", 1.0)]


async def test_who_is_gone_by_then_makes_no_case() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    world.gone.add("bob")
    async with watching(world, only(world, "bob", 1.0)):
        await so(lambda: bool(world.blurred))
    assert world.cases == []


async def test_a_picture_is_not_judged_twice() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    world.new.clear()
    clock_s = 0.0
    world.ages = {"ann": 0.0, "bob": 0.0}
    scorer = Scorer(lambda _: 0.9)
    watch = Watch(
        world,
        world,
        Cases(world),
        scorer,
        every_s=EVERY_S,
        threshold=0.8,
        waits_s=WAITS_S,
        clock=lambda: clock_s,
    )
    watch.start()
    await so(lambda: watch.looks.verdicts["no_picture"] == 2)
    assert len(scorer.seen) == 2
    assert world.blurred == []
    await watch.close()


@pytest.mark.parametrize("frame", [b"", b"no frame", key_frame(0, 300, 2560, 1602)])
async def test_what_is_no_picture_is_counted_and_not_sent_on(frame: bytes) -> None:
    world = World()
    world.pair("room", "ann", "bob")
    world.pictures = {"ann": frame, "bob": frame}
    scorer = Scorer(lambda _: 1.0)
    async with watching(world, scorer) as watch:
        await so(lambda: watch.looks.verdicts["no_picture"] >= 3)
    assert scorer.seen == []


async def test_who_shows_nothing_is_asked_and_left() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    world.pictures.clear()
    async with watching(world, lambda _: 1.0) as watch:
        await so(lambda: watch.looks.verdicts["no_picture"] >= 3)
    assert {"ann", "bob"} == set(world.asked)


async def test_what_does_not_decode_has_no_score() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    async with watching(world, lambda _: None) as watch:
        await so(lambda: watch.looks.verdicts["no_picture"] >= 3)
    assert world.blurred == []


async def test_a_program_that_fails_is_counted_and_left_alone_while_it_pauses() -> None:
    def fail(_: bytes) -> float:
        scorer.is_ready = False
        raise ClassifierFailed("broken")

    world = World()
    world.pair("room", "ann", "bob")
    scorer = Scorer(fail)
    async with watching(world, scorer) as watch:
        await so(lambda: bool(scorer.seen))
        await so(lambda: watch.looks.skipped >= 4)
        failed = len(scorer.seen)
        assert failed == watch.looks.verdicts["failed"] <= 2, "the other one was under way"
        scorer.is_ready = True
        await so(lambda: len(scorer.seen) > failed)


async def test_a_fault_of_our_own_ends_one_look_and_not_the_watch() -> None:
    world = World()
    world.pair("room", "ann", "bob")
    faults = iter([ZeroDivisionError()])

    def score(_: bytes) -> float:
        for fault in faults:
            raise fault
        return 0.1

    with capture_logs() as logs:
        async with watching(world, score) as watch:
            await so(lambda: watch.looks.verdicts["clear"] >= 3)
    assert [entry["event"] for entry in logs] == ["classify_failed"]


async def test_when_it_is_behind_users_are_skipped_and_come_first_the_next_time() -> None:
    class Slow(Scorer):
        async def score(self, webp: bytes) -> float | None:
            await may_go.acquire()
            return await super().score(webp)

    may_go = asyncio.Semaphore(0)
    world = World()
    rooms = AT_ONCE  # two users each
    for number in range(rooms):
        world.pair(f"room {number}", f"ann {number}", f"bob {number}", size=100 + number)
    scorer = Slow(lambda _: 0.1)
    async with watching(world, scorer) as watch:
        await so(lambda: watch.looks.skipped >= rooms)
        assert len(set(world.asked)) == AT_ONCE, "no more are under way"
        for _ in range(2 * rooms):
            may_go.release()
        await so(lambda: len(scorer.seen) == 2 * rooms)
        first = world.asked[: 2 * rooms]
        assert len(set(first)) == 2 * rooms, "everybody was seen before anybody again"


async def test_nobody_there_is_no_work() -> None:
    world = World()
    async with watching(world, lambda _: 1.0) as watch:
        for _ in range(20):
            await asyncio.sleep(0.001)
    assert world.asked == []
    assert watch.looks.skipped == 0
