"""The file of keys: made once, replaced whole, never made anew in silence."""

import os
from pathlib import Path

import pytest

from relay.errors import ConfigError
from relay.safety.keyfile import RETRY_S, Keyring
from relay.safety.keys import ROTATE_S, decode

NOW = 1_764_547_200.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys.json"


def test_the_first_start_makes_it_for_nobody_else(path: Path) -> None:
    keys = Keyring(path, NOW).at(NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert decode(path.read_bytes()) == keys


def test_the_next_start_has_the_same(path: Path) -> None:
    assert Keyring(path, NOW).at(NOW) == Keyring(path, NOW + 5).at(NOW + 5)


def test_a_rotation_is_written_down(path: Path) -> None:
    ring = Keyring(path, NOW)
    first = ring.at(NOW)
    later = ring.at(NOW + ROTATE_S)
    assert later.cookies[1:] == first.cookies
    assert decode(path.read_bytes()) == later
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_without_a_file_they_live_in_memory() -> None:
    ring = Keyring(None, NOW)
    first = ring.at(NOW)
    assert ring.at(NOW) == first
    assert ring.at(NOW + ROTATE_S) != first


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"x" * 100_000])
def test_a_damaged_file_stops_the_start_and_stays_as_it_is(path: Path, content: bytes) -> None:
    Keyring(path, NOW)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"keys\.json .*put it back from a backup, or delete"):
        Keyring(path, NOW)
    assert path.read_bytes() == content


def test_a_file_that_others_can_read_stops_the_start(path: Path) -> None:
    Keyring(path, NOW)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="open to other users"):
        Keyring(path, NOW)


def test_a_folder_in_its_place_stops_the_start(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"keys\.json cannot be read: is a directory"):
        Keyring(path, NOW)


def test_a_place_where_nothing_can_be_written_stops_the_first_start(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be"):
        Keyring(tmp_path / "state" / "keys.json", NOW)


def test_what_cannot_be_written_is_not_used_and_tried_again_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Keyring(path, NOW)
    first = ring.at(NOW)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert ring.at(NOW + ROTATE_S) == first
    assert decode(path.read_bytes()) == first
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]
    assert ring.at(NOW + ROTATE_S + RETRY_S - 1) == first
    assert ring.at(NOW + ROTATE_S + RETRY_S) != first
