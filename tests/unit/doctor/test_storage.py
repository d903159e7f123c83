"""The data folder and the database, judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.config import Settings
from relay.doctor import storage
from relay.doctor.findings import Finding, Grade
from relay.evidence import keyfiles
from relay.records.look import Look
from relay.records.schema import HEAD
from relay.safety.keyfile import Keyring
from relay.stored import opened


def told(path: Path, **settings: object) -> dict[str, Finding]:
    chosen = Settings.model_validate({"data_dir": path} | settings)
    return {found.subject: found for found in storage.check(chosen, {})}


def test_what_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = told(tmp_path / "a" / "b")
    assert {each.grade for each in found.values()} == {Grade.GOOD}
    assert found["data folder"].text == f"{tmp_path}/a/b, to be made"
    assert found["database"].text == f"{tmp_path}/a/b/relay.sqlite3, to be made"
    assert not (tmp_path / "a").exists()


def test_what_cannot_be_made_is_bad(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert told(tmp_path / "file")["data folder"].grade is Grade.BAD
    assert told(tmp_path / "file" / "in it")["data folder"].grade is Grade.BAD


def test_what_others_may_change_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    found = told(tmp_path)["data folder"]
    assert (found.grade, found.advice) == (Grade.FAIR, f"chmod 700 {tmp_path}")


@pytest.mark.parametrize(
    ("free", "grade"), [(1 << 30, Grade.GOOD), (100 << 20, Grade.FAIR), (1 << 20, Grade.BAD)]
)
def test_the_disk(free: int, grade: Grade) -> None:
    assert storage.grade_disk(free).grade is grade


def test_keys_that_cannot_be_used_are_bad(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keyring(path, 0.0)
    found = told(tmp_path)["visitors' keys"]
    assert (found.grade, found.text) == (Grade.GOOD, f"{path}")
    path.chmod(0o644)
    assert "is open to other users" in told(tmp_path)["visitors' keys"].text
    path.chmod(0o600)
    path.write_text("{")
    found = told(tmp_path)["visitors' keys"]
    assert found.grade is Grade.BAD
    assert "is damaged" in found.text


async def test_a_database_of_this_version_is_good(tmp_path: Path) -> None:
    async with opened(Settings(data_dir=tmp_path)):
        used = told(tmp_path)["database"]
    left = told(tmp_path)["database"]
    assert used == left
    assert (left.grade, left.text) == (Grade.GOOD, f"{tmp_path}/relay.sqlite3, 0 reports")


def test_what_is_no_database_is_bad(tmp_path: Path) -> None:
    (tmp_path / "relay.sqlite3").write_bytes(b"letters " * 1000)
    found = told(tmp_path)["database"]
    assert found.grade is Grade.BAD
    assert "file is not a database: put it back from a backup" in found.text
    assert found.advice == "correct --data-dir: the server does not start like this"


def test_a_server_that_does_not_answer_is_bad(tmp_path: Path) -> None:
    found = told(tmp_path, database_url=f"postgresql://relay:hush@/relay?host={tmp_path}")
    assert found["database"].grade is Grade.BAD
    assert "hush" not in found["database"].text


@pytest.mark.parametrize(
    ("version", "grade", "text"),
    [
        (None, Grade.GOOD, "it, its tables are to be made"),
        ("0000", Grade.FAIR, f"it is of version 0000, and of {HEAD} after the next start"),
        (HEAD, Grade.GOOD, "it, 7 reports"),
        ("9999", Grade.BAD, f"it is of version 9999; this relay knows {HEAD}"),
    ],
)
def test_a_version(version: str | None, grade: Grade, text: str) -> None:
    found = storage.grade_database("it", Look(version, 7), "do something")
    assert (found.grade, found.text) == (grade, text)


def test_evidence_needs_its_key(tmp_path: Path) -> None:
    assert "evidence" not in told(tmp_path)
    missing = told(tmp_path, evidence=True)["evidence"]
    assert missing.grade is Grade.BAD
    assert "relay evidence init" in missing.text
    keyfiles.init(tmp_path, tmp_path.parent / f"{tmp_path.name}.pem")
    found = told(tmp_path, evidence=True, evidence_days=7)["evidence"]
    assert found.grade is Grade.GOOD
    assert found.text == f"sealed with {tmp_path}/evidence.pub, kept 7 days"
    assert told(tmp_path, evidence=True, media_mode="direct")["evidence"].grade is Grade.FAIR
