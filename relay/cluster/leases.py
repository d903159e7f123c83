"""Who is there, as Redis has it: each node has a lease, and renews it every second.

Redis is where nodes find each other, and nothing more: who is known stays known while it is away,
and who is connected stays so whatever it says. A lease is timed by Redis' own clock, so that those
of the nodes do not matter.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import TypeAdapter

from relay.cluster.expulsion import Expulsion
from relay.cluster.figures import Standing
from relay.cluster.greeting import NAME_TAKEN, WRONG_SECRET, checked
from relay.cluster.interface import Node
from relay.cluster.lane import Runs
from relay.cluster.messages import VERSION
from relay.errors import NotUnderstood, StoreAway
from relay.logs import log_crash

LEASE_S = 5.0
"""How long a node is there without another word."""

RENEW_S = 1.0
"""How often it says one."""

MOST_AHEAD_S = 60.0
"""A machine's clock that differs by more from Redis' is wrong, or that one is."""

SHY_S = 3.0
"""Who has come while Redis was away lets the others go first for so long, when it is back."""

MAX_NODES = 256

KEYS = ("{relay}:leases", "{relay}:nodes")
"""When each lease ends, in ms of Redis' clock, by name; and what each node tells, by name: its
incarnation, the mark of its secret, and a :class:`Lease` when it is open."""
_KEPT_MS = 86_400_000
"""For so long what is stored is kept when no node is there."""

_HEAD = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local name, incarnation = ARGV[1], ARGV[2]
local told = redis.call('HGET', KEYS[2], name)
local is_ours = told and string.sub(told, 1, #incarnation + 1) == incarnation .. ' '
"""
_RENEW = (
    # a lease takes next to no memory, and whoever has none is swept out
    "#!lua flags=allow-oom"
    + _HEAD
    + """
local mark, lasts, most, kept, is_shy = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local border = string.format('%d', now)
local function drop(names)
  if #names == 0 then return end
  redis.call('ZREM', KEYS[1], unpack(names))
  redis.call('HDEL', KEYS[2], unpack(names))
end
drop(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', border, 'LIMIT', 0, most))
local latest = string.format('(%d', now + lasts + 1000)  -- no node is given a longer one
repeat
  local endless = redis.call('ZRANGEBYSCORE', KEYS[1], latest, '+inf', 'LIMIT', 0, most)
  drop(endless)
until #endless == 0
local function living()
  return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. border, 'LIMIT', 0, most)
end
local before = living()
if #before == 0 and is_shy == '1' then return {'shy', {}, {}, {}, now} end
local marked = #before > 0 and redis.call('HMGET', KEYS[2], unpack(before)) or {}
for index = 1, #before do
  local other = marked[index] and string.match(marked[index], '^%S+ (%x+) ')
  if other and other ~= mark then return {'wrong_secret', {}, {}, {}, now} end
end
if redis.call('ZSCORE', KEYS[1], name) and not is_ours then
  return {'name_taken', {}, {}, {}, now}
end
redis.call('ZADD', KEYS[1], string.format('%d', now + lasts), name)
redis.call('HSET', KEYS[2], name, incarnation .. ' ' .. mark .. ' ' .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], kept)
redis.call('PEXPIRE', KEYS[2], kept)
local there, left = living(), {}
for index, each in ipairs(there) do left[index] = redis.call('ZSCORE', KEYS[1], each) - now end
return {'ours', there, redis.call('HMGET', KEYS[2], unpack(there)), left, now}
"""
)
_RELEASE = (
    _HEAD
    + """
if is_ours then
  redis.call('ZREM', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
end
return 1
"""
)

_MARK = re.compile(r"\S+ ([0-9a-f]+) ")

log = structlog.get_logger(__name__)


def mark_of(told: object) -> str | None:
    """The mark of the secret of a node, from what that has told; None when there is none."""
    found = _MARK.match(str(told))
    return found[1] if found else None


def _ahead_s(there_s: float, asked_s: float, read_s: float) -> float:
    """By how much this machine's clock is ahead of Redis' at least.

    Redis has looked at its clock at some moment between the two here, which may be a minute apart:
    this process stands still when its machine does.

    :param there_s: what Redis' clock has shown; ``asked_s`` when it was asked, and ``read_s`` when
        the answer was read, on ours. All in seconds.
    """
    least, most = asked_s - there_s, read_s - there_s
    return min(max(0.0, least), most)


@dataclass(frozen=True, slots=True)
class Lease:
    """A node that is there."""

    node: Node
    standing: Standing
    protocol: int = VERSION
    """The version of what it says to other nodes."""


_LEASE = TypeAdapter(Lease)


class Leases:
    """This node's lease, and those of the others; :meth:`start`, :meth:`open`, :meth:`close` it.

    :param run: has Redis carry out a command.
    :param mark: of the cluster's secret (:attr:`relay.cluster.secret.Secret.mark`): while nodes are
        there that have another one, no lease is to be had.
    :param known: gets all other nodes, each time that Redis has told them.
    :param clock: seconds on a clock that never goes back; ``wall`` this machine's, as of all who
        say until when something holds.
    """

    def __init__(
        self,
        run: Runs,
        here: Node,
        mark: str,
        known: Callable[[Sequence[Node]], None],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._run, self._here, self._known, self._clock = run, here, known, clock
        self._mark, self._wall = mark, wall
        self.ahead_s = 0.0
        """By how much this machine's clock is ahead of Redis', as that has told last: at least."""
        self.standing: Callable[[], Standing] = Standing
        """How this node is doing; asked for each second."""
        self.tend: Callable[[], Awaitable[None]] | None = None
        """What else is to be done each second, after the lease was renewed, or could not be."""
        self.others: Mapping[str, Lease] = {}
        """As Redis has told them last."""
        self.unread = 0
        """Leases that nobody understands, and that were left out."""
        self.expulsion = Expulsion()
        """Happens when the lease has been refused for longer than one lasts: the name is another
        server's, or the cluster is one with another secret."""
        self._refusal = ""
        self._refused_at: float | None = None
        self._has_missed_redis = False
        self._shy_since_s: float | None = None
        self._ends_at: dict[str, float] = {}
        self._is_renewed = self._is_open = False
        self._stop = asyncio.Event()
        self._renewing: asyncio.Task[None] | None = None
        self._has_told = ""
        self._clock_differed = False

    @property
    def is_renewed(self) -> bool:
        """Whether Redis has taken it the last time."""
        return self._is_renewed

    @property
    def refusal(self) -> str:
        """Why there is no lease for this node, as Redis has told last; empty when there is one.

        ``name_taken`` when another server has its name, ``wrong_secret`` when nodes are there that
        have another secret.
        """
        return self._refusal

    @property
    def is_clock_wrong(self) -> bool:
        """Whether this machine's clock, or Redis', is not to be trusted."""
        return abs(self.ahead_s) > MOST_AHEAD_S

    @property
    def living(self) -> frozenset[str] | None:
        """The names of all nodes that have one, this one included; None when that is not known."""
        return frozenset(self._ends_at) if self._is_renewed else None

    @property
    def kin(self) -> frozenset[str] | None:
        """The same without those who speak another version.

        They have a store of their own: what there is of their names in this one is of former runs.
        """
        if (living := self.living) is None:
            return None
        others = self.others.values()
        return living - {each.node.name for each in others if each.protocol != VERSION}

    @property
    def count(self) -> int:
        """How many nodes have one, as far as is known: at least this one is there."""
        return max(len(self._ends_at), 1)

    def left_s(self) -> dict[str, float] | None:
        """For how many seconds more each node has its lease; None when that is not known."""
        if not self._is_renewed:
            return None
        now = self._clock()
        return {name: max(ends_at - now, 0.0) for name, ends_at in self._ends_at.items()}

    async def claim(self) -> bool:
        """Have the name; false when it is still refused after a lease's time.

        :raises StoreAway: when Redis does not answer; the name is then claimed when it does.
        """
        until = self._clock() + LEASE_S + RENEW_S
        try:
            while not await self.renew():
                if self._clock() > until:
                    return False
                await asyncio.sleep(RENEW_S / 2)
        except StoreAway:
            self._has_missed_redis = True
            raise
        return True

    async def renew(self) -> bool:
        """Say that this node is there, and hear of the others; false when it is refused.

        :raises StoreAway: when Redis does not answer, or has just come back and is left to those
            who knew it before.
        """
        self._is_renewed = False
        told = _LEASE.dump_json(Lease(self._here, self.standing())).decode()
        bounds = int(LEASE_S * 1000), MAX_NODES, _KEPT_MS
        asked_at, asked_s = self._clock(), self._wall()
        is_shy = int(self._is_shy(asked_at))
        outcome, names, there, left_ms, now_ms = await self._ask(
            _RENEW, told if self._is_open else "", self._mark, *bounds, is_shy
        )
        self.ahead_s = _ahead_s(int(now_ms) / 1000, asked_s, self._wall())
        if outcome == "shy":
            self._shy_since_s = asked_at if self._shy_since_s is None else self._shy_since_s
            raise StoreAway("Redis is left to those who knew it before")
        if outcome in (NAME_TAKEN, WRONG_SECRET):
            self._refuse(outcome, asked_at)
            return False
        self._refusal, self._refused_at, self._has_missed_redis = "", None, False
        leases = [lease for each in there if (lease := self._read(each)) is not None]
        self.others = {each.node.name: each for each in leases if each.node.name != self._here.name}
        ends_at = (asked_at + int(each) / 1000 for each in left_ms)
        self._ends_at = dict(zip(names, ends_at, strict=True))
        self._is_renewed = True
        self._known([lease.node for lease in self.others.values()])
        return True

    def _refuse(self, why: str, now: float) -> None:
        self._refusal = why
        if self._refused_at is None:
            self._refused_at = now
        if self._is_open and now - self._refused_at > LEASE_S + RENEW_S:
            self.expulsion.happen(why)

    def _is_shy(self, now: float) -> bool:
        """Whether nodes that had a lease before Redis went away are to get theirs first.

        A Redis that has lost everything belongs to whoever comes first; and a server with a wrong
        secret is not to turn all the others out.
        """
        since_s = self._shy_since_s
        return self._has_missed_redis and (since_s is None or now - since_s < SHY_S)

    def start(self) -> None:
        """Renew the lease every second from now on."""
        self._renewing = asyncio.create_task(self._go_on(), name="lease")
        self._renewing.add_done_callback(log_crash)

    def open(self) -> None:
        """Tell the others where this node is; until then only its name is taken."""
        self._is_open = True

    async def close(self) -> None:
        """Give the lease back."""
        self._stop.set()
        if self._renewing is not None:
            await asyncio.wait({self._renewing})
        if self._is_renewed:
            try:
                await self._ask(_RELEASE)
            except StoreAway as error:
                log.warning("lease_not_released", reason=str(error))

    async def _go_on(self) -> None:
        while not self._stop.is_set():
            started_at = self._clock()
            try:
                self._tell("" if await self.renew() else self._refusal)
                self._tell_clock()
            except StoreAway as error:
                self._tell(str(error))
            if self.tend is not None:
                await self.tend()
            rest_s = RENEW_S - (self._clock() - started_at)
            try:
                async with asyncio.timeout(max(rest_s, RENEW_S / 10)):
                    await self._stop.wait()
            except TimeoutError:
                continue

    async def _ask(self, script: str, *arguments: str | int) -> Any:
        own = self._here.name, self._here.incarnation
        return await self._run("EVAL", script, len(KEYS), *KEYS, *own, *arguments)

    def _read(self, told: object) -> Lease | None:
        """What a node has told; None when it is anything else."""
        written = "".join(str(told).split(" ", 2)[2:])
        if not written:
            return None  # it is not open yet
        try:
            lease = _LEASE.validate_json(written)
            checked(lease.node)
        except (ValueError, NotUnderstood):
            self.unread += 1
            return None
        return lease

    def _tell(self, trouble: str) -> None:
        """Log what has changed."""
        if trouble == self._has_told:
            return
        if trouble:
            log.warning("lease_not_renewed", reason=trouble)
        else:
            log.info("lease_renewed")
        self._has_told = trouble

    def _tell_clock(self) -> None:
        """Log that the clocks differ now, or no longer."""
        if self.is_clock_wrong == self._clock_differed:
            return
        self._clock_differed = self.is_clock_wrong
        if self.is_clock_wrong:
            log.warning("clock_differs", ahead_s=round(self.ahead_s))
        else:
            log.info("clock_agrees")
