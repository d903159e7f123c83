"""Everything that an operator may see, as it was at one moment, in the parts asked for."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TypeVar, get_args

from relay.api import models, queries
from relay.api.quality import problems
from relay.api.sides import Side, judged
from relay.plane import Direction, Family, LinkView, MediaView, PathKind, PathView, WorkerView
from relay.quality import LEGS
from relay.signaling import RoomView, UserView
from relay.track import COLUMNS, TrackView

_T = TypeVar("_T")

_READ = attrgetter(*(field.name for field in fields(TrackView)))
_NOTHING = {"idle_s": float("inf")}
"""What None counts as when tracks are sorted, if not as 0: no packet came, for ever."""


@dataclass(slots=True)
class _RoomQuality:
    """What a room's tracks add up to."""

    bitrate_bps: float = 0.0
    loss_ratio: float = 0.0
    problems: set[models.Problem] = field(default_factory=set)


class Observation:
    """One moment's users, rooms, links and tracks, joined."""

    def __init__(
        self,
        users: list[UserView],
        rooms: list[RoomView],
        media: MediaView,
        *,
        sees_addresses: bool,
        node: str | None = None,
    ) -> None:
        """:param sees_addresses: whether full addresses are told.

        :param node: what this node is called, in a cluster.
        """
        links, tracks = media.links, media.tracks
        self.stats = media.stats
        """The media plane's counters."""
        self.track_count = len(tracks)
        self.worker_views = media.workers
        """The media processes."""
        self._users, self._rooms, self._links, self._tracks = users, rooms, links, tracks
        self._worker_at = {worker.udp_port: worker.index for worker in media.workers}
        self._sees_addresses = sees_addresses
        self._node = node
        self._room_of = {user: room for room in rooms for user in room.users}
        self._link_of = {link.user_id: link for link in links}
        self._link_by_id = {link.link_id: link for link in links}
        self._paths: dict[str, models.Path] = {}  # by their links, once they were asked for
        self._user_of = {user.user_id: user for user in users}
        self._sides = {side.user_id: side for side in self._judge()}
        self._problems = {track.id: self._problems_of(track) for track in tracks}
        self._qualities = {room.room_id: _RoomQuality() for room in rooms}
        for track in tracks:
            self._add_to_room(track)

    # lists

    def users(self, page: queries.Page) -> models.Users:
        """A page of users."""
        shown = _on(page, self._users)
        return models.Users(users=[self._user(user) for user in shown], total=len(self._users))

    def rooms(self, query: queries.RoomQuery) -> models.Rooms:
        """A page of rooms."""
        found = [r for r in self._rooms if self._qualities[r.room_id].problems or not query.bad]
        shown = _on(query, found)
        return models.Rooms(
            rooms=[self._room(room) for room in shown],
            total=len(found),
            between_nodes=sum(len(set(room.nodes)) > 1 for room in found),
        )

    def worst_rooms(self, limit: int) -> list[models.Room]:
        """The rooms with the most problems, then those with the most loss, then the oldest."""

        def badness(room: RoomView) -> tuple[float, float]:
            quality = self._qualities[room.room_id]
            return -len(quality.problems), -quality.loss_ratio

        return [self._room(room) for room in sorted(self._rooms, key=badness)[:limit]]

    def links(self, page: queries.Page) -> models.Links:
        """A page of links."""
        shown = _on(page, self._links)
        return models.Links(links=[self._link(link) for link in shown], total=len(self._links))

    def tracks(self, query: queries.TrackQuery) -> models.Tracks:
        """A page of tracks."""
        found = [track for track in self._tracks if self._is_wanted(track, query)]
        if query.sort in COLUMNS:
            found.sort(key=amount(COLUMNS[query.sort]), reverse=True)
        shown = _on(query, found)
        return models.Tracks(tracks=[self._track(track) for track in shown], total=len(found))

    def workers(self) -> list[models.Worker]:
        """The media processes, in order."""
        return [_worker(worker, self._node) for worker in self.worker_views]

    def track(self, track_id: str) -> models.Track | None:
        """One track."""
        found = next((track for track in self._tracks if track.id == track_id), None)
        return self._track(found) if found is not None else None

    def room(self, room_id: str) -> models.Room | None:
        """One room."""
        found = next((room for room in self._rooms if room.room_id == room_id), None)
        return self._room(found) if found is not None else None

    def link(self, link_id: str) -> models.Link | None:
        """One link."""
        found = self._link_by_id.get(link_id)
        return self._link(found) if found is not None else None

    def have_links(self, users: Iterable[str]) -> bool:
        """Whether one of the users has a media connection to the relay."""
        return any(user in self._link_of for user in users)

    def partner_of(self, user_id: str) -> str | None:
        """The other user of a user's room."""
        room = self._room_of.get(user_id)
        users = room.users if room is not None else ()
        return next((user for user in users if user != user_id), None)

    # sums

    @property
    def bad_room_count(self) -> int:
        """Rooms in which something is bad."""
        return sum(bool(quality.problems) for quality in self._qualities.values())

    def loss_ratio(self, direction: Direction) -> float:
        """Of all recent packets of one direction."""
        ways = [t for t in self._tracks if t.direction == direction and t.packets_per_s > 0]
        packets_per_s = sum(track.packets_per_s for track in ways)
        lost_per_s = sum(track.loss_ratio * track.packets_per_s for track in ways)
        return lost_per_s / packets_per_s if packets_per_s else 0.0

    def problem_counts(self) -> dict[models.Problem, int]:
        """Tracks by what is bad about them."""
        counts: dict[models.Problem, int] = dict.fromkeys(models.PROBLEMS, 0)
        for found in self._problems.values():
            for problem in found:
                counts[problem] += 1
        return counts

    def qualities(self) -> list[float]:
        """How well each user who has a partner sees and hears it."""
        return [side.quality for side in self._sides.values() if side.quality is not None]

    def poor_counts(self) -> dict[str, int]:
        """Users for whom that is poor, by the leg that is to blame."""
        counts = Counter(dict.fromkeys((*LEGS, "unknown"), 0))
        for side in self._sides.values():
            counts[side.leg or "unknown"] += side.grade == "poor"
        return dict(counts)

    def kind_counts(self) -> dict[tuple[str, str], int]:
        """Tracks by direction and kind."""
        counts: dict[tuple[str, str], int] = {
            (way, kind): 0 for way in ("up", "down") for kind in ("audio", "video")
        }
        for track in self._tracks:
            counts[track.direction, track.kind] += 1
        return counts

    def protocol_counts(self) -> dict[str, int]:
        """Links by the way that their media takes, as far as they have one."""
        counts = dict.fromkeys(get_args(PathKind), 0)
        for link in self._links:
            counts[link.kind] += link.remote_address is not None
        return counts

    # one of each

    def _user(self, user: UserView) -> models.User:
        link = self._link_of.get(user.user_id)
        side = self._sides.get(user.user_id)
        return models.User.model_construct(
            id=user.user_id,
            state=user.state.value,
            room_id=user.room_id,
            partner_id=user.partner_id,
            link_id=link.link_id if link is not None else None,
            age_s=user.age_s,
            interrupted_age_s=user.away_s,
            link_cause=user.link_cause,
            quality=side.quality if side is not None else None,
            grade=side.grade if side is not None else None,
            leg=side.leg if side is not None else None,
            over_budget=list(link.over_budget) if link is not None else [],
            node=self._node,
        )

    def _room(self, room: RoomView) -> models.Room:
        quality = self._qualities[room.room_id]
        return models.Room.model_construct(
            id=room.room_id,
            users=room.users,
            state="in_call" if room.state == "in_call" else "matched",
            age_s=room.age_s,
            bitrate_bps=quality.bitrate_bps,
            loss_ratio=quality.loss_ratio,
            problems=_in_order(quality.problems),
            sides=[self._sides[user] for user in room.users if user in self._sides],
            nodes=self._nodes_of(room),
        )

    def _nodes_of(self, room: RoomView) -> list[str]:
        if self._node is None:
            return []
        return list(dict.fromkeys(filter(None, room.nodes))) or [self._node]

    def _link(self, link: LinkView) -> models.Link:
        room = self._room_of.get(link.user_id)
        return models.Link.model_construct(
            id=link.link_id,
            user_id=link.user_id,
            room_id=room.room_id if room is not None else None,
            state=link.state.value,
            age_s=link.age_s,
            consent_age_s=link.consent_age_s,
            path=self._path(link),
            paths=[self._peer_path(path) for path in link.paths],
            dtls_version=link.dtls_version,
            srtp_profile=link.srtp_profile,
            round_trip_ms=link.round_trip_ms,
            over_budget=list(link.over_budget),
            worker=self._worker_of(link),
            node=self._node,
        )

    def _worker_of(self, link: LinkView) -> int | None:
        """Each worker has one port, and no two have the same."""
        return self._worker_at.get(link.local_address[1])

    def _peer_path(self, path: PathView) -> models.PeerPath:
        return models.PeerPath.model_construct(
            protocol=path.kind,
            family=_family(path.address),
            address=_written(path.address) if self._sees_addresses else None,
            proven=path.is_proven,
            in_use=path.in_use,
        )

    def _path(self, link: LinkView) -> models.Path:
        if link.link_id not in self._paths:
            self._paths[link.link_id] = self._new_path(link)
        return self._paths[link.link_id]

    def _new_path(self, link: LinkView) -> models.Path:
        local, remote = link.local_address, link.remote_address
        told, family = self._sees_addresses, _family(remote or local)
        return models.Path.model_construct(
            protocol=link.kind,
            local_family=family,  # the relay has both, and is found by this one
            remote_family=_family(remote) if remote is not None else None,
            local_address=_written(local) if told and _family(local) == family else None,
            remote_address=_written(remote) if told and remote is not None else None,
        )

    def _track(self, track: TrackView) -> models.Track:
        room, link = self._room_of.get(track.user_id), self._link_by_id[track.link_id]
        side = self._sides.get(track.user_id) if track.direction == "down" else None
        values = (
            *_READ(track),
            room.room_id if room is not None else None,
            self._problems[track.id],
            side.quality if side is not None else None,
            side.grade if side is not None else None,
            side.leg if side is not None else None,
            self._path(link),
            link.dtls_version,
            link.srtp_profile,
            list(link.over_budget),
            self._worker_of(link),
            self._node,
        )
        return models.Track(*values)

    # joining

    def _problems_of(self, track: TrackView) -> list[models.Problem]:
        room = self._room_of.get(track.user_id)
        side = self._sides.get(track.user_id)
        age_s, grade = room.age_s if room else None, side.grade if side else None
        return problems(track, age_s, grade, is_off=self._is_off(track))

    def _is_off(self, track: TrackView) -> bool:
        """Whether its sender says that it sends nothing of that kind."""
        sender = self._user_of.get(track.user_id)
        if track.direction == "down" and sender is not None:
            sender = self._user_of.get(sender.partner_id or "")
        return sender is not None and track.kind in sender.off

    def _judge(self) -> Iterator[models.RoomSide]:
        """What each user who has a partner gets of it."""
        received, sent = defaultdict[str, list[TrackView]](list), dict[str, TrackView]()
        for track in self._tracks:
            if track.direction == "down":
                received[track.user_id].append(track)
            else:
                sent[track.id] = track
        lags_ms = {view.index: 1000 * view.load.loop_lag_s for view in self.worker_views}
        for user in self._users:
            room, link = self._room_of.get(user.user_id), self._link_of.get(user.user_id)
            if room is None or user.partner_id is None:
                continue
            worker = self._worker_of(link) if link is not None else None
            yield judged(
                Side(
                    user,
                    room.age_s,
                    received[user.user_id],
                    sent,
                    self._user_of.get(user.partner_id),
                    self._link_of.get(user.partner_id),
                    lags_ms.get(worker, 0.0) if worker is not None else 0.0,
                )
            )

    def _add_to_room(self, track: TrackView) -> None:
        room = self._room_of.get(track.user_id)
        if room is None:
            return
        quality = self._qualities[room.room_id]
        quality.loss_ratio = max(quality.loss_ratio, track.loss_ratio)
        quality.problems.update(self._problems[track.id])
        if track.direction == "up":
            quality.bitrate_bps += track.bitrate_bps

    def _is_wanted(self, track: TrackView, query: queries.TrackQuery) -> bool:
        room = self._room_of.get(track.user_id)
        return (
            (query.user is None or track.user_id == query.user)
            and (query.room is None or (room is not None and room.room_id == query.room))
            and (query.kind is None or track.kind == query.kind)
            and (query.direction is None or track.direction == query.direction)
            and (not query.bad or bool(self._problems[track.id]))
        )


def _worker(worker: WorkerView, node: str | None) -> models.Worker:
    return models.Worker.model_construct(
        index=worker.index,
        up=worker.is_up,
        process_id=worker.process_id,
        udp_port=worker.udp_port,
        age_s=worker.age_s,
        restarts=worker.restarts,
        links=worker.stats.links,
        packets_per_s=round(worker.load.packets_per_s, 1),
        cpu_ratio=round(worker.load.cpu_ratio, 3),
        loop_lag_ms=1000 * worker.load.loop_lag_s,
        packets_forwarded=worker.stats.packets_forwarded,
        packets_dropped=worker.stats.packets_dropped,
        node=node,
    )


def _on(page: queries.Page, found: list[_T]) -> list[_T]:
    return found[page.offset : page.offset + page.limit]


def amount(name: str) -> Callable[[TrackView], float]:
    """What tracks are sorted by."""
    read, nothing = attrgetter(name), _NOTHING.get(name, 0.0)
    return lambda track: nothing if (value := read(track)) is None else value


def _in_order(found: Iterable[models.Problem]) -> list[models.Problem]:
    return sorted(found, key=models.PROBLEMS.index)


def _family(address: tuple[str, int]) -> Family:
    return "ipv6" if ipaddress.ip_address(address[0].split("%")[0]).version == 6 else "ipv4"


def _written(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
