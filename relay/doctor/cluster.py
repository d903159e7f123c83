"""Whether a server can be a node of its cluster: its address, its ports, Redis, the database."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from relay.cluster.leases import KEYS, MAX_NODES, MOST_AHEAD_S, mark_of
from relay.cluster.secret import Secret
from relay.clustered import address_of, differing, name_of, shown
from relay.config import Settings
from relay.doctor.findings import Finding, bad, fair, good
from relay.doctor.ports import bind_error, relay_answers, span
from relay.errors import ConfigError

if TYPE_CHECKING:
    from redis import Redis

_TIMEOUT_S = 2.0
_NODE = "node"
_PORT = "cluster port"
_REDIS = "Redis"
_CLOCK = "clock"
_SECRET = "cluster secret"  # noqa: S105 - what the finding is about
_SHARED = "shared database"
_OLDEST = (7, 0)


def check(settings: Settings) -> Iterator[Finding]:
    """Look at what a node needs; nothing of a server that is alone."""
    if settings.cluster is None:
        return
    try:
        name, host = name_of(settings), address_of(settings)
    except ConfigError as error:
        yield bad(_NODE, str(error), "give it one: 'relay serve' does not start like this")
        return
    yield _node(settings, name, host)
    yield _ports(settings, host)
    yield _database(settings)
    yield from _redis(settings, settings.cluster.get_secret_value())


def _node(settings: Settings, name: str, host: str) -> Finding:
    if ip_address(host).is_loopback:
        return fair(
            _NODE,
            f"{name}, at {host}: only nodes on this machine reach it",
            f"give {settings.written('cluster_address')} the address that the others can reach",
        )
    return good(_NODE, f"{name}, at {host}")


def _ports(settings: Settings, host: str) -> Finding:
    first = settings.cluster_port
    numbers = range(first, first + settings.workers)
    error = bind_error(socket.SOCK_STREAM, host, first)
    for number in numbers:
        error = error or bind_error(socket.SOCK_DGRAM, host, number)
    where = f"TCP {first} and UDP {span(numbers)} on {host}"
    match error:
        case 0:
            return good(_PORT, f"{where} are free")
        case errno.EADDRINUSE if relay_answers(settings):
            return good(_PORT, f"{where} are held, and a relay runs")
        case errno.EADDRINUSE:
            option = settings.written("cluster_port")
            return bad(
                _PORT,
                f"{where}: held by another program",
                f"end that program (ss -lnp shows it), or choose another {option}",
            )
        case errno.EADDRNOTAVAIL:
            option = settings.written("cluster_address")
            return bad(_PORT, f"{host} is no address of this machine", f"give {option} one that is")
        case _:
            option = settings.written("cluster_port")
            return bad(_PORT, f"{where}: {os.strerror(error).lower()}", f"look at {option}")


def _database(settings: Settings) -> Finding:
    if settings.database_url is None:
        return bad(
            _SHARED,
            "this node has a database of its own: its bans, reports and operators are no other's",
            "give all nodes the same --database-url",
        )
    return good(_SHARED, "PostgreSQL, which has to be the same for all nodes")


def _redis(settings: Settings, url: str) -> Iterator[Finding]:
    from redis import Redis  # noqa: PLC0415 - nobody else pays for it
    from redis.exceptions import RedisError  # noqa: PLC0415

    client: Redis = Redis.from_url(
        url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, decode_responses=True
    )
    try:
        told: Any = client.info()
        policy, marks, ahead_s = _policy(client), _marks(client), _ahead_s(client)
    except (RedisError, OSError) as error:
        option = settings.written("cluster")
        advice = f"look at {option}: without Redis, users of this node meet nobody else's"
        yield bad(_REDIS, f"cannot be used: {' '.join(str(error).split())}", advice)
        return
    finally:
        client.close()
    yield grade_redis(str(told.get("redis_version", "")), policy)
    yield grade_clock(settings, ahead_s)
    if settings.cluster_secret is not None:
        yield grade_secret(settings, Secret(settings.cluster_secret).mark, marks)


def _ahead_s(client: Redis) -> float:
    """By how much this machine's clock is ahead of Redis'."""
    now: Any = client.time()
    return time.time() - float(now[0]) - float(now[1]) / 1e6


def grade_clock(settings: Settings, ahead_s: float) -> Finding:
    """Whether this machine and Redis agree on what time it is.

    :param ahead_s: by how much this machine's clock is ahead.
    """
    if abs(ahead_s) > MOST_AHEAD_S:
        advice = "set both by NTP: 'relay serve' does not start like this"
        return bad(_CLOCK, differing(settings, ahead_s), advice)
    return good(_CLOCK, "that of Redis and this machine's agree")


def _marks(client: Redis) -> list[str]:
    """Those of the secrets of all nodes that are there."""
    now: Any = client.time()
    now_ms = now[0] * 1000 + now[1] // 1000
    names: Any = client.zrangebyscore(KEYS[0], f"({now_ms}", "+inf", start=0, num=MAX_NODES)
    told: Any = client.hmget(KEYS[1], names) if names else []
    return [mark for each in told if (mark := mark_of(each)) is not None]


def grade_secret(settings: Settings, mark: str, marks: Collection[str]) -> Finding:
    """Whether the nodes that are there have this one's secret.

    :param mark: its mark, and ``marks`` theirs.
    """
    if not marks:
        return good(_SECRET, f"no node is at {shown(settings)} yet, to compare it with")
    if set(marks) != {mark}:
        return bad(
            _SECRET,
            f"the cluster at {shown(settings)} has another one",
            "give all nodes the same: 'relay serve' does not start like this",
        )
    return good(_SECRET, f"that of the nodes that are there ({len(marks)})")


def _policy(client: Redis) -> str:
    """What becomes of keys when the memory is full; empty where that is not told."""
    from redis.exceptions import ResponseError  # noqa: PLC0415

    try:
        told: Any = client.config_get("maxmemory-policy")
    except ResponseError:  # who hires one out may not let it be asked
        return ""
    return str(told.get("maxmemory-policy", ""))


def grade_redis(version: str, policy: str) -> Finding:
    """What it is, and what it does when its memory is full.

    :param policy: its ``maxmemory-policy``; empty when it is not told.
    """
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return bad(_REDIS, f"version {version or 'unknown'}", f"use {oldest} or newer")
    if policy not in ("", "noeviction"):  # all keys have an end, so each policy is about them
        return fair(
            _REDIS,
            f"version {version}; when its memory is full it forgets who waits ({policy})",
            "set maxmemory-policy to noeviction",
        )
    return good(_REDIS, f"version {version}")
