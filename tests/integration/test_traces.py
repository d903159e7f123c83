"""Traces of meetings reach a collector, or cost nothing but themselves."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from structlog.testing import capture_logs

from relay.signaling.tracing import Meeting, Step
from relay.spans import Sending, trace_id_of
from tests.support.bots import Bot, relay
from tests.support.collector import Collector, a_collector, facts

pytestmark = pytest.mark.timeout(180)
ROOM = "0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for five seconds, as it does otherwise; nobody tries for longer than one."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")


def meeting(room_id: str = ROOM, began_s: float = 0.0) -> Meeting:
    steps = (
        Step("find", began_s, began_s + 1, {"side": "first"}),
        Step("link", began_s, began_s + 2, {"side": "first"}, "no_udp"),
    )
    return Meeting(room_id, {"mode": "video", "across_nodes": False, "outcome": "late"}, steps)


async def test_a_meeting_is_one_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        began_ns = time.time_ns()
        async with relay(metrics_public=True) as url:
            async with Bot(url, 1) as one, Bot(url, 2) as two:
                for bot in (one, two):
                    await bot.find_partner()
                await collector.until(lambda: bool(collector.spans()))
                room_id = one.room_id
            page = url.replace("ws", "http", 1).removesuffix("/ws")
            async with aiohttp.ClientSession() as http, http.get(f"{page}/metrics") as answer:
                scraped = await answer.text()
        ended_ns = time.time_ns()
        assert 'relay_trace_spans_total{result="sent"} 8.0' in scraped
        assert_is_told(collector, room_id or "", began_ns, ended_ns)


def assert_is_told(collector: Collector, room_id: str, began_ns: int, ended_ns: int) -> None:
    spans = {(span.name, facts(span).get("relay.side")): span for span in collector.spans()}
    sides = ("first", "second")
    assert spans.keys() == {
        ("meeting", None),
        ("match", None),
        *((name, side) for name in ("find", "link", "first_picture") for side in sides),
    }
    whole = spans["meeting", None]
    assert facts(whole) == {
        "relay.room": room_id,
        "relay.mode": "video",
        "relay.across_nodes": False,
        "relay.outcome": "complete",
    }
    assert whole.trace_id.hex().startswith(room_id)
    assert not whole.parent_span_id
    for span in spans.values():
        assert span.trace_id == whole.trace_id
        assert span is whole or span.parent_span_id == whole.span_id
        assert whole.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano <= span.end_time_unix_nano <= whole.end_time_unix_nano
    assert began_ns <= whole.start_time_unix_nano <= whole.end_time_unix_nano <= ended_ns
    assert facts(spans["link", "first"])["relay.way"] == "udp"
    told = str(collector.requests)
    assert "127.0.0.1" not in told
    assert "candidate" not in told
    assert collector.resource()["service.name"] == "relay"


async def test_the_environment_names_the_service_and_how_many_are_traced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "chat")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    async with a_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        sending = Sending("berlin")
        for digit in "07f":
            sending.tell(meeting(f"{ROOM[:16]}{digit}{ROOM[17:]}"))
        await sending.close()
        assert len(collector.spans()) == 2 * 3
        assert collector.resource()["service.name"] == "chat"
        assert collector.resource()["service.instance.id"] == "berlin"


async def test_what_failed_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        sending = Sending()
        sending.tell(meeting())
        await sending.close()
        spans = {span.name: span for span in collector.spans()}
        assert spans["meeting"].trace_id == trace_id_of(ROOM).to_bytes(16)
        assert [spans[name].status.code for name in ("meeting", "find", "link")] == [2, 0, 2]
        assert spans["link"].status.message == "no_udp"
        assert sending.spans == {"sent": 3, "failed": 0, "dropped": 0}


async def test_a_collector_that_is_away_costs_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_collector() as collector:
        collector.status = 500
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with capture_logs() as logged:
            sending = Sending()
            for number in range(3):
                sending.tell(meeting())
                await collector.until(lambda: sending.spans["failed"] == 3 * (number + 1))  # noqa: B023
            await sending.close()
    told = [each for each in logged if each["event"] == "traces_not_sent"]
    assert [(each["reason"], each["suppressed"]) for each in told] == [("HTTP 500", 0)]
    assert len(logged) == 1
    assert sending.spans == {"sent": 0, "failed": 9, "dropped": 0}


async def test_a_collector_that_hangs_costs_traces_and_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "6")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "3")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "30")
    async with a_collector() as collector:
        collector.answers.clear()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        sending = Sending()
        sending.tell(meeting())
        async with asyncio.timeout(60):
            await collector.asked.wait()
        for _ in range(5):
            sending.tell(meeting())
        assert sending.spans["dropped"] == 9
        began = time.monotonic()
        await sending.close()
        assert time.monotonic() - began < 5  # 2 s on a machine that has nothing else to do
