"""A database that is away for a while, and what was added meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from relay.errors import RecordsAway
from relay.records.chain import broken_at
from relay.records.lasting import Lasting
from tests.support.records import block, evidence, report


async def test_what_is_added_while_it_is_away_is_there_later(tmp_path: Path) -> None:
    woken: asyncio.Queue[None] = asyncio.Queue()
    path = tmp_path / "relay.sqlite3"

    async def sleep(_: float) -> None:
        await woken.get()

    records = Lasting(path, sleep=sleep)
    await records.open()
    await records.add_report(first := report())
    placed = await records.add_evidence(evidence(first))
    assert placed.number == 1
    path.rename(tmp_path / "away")
    with pytest.raises(RecordsAway):
        await records.add_report(second := report())
    with pytest.raises(RecordsAway):
        await records.add_block(blocked := block())
    with pytest.raises(RecordsAway):
        await records.add_evidence(evidence(second))
    assert (records.unwritten, records.lost) == (3, 0)
    (tmp_path / "away").rename(path)
    woken.put_nowait(None)
    async with asyncio.timeout(10):
        while records.ledger.waiting:  # noqa: ASYNC110 - it has nobody to tell
            await asyncio.sleep(0.01)
    assert await records.report(second.id) == second
    assert await records.blocks(blocked.by) == [blocked]
    chain = await records.chain(0, 10)
    assert [each.report_id for each in chain] == [first.id, second.id]
    assert broken_at(chain) is None
    await records.close()
