"""Commands to Redis, without a Redis: what becomes of those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from relay.cluster import lane as lanes
from relay.cluster.lane import AT_ONCE, Lane
from relay.errors import StoreAway


class FakeRedis:
    """Has as much of redis.asyncio.Redis as a lane needs."""

    def __init__(self, answer: Callable[[list[tuple[Any, ...]]], list[Any]] | None = None) -> None:
        self.answer = answer or (lambda commands: [command[0] for command in commands])
        self.batches: list[list[tuple[Any, ...]]] = []
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()
        self.opened.set()
        self.disconnected = 0
        self.connection_pool = self

    async def disconnect(self, *, inuse_connections: bool) -> None:
        assert inuse_connections
        self.disconnected += 1

    def pipeline(self, *, transaction: bool) -> FakePipeline:
        assert not transaction
        return FakePipeline(self)


class FakePipeline:
    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self._commands: list[tuple[Any, ...]] = []

    async def __aenter__(self) -> FakePipeline:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def execute_command(self, *command: Any) -> None:
        self._commands.append(command)

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        assert not raise_on_error
        self._redis.batches.append(self._commands)
        self._redis.begun.set()
        await self._redis.opened.wait()
        return self._redis.answer(self._commands)


def a_lane(redis: FakeRedis, patience_s: float = 30.0) -> Lane:
    return Lane(redis, patience_s=patience_s)  # type: ignore[arg-type]


async def test_each_caller_has_its_own_answer_and_batches_keep_the_order() -> None:
    redis = FakeRedis()
    lane = a_lane(redis)
    many = 2 * AT_ONCE + 10
    answers = await asyncio.gather(*(lane.run(n, "x") for n in range(many)))
    assert answers == [*range(many)]
    assert [command[0] for batch in redis.batches for command in batch] == [*range(many)]
    assert [len(batch) for batch in redis.batches] == [AT_ONCE, AT_ONCE, 10]
    assert lane.sent == many
    assert await lane.run("later") == "later"


async def test_a_caller_that_is_cancelled_cancels_no_command() -> None:
    redis = FakeRedis()
    redis.opened.clear()
    lane = a_lane(redis)
    caller = asyncio.create_task(lane.run("first"))
    await redis.begun.wait()
    other = asyncio.create_task(lane.run("second"))
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    redis.opened.set()
    assert await other == "second"
    assert redis.disconnected == 0


async def test_an_error_is_its_own_commands_alone() -> None:
    bad = ValueError("OOM command\n not   allowed")
    redis = FakeRedis(lambda commands: [bad if c[0] == "bad" else 1 for c in commands])
    lane = a_lane(redis)
    answers = await asyncio.gather(lane.run("good"), lane.run("bad"), return_exceptions=True)
    assert answers[0] == 1
    assert isinstance(answers[1], StoreAway)
    assert str(answers[1]) == "OOM command not allowed"
    assert redis.disconnected == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("connection refused"), "connection refused"),
        (TimeoutError(), "Redis does not answer"),
        (KeyError(), "KeyError"),
        (RuntimeError("x" * 1000), "x" * 200),
    ],
)
async def test_who_waits_while_the_connection_is_lost_is_told(
    error: Exception, reason: str
) -> None:
    def fail(commands: list[tuple[Any, ...]]) -> list[Any]:
        raise error

    redis = FakeRedis(fail)
    redis.opened.clear()
    lane = a_lane(redis)
    first = asyncio.create_task(lane.run("first"))
    await redis.begun.wait()
    second = asyncio.create_task(lane.run("second"))
    await asyncio.sleep(0)
    redis.opened.set()
    for caller in (first, second):
        with pytest.raises(StoreAway, match=f"^{reason}$"):
            await caller
    assert len(redis.batches) == 1  # what waited was not sent
    assert redis.disconnected == 1
    redis.answer = lambda commands: ["well"]
    assert await lane.run("again") == "well"


async def test_a_redis_that_does_not_answer_is_left() -> None:
    redis = FakeRedis()
    redis.opened.clear()
    lane = a_lane(redis, patience_s=0.01)
    with pytest.raises(StoreAway, match="does not answer"):
        await lane.run("PING")
    assert redis.disconnected == 1


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PLACES", 2)
    redis = FakeRedis()
    redis.opened.clear()
    lane = a_lane(redis)
    first = asyncio.create_task(lane.run("first"))
    await redis.begun.wait()
    others = [asyncio.create_task(lane.run(n)) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(StoreAway, match="too much"):
        await lane.run("late")
    redis.opened.set()
    assert await asyncio.gather(first, *others) == ["first", 0, 1]


async def test_closing_waits_for_what_is_under_way() -> None:
    redis = FakeRedis()
    redis.opened.clear()
    lane = a_lane(redis)
    caller = asyncio.create_task(lane.run("first"))
    await redis.begun.wait()
    closing = asyncio.create_task(lane.close())
    await asyncio.sleep(0)
    redis.opened.set()
    await closing
    assert await caller == "first"
    assert redis.disconnected == 1
    with pytest.raises(StoreAway):
        await lane.run("late")
