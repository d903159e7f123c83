"""Whether traces can be sent, judged."""

import asyncio
import sys

import pytest

from relay.doctor import tracing
from relay.doctor.findings import Finding, Grade
from tests.support.collector import a_collector
from tests.support.ports import free_port

NAME = "OTEL_EXPORTER_OTLP_ENDPOINT"


def found(address: str) -> Finding:
    (one,) = tracing.check({NAME: address})
    return one


def test_nothing_is_said_where_nobody_traces() -> None:
    assert [*tracing.check({})] == []
    assert [*tracing.check({NAME: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"})] == []


def test_what_the_server_does_not_start_with_is_bad() -> None:
    one = found("nonsense")
    assert (one.grade, one.subject) == (Grade.BAD, "traces")
    assert one.text.startswith(f"{NAME}: is no address such as")


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "relay.spans", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    one = found("http://127.0.0.1:1")
    assert one.grade is Grade.BAD
    assert "pip install 'relay-videochat[traces]'" in one.text


async def test_one_that_answers_is_good_and_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_collector() as collector:
        monkeypatch.setenv(NAME, collector.url)
        one = await asyncio.to_thread(found, collector.url)
        assert one == Finding(Grade.GOOD, "traces", f"the collector of {NAME} takes them")
        assert collector.asked.is_set()
        assert collector.spans() == []


async def test_one_that_refuses_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_collector() as collector:
        collector.status = 503  # which the library would try again
        monkeypatch.setenv(NAME, collector.url)
        one = await asyncio.to_thread(found, collector.url)
        assert one.grade is Grade.FAIR
        assert "HTTP 503" in one.text
        assert collector.count == 1


def test_one_that_is_away_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv(NAME, address)
    one = found(address)
    assert (one.grade, one.text) == (
        Grade.FAIR,
        f"the collector of {NAME} does not take them: ConnectionError; calls go on without",
    )
    assert f"correct {NAME}" in one.advice


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("HTTP 401", "OTEL_EXPORTER_OTLP_HEADERS="),
        ("HTTP 403", "OTEL_EXPORTER_OTLP_HEADERS="),
        ("SSLError", "OTEL_EXPORTER_OTLP_CERTIFICATE="),
        ("HTTP 404", "http://127.0.0.1:4318"),
        ("ConnectTimeout", "start the collector"),
    ],
)
def test_each_refusal_has_what_to_type(said: str, typed: str) -> None:
    one = tracing.grade(NAME, said)
    assert one.grade is Grade.FAIR
    assert typed in one.advice
