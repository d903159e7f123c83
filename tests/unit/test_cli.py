"""The ``relay`` command, as far as it needs no server."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from relay import __version__
from relay.cli import app
from relay.config import Settings
from relay.errors import ConfigError
from relay.setting import flag, variable

pytestmark = pytest.mark.usefixtures("kept_logging")

PACKAGE_PARENT = Path(__file__).parents[2]


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}, prog_name="relay")
    assert result.exit_code == 0, result.output
    return result.output


def run(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from relay.cli import main; main()", *arguments],
        cwd=directory,
        env={"PYTHONPATH": str(PACKAGE_PARENT), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_version() -> None:
    assert shown("--version") == f"relay {__version__}\n"


def test_help_leads_to_the_commands() -> None:
    assert "serve  " in shown("--help")
    assert "relay serve --help" in shown("--help")


def test_serve_help_tells_every_setting_with_its_default_and_its_variable() -> None:
    text = " ".join(shown("serve", "--help").split())
    for name, field in Settings.model_fields.items():
        default = f"default: {field.default}; " if field.default not in (None, (), False) else ""
        assert flag(name) in text
        assert f"[{default}{variable(name)}]" in text
        told = "".join(str(field.description).split())  # lines may end after a hyphen
        assert told in text.replace(" ", "")
    assert "RELAY_CONFIG" in text
    assert "The environment overrides the file, a flag overrides both." in text


def test_help_fits_a_narrow_terminal() -> None:
    assert max(len(line) for line in shown("serve", "--help").splitlines()) <= 80


def test_a_wrong_value_is_a_config_error() -> None:
    result = CliRunner().invoke(app, ["serve", "--port", "http"])
    assert isinstance(result.exception, ConfigError)


def test_a_wrong_value_ends_the_process_with_one_line(tmp_path: Path) -> None:
    ended = run("serve", "--udp-port", "many", directory=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "relay: --udp-port: should be a whole number, not 'many'\n"
    assert ended.stdout == ""


def test_a_wrong_key_of_relay_toml_ends_the_process_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("porto = 80")
    ended = run("serve", directory=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "relay: porto in relay.toml: is not a known option\n"


@pytest.mark.parametrize("arguments", [["serve", "--prot", "80"], ["srve"], ["serve", "extra"]])
def test_a_wrong_command_line_is_told_without_a_traceback(
    arguments: list[str], tmp_path: Path
) -> None:
    ended = run(*arguments, directory=tmp_path)
    assert ended.returncode == 2
    assert "Error: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_imports_neither_the_server_nor_the_media_stack(tmp_path: Path) -> None:
    script = (
        "import sys, relay.cli as cli\n"
        "sys.argv = ['relay', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'aiohttp', 'aiortc', 'av', 'numpy'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PACKAGE_PARENT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_log_of_a_server_is_as_its_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def configure(level: str, _: object = None, *, as_json: bool = False) -> None:
        asked.append((level, as_json))

    async def serve(*_: object) -> None:
        pass

    monkeypatch.setattr("relay.logs.configure", configure)
    monkeypatch.setattr("relay.app.serve", serve)
    result = CliRunner().invoke(app, ["serve", "--log-level", "error", "--log-json"])
    assert result.exit_code == 0, result.exception
    assert asked[-1] == ("error", True)


def test_who_has_started_the_server_hears_why_it_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        result = CliRunner().invoke(app, ["serve", "--port", "many"])
        assert isinstance(result.exception, ConfigError)
        assert ear.recv(1000).decode() == f"STATUS={result.exception}"
