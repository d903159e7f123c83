"""Files and folders that may be another user's."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from relay.config import Settings
from relay.doctor import report, storage, workers
from relay.doctor.findings import Finding, Grade
from relay.doctor.places import can_be_made, is_there, nearest


def test_what_could_be_made(tmp_path: Path) -> None:
    assert can_be_made(tmp_path / "a" / "b")
    assert nearest(tmp_path / "a" / "b") == tmp_path
    (tmp_path / "file").touch()
    assert not can_be_made(tmp_path / "file" / "b")


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of another user's, with mode 0700: whatever is in it is refused."""
    folder = tmp_path / "closed"
    folder.mkdir()
    real_access, real_stat, real_open = os.access, Path.stat, Path.open

    def is_closed(path: object) -> bool:
        return str(path).startswith(f"{folder}/")

    def access(path: object, mode: int) -> bool:
        if is_closed(path) or (str(path) == str(folder) and mode != os.F_OK):
            return False
        return real_access(str(path), mode)

    def refuse(path: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        return refuse(path) if is_closed(path) else real_stat(path, follow_symlinks=follow_symlinks)

    def opened(path: Path, *args: object, **more: object) -> object:
        return refuse(path) if is_closed(path) else real_open(path, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "access", access)
    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(Path, "open", opened)
    return folder


def test_what_is_in_a_folder_of_another_user_s_is_not_to_be_seen(closed: Path) -> None:
    assert not is_there(closed / "a")
    assert nearest(closed / "a" / "b") == closed
    assert not can_be_made(closed / "a")


@pytest.mark.parametrize("below", ["", "sub"])
def test_the_doctor_says_so_of_each_setting_that_leads_there(closed: Path, below: str) -> None:
    place = closed / below
    settings = Settings(
        data_dir=place,
        runtime_dir=closed / "run",
        allow_taps=True,
        audit_log=closed / "audit.jsonl",
        log_file=closed / "relay.log",
        welcome_file=closed / "rules.txt",
    )
    found: list[Finding] = [
        *storage.check(settings, {}),
        *workers.check(settings, {}),
        *report._files(settings),
    ]
    grades = {each.subject: each.grade for each in found}
    for subject in (
        "data folder",
        "database",
        "runtime folder",
        "audit log",
        "log file",
        "welcome",
    ):
        assert grades[subject] is Grade.BAD, subject
