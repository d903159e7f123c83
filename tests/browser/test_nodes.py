"""Pages whose servers are nodes of one cluster: they meet across them, and one node dies."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest_asyncio

from tests.browser.conftest import Arrive
from tests.browser.server import Server, running
from tests.browser.visitor import NOT_REACHED, meet, together, until
from tests.support.balancer import Balancer
from tests.support.node_process import SECRET, figure
from tests.support.ports import free_port
from tests.support.redis_server import NEEDS_REDIS, a_redis

pytestmark = NEEDS_REDIS


@pytest_asyncio.fixture(loop_scope="session")
async def nodes(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    async with AsyncExitStack() as stack:
        redis, port = stack.enter_context(a_redis()), free_port()
        found = []
        for number, name in enumerate(("dying", "living"), 1):
            (tmp_path / name).mkdir()
            own = ("--node-name", name, "--cluster-address", f"127.0.0.{number}")
            cluster = ("--cluster", redis.url, "--cluster-secret", SECRET)
            more = ("--cluster-port", str(port), "--metrics-public", "--rematch-after-s", "0")
            server = Server(tmp_path / name, *cluster, *own, *more)
            found.append(await stack.enter_async_context(running(server)))
        for server in found:
            for name, value in (("relay_cluster_nodes", 1), ("relay_cluster_store_up", 1)):
                await until(
                    lambda: figure(server.url, name),  # noqa: B023
                    lambda now: now == value,  # noqa: B023
                    60,
                )
        yield found[0], found[1]


def die(server: Server) -> None:
    """With all that it has, as its machine does."""
    workers = server.workers
    server.signal(signal.SIGKILL)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)


async def test_pages_meet_across_nodes_and_again_when_one_of_them_dies(
    nodes: tuple[Server, Server], arrive: Arrive
) -> None:
    dying, living = nodes
    async with Balancer(dying.url, living.url) as balancer:
        anna = await arrive(dying, url=balancer.url)
        berta = await arrive(living)
        await together(*(person.press("Start") for person in (anna, berta)))
        await meet(1, anna, berta)
        await anna.says("from one node to the other")
        await berta.hears("from one node to the other")
        await berta.press("Next")
        await meet(2, anna, berta)
        anna.expected_complaints = NOT_REACHED
        die(dying)
        await meet(3, anna, berta)
        assert await figure(living.url, "relay_rooms") == 1
