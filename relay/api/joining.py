"""What the nodes of a cluster answer, put together as one answer: decisions only.

Of each list the nodes give the first rows, as many as are skipped and wanted together, so what is
cut out of all of them in order is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

from relay.api import models, queries
from relay.api.models import PROBLEMS
from relay.api.observation import amount
from relay.track import COLUMNS

_Row = TypeVar("_Row", models.User, models.Room, models.Link, models.Track)

_SUMS = (
    "connected",
    "waiting",
    "in_call",
    "links",
    "tracks",
    "bad_rooms",
    "packets_received",
    "packets_forwarded",
    "bytes_forwarded",
    "packets_dropped",
    "packets_per_s",
    "bitrate_bps",
    "event_readers",
    "workers",
    "workers_down",
    "worker_restarts",
    "nodes",
)
"""Of totals: all nodes together."""
_WORST = (
    "uptime_s",
    "cpu_ratio",
    "loop_lag_ms",
    "open_reports",
    "open_appeals",
    "worker_cpu_ratio",
    "worker_loop_lag_ms",
)
"""Of totals: the most that one node tells. Reports and appeals are the same for all nodes, and one
has looked later than the others."""

_SAMPLE_SUMS = ("connected", "waiting", "in_call", "bad_rooms", "packets_per_s", "bitrate_bps")
_SAMPLE_WORST = ("cpu_ratio", "worker_cpu_ratio")
_LOSSES = ("loss_up_ratio", "loss_down_ratio")


def totals(parts: Sequence[models.Totals], _: object = None) -> models.Totals:
    """All nodes in sum; ready when one of them is, draining when all are.

    A room between two nodes is one room, though each of them counts it; a bad one counts for each.
    """
    first, is_ready = parts[0], any(part.ready for part in parts)
    between = sum(part.rooms_between_nodes for part in parts)
    reasons = [] if is_ready else list(dict.fromkeys(chain(*(part.reasons for part in parts))))
    return first.model_copy(
        update=_sums(_SUMS, parts)
        | _worst(_WORST, parts)
        | _losses(parts)
        | {
            "ready": is_ready,
            "reasons": reasons,
            "draining": all(part.draining for part in parts),
            "rooms": sum(part.rooms for part in parts) - between // 2,
            "rooms_between_nodes": between - between // 2,
        }
    )


def history(parts: Sequence[models.History], _: object = None) -> models.History:
    """The samples of all nodes, the newest of each with each other: clocks may differ."""
    longest = max(parts, key=lambda part: len(part.samples))
    samples = [
        _sample([part.samples[-back] for part in (longest, *parts) if len(part.samples) >= back])
        for back in range(len(longest.samples), 0, -1)
    ]
    return models.History.model_construct(period_s=longest.period_s, samples=samples)


def _sample(found: list[models.Sample]) -> models.Sample:
    """:param found: those of one moment, and before them the one whose moment is told."""
    first, *parts = found
    return first.model_copy(
        update=_sums(_SAMPLE_SUMS, parts) | _worst(_SAMPLE_WORST, parts) | _losses(parts)
    )


def users(parts: Sequence[models.Users], page: queries.Page) -> models.Users:
    """A page of all users, who has come first at first."""
    rows = _oldest_first(part.users for part in parts)
    return models.Users(users=_on(page, rows), total=sum(part.total for part in parts))


def rooms(parts: Sequence[models.Rooms], query: queries.RoomQuery) -> models.Rooms:
    """A page of all rooms, the oldest first; one between two nodes is one."""
    told = [room for part in parts for room in part.rooms]
    found = _oldest_first([_merged(told)])
    between = sum(part.between_nodes for part in parts)
    twice = len(told) - len(found) if query.bad else between // 2
    return models.Rooms(
        rooms=_on(query, found),
        total=sum(part.total for part in parts) - twice,
        between_nodes=between - twice,
    )


def links(parts: Sequence[models.Links], page: queries.Page) -> models.Links:
    """A page of all links, the oldest first."""
    rows = _oldest_first(part.links for part in parts)
    return models.Links(links=_on(page, rows), total=sum(part.total for part in parts))


def tracks(parts: Sequence[models.Tracks], query: queries.TrackQuery) -> models.Tracks:
    """A page of all tracks, in the order asked for; else node by node."""
    rows = [track for part in parts for track in part.tracks]
    _sort(rows, query.sort)
    return models.Tracks(tracks=_on(query, rows), total=sum(part.total for part in parts))


def workers(parts: Sequence[models.Workers], _: object = None) -> models.Workers:
    """The workers of all nodes, node by node."""
    return models.Workers(workers=[worker for part in parts for worker in part.workers])


def audit(parts: Sequence[models.Audit], query: queries.AuditQuery) -> models.Audit:
    """The newest entries of all nodes' logs, the oldest of them first."""
    entries = sorted(chain(*(part.entries for part in parts)), key=lambda entry: entry.at)
    return models.Audit(entries=entries[-query.limit :])


def snapshot(parts: Sequence[models.Snapshot], query: queries.EventQuery) -> models.Snapshot:
    """What all nodes show at a moment."""
    worst = sorted(
        _merged([room for part in parts for room in part.rooms]),
        key=lambda room: (-len(room.problems), -room.loss_ratio, -room.age_s),
    )
    rows = [track for part in parts for track in part.tracks]
    _sort(rows, query.sort)
    return models.Snapshot.model_construct(
        totals=totals([part.totals for part in parts]),
        rooms=worst[: query.limit],
        tracks=_on(query, rows),
        workers=[worker for part in parts for worker in part.workers],
        failures=_failures(chain(*(part.failures for part in parts))),
    )


def _failures(found: Iterable[models.LinkFailures]) -> list[models.LinkFailures]:
    causes: dict[str, models.LinkFailures] = {}
    for each in found:
        before = causes.get(each.cause)
        causes[each.cause] = models.LinkFailures(
            cause=each.cause,
            count=each.count + (before.count if before else 0),
            networks=each.networks + (before.networks if before else 0),
        )
    return sorted(causes.values(), key=lambda each: -each.networks)


def _merged(rooms: Iterable[models.Room]) -> list[models.Room]:
    """Each room once: each of its nodes tells what its own user sends, and what is bad there."""
    found: dict[str, models.Room] = {}
    for room in rooms:
        known = found.get(room.id)
        found[room.id] = room if known is None else _both(known, room)
    return list(found.values())


def _place_in(room: models.Room) -> Callable[[models.RoomSide], int]:
    """Sorts sides as their users are."""
    return lambda side: room.users.index(side.user_id) if side.user_id in room.users else 2


def _both(one: models.Room, other: models.Room) -> models.Room:
    problems = {*one.problems, *other.problems}
    return one.model_copy(
        update={
            "state": "in_call" if "in_call" in (one.state, other.state) else one.state,
            "age_s": max(one.age_s, other.age_s),
            "bitrate_bps": one.bitrate_bps + other.bitrate_bps,
            "loss_ratio": max(one.loss_ratio, other.loss_ratio),
            "sides": sorted([*one.sides, *other.sides], key=_place_in(one)),
            "problems": sorted(problems, key=PROBLEMS.index),
            "nodes": list(dict.fromkeys([*one.nodes, *other.nodes])),
        }
    )


def _oldest_first(lists: Iterable[list[Any]]) -> list[Any]:
    return sorted(chain(*lists), key=lambda row: -row.age_s)


def _sort(rows: list[models.Track], by: str) -> None:
    """Put tracks in order, the most first; ``link`` leaves them as they are."""
    if by in COLUMNS:
        rows.sort(key=amount(COLUMNS[by]), reverse=True)


def _on(page: queries.Page, rows: list[_Row]) -> list[_Row]:
    return rows[page.offset : page.offset + page.limit]


def _sums(names: Iterable[str], parts: Sequence[Any]) -> dict[str, Any]:
    return {name: sum(getattr(part, name) for part in parts) for name in names}


def _worst(names: Iterable[str], parts: Sequence[Any]) -> dict[str, Any]:
    return {name: max(getattr(part, name) for part in parts) for name in names}


def _losses(parts: Sequence[Any]) -> dict[str, float]:
    """Each by what a node forwards."""
    packets_per_s = sum(part.packets_per_s for part in parts)
    if not packets_per_s:
        return dict.fromkeys(_LOSSES, 0.0)
    return {
        name: sum(getattr(part, name) * part.packets_per_s for part in parts) / packets_per_s
        for name in _LOSSES
    }
