"""A media plane without media: records what is asked of it, and emits what a test tells it to."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from relay.errors import SdpError
from relay.plane import (
    Direction,
    LinkLost,
    LinkState,
    LinkUp,
    LinkView,
    MediaEvent,
    MediaFlowing,
    PlaneStats,
    Tap,
)
from relay.track import TrackView


class FakePlane:
    """A :class:`relay.plane.MediaPlane`.

    Links come up when a test calls :meth:`come_up`, or by themselves with ``connects=True``. The
    SDP ``"bad"`` cannot be used, the SDP ``"boom"`` makes the plane itself fail; one that begins
    with ``"only sound"`` or ``"only a picture"`` has nothing else, any other has both.
    """

    def __init__(self, *, connects: bool = False) -> None:
        self.connects = connects
        self.calls: list[tuple[str, ...]] = []
        self.link_states: defaultdict[str, LinkState] = defaultdict(lambda: LinkState.NONE)
        self.pairs: dict[str, str] = {}
        self.offered: set[str] = set()
        self.sent: dict[str, frozenset[str]] = {}
        self.locals: dict[str, bool] = {}
        self.taps: list[tuple[str, Direction, Tap]] = []
        self.live_tracks: list[TrackView] = []
        self.live_links: list[LinkView] = []
        self._listeners: list[Callable[[MediaEvent], None]] = []

    # What a test does

    def emit(self, event: MediaEvent) -> None:
        for listener in self._listeners:
            listener(event)

    def come_up(self, user_id: str) -> None:
        assert self.link_states[user_id] is LinkState.CONNECTING, (
            f"{user_id} has no link to come up"
        )
        self.link_states[user_id] = LinkState.UP
        self.emit(LinkUp(user_id))

    def lose(self, user_id: str, reason: str) -> None:
        self.link_states.pop(user_id, None)
        self.sent.pop(user_id, None)
        self.offered.discard(user_id)
        self.emit(LinkLost(user_id, reason))

    def flow(self, user_id: str) -> None:
        self.emit(MediaFlowing(user_id))

    def asked(self, name: str) -> list[tuple[str, ...]]:
        return [call[1:] for call in self.calls if call[0] == name]

    # What the lobby does

    def subscribe(self, listener: Callable[[MediaEvent], None]) -> None:
        self._listeners.append(listener)

    async def answer(self, user_id: str, sdp: str, *, is_local: bool = False) -> str:
        self.calls.append(("answer", user_id, sdp))
        self.locals[user_id] = is_local
        await asyncio.sleep(0)
        _check(sdp)
        self.sent[user_id] = _kinds(sdp)
        self._connect(user_id)
        return f"answer to {sdp}"

    async def offer(self, user_id: str, *, is_local: bool = False) -> str:
        self.calls.append(("offer", user_id))
        self.locals[user_id] = is_local
        await asyncio.sleep(0)
        self.link_states[user_id] = LinkState.CONNECTING
        self.sent.pop(user_id, None)
        self.offered.add(user_id)
        return f"offer to {user_id}"

    async def accept(self, user_id: str, sdp: str) -> None:
        self.calls.append(("accept", user_id, sdp))
        await asyncio.sleep(0)
        _check(sdp)
        if user_id not in self.offered:
            raise SdpError("there was no offer")
        self.sent[user_id] = _kinds(sdp)
        self.offered.discard(user_id)
        self._connect(user_id)

    def pair(self, a: str, b: str) -> None:
        self.calls.append(("pair", a, b))
        assert a not in self.pairs, f"{a} is paired already"
        assert b not in self.pairs, f"{b} is paired already"
        self.pairs[a] = b
        self.pairs[b] = a

    def unpair(self, user_id: str) -> None:
        self.calls.append(("unpair", user_id))
        partner = self.pairs.pop(user_id, None)
        if partner is not None:
            del self.pairs[partner]

    def close_link(self, user_id: str) -> None:
        self.calls.append(("close_link", user_id))
        self.link_states.pop(user_id, None)
        self.sent.pop(user_id, None)
        self.offered.discard(user_id)

    def link_state(self, user_id: str) -> LinkState:
        return self.link_states.get(user_id, LinkState.NONE)

    def sends(self, user_id: str) -> frozenset[str] | None:
        return self.sent.get(user_id)

    def tracks(self) -> list[TrackView]:
        return list(self.live_tracks)

    def links(self) -> list[LinkView]:
        return list(self.live_links)

    def tap(self, user_id: str, direction: Direction, tap: Tap, partner: str | None = None) -> None:
        if partner not in (None, self.pairs.get(user_id)):
            tap.parted()
        self.taps.append((user_id, direction, tap))

    def untap(self, user_id: str, direction: Direction, tap: Tap) -> None:
        self.taps.remove((user_id, direction, tap))

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        self.calls.append(("request_keyframe", user_id, direction.value))

    def stats(self) -> PlaneStats:
        return PlaneStats(links=len(self.link_states))

    def _connect(self, user_id: str) -> None:
        self.link_states[user_id] = LinkState.CONNECTING
        self.offered.discard(user_id)
        if self.connects:
            self.come_up(user_id)


def _check(sdp: str) -> None:
    if sdp == "bad":
        raise SdpError("no audio in it")
    if sdp == "boom":
        raise RuntimeError("the plane is broken")


def _kinds(sdp: str) -> frozenset[str]:
    if sdp.startswith("only sound"):
        return frozenset({"audio"})
    if sdp.startswith("only a picture"):
        return frozenset({"video"})
    return frozenset({"audio", "video"})
