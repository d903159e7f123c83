"""The audit log: who has looked at what, and for how long. Lines of JSON, only ever appended."""

import asyncio
import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from relay.errors import AuditFailed, reason_of

MAX_READ_BYTES = 1 << 20
"""How much of the end of the file is read to show the last entries."""


class AuditEntry(BaseModel):
    """One line: evidence was viewed, or a tap has started or ended, both with the same ``use``."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    at: str = Field(description="When this was, UTC, RFC 3339.")
    event: Literal["tap_started", "tap_ended", "evidence_viewed"]
    use: str = Field(description="An id: the same at the start and the end of one use.")
    what: Literal["snapshot", "recording", "capture", "capture_with_payload", "evidence"]
    room: str | None = None
    users: str | None = Field(None, description="Those who were looked at.")
    link: str | None = None
    track: str | None = None
    report: str | None = Field(None, description="For which the evidence was kept.")
    evidence: str | None = None
    operator: str | None = Field(None, description="The name of who looked.")
    token: str = Field(description="Which token was shown: the beginning of its SHA-256.")
    address: str | None = Field(description="Where the request came from: of a proxy, if any.")
    forwarded_for: str | None = Field(
        None, description="Whom a proxy named; not to be trusted without one."
    )
    request: str | None = Field(None, description="The request's id, as in the log.")
    duration_s: float | None = Field(None, description="At the end: how long it was.")
    why: str | None = Field(None, description="At the end: what has ended it.")
    bytes: int | None = Field(None, description="At the end: how much was handed out.")
    packets_dropped: int | None = Field(
        None, description="At the end: packets that came faster than they were taken."
    )


class AuditLog:
    """Appends to one file, which nobody but the server's user may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self) -> None:
        """Make sure that the file can be written; creates it.

        :raises AuditFailed: when it cannot.
        """
        self._append(b"")

    async def append(self, entry: AuditEntry) -> None:
        """Write an entry, and wait until it is on the disk.

        :raises AuditFailed: when that is not possible.
        """
        line = json.dumps(entry.model_dump(exclude_none=True), ensure_ascii=False)
        await asyncio.to_thread(self._append, line.encode() + b"\n")

    async def last(self, count: int) -> list[AuditEntry]:
        """The newest entries, the oldest of them first; lines that are none are left out.

        :raises AuditFailed: when the file is there and cannot be read.
        """
        return await asyncio.to_thread(self._last, count)

    def _append(self, line: bytes) -> None:
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                if line and os.write(file, line) != len(line):
                    raise AuditFailed("the disk is full")
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise AuditFailed(reason_of(error)) from error

    def _last(self, count: int) -> list[AuditEntry]:
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - MAX_READ_BYTES, 0))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AuditFailed(reason_of(error)) from error
        entries = (_entry(line) for line in lines)
        return [entry for entry in entries if entry is not None][-count:]


def _entry(line: bytes) -> AuditEntry | None:
    try:
        return AuditEntry.model_validate_json(line)
    except ValidationError:
        return None
