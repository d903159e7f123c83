"""Who looked at what is written down, or nobody looks."""

import json
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.errors import AuditFailed, TapsBusy
from relay.taps import audit
from relay.taps.audit import AuditEntry, AuditLog
from relay.taps.uses import MAX_AT_ONCE, Operator, Target, Uses

ENTRY = AuditEntry(
    at="now", event="tap_started", use="1", what="snapshot", token="ab", address="192.0.2.9"
)
OPERATOR = Operator("ann", "ab12", "192.0.2.9", "203.0.113.7", "request-1")
ROOM = Target(("ann", "bob"), room="r1")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_entries_are_lines_that_are_appended(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"of": "another run"}\n')
    log = AuditLog(path)
    await log.append(ENTRY)
    await log.append(ENTRY)
    said = {
        "at": "now",
        "event": "tap_started",
        "use": "1",
        "what": "snapshot",
        "token": "ab",
        "address": "192.0.2.9",
    }
    assert lines(path) == [{"of": "another run"}, said, said]


async def test_nobody_else_may_read_a_new_log(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditLog(path).check()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b""


async def test_an_entry_is_on_the_disk_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    synced: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", synced.append)
        await log.append(ENTRY)
    assert len(synced) == 1
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda _, line: len(line) - 1)
        with pytest.raises(AuditFailed, match="the disk is full"):
            await log.append(ENTRY)


async def test_the_newest_entries_are_read_and_what_is_none_left_out(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    assert await log.last(5) == []
    for use in "123":
        await log.append(ENTRY.model_copy(update={"use": use}))
    path.write_bytes(b"\xff broken\n" + path.read_bytes() + b'{"at": 1}\n{"at":')
    assert [entry.use for entry in await log.last(2)] == ["2", "3"]
    assert len(await log.last(500)) == 3


async def test_only_the_end_of_a_long_log_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    for use in "123":
        await log.append(ENTRY.model_copy(update={"use": use}))
    size = (tmp_path / "audit.jsonl").stat().st_size
    monkeypatch.setattr(audit, "MAX_READ_BYTES", size * 2 // 3 + 2)
    assert [entry.use for entry in await log.last(500)] == ["2", "3"]


async def test_a_log_that_cannot_be_written_or_read_says_so(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    for doing in (log.append(ENTRY), log.last(1)):
        with pytest.raises(AuditFailed, match="is a directory"):
            await doing
    with pytest.raises(AuditFailed, match="no such file"):
        AuditLog(tmp_path / "no" / "audit.jsonl").check()


async def test_a_full_disk_says_so() -> None:
    with pytest.raises(AuditFailed, match="no space left"):
        await AuditLog(Path("/dev/full")).append(ENTRY)


async def test_a_use_has_two_entries(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with capture_logs() as events:
        async with Uses(AuditLog(path)).begin("recording", OPERATOR, ROOM) as use:
            [started] = lines(path)
            use.why, use.bytes, use.packets_dropped = "time_over", 1000, 3
    [first, ended] = lines(path)
    assert first == started
    assert (first["event"], first["what"], first["room"]) == ("tap_started", "recording", "r1")
    assert (first["users"], first["token"], first["address"]) == ("ann bob", "ab12", "192.0.2.9")
    assert (first["forwardedFor"], first["request"]) == ("203.0.113.7", "request-1")
    assert (ended["event"], ended["use"]) == ("tap_ended", first["use"])
    assert (ended["why"], ended["bytes"], ended["packetsDropped"]) == ("time_over", 1000, 3)
    assert isinstance(ended["durationS"], float)
    assert [event["event"] for event in events] == ["tap_started", "tap_ended"]


async def test_a_use_that_crashes_is_entered_as_failed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with pytest.raises(RuntimeError):
        async with Uses(AuditLog(path)).begin("snapshot", OPERATOR, ROOM):
            raise RuntimeError
    assert lines(path)[1]["why"] == "failed"


async def test_nobody_looks_when_it_cannot_be_written_down(tmp_path: Path) -> None:
    uses = Uses(AuditLog(tmp_path))
    for _ in range(2 * MAX_AT_ONCE["snapshot"]):  # and no slot is lost
        with pytest.raises(AuditFailed):
            async with uses.begin("snapshot", OPERATOR, ROOM):
                raise AssertionError("it has begun")


async def test_an_end_that_cannot_be_written_down_is_logged(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with capture_logs() as events:
        async with Uses(AuditLog(path)).begin("snapshot", OPERATOR, ROOM):
            path.unlink()
            path.mkdir()
    assert events[-1]["event"] == "audit_failed"


async def test_only_so_many_look_at_once(tmp_path: Path) -> None:
    uses = Uses(AuditLog(tmp_path / "audit.jsonl"))
    async with (
        uses.begin("snapshot", OPERATOR, ROOM),
        uses.begin("snapshot", OPERATOR, ROOM),
        uses.begin("capture", OPERATOR, ROOM),
    ):
        with pytest.raises(TapsBusy, match="2 of this"):
            async with uses.begin("snapshot", OPERATOR, ROOM):
                pass
    async with uses.begin("snapshot", OPERATOR, ROOM):
        pass


async def test_captures_with_and_without_payload_share_their_places(tmp_path: Path) -> None:
    uses = Uses(AuditLog(tmp_path / "audit.jsonl"))
    uses._in_use["capture"] = MAX_AT_ONCE["capture"]
    with pytest.raises(TapsBusy):
        async with uses.begin("capture_with_payload", OPERATOR, ROOM):
            pass
