"""The certificate of a server that runs: when it is read again, and when the former one stays."""

import os
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.certificate import Certificate
from relay.config import Settings, load
from tests.support.certificates import Files, write_certificate

DAY_S = 86_400.0


class Renewed:
    """A certificate, its files, and what is logged at each step."""

    def __init__(self, folder: Path, days_left: float = 90) -> None:
        self.now = time.time()
        self.files = write_certificate(folder, days_left=days_left)
        self.settings = load({"tls_cert": str(self.files.cert), "tls_key": str(self.files.key)}, {})
        self.folder = folder
        self.certificate = Certificate(self.settings, lambda: self.now)
        self.first = self.certificate.fingerprint

    def look(self, times: int = 1) -> list[tuple[str, str]]:
        with capture_logs() as logged:
            for _ in range(times):
                self.certificate.look()
        return [(entry["event"], entry.get("reason", "")) for entry in logged]

    def write(self, days_left: float = 60) -> Files:
        return write_certificate(self.folder, days_left=days_left)

    @property
    def is_the_first(self) -> bool:
        return self.certificate.fingerprint == self.first


@pytest.fixture
def renewed(tmp_path: Path) -> Renewed:
    return Renewed(tmp_path)


def test_without_tls_there_is_nothing_to_look_at() -> None:
    certificate = Certificate(Settings())
    certificate.look()
    assert not certificate.reload(Settings())
    assert (certificate.context(), certificate.left_s()) == (None, None)


def test_one_that_was_made_for_the_run_stays(tmp_path: Path) -> None:
    certificate = Certificate(Settings(tls_self_signed=True))
    first = certificate.fingerprint
    certificate.look()
    assert not certificate.reload(Settings(tls_self_signed=True))
    assert certificate.fingerprint == first


def test_one_that_was_made_for_the_run_is_made_anew_before_it_ends() -> None:
    now = time.time()
    certificate = Certificate(Settings(tls_self_signed=True), lambda: now)
    first, context = certificate.fingerprint, certificate.context()
    now += 352 * DAY_S
    with capture_logs() as logged:
        certificate.look()
        certificate.look()
    assert [entry["event"] for entry in logged] == ["tls_reloaded"]
    assert certificate.fingerprint == logged[0]["fingerprint"] != first
    assert certificate.context() is not context
    left_s = certificate.left_s()
    assert left_s is not None
    assert left_s > 300 * DAY_S


def test_files_that_stay_as_they_are_are_not_read_again(renewed: Renewed) -> None:
    assert renewed.look(3) == []
    assert renewed.is_the_first


def test_new_files_are_taken_when_they_no_longer_change(renewed: Renewed) -> None:
    context = renewed.certificate.context()
    renewed.write()
    assert renewed.look() == []
    assert renewed.is_the_first
    assert renewed.look() == [("tls_reloaded", "")]
    assert not renewed.is_the_first
    assert renewed.certificate.context() is not context
    assert renewed.look(3) == []


def test_a_link_that_leads_elsewhere_is_a_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_certificate(tmp_path / name)
    live = tmp_path / "live"
    live.symlink_to("one")
    settings = Settings(tls_cert=live / "cert.pem", tls_key=live / "key.pem")
    certificate = Certificate(settings)
    first = certificate.fingerprint
    live.unlink()
    live.symlink_to("two")
    certificate.look()
    certificate.look()
    assert certificate.fingerprint != first


def test_what_is_half_written_is_told_once_and_left_alone(renewed: Renewed) -> None:
    cert, _ = renewed.write()
    whole = cert.read_bytes()
    cert.write_bytes(whole[:300])
    reason = f"--tls-cert: {cert} is no certificate in PEM"
    assert renewed.look(5) == [("tls_not_reloaded", reason)]
    assert renewed.is_the_first
    cert.write_bytes(whole)
    assert renewed.look(2) == [("tls_reloaded", "")]


def test_a_pipe_is_told_and_nobody_waits_for_its_writer(renewed: Renewed) -> None:
    cert = renewed.files.cert
    cert.unlink()
    os.mkfifo(cert)
    reason = f"--tls-cert: cannot read {cert}: is no regular file"
    assert renewed.look(5) == [("tls_not_reloaded", reason)]
    assert renewed.is_the_first


def test_a_key_of_another_certificate_is_told_and_left_alone(renewed: Renewed) -> None:
    key = renewed.files.key.read_bytes()
    renewed.write()
    renewed.files.key.write_bytes(key)
    [(event, reason)] = renewed.look(3)
    assert event == "tls_not_reloaded"
    assert reason.startswith(f"--tls-key: {renewed.files.key} is not the key of the certificate")
    assert renewed.is_the_first


def test_files_that_are_gone_are_told_and_looked_for(renewed: Renewed) -> None:
    renewed.files.cert.unlink()
    [(event, reason)] = renewed.look(3)
    assert (event, "no such file" in reason) == ("tls_not_reloaded", True)
    renewed.write()
    assert renewed.look(2) == [("tls_reloaded", "")]


def test_one_that_has_ended_does_not_replace_one_that_is_good(renewed: Renewed) -> None:
    renewed.write(days_left=-1)
    [(event, reason)] = renewed.look(2)
    assert (event, reason.endswith("is not valid at this time")) == ("tls_not_reloaded", True)
    assert renewed.is_the_first


def test_on_request_they_are_read_at_once_and_others_may_be_named(
    renewed: Renewed, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    cert, key = write_certificate(other)
    assert renewed.certificate.reload(Settings(tls_cert=cert, tls_key=key))
    assert not renewed.is_the_first
    write_certificate(other, days_left=50)
    assert renewed.look(2) == [("tls_reloaded", "")]


def test_its_end_is_told_once_a_day_from_two_weeks_before(tmp_path: Path) -> None:
    renewed = Renewed(tmp_path, days_left=15)
    told = []
    for hour in range(24 * 18):
        with capture_logs() as logged:
            renewed.now += 3600.0
            renewed.certificate.look()
        told += [(hour, entry["days_left"]) for entry in logged]
    assert [left for _, left in told] == [*range(13, -5, -1)]
    assert {hour % 24 for hour, _ in told} == {told[0][0] % 24}
    left_s = renewed.certificate.left_s()
    assert left_s is not None
    assert left_s == pytest.approx(-3 * DAY_S, abs=5)


def test_its_end_is_told_at_the_moment_it_has_come(tmp_path: Path) -> None:
    renewed = Renewed(tmp_path, days_left=0.5)
    renewed.now += DAY_S / 2 - 60
    assert renewed.look() == []
    renewed.now += 60
    assert renewed.look(5) == [("tls_certificate_ends", "")]


def test_one_that_has_ended_is_taken_for_another_one_that_has_and_told(tmp_path: Path) -> None:
    renewed = Renewed(tmp_path, days_left=-2)
    renewed.write(days_left=-1)
    told = [("tls_reloaded", ""), ("tls_certificate_ends", "")]
    assert renewed.look(3) == told
    with capture_logs() as logged:
        assert renewed.certificate.reload(renewed.settings)
    assert [each["event"] for each in logged] == [event for event, _ in told]


def test_in_1970_it_is_not_valid_yet_and_serves_all_the_same(tmp_path: Path) -> None:
    files = write_certificate(tmp_path)
    settings = Settings(tls_cert=files.cert, tls_key=files.key)
    certificate = Certificate(settings, lambda: 60.0)
    assert certificate.context() is not None
    assert not certificate.reload(settings)


@pytest.mark.parametrize(("days", "left"), [(13.5, 13), (0.5, 0), (-0.5, -1), (-30.5, -31)])
def test_one_that_ends_soon_or_has_ended_is_warned_about_at_the_start(
    tmp_path: Path, days: float, left: int
) -> None:
    cert, key = write_certificate(tmp_path, days_left=days)
    with capture_logs() as logged:
        Certificate(Settings(tls_cert=cert, tls_key=key))
    [warning] = logged
    assert (warning["event"], warning["days_left"]) == ("tls_certificate_ends", left)
    assert warning["log_level"] == "warning"
