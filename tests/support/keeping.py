"""A server with reports in a real database, or in memory, where a test can look into it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from relay import app, stored
from relay.config import Settings
from relay.records import Decision, Evidence, Records, Report
from tests.support.memory_records import MemoryRecords
from tests.support.operating import OperatedServer, operating


class KeepingRecords(MemoryRecords):
    """Implements :class:`relay.records.Records`."""

    def __init__(self) -> None:
        super().__init__()
        self.all_evidence: dict[str, Evidence] = {}

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        number = len(self.all_evidence) + 1
        digest = hashlib.sha256(f"{number} {evidence.id}".encode()).hexdigest()
        added = replace(evidence, number=number, digest=digest)
        self.all_evidence[evidence.id] = added
        return added

    async def evidence(self, evidence_id: str) -> Evidence | None:
        return self.all_evidence.get(evidence_id)

    async def evidence_of(self, report_id: str) -> list[Evidence]:
        found = [each for each in self.all_evidence.values() if each.report_id == report_id]
        return [replace(each, sealed=None) for each in found]

    async def chain(self, after: int, limit: int) -> list[Evidence]:
        return [each for each in self.all_evidence.values() if each.number > after][:limit]

    async def hold_evidence(self, evidence_id: str, by: str, decision: Decision) -> bool:
        if evidence_id not in self.all_evidence:
            return False
        self.all_evidence[evidence_id] = replace(self.all_evidence[evidence_id], held_by=by)
        self.all_decisions.append(decision)
        return True


@asynccontextmanager
async def keeping(
    *reports: Report, **changed: Any
) -> AsyncIterator[tuple[OperatedServer, KeepingRecords]]:
    """Records in memory."""
    records = KeepingRecords()
    for each in reports:
        await records.add_report(each)

    @asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[Records]:
        yield records

    with patch.object(app, "opened", opened):
        async with operating(**changed) as server:
            yield server, records


@asynccontextmanager
async def storing(
    *reports: Report, **changed: Any
) -> AsyncIterator[tuple[OperatedServer, Records]]:
    """A real database."""
    found: list[Records] = []

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Records]:
        async with stored.opened(settings) as records:
            for each in reports:
                await records.add_report(each)
            found.append(records)
            yield records

    with patch.object(app, "opened", opened):
        async with operating(**changed) as server:
            yield server, found[0]
