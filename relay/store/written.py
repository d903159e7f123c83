"""Waiters and rooms as text, which the store's scripts and all nodes read.

A waiter is five lines: the user's id, what the scripts have to know (its pool, and since when it
waits; its node; its interests and languages, as they are looked up by), and the rest as JSON. A
room is JSON.
Fields that are missing have their defaults, and such as nobody here knows are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from relay.errors import NotUnderstood
from relay.store.interface import MODES, Room, Waiter
from relay.store.times import Times

BETWEEN = "\x1e"
"""Waiters, when there are several."""
_BETWEEN_TAGS = "\x1f"
_AFTER_LANGUAGE = "\x1d"


def pool(*, apart: bool, mode: str) -> str:
    """Where somebody waits, as a digit."""
    return str(2 * MODES.index(mode) + int(apart))


def pools(waiter: Waiter) -> str:
    """Where somebody looks: a digit each, first that of where it waits."""
    modes = (waiter.mode, *sorted(waiter.modes - {waiter.mode}))
    return "".join(pool(apart=waiter.is_apart, mode=mode) for mode in modes)


def tags(interests: Iterable[str], languages: Iterable[str] = ()) -> list[str]:
    """What users are looked up by: each interest in each language, of those who say some.

    An empty one is no interest's: those who have none are found by it. No control characters are
    in them but the one after the language.
    """
    likings = sorted(_dump(interest)[1:-1] for interest in interests) or [""]
    spoken = [_dump(each)[1:-1] + _AFTER_LANGUAGE for each in sorted(languages)] or [""]
    return [language + liking for language in spoken for liking in likings]


def waiter_fields(waiter: Waiter, times: Times) -> tuple[str, str, str, str]:
    """Its pool, when it came, its tags, and the rest: what a script puts together."""
    rest: dict[str, Any] = {"i": sorted(waiter.interests)}
    if waiter.recent:
        rest["r"] = {who: times.there(at_s) for who, at_s in waiter.recent.items()}
    if waiter.place:
        rest["p"] = waiter.place
    if waiter.names:
        rest["n"] = sorted(waiter.names)
    if waiter.avoids:
        rest["a"] = sorted(waiter.avoids)
    if waiter.is_apart:
        rest["u"] = times.there(waiter.apart_until_s)
    if waiter.also:
        rest["m"] = waiter.also
    if waiter.languages:
        rest["l"] = sorted(waiter.languages)
    since = f"{times.there(waiter.since_s):016d}"
    tagged = _BETWEEN_TAGS.join(tags(waiter.interests, waiter.languages))
    return pool(apart=waiter.is_apart, mode=waiter.mode), since, tagged, _dump(rest)


def waiter_of(text: str, times: Times) -> Waiter:
    """Somebody who waits.

    :raises NotUnderstood: when it is no waiter.
    """
    try:
        user_id, head, node, _, body = text.split("\n", 4)
        rest = json.loads(body)
        return Waiter(
            user_id,
            times.here(int(head[1:])),
            frozenset(map(str, rest["i"])),
            {who: times.here(int(at_us)) for who, at_us in rest.get("r", {}).items()},
            str(rest.get("p", "")),
            frozenset(map(str, rest.get("n", ()))),
            frozenset(map(str, rest.get("a", ()))),
            times.here(int(rest["u"])) if "u" in rest else 0.0,
            node,
            MODES[int(head[0]) // 2],
            str(rest.get("m", "")),
            frozenset(map(str, rest.get("l", ()))),
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise NotUnderstood("says what is no waiter") from None


def room_text(room: Room, times: Times) -> str:
    """A room."""
    since = times.there(room.since_s)
    return _dump([room.room_id, room.first, room.second, since, *room.nodes, room.mode])


def room_of(text: str, times: Times) -> Room:
    """The same, read.

    :raises NotUnderstood: when it is no room.
    """
    try:
        room_id, first, second, since_us, *nodes = json.loads(text)
        at_first, at_second, *more = nodes
        mode = more[0] if more and more[0] in MODES else MODES[0]
        since_s = times.here(int(since_us))
    except (ValueError, TypeError):
        raise NotUnderstood("says what is no room") from None
    if not all(isinstance(each, str) for each in (room_id, first, second, at_first, at_second)):
        raise NotUnderstood("says what is no room")
    return Room(room_id, first, second, since_s, (at_first, at_second), mode)


# json.dumps would make one for each value, and a claim writes many
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
