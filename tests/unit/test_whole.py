"""What is read from a file, and what is no file."""

import os
from pathlib import Path

import pytest

from relay import whole


def test_a_file_is_read_as_far_as_it_may_go(tmp_path: Path) -> None:
    whole.write(tmp_path / "file", "12345")
    assert whole.read(tmp_path / "file", 5) == b"12345"
    assert whole.read(tmp_path / "file", 3) == b"1234"


def test_nobody_waits_for_the_writer_of_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"^is no regular file$"):
        whole.read(tmp_path / "pipe", 5)


def test_a_folder_is_told_as_the_system_does(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        whole.read(tmp_path, 5)
