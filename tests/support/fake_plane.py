"""A media plane without media: records what is asked of it, and has happen what a test tells it.

``tests/contract/test_media_plane.py`` holds it to what the real one does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from relay.errors import SdpError
from relay.plane import (
    Description,
    Direction,
    Kept,
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    LinkState,
    LinkTold,
    LinkUp,
    LinkView,
    MediaEvent,
    MediaFlowing,
    MediaView,
    OverBudget,
    PictureFlowing,
    PlaneStats,
    Tap,
    TappedPacket,
    Trace,
    WorkerView,
)
from relay.track import FIGURES, TrackView

BOTH = frozenset({"audio", "video"})


@dataclass(slots=True)
class FakeLink:
    """What there is of a user's link."""

    link_id: str
    state: LinkState = LinkState.CONNECTING
    sends: frozenset[str] | None = None
    """As its description says; None while the plane's offer has no answer."""
    is_interrupted: bool = False
    is_flowing: bool = False
    """Whether the present partner's first packet has gone out to it."""
    is_showing: bool = False
    """Whether its picture's has."""
    streams: set[tuple[Direction, str]] = field(default_factory=set)
    """The direction and the kind of what has passed."""


class FakePlane:
    """A :class:`relay.plane.MediaPlane`.

    Links come up when a test calls :meth:`come_up`, or by themselves with ``connects=True``. The
    SDP ``"bad"`` cannot be used, the SDP ``"boom"`` makes the plane itself fail; one with
    ``"only sound"`` or ``"only a picture"`` in it has nothing else, any other has both. An offer
    that begins with ``"again"`` renegotiates the link that there is, any other asks for a new one.
    """

    def __init__(self, *, connects: bool = False) -> None:
        self.connects = connects
        self.calls: list[tuple[str, ...]] = []
        self.pairs: dict[str, str] = {}
        self.across: dict[str, tuple[str, str, int]] = {}
        """Of those whose partner is on another node: the partner, the node, the pair's number."""
        self.told: dict[str, str] = {}
        """What was told of such partners."""
        self.paired_anew: list[str] = []
        """Those who were paired while they were paired already."""
        self.locals: dict[str, bool] = {}
        self.near: dict[str, str | None] = {}
        self.cpu_s = 0.0
        """What each description takes."""
        self.traces: dict[str, Trace] = {}
        """How far each user's link has come, other than not at all."""
        self.taps: list[tuple[str, Direction, Tap]] = []
        self.keeps = False
        """Whether pictures are kept."""
        self._kept: dict[tuple[str, str], Kept] = {}
        self._links: dict[str, FakeLink] = {}
        self._listeners: list[Callable[[MediaEvent], None]] = []
        self._link_ids = 0
        self._packets = Counter[str]()
        self._losses = Counter[str](closed=0, silent=0, failed=0)

    # What a test does

    def emit(self, event: MediaEvent) -> None:
        """Tell of something, even if it is old news."""
        for listener in self._listeners:
            listener(event)

    def can_come_up(self, user_id: str) -> bool:
        link = self._links.get(user_id)
        return link is not None and link.state is LinkState.CONNECTING and link.sends is not None

    def come_up(self, user_id: str) -> None:
        assert self.can_come_up(user_id), f"{user_id} has no link to come up"
        link = self._links[user_id]
        link.state = LinkState.UP
        self.emit(LinkUp(user_id, link.link_id))

    def lose(self, user_id: str, reason: str) -> None:
        assert user_id in self._links, f"{user_id} has no link to lose"
        self._losses[reason] += 1
        link_id, trace = self._links[user_id].link_id, self._trace(user_id)
        self._drop_link(user_id)
        self.emit(LinkLost(user_id, link_id, reason, trace))

    def exceed(self, user_id: str, kind: str) -> None:
        """The user causes too much, for long."""
        self.emit(OverBudget(user_id, self._links[user_id].link_id, kind))

    def interrupt(self, user_id: str) -> None:
        self._turn(user_id, interrupted=True)

    def resume(self, user_id: str) -> None:
        self._turn(user_id, interrupted=False)

    def _turn(self, user_id: str, *, interrupted: bool) -> None:
        link = self._links[user_id]
        assert link.state is LinkState.UP, f"{user_id}'s link is not up"
        assert link.is_interrupted is not interrupted, "it is so already"
        link.is_interrupted = interrupted
        told = LinkInterrupted if interrupted else LinkResumed
        self.emit(told(user_id, link.link_id))

    def flow(self, user_id: str, kind: str = "audio", data: bytes = b"") -> None:
        """A packet of the partner's comes, for this user."""
        self._packets["received"] += 1
        partner = self.pairs.get(user_id, "")
        if not self._is_connected(user_id):
            return
        self._packets["forwarded"] += 1
        passing = ((partner, Direction.UP), (user_id, Direction.DOWN))
        for where, direction in passing:
            if where not in self._links:
                continue
            self._links[where].streams.add((direction, kind))
            for tap in self._taps_on(where, direction):
                tap.take(TappedPacket(direction, kind, False, 0.0, data))
        if not self._links[user_id].is_flowing:
            self._links[user_id].is_flowing = True
            self.emit(MediaFlowing(user_id, partner))
        if kind == "video" and not self._links[user_id].is_showing:
            self._links[user_id].is_showing = True
            self.emit(PictureFlowing(user_id, partner))

    def show(self, user_id: str, frame: bytes, size: tuple[int, int] = (320, 240)) -> None:
        """A whole key frame of the user's passes."""
        partner = self.pairs.get(user_id, user_id)
        self.flow(partner, "video")
        if self.keeps and self._is_connected(user_id) and partner != user_id:
            self._kept[user_id, partner] = Kept(0.0, *size, frame, partner)

    def asked(self, name: str) -> list[tuple[str, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    def link_id(self, user_id: str) -> str:
        return self._links[user_id].link_id

    @property
    def link_states(self) -> dict[str, LinkState]:
        """Of those who have a link."""
        return {user_id: link.state for user_id, link in self._links.items()}

    # What the lobby does

    def subscribe(self, listener: Callable[[MediaEvent], None]) -> None:
        self._listeners.append(listener)

    async def answer(
        self, user_id: str, sdp: str, *, is_local: bool = False, near: str | None = None
    ) -> Description:
        self.near[user_id] = near
        self.calls.append(("answer", user_id, sdp))
        self.locals[user_id] = is_local
        await asyncio.sleep(0)
        _check(sdp)
        link = self._links.get(user_id)
        if link is None or link.sends is None or not sdp.startswith("again"):
            link = self._fresh_link(user_id)
        return self._agree(user_id, link, sdp, f"answer to {sdp}")

    async def offer(
        self, user_id: str, *, is_local: bool = False, near: str | None = None
    ) -> Description:
        self.near[user_id] = near
        self.calls.append(("offer", user_id))
        self.locals[user_id] = is_local
        await asyncio.sleep(0)
        link = self._fresh_link(user_id)
        return Description(link.link_id, f"offer to {user_id}")

    async def accept(self, user_id: str, sdp: str) -> Description:
        self.calls.append(("accept", user_id, sdp))
        await asyncio.sleep(0)
        _check(sdp)
        link = self._links.get(user_id)
        if link is None or link.sends is not None:
            raise SdpError("there was no offer")
        return self._agree(user_id, link, sdp)

    async def trace(self, user_id: str) -> Trace | None:
        await asyncio.sleep(0)
        return self._trace(user_id)

    def pair(self, a: str, b: str) -> None:
        self.calls.append(("pair", a, b))
        self.paired_anew += [user_id for user_id in (a, b) if user_id in self.pairs]
        self._part(a)
        self._part(b)
        self.pairs[a], self.pairs[b] = b, a

    def pair_across(self, user_id: str, partner_id: str, node: str, number: int) -> None:
        self.calls.append(("pair_across", user_id, partner_id, node, str(number)))
        self.paired_anew += [user_id] if user_id in self.pairs else []
        self._part(user_id)
        self.pairs[user_id] = partner_id
        self.across[user_id] = partner_id, node, number
        self._tell(user_id)

    def follow(self, partner_id: str, told: str) -> None:
        self.calls.append(("follow", partner_id, told))
        if partner_id in self.pairs.values():
            self.told[partner_id] = told

    def unpair(self, user_id: str) -> None:
        self.calls.append(("unpair", user_id))
        self._part(user_id)

    def close_link(self, user_id: str) -> None:
        self.calls.append(("close_link", user_id))
        self._drop_link(user_id)

    def link_state(self, user_id: str) -> LinkState:  # as signalling cannot ask
        return self.link_states.get(user_id, LinkState.NONE)

    async def look(self) -> MediaView:
        relay = ("192.0.2.1", 7882)
        links = [
            LinkView(link.link_id, user_id, link.state, 0.0, 0.0, relay)
            for user_id, link in self._links.items()
        ]
        tracks = [
            self._track(user_id, direction, kind)
            for user_id, link in self._links.items()
            for direction, kind in sorted(link.streams | self._expected(user_id))
        ]
        return MediaView(links, tracks, await self.stats())

    def tap(self, user_id: str, direction: Direction, tap: Tap, partner: str | None = None) -> None:
        if partner not in (None, self.pairs.get(user_id)):
            tap.parted()
        self.taps.append((user_id, direction, tap))

    def untap(self, user_id: str, direction: Direction, tap: Tap) -> None:
        self.taps = [each for each in self.taps if each != (user_id, direction, tap)]

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        self.calls.append(("request_keyframe", user_id, direction.value))

    def keep(self, *, on: bool) -> None:
        self.keeps = on
        if not on:
            self._kept.clear()

    async def kept(
        self, user_id: str, partner_id: str | None = None, within_s: float | None = None
    ) -> Kept | None:
        await asyncio.sleep(0)
        found = [
            kept
            for (user, partner), kept in self._kept.items()
            if user == user_id and partner_id in (None, partner) and (within_s or 0.0) >= 0
        ]
        return found[-1] if found else None

    async def stats(self) -> PlaneStats:
        return self._stats()

    def lately(self) -> tuple[float, PlaneStats]:
        return 0.0, self._stats()

    def _stats(self) -> PlaneStats:
        return PlaneStats(
            links=len(self._links),
            packets_received=self._packets["received"],
            packets_forwarded=self._packets["forwarded"],
            link_losses=dict(self._losses),
        )

    def workers(self) -> list[WorkerView]:
        return []

    # links

    def _fresh_link(self, user_id: str) -> FakeLink:
        self._drop_link(user_id)
        self._link_ids += 1
        link = self._links[user_id] = FakeLink(f"link {self._link_ids}")
        return link

    def _trace(self, user_id: str) -> Trace | None:
        link = self._links.get(user_id)
        if link is None or link.sends is None or link.state is LinkState.UP:
            return None
        return self.traces.get(user_id, Trace())

    def _agree(self, user_id: str, link: FakeLink, sdp: str, answer: str = "") -> Description:
        link.sends = _kinds(sdp)
        self._tell(user_id)
        if self.connects and link.state is LinkState.CONNECTING:
            self.come_up(user_id)
        return Description(link.link_id, answer, link.sends, cpu_s=self.cpu_s)

    def _tell(self, user_id: str) -> None:
        link = self._links.get(user_id)
        if user_id in self.across and link is not None and link.sends is not None:
            self.emit(LinkTold(user_id, f"{link.link_id} {' '.join(sorted(link.sends))}"))

    def _drop_link(self, user_id: str) -> None:
        if self._links.pop(user_id, None) is not None:
            self._stop_flowing(self.pairs.get(user_id, ""))
            for tap in self._taps_on(user_id, *Direction):
                tap.link_closed()

    # pairs

    def _part(self, user_id: str) -> None:
        partner = self.pairs.pop(user_id, None)
        if partner is None:
            return
        if self.across.pop(user_id, None) is None:
            self.pairs.pop(partner, None)  # it may be the user itself
        self.told.pop(partner, None)
        for each in {user_id, partner}:
            self._stop_flowing(each)
            for tap in self._taps_on(each, *Direction):
                tap.parted()

    def _stop_flowing(self, user_id: str) -> None:
        if user_id in self._links:
            self._links[user_id].is_flowing = self._links[user_id].is_showing = False

    def _is_connected(self, user_id: str) -> bool:
        """Whether the user has a partner, and both links are up; one elsewhere counts as up."""
        if user_id in self.across:
            is_known = self.across[user_id][0] in self.told
            return is_known and self.link_state(user_id) is LinkState.UP
        both = {self.link_state(user_id), self.link_state(self.pairs.get(user_id, ""))}
        return both == {LinkState.UP}

    # what operators see

    def _taps_on(self, user_id: str, *directions: Direction) -> list[Tap]:
        return [tap for who, way, tap in self.taps if who == user_id and way in directions]

    def _expected(self, user_id: str) -> set[tuple[Direction, str]]:
        partner = self._links.get(self.pairs.get(user_id, ""))
        sent = partner.sends if partner is not None and self._is_connected(user_id) else None
        return {(Direction.DOWN, kind) for kind in sent or ()}

    def _track(self, user_id: str, direction: Direction, kind: str) -> TrackView:
        other = Direction.DOWN if direction is Direction.UP else Direction.UP
        partner = self._links.get(self.pairs.get(user_id, ""))
        goes_on = self._is_connected(user_id) and (
            direction is Direction.UP or (partner is not None and (other, kind) in partner.streams)
        )
        link_id = self._links[user_id].link_id
        known: dict[str, Any] = dict.fromkeys(FIGURES, 0) | {
            "id": f"{link_id} {direction} {kind}",
            "link_id": link_id,
            "user_id": user_id,
            "direction": direction.value,
            "kind": kind,
            "codec": "opus" if kind == "audio" else "vp8",
            "ssrc": 1 if kind == "audio" else 2,
            "waits_for_keyframe": False,
            "counterpart_id": f"{partner.link_id} {other} {kind}" if goes_on and partner else None,
        }
        return TrackView(**known)


def _check(sdp: str) -> None:
    if sdp == "bad":
        raise SdpError("no audio in it")
    if sdp == "boom":
        raise RuntimeError("the plane is broken")


def _kinds(sdp: str) -> frozenset[str]:
    if "only sound" in sdp:
        return frozenset({"audio"})
    if "only a picture" in sdp:
        return frozenset({"video"})
    return BOTH
