"""What the doctor says of a server that runs."""

import pytest

from relay.doctor.findings import Grade
from relay.doctor.ports import grade_ready


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
