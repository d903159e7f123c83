"""Whether meetings are traced, by the environment."""

import subprocess
import sys

import pytest

from relay.errors import ConfigError
from relay.traces import collector, tracing

HERE = "http://127.0.0.1:4318"
GENERAL, OWN = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {GENERAL: ""},
        {GENERAL: HERE, "OTEL_SDK_DISABLED": "true"},
        {GENERAL: HERE, "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_SERVICE_NAME": "chat"},
    ],
)
def test_it_is_off(environ: dict[str, str]) -> None:
    assert collector(environ) is None


def test_the_variable_for_traces_alone_comes_first() -> None:
    assert collector({GENERAL: HERE}) == GENERAL
    assert collector({GENERAL: "nonsense", OWN: f"{HERE}/v1/traces"}) == OWN
    assert collector({GENERAL: HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}) == GENERAL


@pytest.mark.parametrize("address", ["collector:4318", "grpc://c:4317", "http://", "http://[", "?"])
def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(ConfigError, match=f"{GENERAL}: is no address such as http://"):
        collector({GENERAL: address})


def test_another_protocol_is_named() -> None:
    name = "OTEL_EXPORTER_OTLP_PROTOCOL"
    with pytest.raises(ConfigError, match=f"{name}: traces are sent as http/protobuf alone"):
        collector({GENERAL: HERE, name: "grpc"})


async def test_without_the_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "relay.spans", None)
    with pytest.raises(ConfigError) as raised:
        async with tracing({GENERAL: HERE}):
            pass
    assert str(raised.value) == (
        f"{GENERAL}: traces need opentelemetry: pip install 'relay-videochat[traces]'"
    )


async def test_what_the_library_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with pytest.raises(ConfigError, match=f"{GENERAL}: traces cannot be sent: max_queue_size"):
        async with tracing({GENERAL: HERE}):
            pass


def test_a_server_that_traces_nothing_does_not_import_the_library() -> None:
    asked = "import sys, relay.app; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert "relay.traces" in loaded
    assert [name for name in loaded if name.partition(".")[0] in ("opentelemetry", "google")] == []
