"""What a cluster does for its nodes, over real connections and in tests' own network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from relay.cluster import Cluster
from relay.cluster.messages import (
    Accepted,
    Call,
    Changed,
    Declined,
    Done,
    Offer,
    Parted,
    Person,
    Said,
    TrunkKey,
    TrunkTaken,
)
from relay.errors import ClusterError, NodeLost
from tests.support.cluster import two
from tests.support.nodes import Between

OFFER = Offer("room", "ann", "bob", Person("bob", interests={"jazz": "Jazz"}))


@dataclass
class Pair:
    """Two nodes that know each other."""

    berlin: Cluster
    paris: Cluster
    lose_paris: Callable[[], Awaitable[None]]


@pytest.fixture(params=["real", "fake"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    if request.param == "fake":
        between = Between()
        berlin, paris = between.node("berlin"), between.node("paris")

        async def lose() -> None:
            between.lose("paris")

        yield Pair(berlin, paris, lose)
        return
    async with two() as (first, second):
        yield Pair(first, second, second.close)


async def test_they_know_each_other(pair: Pair) -> None:
    assert pair.berlin.here.name == "berlin"
    assert dict(pair.berlin.others) == {"paris": pair.paris.here}
    assert dict(pair.paris.others) == {"berlin": pair.berlin.here}


async def test_who_watches_hears_of_those_that_are_there(pair: Pair) -> None:
    joined: list[str] = []
    pair.berlin.watch(lambda node: joined.append(node.name), lambda _: None)
    assert joined == ["paris"]


async def test_both_may_ask_and_are_answered(pair: Pair) -> None:
    async def answer(node: str, offer: Offer) -> Accepted:
        assert offer == OFFER
        return Accepted(Person(f"friend of {node}"))

    pair.berlin.serve(Offer, answer)
    pair.paris.serve(Offer, answer)
    asked = pair.berlin.ask("paris", OFFER), pair.paris.ask("berlin", OFFER)
    first, second = await asyncio.gather(*asked)
    assert first == Accepted(Person("friend of berlin"))
    assert second == Accepted(Person("friend of paris"))


async def test_requests_are_answered_beside_each_other(pair: Pair) -> None:
    go_on = asyncio.Event()

    async def answer(_: str, call: Call) -> Done:
        if call.path == "slow":
            await go_on.wait()
        return Done(200, call.path)

    pair.paris.serve(Call, answer)
    slow = asyncio.create_task(pair.berlin.ask("paris", Call("GET", "slow"), 20))
    await asyncio.sleep(0)
    assert await pair.berlin.ask("paris", Call("GET", "quick"), 20) == Done(200, "quick")
    go_on.set()
    assert await slow == Done(200, "slow")


async def test_what_is_told_comes_in_order(pair: Pair) -> None:
    heard: list[str] = []
    all_there = asyncio.Event()

    def hear(node: str, said: Said) -> None:
        assert node == "berlin"
        heard.append(said.message)
        if said.message == "99":
            all_there.set()

    pair.paris.hear(Said, hear)
    for number in range(100):
        pair.berlin.tell("paris", Said("room", str(number)))
    async with asyncio.timeout(20):
        await all_there.wait()
    assert heard == [str(number) for number in range(100)]


async def test_an_answer_is_there_before_what_was_told_after_it(pair: Pair) -> None:
    order: list[str] = []
    both = asyncio.Event()

    async def answer(node: str, _: Offer) -> Declined:
        asyncio.get_running_loop().call_soon(pair.paris.tell, node, Parted("room"))
        return Declined()

    def hear(_: str, __: Parted) -> None:
        order.append("told")
        both.set()

    pair.paris.serve(Offer, answer)
    pair.berlin.hear(Parted, hear)
    await pair.berlin.ask("paris", OFFER)
    order.append("answered")
    async with asyncio.timeout(20):
        await both.wait()
    assert order == ["answered", "told"]


async def test_who_does_not_answer_in_time_is_as_one_that_is_lost(pair: Pair) -> None:
    async def answer(_: str, __: Offer) -> Declined:
        await asyncio.sleep(3600)
        return Declined()

    pair.paris.serve(Offer, answer)
    with pytest.raises(NodeLost, match=r"^node paris does not answer$"):
        await pair.berlin.ask("paris", OFFER, 0.05)


async def test_what_nobody_serves_is_refused(pair: Pair) -> None:
    with pytest.raises(ClusterError) as raised:
        await pair.berlin.ask("paris", TrunkKey(0, 0, 0, 32 * "0"))
    assert not isinstance(raised.value, NodeLost)


async def test_what_nobody_hears_is_dropped(pair: Pair) -> None:
    async def answer(_: str, __: TrunkKey) -> TrunkTaken:
        return TrunkTaken()

    pair.paris.serve(TrunkKey, answer)
    pair.berlin.tell("paris", Changed("bans"))
    assert await pair.berlin.ask("paris", TrunkKey(0, 0, 0, 32 * "0")) == TrunkTaken()


async def test_nobody_can_be_spoken_to_who_is_not_there(pair: Pair) -> None:
    with pytest.raises(NodeLost, match=r"^node rome has gone$"):
        await pair.berlin.ask("rome", OFFER)
    pair.berlin.tell("rome", Changed("bans"))


async def test_a_loss_is_told_and_refuses_what_was_asked(pair: Pair) -> None:
    is_asked, has_gone, is_lost = asyncio.Event(), asyncio.Event(), asyncio.Event()
    lost: list[str] = []

    async def answer(_: str, __: Offer) -> Declined:
        is_asked.set()
        await has_gone.wait()
        return Declined()

    def note(node: str) -> None:
        lost.append(node)
        is_lost.set()

    pair.paris.serve(Offer, answer)
    pair.berlin.watch(lambda _: None, lambda node: note(node.name))
    asked = asyncio.create_task(pair.berlin.ask("paris", OFFER, 20))
    await is_asked.wait()
    await pair.lose_paris()
    has_gone.set()
    with pytest.raises(NodeLost, match=r"^node paris has gone$"):
        await asked
    async with asyncio.timeout(20):
        await is_lost.wait()
    assert lost == ["paris"]
    assert not pair.berlin.others
    with pytest.raises(NodeLost):
        await pair.berlin.ask("paris", OFFER)


async def test_a_handler_that_fails_is_logged_and_its_request_refused() -> None:
    async def fail(_: str, __: Offer) -> Declined:
        raise ValueError("a mistake")

    def fail_too(_: str, __: Parted) -> None:
        raise ValueError("another")

    async def answer(_: str, __: TrunkKey) -> TrunkTaken:
        return TrunkTaken()

    async with two() as (berlin, paris):
        paris.serve(Offer, fail)
        paris.hear(Parted, fail_too)
        paris.serve(TrunkKey, answer)
        with capture_logs() as logged:
            with pytest.raises(ClusterError, match=r"^node paris refuses: failed$"):
                await berlin.ask("paris", OFFER)
            berlin.tell("paris", Parted("room"))
            assert await berlin.ask("paris", TrunkKey(0, 0, 0, 32 * "0")) == TrunkTaken()
    failed = [(each["event"], each["kind"]) for each in logged if each["log_level"] == "error"]
    assert failed == [("node_request_failed", "Offer"), ("node_message_failed", "Parted")]
