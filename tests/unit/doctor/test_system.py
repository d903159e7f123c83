"""The machine's limits, judged."""

import errno
import resource
from datetime import UTC, datetime

import pytest

from relay.config import Settings
from relay.doctor import system
from relay.doctor.findings import Grade
from relay.media.paths.transport import BUFFER_BYTES

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limit", "grade"),
    [
        (resource.RLIM_INFINITY, Grade.GOOD),
        (1450, Grade.GOOD),
        (1449, Grade.FAIR),
        (256, Grade.FAIR),
        (255, Grade.BAD),
    ],
)
def test_open_files_have_to_do_for_all_users(limit: int, grade: Grade) -> None:
    found = system.grade_files(limit, limit, max_users=1000)
    assert found.grade is grade
    assert ("LimitNOFILE" in found.advice) is (grade is not Grade.GOOD)


def test_what_counts_is_the_limit_to_which_the_server_raises_its_own() -> None:
    found = system.grade_files(1024, 20_000, 10_000)
    assert found.grade is Grade.GOOD
    assert found.text == (
        "20,000 when the server has raised its limit, which is 1,024 here; enough for 10,000 users"
    )


def test_too_few_files_are_told_in_users() -> None:
    text = system.grade_files(512, 512, 10_000).text
    assert text == "512; enough for 278 of 10,000 users, and no others are let in"


def test_idle_cores_are_looked_at_when_they_are_to_be_kept_awake() -> None:
    assert not list(system.check_idle_cores(Settings()))
    assert len(list(system.check_idle_cores(Settings(poll_idle=True)))) == 1
    assert system.grade_idle_cores(None).grade is Grade.GOOD
    refused = system.grade_idle_cores(PermissionError(errno.EACCES, "no"))
    assert (refused.grade, refused.text) == (
        Grade.BAD,
        "/dev/cpu_dma_latency: permission denied",
    )
    assert "--poll-idle" in refused.advice


def test_buffers() -> None:
    assert system.grade_buffer("receive", BUFFER_BYTES).grade is Grade.GOOD
    small = system.grade_buffer("receive", 212_992)
    assert small.grade is Grade.FAIR
    assert small.text.startswith("0.2 of 4 MiB")
    assert f"net.core.rmem_max={BUFFER_BYTES}" in small.advice
    assert "wmem_max" in system.grade_buffer("send", 1).advice


@pytest.mark.parametrize(
    ("synchronised", "grade"), [(True, Grade.GOOD), (None, Grade.GOOD), (False, Grade.FAIR)]
)
def test_the_clock(synchronised: bool | None, grade: Grade) -> None:
    assert system.grade_clock(NOW, is_synchronised=synchronised).grade is grade


def test_a_clock_that_stands_in_the_past_is_wrong_whatever_the_kernel_says() -> None:
    past = datetime(1970, 1, 1, tzinfo=UTC)
    assert system.grade_clock(past, is_synchronised=True).grade is Grade.BAD


def test_this_machine_can_be_looked_at() -> None:
    assert system.check_clock().subject == "clock"
