"""What the doctor says of a server that runs."""

import errno

import pytest

from relay.config import Settings
from relay.doctor.findings import Grade
from relay.doctor.ports import grade_port, grade_ready


@pytest.mark.parametrize(
    ("error", "is_running", "grade"),
    [
        (0, False, Grade.GOOD),
        (errno.EADDRINUSE, True, Grade.GOOD),
        (errno.EADDRINUSE, False, Grade.BAD),
        (errno.EACCES, True, Grade.GOOD),  # systemd has opened it
        (errno.EACCES, False, Grade.BAD),
    ],
)
def test_a_port_is_good_when_the_relay_has_it(error: int, is_running: bool, grade: Grade) -> None:
    assert grade_port("port", [443], Settings(), error, is_running=is_running).grade is grade


def test_one_that_takes_users_is_good() -> None:
    assert grade_ready({"status": "ready", "reasons": []}).grade is Grade.GOOD


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("draining", "relay drain --undo"),
        ("media_port_down", "relay workers"),
        ("certificate_ended", "renew"),
        ("overloaded", "--workers"),
        ("something_new", "log"),
    ],
)
def test_one_that_takes_none_says_why_and_what_to_do(reason: str, remedy: str) -> None:
    found = grade_ready({"status": "not_ready", "reasons": [reason]})
    assert (found.grade, reason in found.text, remedy in found.advice) == (Grade.BAD, True, True)


@pytest.mark.parametrize("said", [None, {}, {"reasons": 7}])
def test_one_that_says_nothing_is_told(said: dict[str, object] | None) -> None:
    assert grade_ready(said).grade is Grade.FAIR
