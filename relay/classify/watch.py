"""Goes round all who have a partner: a key frame of each, now and then, is given a score.

A high score has the partner's page blur the picture, and becomes a case for the operators. Whom it
is about is told nothing, and nothing else happens by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from relay.classify.seats import Seat, Seats
from relay.classify.wire import MAX_PIXELS
from relay.errors import ClassifierFailed, EvidenceError
from relay.evidence.webp import size_of, to_webp
from relay.plane import Direction, Kept
from relay.records import Report
from relay.safety import Identity, Looks
from relay.signaling import UserView

AT_ONCE = 128
"""Looks that are under way: they wait for a key frame, or for their turn at the program. Who shows
nothing takes up one for all of the time that is waited; one has at most 128 kB."""
WAITS_S = 0.25, 0.5, 1.0
"""After a key frame was asked for, when it is looked whether it has come."""
CASE_EVERY_S = 600.0
"""One user gives rise to one case in so long, though each of its partners is told."""

log = structlog.get_logger(__name__)


class Plane(Protocol):
    """What is needed of the media plane (:class:`relay.plane.MediaPlane`)."""

    def keep(self, *, on: bool) -> None:
        """See :class:`relay.plane.Keeping`."""

    async def kept(self, user_id: str, partner_id: str | None = None) -> Kept | None:
        """See :class:`relay.plane.Keeping`."""

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """See :class:`relay.plane.Taps`."""


class People(Protocol):
    """What is needed of the gateway (:class:`relay.signaling.Gateway`)."""

    def users(self) -> Sequence[UserView]:
        """Everybody who is here."""

    def suspect(self, user_id: str, room_id: str, score: float) -> Identity | None:
        """Have a user's partner blur it, if they are still in that room.

        :returns: who the user is; None when it is gone.
        """


class Cases(Protocol):
    """What is needed of :class:`relay.safety.Safety`."""

    async def suspect(self, reported: Identity, room_id: str, score: float) -> Report:
        """Have operators decide."""


class Freezes(Protocol):
    """What is needed of :class:`relay.evidence.Freezer`."""

    def freeze(self, report: Report, reporter_id: str, reported_id: str) -> None:
        """Begin to store what operators need to see of it."""


class Scores(Protocol):
    """What is needed of :class:`relay.classify.program.Program`."""

    @property
    def is_ready(self) -> bool:
        """Whether it may be asked."""

    async def score(self, webp: bytes) -> float | None:
        """See there."""

    async def close(self) -> None:
        """End it."""


class Watch:
    """Looks at everybody. Use: :meth:`start`, and :meth:`close` at the end.

    :param every_s: how often each user is looked at.
    :param threshold: from which score on a picture is suspect, 0 to 1.
    :param freezer: stores pictures of what becomes a case, if evidence is kept.
    :param looks: where it is counted.
    :param waits_s: after a key frame was asked for, when it is looked whether it has come.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        plane: Plane,
        people: People,
        cases: Cases,
        program: Scores,
        *,
        every_s: float,
        threshold: float,
        freezer: Freezes | None = None,
        looks: Looks | None = None,
        waits_s: Sequence[float] = WAITS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.looks = looks or Looks()
        self._plane, self._people, self._cases = plane, people, cases
        self._program, self._freezer = program, freezer
        self._every_s, self._threshold = every_s, threshold
        self._waits_s, self._clock = tuple(waits_s), clock
        self._seats = Seats()
        self._cases_at: dict[str, float] = {}
        """By user: when it last gave rise to a case, for as long as that matters."""
        self._room = asyncio.Semaphore(AT_ONCE)
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to look."""
        self._plane.keep(on=True)
        self._spawn(self._walk(), "classify")

    async def close(self) -> None:
        """Look no more, and end the program."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._program.close()

    async def _walk(self) -> None:
        while True:
            began_at = self._clock()
            try:
                await self._go_round(began_at)
            except Exception:
                log.exception("classify_failed")
            await self._sleep_until(began_at + self._every_s)

    async def _go_round(self, began_at: float) -> None:
        """Begin a look at each, evenly spread; who is not reached is the first in the next round.

        :param began_at: on the clock, now.
        """
        seats = self._seats.in_turn(self._people.users())
        self._cases_at = {
            user: at for user, at in self._cases_at.items() if began_at - at < CASE_EVERY_S
        }
        for number, seat in enumerate(seats):
            await self._sleep_until(began_at + self._every_s * number / len(seats))
            if not self._program.is_ready or not await self._has_room(began_at + self._every_s):
                self.looks.skipped += 1
            else:
                seat.looked_at, seat.is_busy = self._clock(), True
                self._spawn(self._look(seat), f"look at {seat.user_id}")

    async def _has_room(self, until: float) -> bool:
        """Take room for a look, waiting for it until then at most; whether there is any."""
        try:
            async with asyncio.timeout(max(0.0, until - self._clock())):
                await self._room.acquire()
        except TimeoutError:
            return False
        return True

    async def _look(self, seat: Seat) -> None:
        """One look; another one follows at once when there is something to see."""
        try:
            while (score := await self._score(seat)) is not None:
                is_suspect = seat.judge(score, self._threshold)
                self.looks.verdicts["high" if seat.high else "clear"] += 1
                if is_suspect:
                    await self._tell(seat, score)
                if is_suspect or not seat.high:
                    break
        except Exception:
            log.exception("classify_failed", user=seat.user_id)
        finally:
            seat.is_busy = False
            self._room.release()

    async def _score(self, seat: Seat) -> float | None:
        """That of the user's picture; None where there is none, or it cannot be had."""
        kept = await self._picture(seat)
        webp = None if kept is None else webp_of(kept.frame)
        score = None
        if webp is not None:
            try:
                async with self._turn:
                    began_at = self._clock()
                    score = await self._program.score(webp)
                    self.looks.took.observe(self._clock() - began_at)
            except ClassifierFailed:  # which has been logged
                self.looks.verdicts["failed"] += 1
                return None
        if score is None:
            self.looks.verdicts["no_picture"] += 1
        return score

    async def _picture(self, seat: Seat) -> Kept | None:
        """A picture that has not been judged yet, and came lately."""
        kept = await self._news(seat)
        if kept is None:
            self._plane.request_keyframe(seat.user_id, Direction.UP)
        for wait_s in self._waits_s:
            if kept is not None:
                break
            await asyncio.sleep(wait_s)
            kept = await self._news(seat)
        return kept

    async def _news(self, seat: Seat) -> Kept | None:
        kept = await self._plane.kept(seat.user_id, seat.partner_id)
        if kept is None or kept.age_s > self._every_s:
            return None
        came_at = self._clock() - kept.age_s
        if not seat.is_news(came_at):
            return None
        seat.picture_at = came_at
        return kept

    async def _tell(self, seat: Seat, score: float) -> None:
        identity = self._people.suspect(seat.user_id, seat.room_id, score)
        log.info("picture_suspected", user=seat.user_id, room=seat.room_id, score=round(score, 3))
        if identity is not None and seat.user_id not in self._cases_at:
            self._cases_at[seat.user_id] = self._clock()
            report = await self._cases.suspect(identity, seat.room_id, score)
            if self._freezer is not None:
                self._freezer.freeze(report, seat.partner_id, seat.user_id)

    async def _sleep_until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self._clock()))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def webp_of(frame: bytes) -> bytes | None:
    """The picture that a key frame is; None when it is none, or too large to be looked at."""
    try:
        width, height = size_of(frame)
        return to_webp(frame) if width * height <= MAX_PIXELS else None
    except EvidenceError:
        return None
