"""What is new is kept in memory while the database is away, as far as there is room."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from relay.errors import RecordsAway
from relay.records import Evidence
from relay.records.ledger import RETRY_S, Ledger, New
from tests.support.records import block, evidence, report


class Fickle:
    """Takes what is added, when it is there."""

    def __init__(self) -> None:
        self.is_away = False
        self.poisonous: object = None
        self.added: list[object] = []

    async def write(self, new: New) -> Evidence | None:
        await asyncio.sleep(0)
        if self.is_away:
            raise RecordsAway("the disk is full")
        if new is self.poisonous:
            raise ValueError("what nobody has thought of")
        self.added.append(new)
        return replace(new, number=7) if isinstance(new, Evidence) else None


class Naps:
    """Sleeps until it is woken."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._wakes: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._wakes.get()

    async def wake(self) -> None:
        """Have the next try made, and let it come to an end."""
        self._wakes.put_nowait(None)
        for _ in range(20):
            await asyncio.sleep(0)


def ledger_of(records: Fickle, naps: Naps, **bounds: int) -> Ledger:
    return Ledger(records.write, sleep=naps.sleep, **bounds)


async def is_added(ledger: Ledger, new: New) -> bool:
    try:
        await ledger.add(new)
    except RecordsAway:
        return False
    return True


async def test_while_the_database_is_there_all_goes_through() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps)
    ledger.start()
    new = report(), block(), evidence(report())
    with capture_logs() as logs:
        assert await is_added(ledger, new[0])
        assert await is_added(ledger, new[1])
        assert await ledger.add(new[2]) == replace(new[2], number=7)
        await ledger.close()
    assert records.added == list(new)
    assert (ledger.waiting, ledger.lost, logs, naps.asked) == (0, 0, [], [])


async def test_what_comes_while_it_is_away_is_written_down_later_in_order() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps)
    ledger.start()
    new = report(), block(), evidence(report())
    records.is_away = True
    with capture_logs() as logs:
        assert not await is_added(ledger, new[0])
        assert not await is_added(ledger, new[1])
        assert not await is_added(ledger, new[2])
        assert ledger.waiting == 3
        for _ in range(2):
            await naps.wake()
        assert naps.asked == [RETRY_S] * 3
        records.is_away = False
        await naps.wake()
        assert records.added == list(new)
        assert await is_added(ledger, last := report())
    assert records.added[-1] is last
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("records_away", "error"),
        ("records_back", "info"),
    ]
    assert logs[0]["reason"] == "the disk is full"
    assert (logs[1]["written"], logs[1]["lost"], ledger.waiting) == (3, 0, 0)
    await ledger.close()


async def test_when_there_is_no_room_the_oldest_are_kept() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps, max_waiting=2)
    ledger.start()
    records.is_away = True
    first, second, third = report(), report(), report()
    for each in (first, second, third):
        assert not await is_added(ledger, each)
    assert (ledger.waiting, ledger.lost) == (2, 1)
    records.is_away = False
    await naps.wake()
    assert records.added == [first, second]
    await ledger.close()


async def test_evidence_is_bounded_in_bytes() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps, max_waiting_bytes=10)
    ledger.start()
    records.is_away = True
    first, second, small = (evidence(report(), bytes(size)) for size in (8, 3, 2))
    for each in (first, second, small):
        assert not await is_added(ledger, each)
    assert not await is_added(ledger, one := report())
    assert (ledger.waiting, ledger.lost) == (3, 1)
    records.is_away = False
    await naps.wake()
    assert records.added == [first, small, one]
    records.is_away = True
    assert not await is_added(ledger, second)
    assert (ledger.waiting, ledger.lost) == (1, 1), "its room is free again"
    records.is_away = False
    await ledger.close()


async def test_at_the_end_there_is_a_last_try() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps)
    ledger.start()
    records.is_away = True
    await is_added(ledger, one := report())
    records.is_away = False
    await ledger.close()
    assert (records.added, ledger.lost) == ([one], 0)


async def test_what_is_lost_at_the_end_is_logged() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps)
    ledger.start()
    records.is_away = True
    await is_added(ledger, report())
    with capture_logs() as logs:
        await ledger.close()
    assert logs == [{"event": "records_lost", "count": 1, "log_level": "error"}]
    assert ledger.lost == 1


async def test_one_that_cannot_be_written_does_not_keep_the_others_from_it() -> None:
    records, naps = Fickle(), Naps()
    ledger = ledger_of(records, naps)
    ledger.start()
    records.is_away = True
    for each in (poisonous := report(), good := report()):
        await is_added(ledger, each)
    records.is_away, records.poisonous = False, poisonous
    with capture_logs() as logs:
        await naps.wake()
    assert records.added == [good]
    assert [each["event"] for each in logs] == ["record_failed", "records_back"]
    assert ledger.lost == 1
    with pytest.raises(ValueError, match="nobody"):
        await ledger.add(poisonous)
    await ledger.close()
