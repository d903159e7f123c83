"""The halves of the key are where they belong, and nothing is overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from relay.errors import EvidenceError
from relay.evidence.keyfiles import init, private_key_in, public_key_in
from relay.evidence.seal import unseal


def test_a_key_pair_serves(tmp_path: Path) -> None:
    data, private = tmp_path / "data", tmp_path / "key.pem"
    public = init(data, private)
    assert unseal(public_key_in(data).seal(b"x"), private_key_in(private)) == b"x"
    for path, mode in ((data, 0o700), (public, 0o600), (private, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    data, private = tmp_path / "data", tmp_path / "key.pem"
    init(data, private)
    before = public_key_in(data)
    for other in (private, tmp_path / "other.pem"):
        with pytest.raises(EvidenceError, match="is there already"):
            init(data, other)
    assert public_key_in(data).id == before.id
    assert not (tmp_path / "other.pem").exists()
    with pytest.raises(EvidenceError, match="is there already"):
        init(tmp_path / "elsewhere", private)
    assert not (tmp_path / "elsewhere" / "evidence.pub").exists()


def test_the_private_key_is_not_with_the_data(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="must not be in"):
        init(tmp_path, tmp_path / "sub" / ".." / "key.pem")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no such file or directory"):
        init(tmp_path / "data", tmp_path / "nowhere" / "key.pem")
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="is there already"):
        init(tmp_path / "file", tmp_path / "key.pem")


def test_a_key_that_is_missing_or_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="relay evidence init"):
        public_key_in(tmp_path)
    (tmp_path / "evidence.pub").write_text("nonsense")
    with pytest.raises(EvidenceError, match="no public key"):
        public_key_in(tmp_path)
    with pytest.raises(EvidenceError, match="cannot read"):
        private_key_in(tmp_path / "missing.pem")
