"""Waiters and rooms as text, which the store's scripts and all nodes read.

A waiter is five lines: the user's id, what the scripts have to know (its pool, and since when it
waits; its node; its interests and languages or its tryst, as they are looked up by), and the rest
as JSON. A room is JSON.
Fields that are missing have their defaults, and such as nobody here knows are left out.
"""

from __future__ import annotations

import json
from typing import Any

from relay.errors import NotUnderstood
from relay.store.interface import MODES, TRYSTS, Room, Tryst, Waiter
from relay.store.times import Times

BETWEEN = "\x1e"
"""Waiters, when there are several."""
_BETWEEN_TAGS = "\x1f"
_AFTER_LANGUAGE = "\x1d"


def tags(waiter: Waiter) -> list[str]:
    """What a user is looked up by: its tryst; or each interest in each language, if it says some.

    An empty one is no interest's: those who have none are found by it. No control characters are
    in them but the one after the language.
    """
    if (tryst := waiter.tryst) is not None:
        return [f"{tryst.is_single:d}{tryst.name}"]  # the digit is the scripts'
    likings = sorted(_dump(interest)[1:-1] for interest in waiter.interests) or [""]
    spoken = [_dump(each)[1:-1] + _AFTER_LANGUAGE for each in sorted(waiter.languages)] or [""]
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
    if (tryst := waiter.tryst) is not None:
        rest["t"] = [tryst.name, tryst.side, int(tryst.is_single), waiter.mode]
    tagged = _BETWEEN_TAGS.join(tags(waiter))
    since = f"{times.there(waiter.since_s):016d}"
    return str(waiter.pool), since, tagged, _dump(rest)


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
            _mode_of(int(head[0]), rest),
            str(rest.get("m", "")),
            frozenset(map(str, rest.get("l", ()))),
            _tryst_of(*rest["t"][:3]) if "t" in rest else None,
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise NotUnderstood("says what is no waiter") from None


def _mode_of(pool: int, rest: dict[str, Any]) -> str:
    return MODES[MODES.index(rest["t"][3]) if pool == TRYSTS else pool // 2]


def _tryst_of(name: object, side: object, is_single: object) -> Tryst:
    return Tryst(str(name), int(str(side)), bool(is_single))


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
