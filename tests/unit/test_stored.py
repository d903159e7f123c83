"""Where the server keeps what outlives it, and what is said when it cannot."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from relay.cli import app
from relay.config import Settings, load
from relay.errors import ConfigError
from relay.records.schema import HEAD
from relay.records.upgrading import VERSIONS
from relay.stored import data_dir, database_at, keyring, opened, step_back, usual


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"STATE_DIRECTORY": "/var/lib/relay", "XDG_STATE_HOME": "/x"}, "/var/lib/relay"),
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"),
        ({"XDG_STATE_HOME": "/home/ann/state", "HOME": "/home/ann"}, "/home/ann/state/relay"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/ann"}, "/home/ann/.local/state/relay"),
        ({"HOME": "/home/ann"}, "/home/ann/.local/state/relay"),
    ],
)
def test_where_it_is_when_nobody_says(environ: dict[str, str], path: str) -> None:
    assert usual(environ) == Path(path)


def test_whoever_has_no_home_has_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigError, match=r"^--data-dir: has to be given"):
        usual({})


def test_the_folder_is_made_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert data_dir(Settings(data_dir=path)) == path
    assert path.stat().st_mode & 0o777 == 0o700
    assert data_dir(Settings(), {"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "relay"


def test_one_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # as systemd makes it
    assert data_dir(Settings(data_dir=tmp_path)) == tmp_path
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_one_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = load({}, {"RELAY_DATA_DIR": str(tmp_path / "file")})
    with pytest.raises(ConfigError, match=r"^RELAY_DATA_DIR: .*/file cannot be made: file exists"):
        data_dir(settings)


def test_one_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match=r"^--data-dir: .* cannot be written: it is read-only$"):
        data_dir(Settings(data_dir=tmp_path))


def test_one_of_another_user_is_told_with_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(ConfigError, match=r"belongs to user \d+, and this is 4711$"):
        data_dir(Settings(data_dir=tmp_path))


def test_a_full_disk_is_told_when_the_keys_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"^--data-dir: .* cannot be written: no space left on"):
        keyring(Settings(data_dir=tmp_path))
    assert [*tmp_path.iterdir()] == []


def test_where_the_database_is(tmp_path: Path) -> None:
    assert database_at(Settings(), tmp_path) == tmp_path / "relay.sqlite3"
    settings = load({"database_url": "postgresql://relay@db.example.org/relay"}, {})
    assert database_at(settings, tmp_path) == "postgresql+psycopg://relay@db.example.org/relay"


async def test_it_is_open_as_long_as_it_is_needed(tmp_path: Path) -> None:
    async with opened(Settings(data_dir=tmp_path)) as records:
        assert await records.reports(1, 0) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["relay.sqlite3"]  # noqa: ASYNC240


async def test_a_node_with_a_database_of_its_own_is_warned(tmp_path: Path) -> None:
    cluster = {"cluster": "redis://127.0.0.1", "cluster_secret": "a secret of sixteen"}
    for told, warned in (({}, False), (cluster, True)):
        settings = Settings.model_validate({"data_dir": tmp_path, **told})
        with capture_logs() as events:
            async with opened(settings):
                pass
        assert ("database_not_shared" in {each["event"] for each in events}) is warned


async def test_a_database_that_cannot_be_used_is_told_by_the_option(tmp_path: Path) -> None:
    (tmp_path / "relay.sqlite3").write_bytes(b"letters " * 1000)
    told = r"^--data-dir: .*relay\.sqlite3: file is not a database: put it back from a backup"
    with pytest.raises(ConfigError, match=told):
        async with opened(Settings(data_dir=tmp_path)):
            pass


async def test_a_folder_of_another_user_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.geteuid()
    for user, warned in ((own, []), (own + 1, [own])):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        with capture_logs() as events:
            async with opened(Settings(data_dir=tmp_path)):
                pass
        found = [e["owner"] for e in events if e["event"] == "data_dir_of_another_user"]
        assert found == warned


@pytest.mark.usefixtures("kept_logging")
async def test_a_newer_database_is_told_with_what_to_type_and_can_be_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the server of a release, after that of the next one has been there."""
    step = f"""revision, down_revision, branch_labels, depends_on = "9000", "{HEAD}", None, None
def upgrade(): pass
def downgrade(): pass
"""
    newer = tmp_path / "versions"
    newer.mkdir()
    (newer / "v9000.py").write_text(step)
    settings = Settings(data_dir=tmp_path)
    with monkeypatch.context() as next_release:
        next_release.setattr("relay.records.version.HEAD", "9000")
        async with opened(settings):
            pass
    with pytest.raises(ConfigError) as refused:
        async with opened(settings):
            pass
    typed = re.search(r"'relay (database back \d+)'$", str(refused.value))
    assert typed
    assert str(refused.value).startswith(
        f"--data-dir: {tmp_path}/relay.sqlite3: is of version 9000"
    )
    with monkeypatch.context() as next_release:
        next_release.setattr("relay.records.upgrading.VERSIONS", [*VERSIONS, newer])
        arguments = [*typed[1].split(), "--data-dir", str(tmp_path)]
        done = CliRunner().invoke(app, arguments)
        assert (done.exit_code, done.exception) == (0, None)
        assert done.output == f"The database was of version 9000, and is of version {HEAD} now.\n"
        with pytest.raises(ConfigError, match=r"^--data-dir: .*: cannot go back to 0000: it is of"):
            step_back(settings, "0000")
    async with opened(settings):
        pass


@pytest.mark.parametrize(
    "url", ["postgresql://relay:hush@db:99999x/relay", "postgresql://a:hush/b"]
)
async def test_a_url_whose_port_is_none_is_told(url: str, tmp_path: Path) -> None:
    settings = load({"data_dir": str(tmp_path)}, {"RELAY_DATABASE_URL": url})
    told = r"^RELAY_DATABASE_URL: is not the URL of a database$"
    with pytest.raises(ConfigError, match=told):
        async with opened(settings):
            pass
    with pytest.raises(ConfigError, match=told):
        step_back(settings, HEAD)


def test_no_folder_is_made_to_bring_a_database_back(tmp_path: Path) -> None:
    folder = tmp_path / "missing"
    with pytest.raises(ConfigError, match=r"^--data-dir: there is no .*missing/relay\.sqlite3$"):
        step_back(load({"data_dir": str(folder)}, {}), HEAD)
    assert not folder.exists()


async def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://relay:hush@/relay?host={tmp_path}"
    settings = load({"data_dir": str(tmp_path)}, {"RELAY_DATABASE_URL": url})
    with pytest.raises(ConfigError, match=r"^RELAY_DATABASE_URL: .*failed") as raised:
        async with opened(settings):
            pass
    assert "hush" not in str(raised.value)
    assert "\n" not in str(raised.value)
