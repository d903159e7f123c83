"""Lists of users, rooms, links and tracks: joined, filtered, sorted, cut."""

import dataclasses
import json

import pytest

from relay.api.observation import Observation
from relay.api.queries import Page, RoomQuery, TrackQuery
from relay.plane import Direction, MediaView, PathView, PlaneStats, WorkerLoad
from tests.unit.api.observed import link, room, track, two_rooms, user, worker

LOSSY = {"loss_ratio": 0.2}


def ids(seen: Observation, **query: object) -> list[str]:
    return [track.id for track in seen.tracks(TrackQuery.model_validate(query)).tracks]


def test_users_with_their_links() -> None:
    found = two_rooms().users(Page())
    assert [user.id for user in found.users] == ["ann", "bob", "cid", "dee", "eve"]
    assert (found.users[0].room_id, found.users[0].partner_id) == ("r1", "bob")
    assert (found.users[0].link_id, found.users[4].room_id) == ("link-ann", None)
    assert found.total == 5


@pytest.mark.parametrize(
    ("limit", "offset", "names"), [(2, 0, "ann bob"), (2, 3, "dee eve"), (9, 4, "eve"), (9, 99, "")]
)
def test_pages(limit: int, offset: int, names: str) -> None:
    found = two_rooms().users(Page(limit=limit, offset=offset))
    assert [user.id for user in found.users] == names.split()
    assert found.total == 5


def test_each_list_has_pages() -> None:
    seen, second = two_rooms(), {"limit": 1, "offset": 1}
    assert [room.id for room in seen.rooms(RoomQuery.model_validate(second)).rooms] == ["r2"]
    assert [link.id for link in seen.links(Page.model_validate(second)).links] == ["link-bob"]
    assert ids(seen, **second) == ["ann-up-video"]


def test_a_rooms_numbers_are_those_of_its_tracks() -> None:
    [good, bad] = two_rooms(cid=LOSSY).rooms(RoomQuery()).rooms
    assert (good.id, good.users, good.problems, good.loss_ratio) == ("r1", ("ann", "bob"), [], 0)
    assert good.bitrate_bps == 4000, "what the two send"
    assert (bad.problems, bad.loss_ratio) == (["loss"], 0.2)


def test_the_bad_rooms_alone() -> None:
    seen = two_rooms(cid=LOSSY)
    found = seen.rooms(RoomQuery(bad=True))
    assert ([room.id for room in found.rooms], found.total) == (["r2"], 1)
    assert seen.bad_room_count == 1


def test_the_worst_rooms_come_first() -> None:
    assert [room.id for room in two_rooms(cid=LOSSY).worst_rooms(9)] == ["r2", "r1"]
    assert [room.id for room in two_rooms(ann={"loss_ratio": 0.01}).worst_rooms(1)] == ["r1"]
    assert [room.id for room in two_rooms().worst_rooms(9)] == ["r1", "r2"]
    two_problems = {"jitter_ms": 200.0, "round_trip_ms": 900.0}
    both_bad = two_rooms(ann=LOSSY, cid=two_problems)
    assert [room.id for room in both_bad.worst_rooms(9)] == ["r2", "r1"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 18),
        ({"user": "ann"}, 4),
        ({"room": "r2"}, 8),
        ({"kind": "audio"}, 9),
        ({"direction": "down"}, 8),
        ({"user": "eve", "direction": "down"}, 0),
        ({"room": "r1", "kind": "video", "direction": "up"}, 2),
        ({"room": "none"}, 0),
        ({"bad": True}, 1),
    ],
)
def test_filters(query: dict[str, object], count: int) -> None:
    seen = two_rooms(dee=LOSSY)
    assert seen.tracks(TrackQuery.model_validate(query)).total == count
    assert len(ids(seen, **query)) == count


@pytest.mark.parametrize(
    ("sort", "changed"),
    [
        ("loss", {"loss_ratio": 0.01}),
        ("bitrate", {"bitrate_bps": 1001.0}),
        ("jitter", {"jitter_ms": 1.0}),
        ("round_trip", {"round_trip_ms": 1.0}),
        ("idle", {"idle_s": 1.0}),
        ("idle", {"idle_s": None}),
    ],
)
def test_sorting_puts_the_most_first(sort: str, changed: dict[str, object]) -> None:
    assert ids(two_rooms(cid=changed), sort=sort, limit=1) == ["cid-up-video"]


def test_numbers_are_rounded_on_their_way_out() -> None:
    exact = {"jitter_ms": 1.23456, "loss_ratio": 0.0123456, "idle_s": -0.01, "fps": None}
    seen = two_rooms(ann=exact)
    assert seen.tracks(TrackQuery(sort="loss")).tracks[0].loss_ratio == 0.0123456
    told = json.loads(seen.tracks(TrackQuery(sort="loss")).model_dump_json())["tracks"][0]
    assert (told["jitterMs"], told["lossRatio"], told["fps"]) == (1.23, 0.0123, None)
    assert told["idleS"] == 0, "a clock that was rounded"


def test_one_track_with_its_link() -> None:
    found = two_rooms().track("bob-down-audio")
    assert found is not None
    assert (found.user_id, found.room_id, found.link_id) == ("bob", "r1", "link-bob")
    assert (found.dtls_version, found.srtp_profile) == ("DTLSv1.2", "SRTP_AEAD_AES_128_GCM")
    assert two_rooms().track("nobody") is None


def test_who_is_over_a_budget_is_seen_wherever_the_user_is() -> None:
    over = ("checks", "rtcp")
    media = MediaView([link("ann", over_budget=over), link("bob")], [track("ann"), track("bob")])
    seen = Observation([user("ann"), user("bob"), user("cid")], [], media, sees_addresses=False)
    assert [each.over_budget for each in seen.users(Page()).users] == [list(over), [], []]
    assert [each.over_budget for each in seen.links(Page()).links] == [list(over), []]
    found = seen.tracks(TrackQuery()).tracks
    assert {each.user_id: each.over_budget for each in found} == {"ann": list(over), "bob": []}


def test_a_user_is_seen_with_what_it_gets_of_the_partner_and_why_its_link_failed() -> None:
    seen = two_rooms()
    ann, side = seen.users(Page()).users[0], seen.rooms(RoomQuery()).rooms[0].sides[0]
    assert (ann.quality, ann.grade, ann.leg) == (side.quality, side.grade, side.leg)
    assert side.quality is not None
    failed = dataclasses.replace(user("eve"), link_cause="udp_blocked")
    [eve] = Observation([failed], [], MediaView(), sees_addresses=False).users(Page()).users
    assert (eve.quality, eve.grade, eve.leg, eve.link_cause) == (None, None, None, "udp_blocked")


def test_addresses_are_kept_back_unless_the_operator_may_see_them() -> None:
    path = two_rooms().links(Page()).links[0].path
    assert (path.local_family, path.remote_family) == ("ipv4", "ipv4")
    assert path.local_address is path.remote_address is None
    path = two_rooms(sees_addresses=True).links(Page()).links[0].path
    assert (path.local_address, path.remote_address) == ("192.0.2.1:7882", "198.51.100.7:40000")


@pytest.mark.parametrize(
    ("address", "family", "written"),
    [
        (("2001:db8::7", 5), "ipv6", "[2001:db8::7]:5"),
        (("fe80::1%eth0", 5), "ipv6", "[fe80::1%eth0]:5"),
        (None, None, None),
    ],
)
def test_other_addresses(
    address: tuple[str, int] | None, family: str | None, written: str | None
) -> None:
    seen = Observation(
        [], [], MediaView([link("ann", remote_address=address)]), sees_addresses=True
    )
    path = seen.links(Page()).links[0].path
    assert path.local_family == (family or "ipv4"), "the relay is found by either"
    assert path.local_address == ("192.0.2.1:7882" if address is None else None)
    assert (path.remote_family, path.remote_address) == (family, written)


def test_links_are_counted_by_the_way_that_they_take() -> None:
    over_tls = PathView("turn-tls", ("198.51.100.8", 40000), is_proven=True, in_use=True)
    links = [link("ann"), link("bob", paths=(over_tls,)), link("cid", remote_address=None)]
    seen = Observation([], [], MediaView(links), sees_addresses=False)
    assert seen.protocol_counts() == {"udp": 1, "tcp": 0, "turn-tcp": 0, "turn-tls": 1}


def test_a_side_that_is_poor_makes_its_room_bad() -> None:
    received = {"left_down_ratio": 0.3, "loss_ratio": 0.04}
    tracks = [track("ann", Direction.DOWN, "audio", **received), track("ann"), track("bob")]
    users = [user("ann", "r1", "bob"), user("bob", "r1", "ann")]
    media = MediaView([link("ann"), link("bob")], tracks)
    seen = Observation(users, [room("r1", "ann", "bob")], media, sees_addresses=False)
    (bad,) = seen.rooms(RoomQuery(bad=True)).rooms
    assert bad.problems == ["quality"]
    assert [(side.user_id, side.grade, side.leg) for side in bad.sides] == [
        ("ann", "poor", "down"),
        ("bob", None, None),
    ]
    down, up, _ = seen.tracks(TrackQuery()).tracks
    assert (down.quality, down.grade, down.leg) == (1.5, "poor", "down")
    assert (up.quality, up.grade, up.leg) == (None, None, None)
    assert seen.qualities() == [1.5]
    assert seen.poor_counts() == {"up": 0, "relay": 0, "down": 1, "unknown": 0}


def test_sums() -> None:
    seen = two_rooms(ann=LOSSY, cid={"idle_s": None}, eve=LOSSY)
    assert seen.kind_counts() == {
        ("up", "audio"): 5,
        ("up", "video"): 5,
        ("down", "audio"): 4,
        ("down", "video"): 4,
    }
    assert seen.problem_counts() == {
        "loss": 1,
        "silent": 1,
        "jitter": 0,
        "round_trip": 0,
        "no_keyframe": 0,
        "quality": 0,
    }
    assert seen.loss_ratio(Direction.UP) == pytest.approx(0.04)
    assert seen.loss_ratio(Direction.DOWN) == 0


def test_loss_is_weighed_by_what_passes() -> None:
    tracks = [
        track("ann", loss_ratio=0.5, packets_per_s=10.0),
        track("bob", packets_per_s=90.0),
        track("cid", loss_ratio=1.0, packets_per_s=0.0),
    ]
    seen = Observation([], [], MediaView(tracks=tracks), sees_addresses=False)
    assert seen.loss_ratio(Direction.UP) == pytest.approx(0.05)


def test_links_and_tracks_tell_whose_they_are() -> None:
    view = MediaView(
        [link("ann"), link("bob", local_address=("2001:db8::1", 7883))],
        [track("ann"), track("bob")],
        workers=[worker(0), worker(1)],
    )
    seen = Observation([], [], view, sees_addresses=False)
    assert [found.worker for found in seen.links(Page()).links] == [0, 1]
    assert [found.worker for found in seen.tracks(TrackQuery()).tracks] == [0, 1]
    alone = two_rooms()
    assert {found.worker for found in alone.tracks(TrackQuery()).tracks} == {None}
    assert {found.worker for found in alone.links(Page()).links} == {None}


def test_workers() -> None:
    busy = worker(
        1,
        load=WorkerLoad(0.51234, 0.02, 99.96),
        stats=PlaneStats(links=3, packets_forwarded=9, drops={"held": 1, "send": 2}),
    )
    gone = worker(2, process_id=None, restarts=4)
    first, second = Observation(
        [], [], MediaView(workers=[busy, gone]), sees_addresses=False
    ).workers()
    assert (first.index, first.up, first.process_id, first.udp_port) == (1, True, 4712, 7883)
    assert (first.cpu_ratio, first.loop_lag_ms, first.packets_per_s) == (0.512, 20, 100)
    assert (first.links, first.packets_forwarded, first.packets_dropped) == (3, 9, 3)
    assert (second.up, second.process_id, second.restarts) == (False, None, 4)
