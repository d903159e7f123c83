"""What Redis does for the store: a script for each step, so that each is atomic.

All keys have one hash tag and are named to every script. Nodes of two versions of their protocol
cannot bring users together, so each version has a queue of its own: who cannot be met would stand
before those who can. A script that writes is told for whom:
the node, and its *stay*, which is new whenever the node has begun anew. What comes of a former one,
say of a connection that had been lost with a command under way, is refused.

Each answers with Redis' time (seconds, and microseconds of the second) before anything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1

from relay.cluster.messages import VERSION
from relay.store.interface import MAX_USED, TRYSTS, USED_S

_OWN = f"{{relay}}:{VERSION}"

KEYS = (
    f"{_OWN}:waiters",  # hash: user -> waiter
    f"{_OWN}:queue",  # sorted set: users by when they came
    f"{_OWN}:apart",  # the same, of those who are apart
    f"{_OWN}:alike",  # sorted set by name: pool, language and interest or tryst, when, user
    f"{_OWN}:rooms",  # hash: user -> room, of both users
    f"{_OWN}:at",  # sorted set by name: node, user, of all who wait or are in a room
    f"{_OWN}:voice",  # as the queue, and those who are apart: of those who talk without pictures
    f"{_OWN}:voice:apart",
    f"{_OWN}:text",  # and of those who write
    f"{_OWN}:text:apart",
    f"{_OWN}:trysts",  # as the queue, of those who have a tryst
    f"{_OWN}:used",  # sorted set: trysts that serve once and have, by when
    f"{_OWN}:stays",  # hash: node -> stay
)

KEEP_S = 600
"""So long keys are kept of which no node looks after the store."""

_HEAD = (
    f"\nlocal KEEP_S, USED_S, MAX_USED, TRYSTS = {KEEP_S}, {USED_S:.0f}, {MAX_USED}, '{TRYSTS}'"
    """
local WAITERS, QUEUE, APART, ALIKE, ROOMS, AT = unpack(KEYS)
local USED, STAYS = KEYS[#KEYS - 1], KEYS[#KEYS]
local QUEUES = {['0'] = QUEUE, ['1'] = APART, ['2'] = KEYS[7], ['3'] = KEYS[8],
  ['4'] = KEYS[9], ['5'] = KEYS[10], [TRYSTS] = KEYS[11]}
local call = redis.call
local now = call('TIME')

local function parse(value)
  return string.match(value, '^[^\\n]*\\n(%d)(%d+)\\n([^\\n]*)\\n([^\\n]*)\\n')
end

local function alike(user, apart, since, tags)
  local members = {}
  for tag in string.gmatch(tags .. '\\31', '([^\\31]*)\\31') do
    members[#members + 1] = apart .. tag .. '\\0' .. since .. '\\0' .. user
  end
  return members
end

local function texts(users, is_known)
  local asked, found, missing = {}, {}, {}
  for _, user in ipairs(users) do
    if not is_known[user] then
      is_known[user] = true
      asked[#asked + 1] = user
    end
  end
  if #asked == 0 then return '', missing end
  local values = call('HMGET', WAITERS, unpack(asked))
  for index = 1, #asked do
    if values[index] then
      found[#found + 1] = values[index]
    else
      missing[#missing + 1] = asked[index]
    end
  end
  return table.concat(found, '\\30'), missing
end

local function queue_of(pool)
  return QUEUES[pool] or QUEUE
end

local function how_many_wait()
  local many = 0
  for _, queue in pairs(QUEUES) do many = many + call('ZCARD', queue) end
  return many
end

local function has_served(pool, tag)
  return pool == TRYSTS and string.sub(tag, 1, 1) == '1' and call('ZSCORE', USED, tag)
end

local function take(user)
  local value = call('HGET', WAITERS, user)
  if not value then return false end
  call('HDEL', WAITERS, user)
  local apart, since, node, tags = parse(value)
  if apart then
    call('ZREM', queue_of(apart), user)
    call('ZREM', ALIKE, unpack(alike(user, apart, since, tags)))
  end
  return true
end

local function end_room(user)
  local value = call('HGET', ROOMS, user)
  if not value then return nil end
  call('HDEL', ROOMS, user)
  local is_read, room = pcall(cjson.decode, value)
  if not is_read or type(room) ~= 'table' or #room < 6 then return nil end
  for index = 2, 3 do
    local each = tostring(room[index])
    if each == user or call('HGET', ROOMS, each) == value then
      call('HDEL', ROOMS, each)
      call('ZREM', AT, tostring(room[index + 3]) .. '\\0' .. each)
    end
  end
  return value
end

local function clear(node, limit)
  local members = call('ZRANGEBYLEX', AT, '[' .. node .. '\\0', '(' .. node .. '\\1',
    'LIMIT', 0, limit)
  for _, member in ipairs(members) do
    local user = string.sub(member, #node + 2)
    if not take(user) then end_room(user) end
    call('ZREM', AT, member)
  end
  return #members
end

local function keep()
  for _, key in ipairs(KEYS) do
    if key ~= USED then call('EXPIRE', key, KEEP_S, 'NX') end
  end
end
"""
)

_FENCE = """
if call('HGET', STAYS, ARGV[1]) ~= ARGV[2] then
  return redis.error_reply('FENCED this node has been taken out')
end
"""


@dataclass(frozen=True, slots=True)
class Script:
    """A script of Redis', and the name by which it is called there."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", sha1(self.text.encode(), usedforsecurity=False).hexdigest())


BEGIN = Script(
    _HEAD
    + """
local types = {'hash', 'zset', 'zset', 'zset', 'hash', 'zset',
  'zset', 'zset', 'zset', 'zset', 'zset', 'zset', 'hash'}
for index, key in ipairs(KEYS) do
  local kind = call('TYPE', key).ok
  if kind ~= 'none' and kind ~= types[index] then
    return redis.error_reply('FOREIGN ' .. key .. ' is a ' .. kind .. ' of somebody else')
  end
end
call('HSET', STAYS, ARGV[1], ARGV[2])
local cleared = clear(ARGV[1], ARGV[3])
keep()
return {now[1], now[2], cleared}
"""
)
"""A node's stay begins: takes out what there is of it. Arguments: node, stay, and how many at most;
answers how many it were."""

_ENTER = """
local function enter(node, user, apart, since, tags, rest, most)
  if call('HEXISTS', ROOMS, user) == 1 then return 'in_room' end
  if has_served(apart, tags) then
    if take(user) then call('ZREM', AT, node .. '\\0' .. user) end
    return 'used'
  end
  local former = call('HGET', WAITERS, user)
  local is_new = true
  if former then
    local was_apart, came, was_at, liked = parse(former)
    since = came or since
    local is_same = was_apart == apart and was_at == node and liked == tags
    if is_same and call('ZSCORE', queue_of(apart), user)
        and call('ZSCORE', ALIKE, alike(user, apart, since, tags)[1]) then
      is_new = false
    else
      take(user)
      if was_at then call('ZREM', AT, was_at .. '\\0' .. user) end
    end
  elseif how_many_wait() >= tonumber(most) then
    return 'full'
  end
  local value = table.concat({user, apart .. since, node, tags, rest}, '\\n')
  if value ~= former then call('HSET', WAITERS, user, value) end
  if is_new then
    call('ZADD', queue_of(apart), since, user)
    for _, member in ipairs(alike(user, apart, since, tags)) do call('ZADD', ALIKE, 0, member) end
    call('ZADD', AT, 0, node .. '\\0' .. user)
    keep()
  end
  return 'waiting', since
end
"""

ENTER = Script(
    _HEAD
    + _FENCE
    + _ENTER
    + """
local entered
for index = 4, #ARGV, 5 do
  entered = enter(ARGV[1], ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3],
    ARGV[index + 4], ARGV[3])
end
return {now[1], now[2], entered}
"""
)
"""Arguments: node, stay, the queue's bound, and five for each: user, pool, when it came,
tags, the rest. Answers what came of the last."""

LEAVE_QUEUE = Script(
    _HEAD
    + _FENCE
    + """
if take(ARGV[3]) then call('ZREM', AT, ARGV[1] .. '\\0' .. ARGV[3]) end
return {now[1], now[2]}
"""
)
"""Arguments: node, stay, user."""

WAITING = Script(
    _HEAD
    + """
return {now[1], now[2], (texts(call('ZRANGE', queue_of(ARGV[1]), 0, ARGV[2] - 1), {}))}
"""
)
"""Arguments: a pool, and how many. Answers users and waiters, as one text."""

_LIKING = """
local function liking(apart, tags, limit)
  local found, is_known, members_of = {}, {}, {}
  for _, tag in ipairs(tags) do
    local first = apart .. tag
    local members = call('ZRANGEBYLEX', ALIKE, '[' .. first .. '\\0', '(' .. first .. '\\1',
      'LIMIT', 0, limit)
    for _, member in ipairs(members) do
      local came = string.sub(member, #first + 2)
      local user = string.sub(came, 18)
      members_of[user] = members_of[user] or {}
      table.insert(members_of[user], member)
      if not is_known[came] then
        is_known[came] = true
        found[#found + 1] = came
      end
    end
  end
  if #tags > 1 then table.sort(found) end
  local users = {}
  for index = 1, math.min(#found, limit) do users[index] = string.sub(found[index], 18) end
  return users, members_of
end
"""

ALIKE = Script(
    _HEAD
    + _LIKING
    + """
local tags = {}
for index = 3, #ARGV do tags[#tags + 1] = ARGV[index] end
return {now[1], now[2], (texts(liking(ARGV[1], tags, tonumber(ARGV[2])), {}))}
"""
)
"""Arguments: a pool, how many, and tags. Answers users and waiters, as one text."""

LOOK = Script(
    _HEAD
    + _LIKING
    + _FENCE
    + _ENTER
    + """
local user, pools, tags, limit = ARGV[5], ARGV[6], ARGV[8], tonumber(ARGV[4])
local first = string.sub(pools, 1, 1)
local entered, since = enter(ARGV[1], user, first, ARGV[7], tags, ARGV[9], ARGV[3])
if entered ~= 'waiting' then return {now[1], now[2], entered} end
local each_tag, is_known, oldest, likers = {}, {[user] = true}, {}, {}
for tag in string.gmatch(tags .. '\\31', '([^\\31]*)\\31') do each_tag[#each_tag + 1] = tag end
for pool in string.gmatch(pools, '%d') do
  local before = pool == TRYSTS and {} or call('ZRANGE', queue_of(pool), 0, limit - 1)
  local found, missing = texts(before, is_known)
  if #missing > 0 then call('ZREM', queue_of(pool), unpack(missing)) end
  local users, members_of = liking(pool, each_tag, limit)
  for _, each in ipairs(missing) do is_known[each] = nil end
  local liked, unknown = texts(users, is_known)
  for _, each in ipairs(unknown) do call('ZREM', ALIKE, unpack(members_of[each])) end
  if found ~= '' then oldest[#oldest + 1] = found end
  if liked ~= '' then likers[#likers + 1] = liked end
end
return {now[1], now[2], 'waiting', since, table.concat(oldest, '\\30'),
  table.concat(likers, '\\30')}
"""
)
"""Arguments: node, stay, the queue's bound, how many, and five as of :data:`ENTER`, but all pools
where is looked, first that in which the user waits. Answers when the user came, and users and
waiters as two texts: those who have waited longest, and others who are like it. Of whom nothing but
a place is left, that is taken out: what Redis has lost is not to stand before those who wait."""

CLAIM = Script(
    _HEAD
    + _FENCE
    + """
local function tryst_of(user)
  local value = call('HGET', WAITERS, user)
  if not value then return nil end
  local pool, _, _, tags = parse(value)
  return pool == TRYSTS and tags or ''
end

local function use(tryst)
  call('ZADD', USED, now[1], tryst)
  call('ZREMRANGEBYSCORE', USED, '-inf', '(' .. (now[1] - USED_S))
  call('ZREMRANGEBYRANK', USED, 0, -MAX_USED - 1)
  call('EXPIRE', USED, USED_S)
end

for index = 3, #ARGV, 3 do
  local room, first, second = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local tryst = first ~= second and tryst_of(first)
  if tryst and tryst == tryst_of(second) and not has_served(TRYSTS, tryst) then
    if string.sub(tryst, 1, 1) == '1' then use(tryst) end
    take(first)
    take(second)
    call('HSET', ROOMS, first, room, second, room)
    call('EXPIRE', ROOMS, KEEP_S, 'NX')
    return {now[1], now[2], index / 3}
  end
end
return {now[1], now[2], 0}
"""
)
"""Arguments: node, stay, and three for each room: the room, and its two users. Answers which was
made, from 1 on, or 0. Who has a tryst meets only who has the same; which side each is on has been
seen by whoever asks."""

LEAVE_ROOM = Script(
    _HEAD
    + _FENCE
    + """
return {now[1], now[2], end_room(ARGV[3]) or false}
"""
)
"""Arguments: node, stay, user."""

LEAVE = Script(
    _HEAD
    + _FENCE
    + """
if take(ARGV[3]) then call('ZREM', AT, ARGV[1] .. '\\0' .. ARGV[3]) end
return {now[1], now[2], end_room(ARGV[3]) or false}
"""
)
"""Arguments: node, stay, user."""

ROOM_OF = Script(
    _HEAD
    + """
return {now[1], now[2], call('HGET', ROOMS, ARGV[1])}
"""
)
"""Argument: user."""

RESTATE = Script(
    _HEAD
    + _FENCE
    + """
for index = 3, #ARGV, 5 do
  for each = 1, 2 do
    local user, node = ARGV[index + each], ARGV[index + 2 + each]
    if node == ARGV[1] and call('HGET', ROOMS, user) ~= ARGV[index] then
      take(user)
      end_room(user)
    end
    if call('HEXISTS', WAITERS, user) == 0 and call('HEXISTS', ROOMS, user) == 0 then
      call('HSET', ROOMS, user, ARGV[index])
      call('ZADD', AT, 0, node .. '\\0' .. user)
    end
  end
end
keep()
return {now[1], now[2]}
"""
)
"""Arguments: node, stay, and five for each room: the room, its two users, and their two nodes.

What a node says of its own users is so. Of another's it is only taken where nothing else is known.
"""

TEND = Script(
    _HEAD
    + _FENCE
    + """
for _, key in ipairs(KEYS) do
  if key ~= USED then call('EXPIRE', key, KEEP_S) end
end
local users = call('ZRANGEBYLEX', AT, '(' .. ARGV[1] .. '\\0' .. ARGV[3], '(' .. ARGV[1] .. '\\1',
  'LIMIT', 0, ARGV[4])
for index, member in ipairs(users) do users[index] = string.sub(member, #ARGV[1] + 2) end
return {now[1], now[2], how_many_wait(), call('HLEN', ROOMS), users}
"""
)
"""Arguments: node, stay, a user, and how many. Answers how many wait, how many are in rooms, and
the next of the node's users after that one."""

FORGET = Script(
    _HEAD
    + _FENCE
    + """
for index = 3, #ARGV do
  take(ARGV[index])
  end_room(ARGV[index])
  call('ZREM', AT, ARGV[1] .. '\\0' .. ARGV[index])
end
return {now[1], now[2]}
"""
)
"""Takes out users of the node, whatever there is of them. Arguments: node, stay, and users."""

PRESENT = Script(
    _HEAD
    + """
return {now[1], now[2], call('HGETALL', STAYS)}
"""
)
"""Answers the nodes, and their stays."""

SWEEP = Script(
    _HEAD
    + _FENCE
    + """
local stay = call('HGET', STAYS, ARGV[3])
if stay and stay ~= ARGV[4] then return {now[1], now[2], 0} end
call('HDEL', STAYS, ARGV[3])
return {now[1], now[2], clear(ARGV[3], ARGV[5])}
"""
)
"""Takes out what there is of another node, unless it has begun anew. Arguments: node, stay, the
other's node and stay, and how many at most; answers how many it were."""

ALL = (
    BEGIN,
    ENTER,
    LEAVE_QUEUE,
    WAITING,
    ALIKE,
    LOOK,
    CLAIM,
    LEAVE_ROOM,
    LEAVE,
    ROOM_OF,
    RESTATE,
    TEND,
    FORGET,
    PRESENT,
    SWEEP,
)
