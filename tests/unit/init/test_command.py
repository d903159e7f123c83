"""``relay init`` from its flags to its exit status."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from relay.cli import app
from relay.doctor import report
from relay.doctor.findings import Finding, bad, good
from relay.errors import ConfigError
from relay.init import advice, command
from relay.init.answers import Certificate, token_in

pytestmark = pytest.mark.usefixtures("kept_logging")

FLAGS = ("--domain", "chat.example.org", "--public-ip", "203.0.113.10", "--certificate")


class Run(NamedTuple):
    code: int
    out: str
    error: BaseException | None


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Mapping[str, object], str | None]]:
    """What the doctor was asked to look at."""
    seen: list[tuple[Mapping[str, object], str | None]] = []

    def examine(
        flags: Mapping[str, object], environ: Mapping[str, str], config: str | None
    ) -> list[Finding]:
        seen.append(({**flags, **environ}, config))
        return [good("clock", "it ticks"), good("data folder", "there")]

    monkeypatch.setattr(report, "examine", examine)
    monkeypatch.setattr(advice, "unseen", lambda *_: [])
    return seen


def run(folder: Path, *flags: str) -> Run:
    result = CliRunner().invoke(app, ["init", "--folder", str(folder), *flags])
    return Run(result.exit_code, result.output, result.exception)


def test_it_writes_looks_and_says_what_is_next(
    tmp_path: Path, examined: list[tuple[Mapping[str, object], str | None]]
) -> None:
    found = run(tmp_path, *FLAGS, "self-signed")
    assert (found.code, found.error) == (0, None)
    toml = tmp_path / "etc/relay/relay.toml"
    assert f"new       {toml}" in found.out
    assert "it ticks" in found.out
    assert "systemctl enable --now relay.socket relay.service" in found.out
    ((told, config),) = examined
    assert config == str(toml)
    assert told["RELAY_OPERATOR_TOKEN"] == token_in((tmp_path / "etc/relay/relay.env").read_text())


def test_a_question_says_once_what_is_usual(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert command._asked("Which?", Certificate.FILES, str) == "files"
    assert capsys.readouterr().out == "Which? [files]: "


@pytest.mark.usefixtures("examined")
def test_it_can_be_run_again_without_its_flags(tmp_path: Path) -> None:
    run(tmp_path, *FLAGS, "self-signed")
    token = (tmp_path / "etc/relay/relay.env").read_text()
    again = run(tmp_path)
    assert again.code == 0
    assert again.out.count("unchanged ") == 5
    toml = tmp_path / "etc/relay/relay.toml"
    changed = toml.read_text() + "max_users = 7\n"
    toml.write_text(changed)
    third = run(tmp_path, "--ban-after-reporters", "5")
    assert f"kept      {toml}; what would be written now is in relay.toml.new" in third.out
    assert toml.read_text() == changed
    forced = run(tmp_path, "--ban-after-reporters", "5", "--force")
    assert f"replaced  {toml}; it was what is in relay.toml.old now" in forced.out
    assert "ban_after_reporters = 5" in toml.read_text()
    assert (tmp_path / "etc/relay/relay.toml.old").read_text() == changed
    assert (tmp_path / "etc/relay/relay.env").read_text() == token


@pytest.mark.usefixtures("examined")
def test_other_secrets_stay_whatever_is_forced(tmp_path: Path) -> None:
    run(tmp_path, *FLAGS, "self-signed")
    env = tmp_path / "etc/relay/relay.env"
    more = env.read_text() + "RELAY_DATABASE_URL=postgresql://relay@db.example.org/relay\n"
    env.write_text(more)
    assert f"unchanged {env}" in run(tmp_path, "--force").out
    assert env.read_text() == more


@pytest.mark.usefixtures("examined")
def test_who_is_not_root_is_told_nothing_of_what_only_the_service_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    found = run(tmp_path, *FLAGS, "proxy")
    assert "it ticks" in found.out
    assert "data folder" not in found.out


def test_where_no_systemd_runs_its_files_are_not_strewn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_has_systemd", lambda: False)
    result = CliRunner().invoke(app, ["init", *FLAGS, "proxy"])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith("--under: no systemd runs here")


def test_what_a_container_has_of_its_own_is_not_judged_here(
    tmp_path: Path, examined: list[tuple[Mapping[str, object], str | None]]
) -> None:
    found = run(tmp_path, "--under", "compose", *FLAGS, "proxy")
    assert found.code == 0
    assert "it ticks" in found.out
    assert "data folder" not in found.out
    ((told, _),) = examined
    assert (told["port"], told["public_ip"]) == ("8080", "203.0.113.10")


def test_what_is_bad_is_in_the_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "examine", lambda *_: [bad("clock", "it stands", "wind it")])
    found = run(tmp_path, *FLAGS, "proxy")
    assert found.code == 3
    assert "What to type next" in found.out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "--domain: has to be given"),
        (["--under", "magic"], "--under: should be systemd or compose"),
        ([*FLAGS, "paper"], "--certificate: should be one of"),
    ],
)
def test_what_is_missing_or_wrong_writes_nothing(
    tmp_path: Path, flags: list[str], said: str
) -> None:
    found = run(tmp_path, *flags)
    assert isinstance(found.error, ConfigError)
    assert str(found.error).startswith(said)
    assert [*tmp_path.iterdir()] == []
