"""What the doctor makes of settings that are about no machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from relay.config import Settings
from relay.doctor.findings import Grade
from relay.doctor.report import _classifier, _files


def told(**settings: object) -> tuple[Grade, str]:
    (found,) = _classifier(Settings.model_validate(settings))
    return found.grade, found.text


def test_nothing_is_said_of_a_classifier_that_nobody_wants() -> None:
    assert [*_classifier(Settings())] == []


def test_a_classifier_that_can_be_started_is_good() -> None:
    own = f"{sys.executable} -c pass"
    assert told(classify=True, classify_command=own, classify_every_s=2) == (
        Grade.GOOD,
        f"{sys.executable}, every 2 s",
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"classify": True, "classify_command": "no-such-program"}, "there is no program"),
        ({"classify": True, "media_mode": "direct"}, "there are no pictures to look at"),
        ({"classify_command": "true"}, "--classify-command: needs --classify, too"),
    ],
)
def test_one_with_which_the_server_does_not_start_is_bad(
    settings: dict[str, object], said: str
) -> None:
    grade, text = told(**settings)
    assert grade is Grade.BAD
    assert said in text


def test_a_log_file_that_cannot_be_written_is_bad(tmp_path: Path) -> None:
    for path, grade in (
        (tmp_path / "relay.log", Grade.GOOD),
        (tmp_path / "no/relay.log", Grade.BAD),
    ):
        (found,) = _files(Settings(log_file=path))
        assert (found.subject, found.grade) == ("log file", grade)
    assert "--log-file" in found.advice
