"""Output files: opened first, never overwritten by mistake, kept when they break off."""

import os
from pathlib import Path

import pytest

from relay.errors import ConfigError, OperatorError
from relay.ops.files import Output


def test_what_is_written_is_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with Output(str(path)) as output:
        output.write(b"abc")
        assert path.read_bytes() == b"abc"
        output.write(b"def")
    assert path.read_bytes() == b"abcdef"
    assert output.size == 6
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_to_which_nothing_was_written_is_removed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Output(str(tmp_path / "x")):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(ConfigError, match="exists; --force overwrites it"):
        Output(str(path))
    assert path.read_bytes() == b"old"


def test_force_overwrites_with_the_first_byte_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old and long")
    with Output(str(path), force=True):
        pass
    assert path.read_bytes() == b"old and long"
    with Output(str(path), force=True) as output:
        output.write(b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere/x", "no such file or directory"), (".", "is a directory")]
)
def test_what_cannot_be_written_is_said_at_once(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"^--output: cannot write .*: {reason}$"):
        Output(str(tmp_path / name))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_is_said_in_one_line() -> None:
    with (
        pytest.raises(OperatorError, match=r"^cannot write /dev/full: the disk is full$"),
        Output("/dev/full") as output,
    ):
        output.write(b"abc")


def test_a_disk_that_gets_full_keeps_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "x"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Output(str(path)) as output:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
        try:
            with pytest.raises(
                OperatorError, match=r"the disk is full; the first 5\.0 kB are kept"
            ):
                output.write(bytes(6000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == output.size == 5000


def test_devices_need_no_force() -> None:
    with Output(os.devnull) as output:
        output.write(b"abc")
    assert output.size == 3
