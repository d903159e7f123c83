"""People who call each other: what each hears, of whom, and what has happened to it in order.

They send next to nothing: a test has many of them beside several servers.
"""

import asyncio
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from relay.bots.load.clip import Clip, Frame
from relay.bots.load.crowd import AT_ONCE
from relay.bots.load.player import payload_of
from relay.bots.load.tally import Tally
from relay.bots.load.user import LoadUser, Stream
from relay.bots.resuming import ResumingClient
from relay.protocol.messages import (
    ChatDelivery,
    ChatMessage,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
)
from relay.seam import end_task
from tests.support.bots import cut
from tests.support.keyframe import key_frame, payloads

PATIENCE_S = 60.0
SOUNDS_PER_S = 10
_HEARD = 3
"""So many sounds of a partner are a talk."""
_TICK_S = 0.02
_NUMBER = struct.Struct("!H")


def clip_of(number: int) -> Clip:
    """A second: one picture that nobody looks at, and sounds that say whose they are."""
    (picture,) = payloads(key_frame(size=60))
    sounds = (
        Frame(index / SOUNDS_PER_S, is_video=False, payloads=(_NUMBER.pack(number),))
        for index in range(SOUNDS_PER_S)
    )
    return Clip(1.0, (Frame(0.0, is_video=True, payloads=(picture[0],)), *sounds))


class Caller(LoadUser):
    """Somebody who has a number, searches whenever it is left, and begins anew when it has to.

    ``story`` has what happened and when: ``met``, then ``talks``, and ``left``, ``disconnected`` or
    ``anew``.
    """

    def __init__(self, number: int, url: str) -> None:
        super().__init__(url, clip_of(number), Tally())
        self.number = number
        self.story: list[tuple[str, float]] = []
        self.in_two: list[str] = []
        """Rooms of which it was told while it was in another."""
        self.texts: list[str] = []
        self.gap_s = 0.0
        """The longest time without a sound since :meth:`listen`."""
        self._last_s = 0.0
        self._speaker = -1
        self._heard = 0

    @property
    def happened(self) -> list[str]:
        """The story without its times, and without talks."""
        return [what for what, _ in self.story if what != "talks"]

    @property
    def node(self) -> str:
        """Which node it is a user of."""
        assert isinstance(self._client, ResumingClient)
        return (self._client._token or "").partition(".")[0]

    def is_heard_by(self, other: "Caller") -> bool:
        """Whether another hears it, since the two have met."""
        return other._speaker == self.number and other._heard >= _HEARD

    async def say(self, text: str) -> None:
        """Write to the partner."""
        await self._client.send(ChatMessage(text=text))

    def cut(self) -> None:
        """Lose the socket."""
        cut(self._client)

    def listen(self) -> None:
        """Count from now on what is missing."""
        self._streams = (Stream(), Stream())
        self.gap_s, self._last_s = 0.0, time.monotonic()

    @property
    def missing(self) -> int:
        """Packets that the partner has sent, and that have not come."""
        return sum(stream.expected - stream.received for stream in self._streams)

    def when(self, what: str, since_s: float = 0.0) -> float:
        """When something happened first, after another moment."""
        return next(at_s for each, at_s in self.story if each == what and at_s > since_s)

    async def _on_message(self, message: ServerMessage) -> None:
        match message:
            case PartnerFound():
                if self.room_id is not None:
                    self.in_two.append(message.room_id)
                self._note("met")
                self._speaker, self._heard = -1, 0
            case PartnerLeft():
                self._note("left")
            case PartnerDisconnected():
                self._note("disconnected")
            case ChatDelivery():
                self.texts.append(message.text)
        await super()._on_message(message)

    async def _go_elsewhere(self) -> bool:
        if not await super()._go_elsewhere():
            return False
        self._note("anew")
        return True

    def _on_rtp(self, packet: bytes) -> None:
        super()._on_rtp(packet)
        if packet[1] & 0x7F == self._numbering.vp8:
            return
        now_s = time.monotonic()
        self.gap_s, self._last_s = max(self.gap_s, now_s - self._last_s), now_s
        (speaker,) = _NUMBER.unpack(payload_of(packet))
        self._heard = self._heard + 1 if speaker == self._speaker else 1
        self._speaker = speaker
        if self._heard == 1:
            self._note("talks")

    def _note(self, what: str) -> None:
        self.story.append((what, time.monotonic()))


@dataclass(frozen=True, slots=True)
class Call:
    """Two who have met."""

    first: Caller
    second: Caller
    room_id: str

    @property
    def both(self) -> tuple[Caller, Caller]:
        """In the order in which they searched."""
        return self.first, self.second

    def is_whole(self) -> None:
        """Nothing has happened to it, and nothing is missing."""
        for each in self.both:
            found = (each.room_id, each.happened, each.missing)
            assert found == (self.room_id, ["met"], 0), (each.number, each.story)


class Company:
    """All who are there at once; use it as an async context manager.

    :param url_of: where somebody goes, by the node that it goes to first.
    """

    def __init__(self, url_of: Callable[[str], str]) -> None:
        self.callers: list[Caller] = []
        self._url_of = url_of
        self._playing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._playing = asyncio.create_task(self._play(), name="callers")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._playing is not None:
            await end_task(self._playing)
        await asyncio.gather(*(caller.leave() for caller in self.callers))

    async def come(self, *nodes: str) -> list[Caller]:
        """Have people come to these nodes."""
        first = len(self.callers)
        new = [Caller(first + at, self._url_of(node)) for at, node in enumerate(nodes)]
        self.callers += new
        for at in range(0, len(new), AT_ONCE):
            await asyncio.gather(*(caller.join() for caller in new[at : at + AT_ONCE]))
        assert [caller.node for caller in new] == [*nodes]
        return new

    async def call(self, *pairs: str) -> list[Call]:
        """Have pairs meet, each written as two nodes with a space between."""
        people = await self.come(*(node for pair in pairs for node in pair.split()))
        calls = []
        for first, second in zip(people[::2], people[1::2], strict=True):
            for each in (first, second):
                await each.search()
            await self.until(lambda: first.room_id and second.room_id, "call")  # noqa: B023
            assert first.room_id == second.room_id
            calls.append(Call(first, second, first.room_id or ""))
        await self.until(lambda: self.all_talk, "talk")
        for each in people:
            each.listen()
        return calls

    @property
    def rooms(self) -> dict[str, list[Caller]]:
        """Who is in a room, as they have been told."""
        found: dict[str, list[Caller]] = {}
        for caller in self.callers:
            if caller.room_id is not None:
                found.setdefault(caller.room_id, []).append(caller)
        return found

    @property
    def searching(self) -> list[Caller]:
        """Who is in none."""
        return [caller for caller in self.callers if caller.room_id is None]

    @property
    def all_talk(self) -> bool:
        """Whether everybody is with somebody whom it hears."""
        return not self.searching and self.pairs_talk

    @property
    def pairs_talk(self) -> bool:
        """The same of everybody who is with somebody."""
        return all(
            len(room) == 2 and room[0].is_heard_by(room[1]) and room[1].is_heard_by(room[0])
            for room in self.rooms.values()
        )

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        """Look again and again."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"no {what}: {self._described()}")
            await asyncio.sleep(_TICK_S)

    async def go_through(self, callers: list[Caller], *happened: str) -> None:
        """Wait until this has happened to each of them, in this order, and nothing else."""
        await self.until(
            lambda: all(caller.happened == [*happened] for caller in callers),
            f"{happened} of {[caller.number for caller in callers]}",
        )

    def is_sound(self) -> None:
        """Nobody was in two rooms, lost its way, or was refused anything."""
        for caller in self.callers:
            found = (caller.in_two, caller.failure, caller._tally.errors)
            assert found == ([], None, {}), (caller.number, caller.story)

    async def write(self, calls: list[Call], text: str) -> None:
        """Have those in calls write to each other, and wait until all have read it."""
        people = [caller for call in calls for caller in call.both]
        for caller in people:
            await caller.say(f"{text}, {caller.number}")
        for call in calls:
            for reader, writer in (call.both, call.both[::-1]):
                wanted = f"{text}, {writer.number}"
                await self.until(lambda: wanted in reader.texts, "text")  # noqa: B023

    async def _play(self) -> None:
        while True:
            now_s = time.monotonic()
            for caller in self.callers:
                caller.play(now_s)
            await asyncio.sleep(_TICK_S)

    def _described(self) -> str:
        return "; ".join(
            f"{each.number} at {each.node or 'no node'} in {each.room_id}: {each.happened}"
            for each in self.callers
        )


def users_of(node: str, calls: list[Call]) -> list[Caller]:
    """Those in these calls who are at a node."""
    return [caller for call in calls for caller in call.both if caller.node == node]
