"""Calls in a thread of their own, bounded in number and in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from relay.errors import RecordsAway
from relay.records.lane import Lane


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds up a call; it is opened at last."""
    event = threading.Event()
    yield event
    event.set()


async def test_calls_are_made_one_after_the_other_in_one_thread() -> None:
    lane = Lane("test")
    found = await asyncio.gather(*(lane.run(threading.get_ident) for _ in range(10)))
    assert len(set(found)) == 1
    assert found[0] != threading.get_ident()
    lane.close()


async def test_errors_go_to_whoever_asked() -> None:
    lane = Lane("test")
    with pytest.raises(ZeroDivisionError):
        await lane.run(lambda: 1 // 0)
    assert await lane.run(lambda: 1) == 1
    lane.close()


async def test_a_call_that_takes_too_long_is_given_up_and_lets_no_other_in(
    gate: threading.Event,
) -> None:
    lane = Lane("test", patience_s=0.05)
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        gate.wait()

    while not begun.is_set():
        with pytest.raises(RecordsAway, match="does not answer"):
            await lane.run(hang)
    with pytest.raises(RecordsAway, match="does not answer"):
        await lane.run(lambda: 1, patience_s=60)
    gate.set()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await lane.run(lambda: 1, patience_s=60) == 1
            except RecordsAway:
                await asyncio.sleep(0)
            else:
                break
    lane.close()


async def test_one_that_waited_too_long_is_not_made(gate: threading.Event) -> None:
    lane = Lane("test")
    first = asyncio.create_task(lane.run(gate.wait, patience_s=60))
    await asyncio.sleep(0)
    made: list[int] = []
    with pytest.raises(RecordsAway):
        await lane.run(lambda: made.append(1), patience_s=0.05)
    gate.set()
    assert await first
    assert await lane.run(lambda: 2) == 2, "the first one was not given up"
    assert made == []
    lane.close()


async def test_only_so_many_may_wait(gate: threading.Event) -> None:
    lane = Lane("test", places=3)
    waiting = [asyncio.create_task(lane.run(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(RecordsAway, match="too much"):
        await lane.run(lambda: 1)
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 3
    assert await lane.run(lambda: 1) == 1
    lane.close()


async def test_whoever_is_cancelled_harms_nobody(gate: threading.Event) -> None:
    lane = Lane("test")
    first, second = (asyncio.create_task(lane.run(gate.wait)) for _ in range(2))
    await asyncio.sleep(0)
    for each in (first, second):
        each.cancel()
    await asyncio.wait({first, second})
    gate.set()
    assert await lane.run(lambda: 1) == 1
    lane.close()


async def test_a_cancellation_that_comes_with_the_answer_is_not_lost() -> None:
    lane = Lane("test")
    asking = asyncio.create_task(lane.run(lambda: 1))
    await asyncio.sleep(0)
    (future,) = lane._calls
    future.result(5)  # the loop stands still meanwhile, and hears of it next
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    lane.close()
