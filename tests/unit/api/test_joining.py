"""What many nodes answer, as one answer."""

from __future__ import annotations

from typing import Any

import pytest

from relay.api import joining, models, queries
from relay.api.observation import Observation
from relay.matching import State
from relay.plane import MediaView, PlaneStats
from relay.signaling import RoomView
from tests.unit.api.observed import link, track, two_rooms, user, worker

NOTHING: dict[str, Any] = {
    "at": "2026-12-01T12:00:00.000+00:00",
    "ready": True,
    "reasons": [],
    "draining": False,
    "nodes": 1,
}


def totals(**told: Any) -> models.Totals:
    names = models.Totals.model_fields.keys() - NOTHING.keys() - {"silent_nodes"}
    return models.Totals(**(dict.fromkeys(names, 0) | NOTHING | told))


def sample(at: str, connected: int, **told: Any) -> models.Sample:
    names = models.Sample.model_fields.keys() - {"at"}
    known = dict.fromkeys(names, 0) | {"at": at, "connected": connected}
    return models.Sample(**(known | told))


def between(node: str, **changed: Any) -> Observation:
    """Ann at node a and Bob at node b talk; each node knows its own user's media."""
    name, partner = ("ann", "bob") if node == "a" else ("bob", "ann")
    tracks = [track(name, **changed)]
    return Observation(
        [user(name, "r1", partner), user(f"{name}-idle")],
        [RoomView("r1", ("ann", "bob"), State.IN_CALL, 60.0 if node == "a" else 59.9, ("a", "b"))],
        MediaView([link(name)], tracks, PlaneStats(), [worker()]),
        sees_addresses=False,
        node=node,
    )


def test_counts_are_sums_and_loads_the_worst() -> None:
    found = joining.totals(
        [
            totals(connected=5, packets_per_s=100.0, cpu_ratio=0.2, loop_lag_ms=9, uptime_s=5),
            totals(connected=7, packets_per_s=300.0, cpu_ratio=0.6, loop_lag_ms=2, uptime_s=9),
        ]
    )
    assert (found.connected, found.packets_per_s, found.nodes) == (12, 400.0, 2)
    assert (found.cpu_ratio, found.loop_lag_ms, found.uptime_s) == (0.6, 9, 9)


def test_what_is_stored_for_all_is_counted_once() -> None:
    found = joining.totals([totals(open_reports=3, open_appeals=1), totals(open_reports=2)])
    assert (found.open_reports, found.open_appeals) == (3, 1)


def test_losses_are_weighed_by_packets() -> None:
    found = joining.totals(
        [
            totals(loss_up_ratio=0.1, packets_per_s=100.0),
            totals(loss_up_ratio=0.02, loss_down_ratio=0.04, packets_per_s=300.0),
        ]
    )
    assert found.loss_up_ratio == pytest.approx(0.04)
    assert found.loss_down_ratio == pytest.approx(0.03)
    assert joining.totals([totals(loss_up_ratio=0.1), totals()]).loss_up_ratio == 0


def test_a_cluster_is_ready_while_one_node_is() -> None:
    drained = totals(ready=False, reasons=["draining"], draining=True)
    full = totals(ready=False, reasons=["overloaded", "draining"], draining=True)
    found = joining.totals([drained, totals()])
    assert (found.ready, found.reasons, found.draining) == (True, [], False)
    found = joining.totals([drained, full])
    assert (found.ready, found.reasons) == (False, ["draining", "overloaded"])
    assert found.draining


def test_a_room_between_two_nodes_is_one() -> None:
    found = joining.totals(
        [totals(rooms=3, rooms_between_nodes=2), totals(rooms=4, rooms_between_nodes=2)]
    )
    assert (found.rooms, found.rooms_between_nodes) == (5, 2)
    alone = joining.totals([totals(rooms=3, rooms_between_nodes=1)])  # the other is silent
    assert (alone.rooms, alone.rooms_between_nodes) == (3, 1)

    parts = [between("a", loss_ratio=0.2), between("b", idle_s=9.0)]
    query = queries.RoomQuery()
    rooms = joining.rooms([part.rooms(query) for part in parts], query)
    assert (rooms.total, rooms.between_nodes) == (1, 1)
    (one,) = rooms.rooms
    assert (one.id, one.nodes, one.problems) == ("r1", ["a", "b"], ["loss", "silent"])
    assert (one.bitrate_bps, one.loss_ratio, one.age_s) == (2000.0, 0.2, 60.0)


def test_each_node_tells_the_side_of_its_own_user() -> None:
    query = queries.RoomQuery()
    parts = [between("b").rooms(query), between("a", direction="down").rooms(query)]
    (one,) = joining.rooms(parts, query).rooms
    assert [(side.user_id, side.quality) for side in one.sides] == [("ann", 5.0), ("bob", None)]


def test_of_bad_rooms_each_is_listed_once() -> None:
    query = queries.RoomQuery(bad=True)
    parts = [between("a", loss_ratio=0.2).rooms(query), between("b").rooms(query)]
    assert [part.total for part in parts] == [1, 0]
    assert joining.rooms(parts, query).total == 1


def test_a_page_goes_over_all_nodes_the_oldest_first() -> None:
    told = [
        models.Users(users=[_user("a1", 90), _user("a2", 30)], total=2),
        models.Users(users=[_user("b1", 60), _user("b2", 10)], total=2),
    ]
    pages = [joining.users(told, queries.Page(limit=2, offset=offset)) for offset in (0, 2, 4)]
    assert [[each.id for each in page.users] for page in pages] == [["a1", "b1"], ["a2", "b2"], []]
    assert {page.total for page in pages} == {4}


def _user(name: str, age_s: float) -> models.User:
    return models.User(
        id=name,
        state="waiting",
        room_id=None,
        partner_id=None,
        link_id=None,
        age_s=age_s,
        interrupted_age_s=None,
        over_budget=[],
        node=name[0],
    )


def test_tracks_are_sorted_as_one_node_sorts_them() -> None:
    query = queries.TrackQuery(sort="loss", limit=2)
    parts = [
        between("a", loss_ratio=0.01).tracks(query),
        between("b", loss_ratio=0.3).tracks(query),
    ]
    found = joining.tracks(parts, query)
    assert [(each.user_id, each.node) for each in found.tracks] == [("bob", "b"), ("ann", "a")]
    never = [between("a", idle_s=50.0).tracks(query), between("b", idle_s=None).tracks(query)]
    idle = joining.tracks(never, queries.TrackQuery(sort="idle"))
    assert [each.user_id for each in idle.tracks] == ["bob", "ann"]
    unsorted = joining.tracks(parts, queries.TrackQuery())
    assert [each.user_id for each in unsorted.tracks] == ["ann", "bob"]


def test_samples_are_put_together_by_how_long_ago_they_were() -> None:
    old = models.History(period_s=5, samples=[sample(f"t{n}", n) for n in (1, 2, 3)])
    new = models.History(period_s=5, samples=[sample("an hour off", 10, cpu_ratio=0.5)])
    found = joining.history([new, old])
    assert [(each.at, each.connected) for each in found.samples] == [
        ("t1", 1),
        ("t2", 2),
        ("t3", 13),
    ]
    assert found.samples[-1].cpu_ratio == 0.5
    assert joining.history([models.History(period_s=5, samples=[])] * 2).samples == []


def test_a_snapshot_has_the_worst_of_all() -> None:
    query = queries.EventQuery(limit=2, sort="loss")

    def told(seen: Observation, cause: str) -> models.Snapshot:
        return models.Snapshot(
            totals=totals(connected=1),
            rooms=seen.worst_rooms(2),
            tracks=seen.tracks(query).tracks,
            workers=seen.workers(),
            failures=[models.LinkFailures(cause=cause, count=2, networks=1)],
        )

    local = two_rooms(cid={"loss_ratio": 0.3})
    found = joining.snapshot(
        [told(local, "slow"), told(between("b", loss_ratio=0.1), "slow")], query
    )
    assert [each.id for each in found.rooms] == ["r2", "r1"]
    assert [each.user_id for each in found.tracks] == ["cid", "bob"]
    assert (found.totals.connected, len(found.workers)) == (2, 1)
    assert [(each.cause, each.count, each.networks) for each in found.failures] == [("slow", 4, 2)]
