"""Operators see media processes: how busy each is, whose a link is, and that one has died."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from relay.ops.client import Client
from tests.integration.test_api_metrics import scrape, value
from tests.support import commands
from tests.support.operating import AUDIO, KEYFRAME, TOKEN, VIDEO, OperatedServer, operating

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]


def environment(server: OperatedServer) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "RELAY_URL": server.relay.url,
        "RELAY_OPERATOR_TOKEN": TOKEN,
        "COLUMNS": "120",
    }


async def relay(server: OperatedServer, *arguments: str) -> str:
    ended = await commands.run(*arguments, env=environment(server))
    assert (ended.code, ended.err) == (0, "")
    return ended.out


async def test_two_workers_are_told_apart() -> None:
    async with operating(workers=2) as server:
        here, there = await server.come(), await server.come()
        for user in (here, there):
            await user.link()
        found = (await server.operator.get("workers"))["workers"]
        assert [(each["index"], each["up"], each["links"]) for each in found] == [
            (0, True, 1),
            (1, True, 1),
        ]
        assert tuple(each["udpPort"] for each in found) == server.relay.udp_ports
        assert len({each["processId"] for each in found} | {os.getpid()}) == 3
        links = (await server.operator.get("links"))["links"]
        assert {link["userId"]: link["worker"] for link in links} == {
            here.user_id: 0,
            there.user_id: 1,
        }
        totals = await server.operator.get("totals")
        assert (totals["workers"], totals["workersDown"], totals["workerRestarts"]) == (2, 0, 0)
        seen = await scrape(server)
        for worker in ("0", "1"):
            assert value(seen, "relay_worker_up", worker=worker) == 1
            assert value(seen, "relay_worker_links", worker=worker) == 1
            assert value(seen, "relay_worker_uptime_seconds", worker=worker) > 0
        async with Client(server.relay.url, TOKEN) as client:
            assert [each.process_id for each in await client.workers()] == [
                each["processId"] for each in found
            ]


async def test_what_a_worker_forwards_is_its_own() -> None:
    async with operating(workers=1) as server:
        ann, bob, _ = await server.pair()
        ann.send(VIDEO, KEYFRAME)
        ann.send(AUDIO, b"sound")
        await bob.received(2)
        seen = await scrape(server)
        assert value(seen, "relay_worker_packets_forwarded_total", worker="0") == 2
        assert value(seen, "relay_packets_forwarded_total") == 2
        [track, *_] = (await server.operator.get(f"tracks?user={ann.user_id}"))["tracks"]
        assert track["worker"] == 0
        await server.operator.until(
            "workers", lambda body: body["workers"][0]["cpuRatio"] > 0
        )  # a second is over


async def test_a_worker_that_dies_is_seen() -> None:
    async with operating(workers=2) as server:
        before = (await server.operator.get("workers"))["workers"]
        os.kill(before[1]["processId"], signal.SIGKILL)
        body = await server.operator.until(
            "workers", lambda body: body["workers"][1]["restarts"] == 1 and body["workers"][1]["up"]
        )
        unharmed, replaced = body["workers"]
        assert (unharmed["processId"], unharmed["restarts"]) == (before[0]["processId"], 0)
        assert replaced["processId"] != before[1]["processId"]
        assert replaced["udpPort"] == before[1]["udpPort"]
        assert (await server.operator.get("totals"))["workerRestarts"] == 1
        seen = await scrape(server)
        assert value(seen, "relay_worker_restarts_total", worker="1") == 1
        assert value(seen, "relay_worker_restarts_total", worker="0") == 0


async def test_from_a_terminal() -> None:
    async with operating(workers=2) as server:
        header, first, second = (await relay(server, "workers")).splitlines()
        assert header.split()[:4] == ["WORKER", "PROCESS", "PORT", "LINKS"]
        assert re.match(rf" +0 +\d+ +{server.relay.udp_ports[0]} .* up$", first.rstrip())
        assert re.match(rf" +1 +\d+ +{server.relay.udp_ports[1]} .* up$", second.rstrip())
        lines = (await relay(server, "workers", "--json")).splitlines()
        assert [json.loads(line)["udpPort"] for line in lines] == list(server.relay.udp_ports)


async def test_they_are_followed_as_json() -> None:
    async with (
        operating(workers=1) as server,
        commands.started("workers", "--watch", "--json", env=environment(server)) as process,
    ):
        assert process.stdout
        first, second = [json.loads(await process.stdout.readline()) for _ in range(2)]
        assert set(first) == {"totals", "workers"}
        assert first["workers"][0]["udpPort"] == server.relay.udp_ports[0]
        assert second["totals"]["at"] > first["totals"]["at"]
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")


async def test_without_workers_there_are_none() -> None:
    async with operating(workers=0) as server:
        assert (await server.operator.get("workers")) == {"workers": [], "silentNodes": []}
        assert await relay(server, "workers") == "there are none\n"
        ann, _, _ = await server.pair()
        links = (await server.operator.get("links"))["links"]
        assert {link["worker"] for link in links} == {None}
        assert ann.user_id in {link["userId"] for link in links}
