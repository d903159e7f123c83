"""What SIGHUP changes, what needs a restart, and that a mistake changes nothing."""

import json
import os
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from relay.api.welcome import Welcome
from relay.certificate import Certificate
from relay.config import Settings, load
from relay.errors import ConfigError
from relay.reloading import Reloading, configure_logs, welcome_text
from tests.support.certificates import write_certificate

pytestmark = pytest.mark.usefixtures("kept_logging")


class Server:
    """A server's settings file, and what a server makes of it."""

    def __init__(self, folder: Path, content: str) -> None:
        self._file = folder / "relay.toml"
        self._file.write_text(content)
        settings = self._read()
        self.certificate = Certificate(settings)
        self.welcome = Welcome(welcome_text(settings))
        configure_logs(settings)
        self.reloading = Reloading(settings, self.certificate, self.welcome)

    def _read(self) -> Settings:
        return load({}, {}, config=str(self._file))

    def reload(self, content: str) -> list[tuple[str, str]]:
        self._file.write_text(content)
        with capture_logs() as logged:
            self.reloading.reload(self._read)
        return [(each["event"], each.get("reason") or each.get("settings", "")) for each in logged]


def test_rules_and_certificate_are_taken_up_and_all_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules.txt").write_text("Be kind.")
    files = write_certificate(tmp_path)
    tls = f'tls_cert = "{files.cert}"\ntls_key = "{files.key}"\n'
    server = Server(tmp_path, tls)
    first = server.certificate.fingerprint
    write_certificate(tmp_path, days_left=50)
    more = f'welcome_file = "{tmp_path / "rules.txt"}"\nport = 81\nmax_users = 9\n'
    assert server.reload(tls + more) == [
        ("tls_reloaded", ""),
        ("reloaded", ""),
        ("restart_needed", f"port in {tmp_path}/relay.toml, max_users in {tmp_path}/relay.toml"),
    ]
    assert server.certificate.fingerprint != first
    assert server.welcome._text == "Be kind."
    assert server.reload(tls)[-1] == ("reloaded", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("port = 'x'", "port in {file}: should be a whole number, not 'x'"),
        ("port =", "{file}: is not valid TOML: Invalid value (at end of document)"),
        ("welcome_file = '{folder}'", "welcome_file in {file}: {folder} cannot be read: "),
        ("log_file = '{folder}'", "log_file in {file}: {folder} cannot be written: "),
    ],
)
def test_a_mistake_is_told_and_all_stays_as_it_was(tmp_path: Path, content: str, said: str) -> None:
    server = Server(tmp_path, "")
    text = server.welcome._text
    names = {"file": tmp_path / "relay.toml", "folder": tmp_path}
    [(event, reason)] = server.reload(content.format(**names))
    assert event == "not_reloaded"
    assert reason.startswith(said.format(**names))
    assert server.welcome._text == text


def test_a_certificate_that_is_no_good_is_not_called_reloaded(tmp_path: Path) -> None:
    files = write_certificate(tmp_path)
    tls = f'tls_cert = "{files.cert}"\ntls_key = "{files.key}"\n'
    server = Server(tmp_path, tls)
    files.cert.write_text("half")
    reason = f"tls_cert in {tmp_path / 'relay.toml'}: {files.cert} is no certificate in PEM"
    assert server.reload(tls) == [("tls_not_reloaded", reason)]


def test_tls_itself_begins_with_the_server(tmp_path: Path) -> None:
    files = write_certificate(tmp_path)
    server = Server(tmp_path, "")
    told = server.reload(f'tls_cert = "{files.cert}"\ntls_key = "{files.key}"\n')
    assert [event for event, _ in told] == ["reloaded", "restart_needed"]
    assert server.certificate.context() is None


def events(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text().splitlines()]


def test_the_log_s_file_is_made_anew_when_it_was_moved_away(tmp_path: Path) -> None:
    file, moved = tmp_path / "relay.log", tmp_path / "relay.log.1"
    server = Server(tmp_path, f'log_file = "{file}"\nlog_json = true\n')
    log = structlog.get_logger()
    log.info("one")
    file.rename(moved)
    log.info("two")
    assert (events(moved), events(file)) == (["one"], ["two"])
    file.unlink()
    server.reloading.reopen_logs()
    assert events(file) == ["logs_reopened"]
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_log_that_cannot_be_written_costs_lines_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    configure_logs(Settings(log_file=folder / "relay.log"))
    (folder / "relay.log").unlink()
    folder.rmdir()
    structlog.get_logger().info("nowhere_to_go")
    assert "event=nowhere_to_go" in capsys.readouterr().err


def test_a_pipe_that_nobody_reads_is_no_log_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match=r"^--log-file: \S+ cannot be written: no such device"):
        configure_logs(Settings(log_file=tmp_path / "pipe"))


def test_a_log_file_that_cannot_be_made_names_the_option(tmp_path: Path) -> None:
    settings = load({"log_file": str(tmp_path)}, {})
    with pytest.raises(ConfigError, match=r"^--log-file: \S+ cannot be written: is a directory$"):
        configure_logs(settings)
