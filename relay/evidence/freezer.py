"""A report freezes what there is of both: their last pictures and the chat, sealed and stored.

Nothing of it waits for the call, and no call for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from types import MappingProxyType
from typing import Protocol

import structlog

from relay.errors import EvidenceError, RecordsAway
from relay.evidence.chat import Line
from relay.evidence.package import Package, Said, Shot, Side
from relay.evidence.seal import PublicKey
from relay.evidence.webp import to_webp
from relay.plane import Direction, Kept
from relay.records import Evidence, Party, Report

MAX_AT_ONCE = 32
"""Reports whose evidence is frozen at once: each holds at most half a megabyte."""

LOOKS_S = 0.5, 1.0, 2.0
"""After a report, when it is looked for another key frame of each, which is asked for at once."""

GLANCES_S = 0.05, 0.1, 0.15, 0.2, 0.3, 0.4
"""When it is looked for one of the reported user's while the two are still together."""

_DAY_S = 86_400.0

log = structlog.get_logger(__name__)


class Plane(Protocol):
    """What is needed of the media plane (:class:`relay.plane.MediaPlane`)."""

    async def kept(
        self, user_id: str, partner_id: str | None = None, within_s: float | None = None
    ) -> Kept | None:
        """See :class:`relay.plane.Keeping`."""

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """See :class:`relay.plane.Taps`."""


class Store(Protocol):
    """What is needed of the records (:class:`relay.records.lasting.Lasting`)."""

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        """See :class:`relay.records.Records`; while the database is away, it waits for that."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture, and when it came."""

    at: float
    kept: Kept
    in_room: bool


Glimpse = Mapping[str, tuple[_Seen, ...]]
"""Pictures of users, by their ids."""


class Freezer:
    """Freezes; one for a server. Use: :meth:`freeze` any time, then :meth:`close`."""

    def __init__(
        self,
        plane: Plane,
        store: Store,
        key: PublicKey,
        days: float,
        *,
        looks_s: Sequence[float] = LOOKS_S,
        glances_s: Sequence[float] = GLANCES_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Be ready.

        :param key: to seal with.
        :param days: how long evidence is kept, unless it is held.
        :param looks_s: when it is looked for a later picture of each.
        :param glances_s: when for one while the two are still together.
        :param clock: seconds since 1970.
        """
        self.tally: Counter[str] = Counter(stored=0, waiting=0, nothing=0, busy=0, failed=0)
        """Reports, by what has become of their evidence; ``waiting`` for the database."""
        self._plane, self._store, self._key = plane, store, key
        self._days, self._looks_s, self._clock = days, looks_s, clock
        self._glances_s, self._glancing = glances_s, 0
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def glance(self, reporter_id: str, reported_id: str) -> Glimpse:
        """Have both show how they look right now, while they are together: a picture each.

        Nobody shows anything any more who has been left. It takes 0.4 s at most, and less as soon
        as the reported one's picture has come.

        :returns: what they had shown before; what they show now is kept, to be found later.
        """
        if self._glancing >= MAX_AT_ONCE:
            return {}
        self._glancing += 1
        try:
            return await self._glance(reporter_id, reported_id)
        except Exception:
            log.exception("evidence_failed", report=None)
            return {}
        finally:
            self._glancing -= 1

    async def _glance(self, reporter_id: str, reported_id: str) -> Glimpse:
        both = (reported_id, reporter_id), (reporter_id, reported_id)
        seen = await asyncio.gather(*(self._look(user, other, other) for user, other in both))
        began_at, waited_s = self._clock(), 0.0
        for user_id, _ in both:
            self._plane.request_keyframe(user_id, Direction.UP)
        for glance_s in self._glances_s:
            await self._wait(glance_s - waited_s)
            waited_s = glance_s
            age_s = self._clock() - began_at
            if await self._plane.kept(reported_id, reporter_id, age_s) is not None:
                break
        return {
            user: () if one is None else (one,) for (user, _), one in zip(both, seen, strict=True)
        }

    def freeze(
        self,
        report: Report,
        reporter_id: str,
        reported_id: str,
        chat: Iterable[Line] = (),
        glimpse: Glimpse = MappingProxyType({}),
    ) -> None:
        """Begin; returns at once. Their room may have ended up to a minute ago.

        :param reporter_id: the user's, and ``reported_id`` that of the other one.
        :param chat: the room's last lines.
        :param glimpse: what :meth:`glance` has returned, if the two were together.
        """
        if len(self._tasks) >= MAX_AT_ONCE:
            self.tally["busy"] += 1
            log.warning("evidence_not_kept", report=report.id, reason="busy")
            return
        work = self._freeze(report, reporter_id, reported_id, tuple(chat), glimpse)
        task = asyncio.create_task(work, name=f"freeze {report.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Store what there is; nothing is waited for any longer."""
        self._closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _freeze(
        self,
        report: Report,
        reporter_id: str,
        reported_id: str,
        chat: tuple[Line, ...],
        glimpse: Glimpse,
    ) -> None:
        try:
            sides = [(reported_id, reporter_id), (reporter_id, reported_id)]
            if report.source == "classifier":
                del sides[1:]  # the other one has reported nothing
            later = await asyncio.gather(*(self._pictures(*each) for each in sides))
            shown = {
                user: _different([*glimpse.get(user, ()), *seen])
                for (user, _), seen in zip(sides, later, strict=True)
            }
            of_reporter = shown.get(reporter_id, [])
            said = _said(chat, reporter_id)
            package = _package(report, of_reporter, shown[reported_id], said)
            if package.is_empty:
                self.tally["nothing"] += 1
                log.info("evidence_not_kept", report=report.id, reason="nothing")
                return
            sealed = await asyncio.to_thread(_sealed, package, self._key)
            keep_until = report.at + self._days * _DAY_S
            evidence = Evidence(token_hex(8), report.id, report.at, sealed, keep_until)
            self.tally[await self._add(evidence)] += 1
            log.info("evidence_kept", report=report.id, evidence=evidence.id, bytes=len(sealed))
        except Exception:
            self.tally["failed"] += 1
            log.exception("evidence_failed", report=report.id)

    async def _add(self, evidence: Evidence) -> str:
        """Store it; what cannot be at present waits there."""
        try:
            await self._store.add_evidence(evidence)
        except RecordsAway:
            return "waiting"
        return "stored"

    async def _pictures(self, user_id: str, other_id: str) -> list[_Seen]:
        """The user's last picture in the room, and the next one, wherever that goes."""
        began_at = self._clock()
        self._plane.request_keyframe(user_id, Direction.UP)
        first = await self._look(user_id, other_id, other_id)
        later, waited_s = None, 0.0
        for look_s in self._looks_s:
            await self._wait(look_s - waited_s)
            waited_s = look_s
            later = await self._look(user_id, None, other_id)
            if later is not None and later.at >= began_at and not _is_same(first, later):
                break
        found = (first, None if _is_same(first, later) else later)
        return [each for each in found if each is not None]

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _look(self, user_id: str, partner_id: str | None, other_id: str) -> _Seen | None:
        kept = await self._plane.kept(user_id, partner_id)
        if kept is None:
            return None
        return _Seen(self._clock() - kept.age_s, kept, kept.partner_id == other_id)


def _different(seen: Iterable[_Seen]) -> list[_Seen]:
    """Each picture once, in the order in which they came."""
    return sorted({each.kept.frame: each for each in seen}.values(), key=lambda each: each.at)


def _is_same(first: _Seen | None, later: _Seen | None) -> bool:
    """Whether there is nothing new."""
    return first is not None and later is not None and first.kept.frame == later.kept.frame


def _package(
    report: Report, reporter: list[_Seen], reported: list[_Seen], chat: tuple[Said, ...]
) -> Package:
    return Package(
        report_id=report.id,
        room_id=report.room_id,
        at=report.at,
        reason=report.reason.value,
        words=report.words,
        reporter=_side(report.reporter, reporter),
        reported=_side(report.reported, reported),
        chat=chat,
    )


def _side(party: Party, seen: list[_Seen]) -> Side:
    shots = tuple(shot for each in seen if (shot := _shot(each)) is not None)
    return Side(visitor=party.visitor, address=party.address, pictures=shots)


def _shot(seen: _Seen) -> Shot | None:
    """A picture; None when it is none that can be shown."""
    try:
        webp = to_webp(seen.kept.frame)
    except EvidenceError:
        return None
    return Shot(
        at=seen.at,
        width=seen.kept.width,
        height=seen.kept.height,
        in_room=seen.in_room,
        webp=webp,
    )


def _said(chat: tuple[Line, ...], reporter_id: str) -> tuple[Said, ...]:
    return tuple(
        Said(
            at=line.at, by="reporter" if line.user_id == reporter_id else "reported", text=line.text
        )
        for line in chat
    )


def _sealed(package: Package, key: PublicKey) -> bytes:
    return key.seal(package.written())
