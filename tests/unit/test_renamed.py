"""A setting that has got another name can be given by either, and not by both."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from relay import cli
from relay.config import Settings, foreign, load, renamed
from relay.doctor.report import examine
from relay.errors import ConfigError
from relay.renamed import FORMER


@pytest.fixture(autouse=True)
def _made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(FORMER, "seats_port", "max_users")
    monkeypatch.setitem(FORMER, "taps", "allow_taps")


def test_each_former_name_leads_to_a_setting() -> None:
    assert set(FORMER.values()) <= set(Settings.model_fields)
    assert not set(FORMER) & set(Settings.model_fields)


@pytest.mark.parametrize(
    ("flags", "environ", "key", "told"),
    [
        ({"seats_port": "9"}, {}, "", ("--seats-port", "--max-users")),
        ({}, {"RELAY_SEATS_PORT": "9"}, "", ("RELAY_SEATS_PORT", "RELAY_MAX_USERS")),
        (
            {},
            {},
            "seats_port = 9",
            ("seats_port in relay.toml", "max_users in relay.toml"),
        ),
        (
            {},
            {"RELAY_SEATS_PORT": "9"},
            "seats_port = 8",
            ("RELAY_SEATS_PORT", "RELAY_MAX_USERS"),
        ),
    ],
)
def test_its_former_name_is_read_and_told(
    flags: Mapping[str, str], environ: Mapping[str, str], key: str, told: tuple[str, str]
) -> None:
    Path("relay.toml").write_text(key)
    settings = load(flags, environ)
    assert settings.max_users == 9
    assert renamed(settings) == [told]
    (found,) = [each for each in examine(flags, environ, None) if "former" in each.text]
    assert (found.subject, found.advice) == ("settings", f"write {told[1]}")
    assert told[0] in found.text


def test_of_one_that_is_given_by_its_present_name_nothing_is_told() -> None:
    assert renamed(load({"max_users": "9"}, {"RELAY_ALLOW_TAPS": "true"})) == []
    assert renamed(load({}, {})) == []


def test_both_names_are_one_too_many(tmp_path: Path) -> None:
    Path("relay.toml").write_text("seats_port = 8")
    with pytest.raises(ConfigError) as refused:
        load({}, {"RELAY_MAX_USERS": "9"})
    assert str(refused.value) == (
        "seats_port in relay.toml: is the former name of RELAY_MAX_USERS, which is given, too:"
        " leave the former one out"
    )


def test_a_wrong_value_is_told_by_the_name_as_it_was_written() -> None:
    with pytest.raises(ConfigError, match=r"^RELAY_SEATS_PORT: should be a whole number"):
        load({}, {"RELAY_SEATS_PORT": "many"})


def test_what_kubernetes_sets_is_no_former_name_either() -> None:
    environ = {"RELAY_SEATS_PORT": "tcp://10.0.0.1:80"}
    assert load({}, environ) == Settings()
    assert foreign(environ) == ["RELAY_SEATS_PORT"]


def test_former_flags_are_taken_and_hidden() -> None:
    taken: dict[str, object] = {}
    app = typer.Typer()

    def command(**flags: object) -> None:
        taken.update({name: value for name, value in flags.items() if value is not None})

    app.command()(cli._with_settings(command))
    assert {"seats_port", "taps"} <= set(inspect.signature(command).parameters)
    result = CliRunner().invoke(app, ["--seats-port", "9", "--taps"])
    assert (result.exit_code, taken) == (0, {"seats_port": "9", "taps": True})
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert "--max-users" in shown
    assert "--seats-port" not in shown
