"""Servers as users start them, three of them as one cluster."""

from __future__ import annotations

import re
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from relay.config import Settings
from relay.doctor.cluster import check
from relay.doctor.findings import Finding, Grade
from relay.store.scripts import KEYS
from tests.support.certificates import write_certificate
from tests.support.node_process import SECRET, figure, flags, node_process, until
from tests.support.ports import free_port
from tests.support.redis_server import NEEDS_REDIS, RedisServer, a_redis, over_tls
from tests.support.served import ended, page_of, serving

_STAYS = KEYS[-1]

pytestmark = NEEDS_REDIS

OTHER_SECRET = "another that nobody shares"
NAMES = ("athens", "berlin", "paris")


def last_line(log: str) -> str:
    return log.splitlines()[-1]


async def cookie_of(page: str, given: str | None = None) -> str | None:
    """The visitor's cookie that a page view sets, if it does."""
    headers = {} if given is None else {"Cookie": f"relay_visitor={given}"}
    async with aiohttp.ClientSession() as http, http.get(page, headers=headers) as response:
        assert response.status == 200
        found = response.cookies.get("relay_visitor")
    return found.value if found is not None else None


@pytest.mark.timeout(300)
async def test_three_servers_see_each_other_and_notice_who_goes(
    tmp_path: Path, redis: RedisServer
) -> None:
    port = free_port()
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(node_process(tmp_path, redis, name, number, port))
            for number, name in enumerate(NAMES, 1)
        ]
        pages = [await page_of(process) for process in processes]
        for page in pages:
            await until(page, "relay_cluster_nodes", 2)
            await until(page, "relay_cluster_store_up", 1)  # one renewal may have been late
        cookie = await cookie_of(pages[0])
        assert cookie is not None
        for page in pages:
            assert await cookie_of(page, cookie) is None  # it is known there
        redis.stop()
        for page in pages:
            await until(page, "relay_cluster_store_up", 0)
            assert await figure(page, "relay_cluster_nodes") == 2
            async with aiohttp.ClientSession() as http:
                for path in ("health", "ready"):
                    async with http.get(f"{page}/{path}") as response:
                        assert response.status == 200
        redis.start()
        for page in pages:
            await until(page, "relay_cluster_store_up", 1)
        processes[2].send_signal(signal.SIGSTOP)
        try:
            for page in pages[:2]:
                await until(page, "relay_cluster_nodes", 1)
                assert await figure(page, "relay_cluster_nodes_lost_total") == 1
        finally:
            processes[2].send_signal(signal.SIGCONT)
        for page in pages:
            await until(page, "relay_cluster_nodes", 2)
        processes[0].terminate()
        await until(pages[1], "relay_cluster_nodes", 1)
        code, _, log = await ended(processes[0])
        assert code == 0
        joined = re.findall(r"event=node_joined .*?node=(\w+)", log)
        assert sorted(joined) == ["berlin", "paris", "paris"]
        assert "level=error" not in log


@pytest.mark.timeout(300)
async def test_a_second_server_of_a_name_and_one_with_another_secret_end_with_one_line(
    tmp_path: Path, redis: RedisServer
) -> None:
    port = free_port()
    async with node_process(tmp_path, redis, "berlin", 1, port) as first:
        page = await page_of(first)
        await until(page, "relay_cluster_store_up", 1)
        other = tmp_path / "other"
        other.mkdir()
        async with (
            node_process(other, redis, "berlin", 2, port) as second,
            node_process(tmp_path, redis, "paris", 3, port, secret=OTHER_SECRET) as stranger,
        ):
            assert looked_at(redis, SECRET).grade is Grade.GOOD
            assert looked_at(redis, OTHER_SECRET).grade is Grade.BAD
            ends = [await ended(each) for each in (second, stranger)]
        assert [code for code, _, _ in ends] == [2, 2]
        assert [last_line(log) for _, _, log in ends] == [
            "relay: --node-name: another server of the cluster is called berlin",
            f"relay: --cluster-secret: the cluster at {redis.url} has another secret",
        ]
        assert "Traceback" not in ends[1][2]
        assert redis.ask("HKEYS", _STAYS) == "berlin", "the other one never came to it"


def looked_at(redis: RedisServer, secret: str) -> Finding:
    """What 'relay doctor' says of a secret."""
    chosen = {"cluster": redis.url, "cluster_secret": secret, "cluster_address": "127.0.0.4"}
    settings = Settings.model_validate(chosen)
    return next(each for each in check(settings) if each.subject == "cluster secret")


@pytest.mark.timeout(300)
async def test_who_was_frozen_and_has_been_replaced_leaves(
    tmp_path: Path, redis: RedisServer
) -> None:
    port = free_port()
    folder = tmp_path / "other"
    folder.mkdir()
    async with (
        node_process(tmp_path, redis, "athens", 1, port) as athens,
        node_process(tmp_path, redis, "berlin", 2, port) as frozen,
    ):
        page = await page_of(athens)
        await page_of(frozen)
        await until(page, "relay_cluster_nodes", 1)
        frozen.send_signal(signal.SIGSTOP)
        try:
            await until(page, "relay_cluster_leases", 1)
            async with node_process(folder, redis, "berlin", 3, port) as instead:
                await page_of(instead)
                await until(page, "relay_cluster_nodes", 1)
                frozen.send_signal(signal.SIGCONT)
                code, _, log = await ended(frozen)
                assert code == 2
                assert log.endswith(
                    "relay: --node-name: another server of the cluster is called berlin\n"
                )
                await until(page, "relay_cluster_nodes", 1)
                instead.terminate()
                assert "FENCED" not in (await ended(instead))[2]
        finally:
            if frozen.returncode is None:
                frozen.send_signal(signal.SIGCONT)


async def test_a_redis_that_refuses_is_a_wrong_value(tmp_path: Path, redis: RedisServer) -> None:
    redis.ask("CONFIG", "SET", "requirepass", "hush")
    port = free_port()
    async with node_process(tmp_path, redis, "berlin", 1, port) as process:
        code, _, log = await ended(process)
    assert code == 2
    assert last_line(log) == "relay: --cluster: Redis refuses the user or the password"


async def test_redis_over_tls_is_used_if_its_certificate_is_trusted(tmp_path: Path) -> None:
    port, tls_port = free_port(), free_port()
    folders = tmp_path / "own", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    own, other = map(write_certificate, folders)
    with a_redis(*over_tls(own, tls_port)) as redis:
        url = f"rediss://127.0.0.1:{tls_port}/0?ssl_ca_certs="
        redis.url = f"{url}{own.cert}"
        async with node_process(tmp_path, redis, "berlin", 1, port) as trusting:
            redis.url = f"{url}{other.cert}"
            async with node_process(tmp_path, redis, "paris", 2, port) as wary:
                code, _, log = await ended(wary)
            await until(await page_of(trusting), "relay_cluster_store_up", 1)
    assert code == 2
    assert last_line(log).startswith(
        "relay: --cluster: the certificate of Redis is not trusted (self-signed certificate"
    )
    assert "Traceback" not in log


async def test_an_address_that_is_another_machine_s_is_a_wrong_value(
    tmp_path: Path, redis: RedisServer
) -> None:
    port = free_port()
    with_other = flags(redis, "berlin", 1, port)
    with_other[with_other.index("127.0.0.1")] = "192.0.2.1"
    async with serving(tmp_path, *with_other) as process:
        code, _, log = await ended(process)
    assert code == 2
    assert last_line(log) == (
        f"relay: --cluster-address: cannot listen on 192.0.2.1 port {port}:"
        " cannot assign requested address"
    )
