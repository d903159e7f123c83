"""A process that scores pictures: what comes of one that does as it should, and of others."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.classify.program import FIRST_PAUSE_S, LAST_PAUSE_S, OURS, WELL_S, Program, command_of
from relay.errors import ClassifierFailed
from tests.support.scoring import program, saying

PATIENCE_S = 60.0
"""Its process runs when nothing else wants to."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def running(
    command: str, clock: Callable[[], float] | None = None, patience_s: float = PATIENCE_S
) -> AsyncIterator[Program]:
    made = Program(command_of(command), patience_s=patience_s, clock=clock or Clock())
    yield made
    await made.close()


async def failure(made: Program) -> str:
    with pytest.raises(ClassifierFailed) as failed:
        await made.score(b"picture")
    return str(failed.value)


async def test_pictures_are_scored_by_one_process_in_turn(tmp_path: Path) -> None:
    command = program(
        tmp_path,
        "for number, picture in enumerate(pictures()):",
        "    say(f'{len(picture) / 1000 + number / 10}\\n')",
    )
    async with running(command) as made:
        assert await made.score(b"") == 0.0
        assert await made.score(bytes(500)) == 0.6
        assert await made.score(bytes(100)) == pytest.approx(0.3)
        assert await made.score(bytes(700)) == 1.0


async def test_a_large_picture_arrives_whole(tmp_path: Path) -> None:
    command = program(tmp_path, "for p in pictures():", "    say(f'{(len(p) == 131_072):d}\\n')")
    async with running(command) as made:
        assert await made.score(bytes(131_072)) == 1.0


async def test_what_is_no_picture_has_no_score(tmp_path: Path) -> None:
    async with running(saying(tmp_path, "none")) as made:
        assert await made.score(b"") is None


async def test_it_stands_back_and_ends_with_its_input(tmp_path: Path) -> None:
    command = program(
        tmp_path,
        "import os",
        "for picture in pictures():",
        f"    open({str(tmp_path / 'nice')!r}, 'w').write(str(os.nice(0)))",
        "    say('0\\n')",
        f"open({str(tmp_path / 'end')!r}, 'w').close()",
    )
    async with running(command) as made:
        assert await made.score(b"") == 0.0
    assert (tmp_path / "nice").read_text() == "19"
    assert (tmp_path / "end").exists()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("1.01", "answered '1.01'"),
        ("-0.1", "answered '-0.1'"),
        ("nan", "answered 'nan'"),
        ("", "answered ''"),
        ("nudity", "answered 'nudity'"),
        ("0." + "1" * 200, "too long"),
    ],
)
async def test_a_wrong_answer_ends_it(tmp_path: Path, answer: str, why: str) -> None:
    clock = Clock()
    async with running(saying(tmp_path, answer), clock) as made:
        assert why in await failure(made)
        assert not made.is_ready
        assert "pauses" in await failure(made)


async def test_it_is_started_again_after_a_pause_that_grows(tmp_path: Path) -> None:
    clock = Clock()
    async with running(saying(tmp_path, "broken"), clock) as made:
        pauses = []
        for _ in range(3):
            with capture_logs() as logs:
                assert "answered 'broken'" in await failure(made)
            started, lost = logs
            assert (started["event"], lost["event"]) == ("classifier_started", "classifier_lost")
            pauses.append(lost["retry_after"])
            clock.now += lost["retry_after"] - 0.01
            assert not made.is_ready
            clock.now += 0.01
            assert made.is_ready
        assert pauses == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
        for _ in range(10):
            await failure(made)
            clock.now += LAST_PAUSE_S
        saying(tmp_path, "0.5")
        assert await made.score(b"") == 0.5


async def test_what_has_run_well_for_a_while_is_soon_started_again(tmp_path: Path) -> None:
    clock = Clock()
    command = program(
        tmp_path, "for number, picture in enumerate(pictures()):", "    say(f'{number}\\n')"
    )
    async with running(command, clock) as made:
        for well_s, pause_s in ((0.0, 1.0), (0.0, 2.0), (WELL_S, 1.0)):
            assert await made.score(b"") == 0.0
            assert await made.score(b"") == 1.0
            clock.now += well_s
            with capture_logs() as logs:
                assert "answered '2'" in await failure(made)
            assert logs[-1]["retry_after"] == pause_s
            clock.now += pause_s


async def test_an_answer_too_many_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    command = program(
        tmp_path, "for picture in pictures():", "    say('0.1\\n')", "    say('0.9\\n')"
    )
    async with running(command) as made:
        with suppress(ClassifierFailed):  # when it is seen before the first one is read
            assert await made.score(b"") == 0.1
            assert made._run is not None
            await made._run._listener
            assert "not asked for" in await failure(made)
        assert not made.is_ready


async def test_one_that_ends_is_started_again(tmp_path: Path) -> None:
    clock = Clock()
    command = program(tmp_path, "next(pictures())", "say('0.25\\n')", "sys.exit(3)")
    async with running(command, clock) as made:
        for _ in range(2):
            assert await made.score(b"") == 0.25
            assert made._run is not None
            await made._run._listener
            with capture_logs() as logs:
                assert await failure(made) == "it has ended"
            assert logs[-1]["exit_code"] == 3
            clock.now += LAST_PAUSE_S


async def test_one_that_hangs_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    command = program(
        tmp_path,
        "import subprocess",
        "next(pictures())",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))",
        "say('0.5\\n')",
        "time.sleep(600)",
    )
    async with running(command) as made:
        assert await made.score(b"") == 0.5
        made._patience_s = 0.05
        assert "no answer in 0.05 s" in await failure(made)
    child = int((tmp_path / "child").read_text())
    async with asyncio.timeout(PATIENCE_S):
        while is_alive(child):  # noqa: ASYNC110 - it dies when it is its turn
            await asyncio.sleep(0.01)


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


async def test_a_program_that_cannot_be_run_is_said_to_have_ended(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("no program")
    broken.chmod(0o755)
    async with running(str(broken)) as made:
        with capture_logs() as logs:
            assert await failure(made) == "it has ended"
        assert logs[-1]["event"] == "classifier_lost"


def test_the_command_is_split_as_a_shell_does(tmp_path: Path) -> None:
    assert command_of(f"{sys.executable} 'a b' c") == (sys.executable, "a b", "c")
    assert command_of(None) == OURS


@pytest.mark.parametrize("own", ["no-such-program --fast", "''", "'broken", "   "])
def test_a_command_that_is_none_is_refused(own: str) -> None:
    with pytest.raises(ClassifierFailed):
        command_of(own)


def test_the_model_has_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ClassifierFailed, match=r"^needs relay-videochat\[classify\]$"):
        command_of(None)
    assert command_of("true") == ("true",), "the operator's own does not need it"


async def test_no_setting_of_the_servers_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_OPERATOR_TOKEN", "a-secret-of-the-servers")
    command = program(
        tmp_path,
        "import os",
        "for picture in pictures():",
        "    say(f'{sum(name.startswith(\"RELAY_\") for name in os.environ):d}\\n')",
    )
    async with running(command) as made:
        assert await made.score(b"") == 0.0
