"""Nodes on machines of their own that die, stand still or lose each other while people talk.

Each test says to which calls something happens; of all others not a packet may be missing. How long
it takes until all is well again is measured by ``test_outages.py``.
"""

from pathlib import Path

import pytest
from playwright.async_api import Playwright

from tests.browser.chromium import chromium_in
from tests.browser.visitor import NOT_REACHED, Visitor, heard, meet, together
from tests.network.callers import Company, users_of
from tests.network.cluster import NODES, REDIS, Cluster, company
from tests.support.balancer import Balancer
from tests.support.redis_server import NEEDS_REDIS

pytestmark = [NEEDS_REDIS, pytest.mark.timeout(300)]


async def two_are_left(people: Company) -> None:
    """Wait until all but one of athens and one of berlin talk."""

    def are_left() -> bool:
        left = sorted(caller.node for caller in people.searching)
        return left == ["athens", "berlin"] and people.pairs_talk

    await people.until(are_left, "talk of the rest")


async def test_what_a_node_sends_to_another_is_lost(nodes: Cluster) -> None:
    async with company(nodes) as people:
        across = await people.call("athens berlin", "berlin athens")
        local = await people.call("athens athens", "berlin berlin")
        others = await people.call("athens paris", "paris berlin", "paris paris")
        nodes.cut("athens", "berlin")
        for call in local:  # before anybody has noticed
            await call.first.press_next()
        await people.until(
            lambda: all("disconnected" in each.happened for call in across for each in call.both),
            "end",
        )
        for name in ("athens", "berlin"):
            await nodes.says(name, "relay_cluster_nodes", 1)
        for caller in await people.come("athens", "berlin"):
            await caller.search()
        await two_are_left(people)
        await nodes.is_right(people)
        await people.write(others, "still here")
        nodes.mend("athens", "berlin")
        await people.until(lambda: people.all_talk, "talk of all")
        await nodes.is_right(people)
        for call in others:
            call.is_whole()
    await nodes.is_whole()


async def test_redis_is_out_of_one_node_s_reach(nodes: Cluster) -> None:
    async with company(nodes) as people:
        local = await people.call("athens athens", "berlin berlin")
        others = await people.call("athens berlin", "paris athens", "paris berlin", "paris paris")
        nodes.cut("athens", REDIS)
        await nodes.says("athens", "relay_cluster_store_up", 0)
        assert await nodes.is_ready("athens")
        for call in local:
            await call.first.press_next()
        for caller in await people.come("athens", "berlin"):
            await caller.search()
        await two_are_left(people)
        await people.write(others, "still here")
        for name in NODES:
            assert await nodes.is_ready(name)
            await nodes.says(name, "relay_cluster_nodes", 2)
        nodes.mend("athens", REDIS)
        await people.until(lambda: people.all_talk, "talk of all")
        await nodes.is_right(people)
        for call in others:
            call.is_whole()
    await nodes.is_whole()


async def test_a_node_stands_still_and_goes_on(nodes: Cluster) -> None:
    async with company(nodes) as people:
        back, _ = await people.call("athens athens", "athens athens")
        across = await people.call("athens berlin", "paris athens")
        others = await people.call("berlin paris", "berlin berlin", "paris paris")
        swept, away = nodes.logged("store_swept", *NODES), nodes.logged("store_back", "athens")
        nodes.freeze("athens")
        for caller in back.both:
            caller.cut()
        await people.go_through(users_of("berlin", across), "met", "disconnected", "met")
        await people.go_through(users_of("paris", across), "met", "disconnected", "met")
        await people.go_through([*back.both], "met", "anew", "met")
        await nodes.says("berlin", "relay_cluster_leases", 2)
        await nodes.logs("store_swept", "berlin", "paris", after=swept)
        nodes.go_on("athens")
        await nodes.is_whole()  # nobody has had its name meanwhile
        await nodes.logs("store_back", "athens", after=away)
        await people.until(lambda: people.all_talk, "talk of all")
        await nodes.is_right(people)
        await people.write(others, "still here")
        for call in others:
            call.is_whole()


async def test_pages_are_in_another_call_when_a_node_stands_still(
    nodes: Cluster, playwright: Playwright, tmp_path: Path
) -> None:
    athens, berlin, paris = (nodes.servers[name].url for name in NODES)
    async with (
        Balancer(athens, paris) as first,
        Balancer(berlin, paris) as second,
        chromium_in(nodes.network.home, playwright, tmp_path) as chromium,
    ):
        pages = []
        for url in (first.url, second.url):
            context = await chromium.new_context(locale="en-GB")
            pages.append(await Visitor.arrive(context, url))
        await together(*(page.press("Start") for page in pages))
        await meet(1, *pages)
        pages[0].expected_complaints = NOT_REACHED
        nodes.freeze("athens")
        await meet(2, *pages)
        assert [heard(page, "partner_disconnected") for page in pages] == [0, 1]
        for name in ("berlin", "paris"):
            await nodes.says(name, "relay_rooms", 1)
        nodes.go_on("athens")
        await nodes.is_whole()
        await nodes.says("athens", "relay_rooms", 0)
        await meet(2, *pages)
        for page in pages:
            await page.leaves()
            assert page.unexpected_complaints() == []


async def test_a_node_dies_and_no_call_of_others_with_it(nodes: Cluster) -> None:
    async with company(nodes) as people:
        ended = await people.call("athens athens", "athens berlin", "berlin athens", "athens paris")
        others = await people.call("berlin paris", "paris berlin", "berlin berlin", "paris paris")
        own = users_of("athens", ended)
        partners = [caller for call in ended for caller in call.both if caller not in own]
        nodes.kill("athens")
        await people.go_through(partners, "met", "disconnected", "met")
        await people.go_through(own, "met", "anew", "met")
        await people.until(lambda: people.all_talk, "talk of all")
        await nodes.is_right(people)
        await people.write(others, "still here")
        for call in others:
            call.is_whole()
