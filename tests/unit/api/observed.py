"""Users, rooms, links and tracks as the gateway and the plane would tell of them."""

from typing import Any

from relay.api.observation import Observation
from relay.matching import State
from relay.plane import (
    Direction,
    LinkState,
    LinkView,
    MediaView,
    PlaneStats,
    WorkerLoad,
    WorkerView,
)
from relay.signaling import RoomView, UserView
from relay.track import FIGURES, TrackView


def user(
    name: str, room: str | None = None, partner: str | None = None, away_s: float | None = None
) -> UserView:
    return UserView(name, State.IN_CALL if room else State.CONNECTED, room, partner, 30.0, away_s)


def room(name: str, first: str, second: str, age_s: float = 20.0) -> RoomView:
    return RoomView(name, (first, second), State.IN_CALL, age_s)


def link(name: str, **changed: Any) -> LinkView:
    known: dict[str, Any] = {
        "link_id": f"link-{name}",
        "user_id": name,
        "state": LinkState.UP,
        "age_s": 29.0,
        "consent_age_s": 1.0,
        "local_address": ("192.0.2.1", 7882),
        "remote_address": ("198.51.100.7", 40000),
        "dtls_version": "DTLSv1.2",
        "srtp_profile": "SRTP_AEAD_AES_128_GCM",
        "round_trip_ms": 40.0,
    }
    return LinkView(**(known | changed))


def track(
    name: str, direction: Direction = Direction.UP, kind: str = "video", **changed: Any
) -> TrackView:
    known: dict[str, Any] = dict.fromkeys(FIGURES, 0) | {
        "id": f"{name}-{direction}-{kind}",
        "link_id": f"link-{name}",
        "user_id": name,
        "direction": direction,
        "kind": kind,
        "codec": "vp8" if kind == "video" else "opus",
        "ssrc": 7,
        "counterpart_id": "other",
        "packets_per_s": 100.0,
        "bitrate_bps": 1000.0,
        "waits_for_keyframe": False,
        "idle_s": 0.01,
    }
    return TrackView(**(known | changed))


class Seen:
    """A media plane of which this is to be seen."""

    def __init__(self, view: MediaView | None = None) -> None:
        self.view = view or MediaView()

    async def look(self) -> MediaView:
        return self.view

    async def stats(self) -> PlaneStats:
        return self.view.stats

    def lately(self) -> tuple[float, PlaneStats]:
        return 0.0, self.view.stats

    def workers(self) -> list[WorkerView]:
        return self.view.workers


def worker(index: int = 0, **changed: Any) -> WorkerView:
    """A media process that does well."""
    known: dict[str, Any] = {
        "process_id": 4711 + index,
        "udp_port": 7882 + index,
        "age_s": 60.0,
        "answers": True,
        "restarts": 0,
        "load": WorkerLoad(0.1, 0.001, 100.0),
        "stats": PlaneStats(),
    }
    return WorkerView(index, **(known | changed))


def counting(**counts: Any) -> Seen:
    """A media plane with these counters."""
    return Seen(MediaView(stats=PlaneStats(**counts)))


def two_rooms(*, sees_addresses: bool = False, **changes: Any) -> Observation:
    """Ann and Bob talk, Cid and Dee talk, Eve waits.

    :param changes: by a user's name, what is different about the picture that it sends.
    """
    names = ("ann", "bob", "cid", "dee")
    return Observation(
        [
            user("ann", "r1", "bob"),
            user("bob", "r1", "ann"),
            user("cid", "r2", "dee"),
            user("dee", "r2", "cid"),
            user("eve"),
        ],
        [room("r1", "ann", "bob", 60.0), room("r2", "cid", "dee")],
        MediaView(
            [link(name) for name in (*names, "eve")],
            [
                track(name, direction, kind, **changed)
                for name in (*names, "eve")
                for direction in Direction
                for kind in ("audio", "video")
                for changed in [changes.get(name, {}) if direction + kind == "upvideo" else {}]
                if name != "eve" or direction is Direction.UP
            ],
        ),
        sees_addresses=sees_addresses,
    )
