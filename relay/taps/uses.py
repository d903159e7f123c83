"""Taps in use: how many there may be at once, and that each is written down before it begins."""

import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import structlog

from relay.errors import AuditFailed, TapsBusy
from relay.taps.audit import AuditEntry, AuditLog

What = Literal["snapshot", "recording", "capture", "capture_with_payload"]

MAX_AT_ONCE: dict[str, int] = {"snapshot": 2, "recording": 4, "capture": 4}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Operator:
    """Who looks."""

    name: str
    token: str
    """Which token was shown, in a way that does not tell it."""
    address: str | None
    forwarded_for: str | None = None
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What is looked at."""

    users: tuple[str, ...]
    room: str | None = None
    link: str | None = None
    track: str | None = None


@dataclass(slots=True)
class Use:
    """One use, as it turned out."""

    why: str = "failed"
    """What has ended it."""
    bytes: int = 0
    packets_dropped: int = 0


class Uses:
    """Lets operators look, so many at once, and writes it down."""

    def __init__(self, log: AuditLog) -> None:
        self._audit = log
        self._in_use: Counter[str] = Counter()

    @asynccontextmanager
    async def begin(self, what: What, operator: Operator, target: Target) -> AsyncIterator[Use]:
        """One use, from its entry in the audit log to the one that says how it ended.

        :raises TapsBusy: when there are as many of its sort as may be.
        :raises AuditFailed: when the first entry cannot be written; then nobody looks.
        """
        sort = what.partition("_")[0]
        if self._in_use[sort] >= MAX_AT_ONCE[sort]:
            raise TapsBusy(f"{MAX_AT_ONCE[sort]} of this are under way already")
        self._in_use[sort] += 1
        try:
            started = _started(what, operator, target)
            await self._audit.append(started)
            _log.info("tap_started", what=what, use=started.use, room=target.room)
            began_at, use = time.monotonic(), Use()
            try:
                yield use
            finally:
                await self._end(started, use, time.monotonic() - began_at)
        finally:
            self._in_use[sort] -= 1

    async def _end(self, started: AuditEntry, use: Use, seconds: float) -> None:
        entry = started.model_copy(
            update={
                "at": _now(),
                "event": "tap_ended",
                "duration_s": round(seconds, 2),
                "why": use.why,
                "bytes": use.bytes,
                "packets_dropped": use.packets_dropped,
            }
        )
        _log.info(
            "tap_ended",
            what=entry.what,
            use=entry.use,
            room=entry.room,
            why=use.why,
            seconds=entry.duration_s,
            packets_dropped=use.packets_dropped,
        )
        try:
            await self._audit.append(entry)
        except AuditFailed as error:
            _log.error("audit_failed", use=entry.use, reason=str(error))


def _started(what: What, operator: Operator, target: Target) -> AuditEntry:
    return AuditEntry(
        at=_now(),
        event="tap_started",
        use=secrets.token_hex(4),
        what=what,
        room=target.room,
        users=" ".join(target.users),
        link=target.link,
        track=target.track,
        operator=operator.name,
        token=operator.token,
        address=operator.address,
        forwarded_for=operator.forwarded_for,
        request=operator.request,
    )


def viewed(operator: Operator, report: str, evidence: str) -> AuditEntry:
    """The entry of somebody who looks at evidence."""
    return AuditEntry(
        at=_now(),
        event="evidence_viewed",
        use=secrets.token_hex(4),
        what="evidence",
        report=report,
        evidence=evidence,
        operator=operator.name,
        token=operator.token,
        address=operator.address,
        forwarded_for=operator.forwarded_for,
        request=operator.request,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
