"""The store in memory: what its contract does not say."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from relay.store import MemoryStore, Room, Waiter, memory
from relay.store.interface import pool_of


async def steps_of(operation: Callable[[], Any]) -> int:
    """How many lines of Python an operation runs; what it does in C it does to ``limit`` items."""
    steps = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal steps
        if frame.f_code.co_filename != memory.__file__:  # a garbage collector's callback, say
            return None
        steps += event == "line"
        return trace

    former = sys.gettrace()
    sys.settrace(trace)
    try:
        await operation()
    finally:
        sys.settrace(former)
    return steps


async def test_no_operation_looks_at_all_who_wait() -> None:
    async def all_steps(size: int) -> list[int]:
        store = MemoryStore(max_waiting=size + 10)
        for number in range(size):
            await store.enter(Waiter(f"user {number}", 0.0))
        last, middle = f"user {size - 1}", f"user {size // 2}"
        operations: list[Callable[[], Any]] = [
            lambda: store.enter(Waiter("new", 1.0)),
            lambda: store.waiting(5),
            lambda: store.alike(Waiter("x", 0.0), 5),
            lambda: store.claim_first([Room("r", last, middle, 0.0)]),
            lambda: store.leave_room(last),
            lambda: store.leave_queue("user 0"),
            lambda: store.room_of("user 1"),
        ]
        return [await steps_of(operation) for operation in operations]

    assert await all_steps(20) == await all_steps(20_000)


async def test_the_first_in_the_queue_is_found_at_once_after_many_have_left() -> None:
    store = MemoryStore(max_waiting=10)
    for number in range(50_000):
        await store.enter(Waiter(f"user {number}", 0.0))
        await store.leave_queue(f"user {number}")
    await store.enter(Waiter("ann", 0.0))
    assert [waiter.user_id for waiter in await store.waiting(1)] == ["ann"]


async def test_nothing_is_kept_of_interests_that_nobody_waits_with() -> None:
    store = MemoryStore()
    for number in range(100):
        await store.enter(Waiter("ann", 0.0, frozenset({f"interest {number}", "tea"})))
    pool = pool_of("video", apart=False)
    assert set(store._alike) == {(pool, "", "interest 99"), (pool, "", "tea")}
    await store.leave_queue("ann")
    assert not store._alike
    assert not store._pool_of
