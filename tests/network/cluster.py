"""Three nodes, and what may become of them: each has a machine of its own, and so has Redis."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp

from relay.ops.client import Client as Operator
from relay.store.scripts import KEYS
from tests.browser.server import Server
from tests.browser.visitor import until
from tests.network.callers import Company
from tests.network.switched import HOME, Switched
from tests.support.balancer import Balancer
from tests.support.node_process import SECRET, figure
from tests.support.redis_server import RedisServer

NODES = ("athens", "berlin", "paris")
REDIS = "redis"
RESUME_S = 2
"""So long a user is waited for who does not come back."""
PATIENCE_S = 60.0
_REDIS_PORT = 6379
_WAITERS, _QUEUE, _ROOMS = KEYS[0], KEYS[1], KEYS[4]
_TOKEN = "the-token-of-all-nodes"
_PACE = ("--rematch-after-s", "0", "--hasty-nexts", "0", "--same-texts", "0")


@dataclass(frozen=True, slots=True)
class Sight:
    """Who is in which room and who waits, as people, nodes and Redis have it at one moment.

    Rooms are counted by their ids: once for each of their users.
    """

    people: Counter[str]
    nodes: Counter[str]
    redis: Counter[str]
    searching: int
    waiting: int
    in_two: tuple[str, ...]
    """Users who are in more than one room."""

    @property
    def is_right(self) -> bool:
        """Whether all have the same, and nobody more than one."""
        rooms_agree = self.people == self.nodes == self.redis
        return rooms_agree and self.searching == self.waiting and not self.in_two


class Cluster:
    """The nodes by their names."""

    def __init__(self, folder: Path, network: Switched, redis: RedisServer) -> None:
        self.network, self.redis = network, redis
        self.servers = {name: self._server(folder / name, name) for name in NODES}
        self._frozen: set[str] = set()
        self._dead: set[str] = set()
        self._cuts: set[tuple[str, str]] = set()

    # what becomes of them

    def freeze(self, name: str) -> None:
        """Have a node do nothing until :meth:`go_on`, and none of its processes."""
        self._frozen.add(name)
        self._signal(name, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """End it."""
        self._frozen.discard(name)
        self._signal(name, signal.SIGCONT)

    def kill(self, name: str) -> None:
        """Have a node die, and all of its processes."""
        self._dead.add(name)
        self._signal(name, signal.SIGKILL)

    def cut(self, name: str, to: str) -> None:
        """Lose what a node sends to another, or to Redis; what that one sends arrives."""
        self._cuts.add((name, to))
        self.network.cut(name, to)

    def mend(self, name: str, to: str) -> None:
        """Have it arrive again."""
        self._cuts.discard((name, to))
        self.network.mend(name, to)

    def thaw(self) -> None:
        """Undo all of that which can be undone at once."""
        for name in [*self._frozen]:
            self.go_on(name)
        for name, to in [*self._cuts]:
            self.mend(name, to)

    async def heal(self) -> None:
        """Undo all of that, and wait until all know of each other."""
        self.thaw()
        for name in [*self._dead]:
            await self.servers[name].stop()
            await self.servers[name].start()
            self._dead.discard(name)
        await self.is_whole()

    async def is_whole(self) -> None:
        """Wait until each node speaks to all others, has its place in Redis, and is ready.

        One that has stood still does not look ready for some seconds, since it was late.
        """
        for name in NODES:
            await until(partial(self.is_ready, name), bool, PATIENCE_S)
            await self.says(name, "relay_cluster_nodes", len(NODES) - 1)
            await self.says(name, "relay_cluster_leases", len(NODES))
            await self.says(name, "relay_cluster_store_up", 1)

    # what is seen of them

    async def says(self, name: str, metric: str, wanted: float) -> None:
        """Wait until a node has a figure."""
        page = self.servers[name].url
        await until(lambda: figure(page, metric), lambda now: now == wanted, PATIENCE_S)

    def logged(self, event: str, *names: str) -> int:
        """How often these nodes have told of something in their logs."""
        return sum(self.servers[name].log.count(f"event={event} ") for name in names)

    async def logs(self, event: str, *names: str, after: int) -> None:
        """Wait until they have told of it more often than that."""

        async def look() -> int:
            return self.logged(event, *names)

        await until(look, lambda seen: seen > after, PATIENCE_S)

    async def is_ready(self, name: str) -> bool:
        """Whether a balancer may send people there."""
        page = self.servers[name].url
        async with aiohttp.ClientSession() as http, http.get(f"{page}/ready") as response:
            return response.status == 200

    async def look(self, company: Company) -> Sight:
        """How it is now, of the nodes that live."""
        nodes, users = Counter[str](), dict[str, set[str]]()
        for name in NODES:
            if name not in self._dead | self._frozen:
                await self._note_rooms(name, nodes, users)
        stored = self.redis.ask("HGETALL", _ROOMS).splitlines()
        redis = Counter(str(json.loads(room)[0]) for room in stored[1::2])
        waiting = [int(self.redis.ask(*count)) for count in (("HLEN", _WAITERS), ("ZCARD", _QUEUE))]
        return Sight(
            Counter({room_id: len(people) for room_id, people in company.rooms.items()}),
            nodes,
            redis,
            len(company.searching),
            max(waiting),
            tuple(user for user, rooms in users.items() if len(rooms) > 1),
        )

    async def is_right(self, company: Company) -> None:
        """Wait until people, nodes and Redis have the same."""
        await until(lambda: self.look(company), lambda seen: seen.is_right, PATIENCE_S)

    async def _note_rooms(self, name: str, nodes: Counter[str], users: dict[str, set[str]]) -> None:
        async with Operator(self.servers[name].url, _TOKEN) as operator:
            for room in await operator.rooms(node=name):
                nodes[room.id] += 1 if len(room.nodes) > 1 else 2
                for user in room.users:
                    users.setdefault(user, set()).add(room.id)

    # how they are made

    def _server(self, folder: Path, name: str) -> Server:
        folder.mkdir()
        redis, host = self.network.address(REDIS), self.network.address(name)
        cluster = ("--cluster", f"redis://{redis}:{_REDIS_PORT}", "--cluster-secret", SECRET)
        own = ("--node-name", name, "--cluster-address", host)
        kept = ("--data-dir", str(folder / "data"), "--runtime-dir", str(folder / "run"))
        seen = ("--metrics-public", "--operator-token", _TOKEN)
        flags = (*cluster, *own, *kept, *seen, *_PACE, "--resume-s", str(RESUME_S))
        prefix = self.network.places[name].prefix
        return Server(folder, *flags, prefix=prefix, host=host)

    def _signal(self, name: str, number: signal.Signals) -> None:
        server = self.servers[name]
        workers = server.workers
        if number == signal.SIGCONT:  # as if they had never been away
            for worker in workers:
                os.kill(worker, number)
        server.signal(number)
        if number != signal.SIGCONT:
            for worker in workers:
                os.kill(worker, number)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Cluster]:
    """Nodes that know each other; meanwhile, this thread is at home in their network."""
    async with AsyncExitStack() as stack:
        network = stack.enter_context(Switched(*NODES, REDIS))
        stack.enter_context(network.home.entered())
        where = ("--bind", network.address(REDIS), "--protected-mode", "no")
        redis = RedisServer("--port", str(_REDIS_PORT), *where)
        stack.callback(redis.remove)
        with network.places[REDIS].entered():
            redis.start()
        made = Cluster(folder, network, redis)
        for server in made.servers.values():
            stack.push_async_callback(server.stop)
        await asyncio.gather(*(server.start() for server in made.servers.values()))
        await made.is_whole()
        try:
            yield made
        finally:
            made.thaw()
    for server in made.servers.values():
        assert "Traceback" not in server.log, server.log
        assert "level=error" not in server.log, server.log


@asynccontextmanager
async def company(cluster: Cluster) -> AsyncIterator[Company]:
    """People who come through a balancer that knows of all nodes, and begins with one."""
    async with AsyncExitStack() as stack:
        urls: dict[str, str] = {}
        for name in NODES:
            pages = [cluster.servers[each].url for each in NODES if each != name]
            balancer = Balancer(cluster.servers[name].url, *pages, host=HOME)
            await stack.enter_async_context(balancer)
            urls[name] = balancer.url.replace("http", "ws") + "/ws"
        async with Company(urls.__getitem__) as people:
            yield people
            people.is_sound()
