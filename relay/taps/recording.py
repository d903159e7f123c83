"""A room's call as WebM: what both users send, without encoding it again."""

import contextlib
import heapq
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from relay.plane import Direction, MediaPlane, TappedPacket
from relay.taps.frames import PATIENCE_S, Depacketizer, Frame
from relay.taps.pump import Piece
from relay.taps.tap import PacketTap, tapped
from relay.taps.timeline import Timeline
from relay.taps.webm import Block, TrackEntry, clusters, header
from relay.taps.workshop import Made, Maker, Workshop, packed

KEYFRAME_INTERVAL_S = 0.5
"""How often a key frame is asked for while a picture cannot be recorded: they cost the call."""

SIZE_PATIENCE_S = 2.0
"""How long the beginning of the file waits for the pictures' sizes."""

_HOLD_S = PATIENCE_S + 0.1
"""Frames are held back for this long, so that those of all tracks can be put in order."""
_UNKNOWN_SIZE = (640, 480)  # of a camera that is off; later frames of VP8 say their own


class _Lane:
    """One track's way from packets to blocks."""

    def __init__(self, number: int, kind: str, began_at: float) -> None:
        self.packets = Depacketizer(kind)
        self.size: tuple[int, int] | None = None
        self._number = number
        self._timeline = Timeline(kind, began_at)

    def blocks(self, frames: Sequence[Frame]) -> list[Block]:
        """Frames, each at its time."""
        for frame in frames:
            self.size = self.size or frame.size
        return [
            Block(self._timeline.place(frame), self._number, frame.data, frame.is_key)
            for frame in frames
        ]


class Recording:
    """Turns packets into a file, piece by piece.

    :param users: the ids of those whose packets come; the tracks are named after them.
    :param began_at: when time starts, in seconds of the plane's clock.
    """

    def __init__(self, users: Sequence[str], began_at: float) -> None:
        self._users = users
        self._began_at = began_at
        self._lanes = {
            (user, kind): _Lane(2 * index + offset, kind, began_at)
            for index, user in enumerate(users)
            for offset, kind in enumerate(("video", "audio"))
        }
        self._blocks: list[tuple[int, int, Block]] = []  # a heap: time, count
        self._count = 0
        self._has_header = False

    def piece(self, fetched: Sequence[Iterable[tuple[Any, ...]]], now: float, last: bool) -> Made:
        """Take what each user has sent, and give the next piece.

        :returns: its note has a bit for each user whose picture waits for a key frame.
        """
        for user, packets in zip(self._users, fetched, strict=True):
            for packet in map(TappedPacket._make, packets):
                lane = self._lanes[user, packet.kind]
                self._keep(lane.blocks(lane.packets.add(packet)))
        piece = self._next(now) + (self._rest() if last else b"")
        videos = (self._lanes[user, "video"].packets for user in self._users)
        return Made(piece, sum(v.waits_for_keyframe << index for index, v in enumerate(videos)))

    def _next(self, now: float) -> bytes:
        for lane in self._lanes.values():
            self._keep(lane.blocks(lane.packets.overdue(now)))
        if not self._has_header and not self._can_begin(now):
            return b""
        return self._header() + clusters(self._until(now - _HOLD_S))

    def _rest(self) -> bytes:
        for lane in self._lanes.values():
            self._keep(lane.blocks(lane.packets.rest()))
        return self._header() + clusters(self._until(float("inf")))

    def _keep(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            self._count += 1
            heapq.heappush(self._blocks, (block.at_ms, self._count, block))

    def _until(self, at_s: float) -> list[Block]:
        until_ms = 1000 * (at_s - self._began_at)
        found = []
        while self._blocks and self._blocks[0][0] <= until_ms:
            found.append(heapq.heappop(self._blocks)[2])
        return found

    def _can_begin(self, now: float) -> bool:
        """Whether the pictures' sizes, which the header has, are known or waited for enough."""
        sizes = [lane.size for (_, kind), lane in self._lanes.items() if kind == "video"]
        return None not in sizes or now - self._began_at >= SIZE_PATIENCE_S

    def _header(self) -> bytes:
        if self._has_header:
            return b""
        self._has_header = True
        return header(
            [
                TrackEntry(
                    f"{kind} of {user}", (lane.size or _UNKNOWN_SIZE) if kind == "video" else None
                )
                for (user, kind), lane in self._lanes.items()
            ]
        )


class RoomRecorder:
    """Records a room's two users until they part; a :class:`relay.taps.pump.Source`.

    :param taps: what both users send, and ``maker`` a :class:`Recording`.
    """

    def __init__(
        self,
        plane: MediaPlane,
        taps: dict[str, PacketTap],
        maker: Maker,
        clock: Callable[[], float],
    ) -> None:
        self._plane = plane
        self._taps = taps
        self._maker = maker
        self._clock = clock
        self._asked_at = dict.fromkeys(taps, float("-inf"))
        self._ask_for_keyframes(taps)

    @property
    def dropped(self) -> int:
        """Packets that came faster than they could be recorded."""
        return sum(tap.dropped for tap in self._taps.values())

    def over(self) -> str | None:
        """Why it has come to its end by itself, if it has."""
        return "parted" if any(tap.ended for tap in self._taps.values()) else None

    async def piece(self, *, last: bool) -> Piece:
        """What has come since the last time, as the next piece of the file."""
        fetched = [packed(tap.fetch()) for tap in self._taps.values()]
        made = await self._maker.make("piece", fetched, self._clock(), last)
        self._ask_for_keyframes(
            user for index, user in enumerate(self._taps) if made.note >> index & 1
        )
        return made.data

    def _ask_for_keyframes(self, users: Iterable[str]) -> None:
        now = self._clock()
        for user in users:
            if now - self._asked_at[user] >= KEYFRAME_INTERVAL_S:
                self._asked_at[user] = now
                self._plane.request_keyframe(user, Direction.UP)


@contextlib.asynccontextmanager
async def recorded(
    plane: MediaPlane, workshop: Workshop, users: tuple[str, str], clock: Callable[[], float]
) -> AsyncIterator[RoomRecorder]:
    """Record a room for as long as the context lasts.

    :raises TapFailed: when there is nothing to make the file.
    """
    async with workshop.maker(Recording, users, clock()) as maker:
        with contextlib.ExitStack() as stack:
            taps = {
                user: stack.enter_context(tapped(plane, user, Direction.UP, partner=partner))
                for user, partner in (users, users[::-1])
            }
            yield RoomRecorder(plane, taps, maker, clock)
