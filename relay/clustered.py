"""A node of a cluster, as the settings have it: where its users wait, and the other nodes."""

from __future__ import annotations

import errno
import re
import secrets
import socket
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

import relay
from relay import values
from relay.api.front import Membership
from relay.cluster import Cluster, Node
from relay.cluster.expulsion import Expulsion
from relay.cluster.figures import Figures, Standing
from relay.cluster.greeting import WRONG_SECRET
from relay.cluster.secret import Secret
from relay.config import Settings
from relay.errors import ConfigError, StoreAway, reason_of
from relay.store import MemoryStore, Room, Store

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from relay.cluster.leases import Leases
    from relay.cluster.nodes import Nodes
    from relay.store.shared import SharedStore

_REDIS_PORT = 6379
_CREDENTIALS = re.compile(r"//[^/@]*@")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Part:
    """A server's part in its cluster; of one that is alone, the store of its own."""

    store: Store
    nodes: Nodes | None = None
    leases: Leases | None = None
    shared: SharedStore | None = None
    """The same store, of a node."""
    session_key: bytes = b""

    @property
    def cluster(self) -> Cluster | None:
        """The other nodes, for whoever speaks to them."""
        return self.nodes

    @property
    def name(self) -> str | None:
        """This node's, in a cluster."""
        return None if self.nodes is None else self.nodes.here.name

    @property
    def membership(self) -> Membership | None:
        """What operators have of it."""
        if self.nodes is None or self.leases is None:
            return None
        return Membership(self.nodes, self.session_key, self.leases.left_s)

    def join(
        self,
        standing: Callable[[], Standing],
        rooms: Callable[[], list[Room]],
        is_here: Callable[[str], bool],
    ) -> None:
        """Be there for the others, when all that they may ask is ready.

        :param standing: how this server is doing.
        :param rooms: those with a user of this server.
        :param is_here: whether a user is one of this server's.
        """
        if self.nodes is None or self.leases is None or self.shared is None:
            return
        self.shared.restates(rooms)
        self.shared.knows(is_here)
        self.leases.tend = self._tend
        self.leases.standing = standing
        self.nodes.start()
        self.leases.open()

    @property
    def expulsion(self) -> Expulsion:
        """Happens when this server is to end, since it cannot be a node any more."""
        return Expulsion() if self.leases is None else self.leases.expulsion

    def users_elsewhere(self) -> int:
        """How many users the other nodes have, as they have told last."""
        others = () if self.leases is None else self.leases.others.values()
        return sum(max(lease.standing.users, 0) for lease in others)

    def looking_elsewhere(self) -> Counter[str]:
        """How many of them wait, by the mode in which they want to talk."""
        others = () if self.leases is None else self.leases.others.values()
        return sum((Counter(lease.standing.looking) for lease in others), Counter())

    async def _tend(self) -> None:
        """Look after the store, once a second."""
        if self.shared is None or self.leases is None or self.nodes is None:
            return
        if self.leases.refusal:  # what the store has of the name, or all of it, is others'
            await self.shared.withdraw(self.leases.refusal)
            return
        if self.leases.is_renewed or self.shared.is_there:  # who has no lease does not come back
            await self.shared.tend()
        if (kin := self.leases.kin) is not None:
            await self.shared.sweep({*kin, *self.nodes.others, self.nodes.here.name})

    def figures(self) -> Figures:
        """How it goes, in numbers."""
        if self.nodes is None or self.shared is None or self.leases is None:
            return Figures()
        counts = self.nodes.counts
        return Figures(
            nodes=len(self.nodes.others),
            leases=self.leases.count,
            store_up=self.shared.is_there,
            ahead_s=self.leases.ahead_s,
            messages={"sent": counts.sent, "received": counts.received},
            unknown=counts.unknown,
            lost=counts.lost,
            refusals=self.nodes.refusals.counts,
        )


@asynccontextmanager
async def clustered(settings: Settings) -> AsyncIterator[Part]:
    """A server's part in its cluster, as long as the context lasts; :meth:`Part.join` it.

    :raises ConfigError: when it cannot have a part; the message names the option.
    """
    if settings.cluster is None or settings.cluster_secret is None:
        yield Part(MemoryStore(max_waiting=settings.max_users))
        return
    # a server that is alone does not pay for any of it
    from relay.cluster.lane import Lane, client  # noqa: PLC0415
    from relay.cluster.leases import Leases  # noqa: PLC0415
    from relay.cluster.nodes import Nodes  # noqa: PLC0415
    from relay.cluster.trust import trust  # noqa: PLC0415
    from relay.store.redis import RedisStore  # noqa: PLC0415
    from relay.store.shared import SharedStore  # noqa: PLC0415

    url = settings.cluster.get_secret_value()
    here, secret = _here(settings), Secret(settings.cluster_secret)
    async with AsyncExitStack() as stack:
        nodes = Nodes(here, trust(secret, here.name))
        _bind(settings, nodes)
        stack.push_async_callback(nodes.close)
        await _knock(settings, client(url))
        lane, others = Lane(client(url)), Lane(client(url))  # no lease waits for all who search
        stack.push_async_callback(lane.close)
        stack.push_async_callback(others.close)
        redis = RedisStore(others.run, here.name, time.monotonic)
        store = SharedStore(redis, time.monotonic, max_waiting=settings.max_users)
        leases = Leases(lane.run, here, secret.mark, nodes.know)
        stack.push_async_callback(leases.close)  # and with it, what tends the store
        await _claim(settings, leases)
        leases.start()
        yield Part(store, nodes, leases, store, secret.key("operators' sessions"))


def _here(settings: Settings) -> Node:
    return Node(
        name_of(settings),
        secrets.token_hex(8),
        relay.__version__,
        address_of(settings),
        settings.cluster_port,
        settings.workers,
    )


def _bind(settings: Settings, nodes: Nodes) -> None:
    here = nodes.here
    try:
        nodes.bind()
    except OSError as error:
        is_elsewhere = error.errno == errno.EADDRNOTAVAIL
        named = settings.written("cluster_address" if is_elsewhere else "cluster_port")
        raise ConfigError(
            f"{named}: cannot listen on {here.host} port {here.port}: {reason_of(error)}"
        ) from None


async def _knock(settings: Settings, client: Redis) -> None:
    """Whether Redis lets us in. When it is away, calls of former days are not to wait for it."""
    from redis.exceptions import (  # noqa: PLC0415
        AuthenticationError,
        NoPermissionError,
        RedisError,
    )

    named = settings.written("cluster")
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        for why in _reasons(error):
            if isinstance(why, AuthenticationError | NoPermissionError):
                raise ConfigError(f"{named}: Redis refuses the user or the password") from None
            if isinstance(why, ssl.SSLCertVerificationError):
                told = f"the certificate of Redis is not trusted ({why.verify_message})"
                raise ConfigError(
                    f"{named}: {told}; ?ssl_ca_certs=FILE says by whom it is to be signed"
                ) from None
            if isinstance(why, ssl.SSLError):
                raise ConfigError(f"{named}: no TLS with Redis ({why.reason})") from None
            if "DB index" in str(why):
                raise ConfigError(f"{named}: Redis has no database of that number") from None
        _log.warning("store_not_found", reason=type(error).__name__)
    finally:
        await client.aclose()


def _reasons(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what has led to it: of a connection that was not made, only that tells why."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def _claim(settings: Settings, leases: Leases) -> None:
    try:
        is_ours = await leases.claim()
    except StoreAway:
        return  # it is claimed when Redis is there
    if not is_ours:
        raise refused(settings, leases.refusal)
    if leases.is_clock_wrong:
        told = differing(settings, leases.ahead_s)
        raise ConfigError(
            f"{settings.written('cluster')}: {told}; bans and logins would not end when they"
            " should: set both by NTP"
        )


def differing(settings: Settings, ahead_s: float) -> str:
    """That this machine's clock and Redis' differ, in words.

    :param ahead_s: by how much this machine's is ahead.
    """
    way = "ahead of" if ahead_s > 0 else "behind"
    return f"this machine's clock is {abs(ahead_s):.0f} s {way} that of {shown(settings)}"


def refused(settings: Settings, why: str) -> ConfigError:
    """What to say when a server cannot be a node.

    :param why: see :attr:`relay.cluster.leases.Leases.refusal`.
    """
    if why == WRONG_SECRET:
        named = settings.written("cluster_secret")
        return ConfigError(f"{named}: the cluster at {shown(settings)} has another secret")
    named, name = settings.written("node_name"), name_of(settings)
    return ConfigError(f"{named}: another server of the cluster is called {name}")


def shown(settings: Settings) -> str:
    """Which Redis it is, without user, password and whatever else is asked of it."""
    url = settings.cluster.get_secret_value() if settings.cluster else ""
    return _CREDENTIALS.sub("//", url, count=1).partition("?")[0]


def name_of(settings: Settings) -> str:
    """What a node is called.

    :raises ConfigError: when it has to be given.
    """
    if settings.node_name is not None:
        return settings.node_name
    name = socket.gethostname().partition(".")[0].lower()
    try:
        return values.node_name(name)
    except ValueError:
        raise ConfigError(
            f"--node-name: has to be given, since the host is called {name}"
        ) from None


def address_of(settings: Settings) -> str:
    """At which address others reach a node: else at that on the way to Redis. Nothing is sent.

    :raises ConfigError: when it has to be given.
    """
    if settings.cluster_address is not None:
        return settings.cluster_address
    where = urlsplit(settings.cluster.get_secret_value() if settings.cluster else "")
    host = where.hostname
    if where.scheme == "unix" or host is None:
        raise ConfigError("--cluster-address: has to be given, since Redis is at a socket")
    try:
        found = socket.getaddrinfo(host, where.port or _REDIS_PORT, type=socket.SOCK_DGRAM)
    except OSError as error:
        named = settings.written("cluster")
        raise ConfigError(
            f"{named}: {host}: {str(error.strerror).lower()}; correct the name, or its DNS"
        ) from None
    try:
        family, kind, _, _, address = found[0]
        with socket.socket(family, kind) as towards:
            towards.connect(address)
            return values.reached(str(towards.getsockname()[0]))
    except (OSError, ValueError):
        raise ConfigError(
            f"--cluster-address: has to be given, since there is no way to {host}"
        ) from None
