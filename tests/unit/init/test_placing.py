"""Files are written without losing what somebody has changed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest

from relay.errors import ConfigError
from relay.init.placing import Outcome, place


def test_what_is_not_there_is_written_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "relay.env"
    assert place(path, "A=1\n", 0o600, force=False) is Outcome.NEW
    assert path.read_text() == "A=1\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["relay.env"]


def test_what_is_the_same_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text("port = 1\n")
    before = path.stat()
    assert place(path, "port = 1\n", 0o644, force=True) is Outcome.UNCHANGED
    assert path.stat().st_ino == before.st_ino


def test_what_somebody_has_changed_stays_and_the_new_one_is_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "relay.env"
    path.write_text("A=mine\n")
    assert place(path, "A=1\n", 0o600, force=False) is Outcome.KEPT
    assert path.read_text() == "A=mine\n"
    new = tmp_path / "relay.env.new"
    assert new.read_text() == "A=1\n"
    assert new.stat().st_mode & 0o777 == 0o600


def test_by_force_it_gives_way_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text("port = 1\n")
    assert place(path, "port = 2\n", 0o644, force=False) is Outcome.KEPT
    assert place(path, "port = 2\n", 0o644, force=True) is Outcome.REPLACED
    assert not (tmp_path / "relay.toml.new").exists(), "it is what is in force"
    assert path.read_text() == "port = 2\n"
    assert (tmp_path / "relay.toml.old").read_text() == "port = 1\n"


def test_a_full_disk_is_told_and_nothing_half_written_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "relay.toml"
    path.write_text("port = 1\n")

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(ConfigError, match=r"^--folder: .* cannot be written: no space left"):
        place(path, "port = 2\n", 0o644, force=True)
    assert path.read_text() == "port = 1\n"
    assert [each.name for each in tmp_path.iterdir()] == ["relay.toml"]


def test_who_may_not_write_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(ConfigError, match=r"permission denied; run it as root, or give --folder$"):
        place(tmp_path / "relay.toml", "", 0o644, force=False)


def test_what_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no text"):
        place(path, "", 0o644, force=True)
