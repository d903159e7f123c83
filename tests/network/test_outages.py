"""How long people are without each other when a node dies, and whether Redis is missed: figures.

```
scripts/test tests/network/test_outages.py -s
```

Runs when it is named: Redis stands still for seven minutes, for real.
"""

import asyncio
import time
from collections.abc import Iterable
from statistics import median

import pytest

from relay.matching.matchmaker import NEWS_S
from tests.network.callers import Call, Company, users_of
from tests.network.cluster import Cluster, company
from tests.support.redis_server import NEEDS_REDIS

pytestmark = [NEEDS_REDIS, pytest.mark.timeout(900)]

AWAY_S = 420.0
TEXT_EVERY_S = 5.0


def told(what: str, times_s: Iterable[float]) -> None:
    found = sorted(times_s)
    print(f"{what}: p50 {median(found):.2f} s, max {found[-1]:.2f} s, of {len(found)}")


def told_of_calls(what: str, calls: list[Call]) -> None:
    """Says how they have been, and checks that nothing was lost."""
    people = [caller for call in calls for caller in call.both]
    lost = sum(any(each.happened != ["met"] for each in call.both) for call in calls)
    missing, gap_s = sum(each.missing for each in people), max(each.gap_s for each in people)
    print(f"{what}: {lost} of {len(calls)} lost, {missing} packets; longest gap {gap_s:.2f} s")
    for call in calls:
        call.is_whole()


async def right_again_s(nodes: Cluster, people: Company, since_s: float) -> float:
    """Wait until everybody talks and queue and rooms are right; how long that took."""
    await nodes.is_right(people)
    took_s = time.monotonic() - since_s
    await people.until(lambda: people.all_talk, "talk of all")
    return took_s


async def test_a_node_dies_with_twenty_calls(nodes: Cluster) -> None:
    async with company(nodes) as people:
        ended = await people.call(*["athens athens", "athens berlin", "paris athens"] * 6)
        ended += await people.call("athens athens", "athens paris")
        others = await people.call(*["berlin paris", "berlin berlin", "paris paris"] * 3)
        own = users_of("athens", ended)
        partners = [caller for call in ended for caller in call.both if caller not in own]
        await asyncio.sleep(NEWS_S)  # as most calls are that a node takes with it: older than that
        killed_s = time.monotonic()
        nodes.kill("athens")
        await people.go_through(partners, "met", "disconnected", "met")
        await people.go_through(own, "met", "anew", "met")
        await people.until(lambda: people.all_talk, "talk of all")
        print()
        heard_s = [each.when("disconnected", killed_s) - killed_s for each in partners]
        told("partners hear of it", heard_s)
        told("partners talk again", (each.when("talks", killed_s) - killed_s for each in partners))
        talk_s = [each.when("talks", killed_s) - killed_s for each in own]
        told("its own people talk again", talk_s)
        told_of_calls("others' calls", others)
        right_s = await right_again_s(nodes, people, killed_s)
        print(f"queue and rooms hold nothing of it: {right_s:.1f} s")
    assert max(heard_s) < 5
    assert max(talk_s) < 5


@pytest.mark.parametrize(("deaf", "unheard"), [("berlin", "athens"), ("athens", "berlin")])
async def test_a_node_hears_nothing_of_another(nodes: Cluster, deaf: str, unheard: str) -> None:
    async with company(nodes) as people:
        calls = await people.call(*["athens berlin"] * 4)
        others = await people.call("athens paris", "paris berlin")
        cut_s = time.monotonic()
        nodes.cut(unheard, deaf)
        for number in range(20):  # more than TCP sends without being told that it has arrived
            for caller in users_of(deaf, calls):
                await caller.say(f"{number}")
            await asyncio.sleep(0.1)
        everybody = [caller for call in calls for caller in call.both]
        await people.until(lambda: all("disconnected" in c.happened for c in everybody), "end")
        print()
        for name in (deaf, unheard):
            heard_s = (c.when("disconnected") - cut_s for c in users_of(name, calls))
            told(f"those of {name}, {deaf} being deaf, hear of it", heard_s)
        await people.until(lambda: people.all_talk, "talk of all")
        nodes.mend(unheard, deaf)
        mended_s = time.monotonic()
        await nodes.is_whole()
        print(f"the two nodes speak again: {time.monotonic() - mended_s:.1f} s")
        told_of_calls("others' calls", others)


async def test_redis_stands_still_for_seven_minutes(nodes: Cluster) -> None:
    async with company(nodes) as people:
        calls = await people.call("athens berlin", "berlin paris", "paris athens")
        calls += await people.call("athens athens", "berlin berlin", "paris paris")
        restless = await people.call("athens athens", "berlin berlin")
        nodes.redis.pause()
        began_s = time.monotonic()
        try:
            for caller in await people.come("athens", "berlin"):
                await caller.search()
            while time.monotonic() - began_s < AWAY_S:
                await people.write(calls, f"after {time.monotonic() - began_s:.0f} s")
                for call in restless:
                    if call.first.room_id is not None:
                        await call.first.press_next()
                await asyncio.sleep(TEXT_EVERY_S)
        finally:
            nodes.redis.go_on()
        back_s = time.monotonic()
        right_s = await right_again_s(nodes, people, back_s)
        print(f"\nRedis stood still for {back_s - began_s:.0f} s")
        told_of_calls("calls", calls)
        texts = sum(len(caller.texts) for call in calls for caller in call.both)
        met = sum(each.happened.count("met") for call in restless for each in call.both)
        print(f"{texts} texts read; those of one node met {met} times")
        print(f"queue and rooms right after {right_s:.1f} s")
    assert right_s < 10
