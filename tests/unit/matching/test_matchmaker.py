"""Searching over a store; what happens in between is told in the scenarios."""

from collections.abc import Sequence
from itertools import count

import pytest

from relay.errors import QueueFull
from relay.matching import Matchmaker
from relay.matching.matchmaker import LOOKAHEAD
from relay.store import MemoryStore, Room, Waiter
from tests.support.queued import entry_of


class Maker:
    """A matchmaker whose rooms are numbered."""

    def __init__(
        self,
        max_waiting: int = 10_000,
        rematch_after_s: float = 5.0,
        interest_wait_s: float = 0.0,
    ) -> None:
        self.store = MemoryStore(max_waiting)
        numbers = count(1)
        self._matchmaker = Matchmaker(
            self.store,
            rematch_after_s=rematch_after_s,
            interest_wait_s=interest_wait_s,
            new_room_id=lambda: f"room {next(numbers)}",
        )
        self.leave = self._matchmaker.leave
        self.leave_queue = self._matchmaker.leave_queue
        self.foresee = self._matchmaker.foresee

    async def search(
        self, name: str, now: float = 0.0, *interests: str, **parted_s: float
    ) -> Room | None:
        waiter = Waiter(name, now, frozenset(interests), parted_s)
        return await self._matchmaker.search(waiter, now, wanted=lambda: True)


async def test_the_first_waits_and_the_second_meets_it() -> None:
    maker = Maker()
    assert await maker.search("ann", 1.0) is None
    assert await maker.search("bob", 2.0) == Room("room 1", "ann", "bob", 2.0)
    assert await maker.search("cid", 3.0) is None


async def test_who_came_first_is_first_even_if_it_finds_the_other() -> None:
    maker = Maker()
    await maker.search("ann", 1.0)
    assert await maker.search("bob", 1.0, ann=0.0) is None
    assert await maker.search("ann", 9.0) == Room("room 1", "ann", "bob", 9.0)


async def test_searching_twice_changes_nothing() -> None:
    maker = Maker()
    await maker.search("ann")
    assert await maker.search("ann") is None
    assert [waiter.user_id for waiter in await maker.store.waiting(9)] == ["ann"]


async def test_who_is_not_wanted_any_more_is_not_searched_for() -> None:
    maker = Maker()
    await maker.search("ann")
    matchmaker = Matchmaker(maker.store, rematch_after_s=0, new_room_id=str)
    assert await matchmaker.search(Waiter("bob", 0.0), 0.0, wanted=lambda: False) is None
    assert await entry_of(maker.store, "bob") is None
    assert await entry_of(maker.store, "ann")


async def test_a_full_queue() -> None:
    maker = Maker(max_waiting=1)
    await maker.search("ann", bob=0.0)
    with pytest.raises(QueueFull):
        await maker.search("bob")


async def test_a_search_whose_every_claim_fails_comes_to_an_end() -> None:
    maker = Maker()
    await maker.search("ann")

    async def refuse(rooms: Sequence[Room]) -> Room | None:
        return None

    maker.store.claim_first = refuse  # type: ignore[method-assign]
    assert await maker.search("bob") is None
    assert await entry_of(maker.store, "bob")  # and it will be looked for again


async def test_leaving() -> None:
    maker = Maker()
    await maker.search("ann")
    await maker.search("bob")
    await maker.leave_queue("ann")
    assert await maker.store.room_of("ann")
    await maker.leave("ann")
    assert await maker.store.room_of("bob") is None
    await maker.search("cid")
    await maker.leave("cid")
    assert await maker.store.waiting(9) == []


async def test_a_room_of_which_nobody_knows_does_not_keep_a_user_from_searching() -> None:
    maker = Maker()
    await maker.store.enter(Waiter("ann", 0.0))
    await maker.store.enter(Waiter("bob", 0.0))
    await maker.store.claim_first([Room("lost", "ann", "bob", 0.0)])
    assert await maker.search("ann") is None
    assert await maker.search("bob") == Room("room 1", "ann", "bob", 0.0)


async def test_ten_thousand_who_wait_are_not_all_looked_at() -> None:
    maker = Maker()
    for number in range(9_000):
        await maker.store.enter(Waiter(f"user {number}", 0.0))

    asked: list[int] = []
    waiting = maker.store.waiting

    async def counted(limit: int, *, apart: bool = False, mode: str = "video") -> list[Waiter]:
        asked.append(limit)
        return await waiting(limit, apart=apart, mode=mode)

    maker.store.waiting = counted  # type: ignore[method-assign]
    for number in range(100):
        room = await maker.search(f"new {number}", 1.0)
        assert room == Room(f"room {number + 1}", f"user {number}", f"new {number}", 1.0)
    assert asked == [LOOKAHEAD] * 100


async def test_ones_like_is_found_far_back_in_the_queue() -> None:
    maker = Maker(interest_wait_s=5.0)
    for number in range(300):
        assert await maker.search(f"user {number}", 0.0, f"interest {number}") is None
    assert await maker.search("no interests", 0.0) is None
    room = await maker.search("ann", 1.0, "interest 299", "interest 7")
    assert room == Room("room 1", "user 7", "ann", 1.0)
    room = await maker.search("bob", 1.0, "interest 299")
    assert room == Room("room 2", "user 299", "bob", 1.0)
    room = await maker.search("cid", 1.0)
    assert room == Room("room 3", "no interests", "cid", 1.0)


async def test_who_has_waited_for_its_like_takes_anybody() -> None:
    maker = Maker(interest_wait_s=5.0)
    assert await maker.search("ann", 0.0, "tea") is None
    assert await maker.search("bob", 1.0, "golf") is None
    assert await maker.search("bob", 4.9, "golf") is None
    assert await maker.search("bob", 5.0, "golf") == Room("room 1", "ann", "bob", 5.0)


async def test_of_two_who_came_at_one_time_the_first_in_the_queue_is_first() -> None:
    maker = Maker(interest_wait_s=5.0)
    for name in ("ann", "bob"):
        assert await maker.search(name, 1.0, name) is None
    assert await maker.search("ann", 7.0, "ann") == Room("room 1", "ann", "bob", 7.0)


async def test_whom_one_would_meet_is_told_and_nothing_changes() -> None:
    maker = Maker()
    await maker.search("ann", 1.0)
    bob = Waiter("bob", 2.0)
    assert await maker.foresee(bob, 2.0) == "ann"
    assert await maker.foresee(Waiter("ann", 2.0), 2.0) is None
    assert [waiter.user_id for waiter in await maker.store.waiting(9)] == ["ann"]
    assert await maker.search("cid", 3.0) == Room("room 1", "ann", "cid", 3.0)
