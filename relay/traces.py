"""Whether meetings are traced, and where to: what the environment says of a collector.

The names are those of OpenTelemetry's standard, so that whoever runs a collector has nothing to
learn; ``opentelemetry`` is imported only where one is named (:mod:`relay.spans`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from relay.errors import ConfigError
from relay.signaling import Meeting

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"


class Traces(NamedTuple):
    """Where meetings are told, and what has become of them."""

    tell: Callable[[Meeting], None] | None
    """None while nobody wants to know."""
    spans: Counter[str]
    """By what became of them: ``sent``, ``failed`` or ``dropped``."""


def collector(environ: Mapping[str, str]) -> str | None:
    """The variable that names a collector; None when meetings are not to be traced.

    :raises ConfigError: when what it says cannot be used.
    """
    is_off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_off or environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    name = next((name for name in ENDPOINTS if environ.get(name)), None)
    if name is None:
        return None
    if not _is_url(environ[name]):
        raise ConfigError(f"{name}: is no address such as http://127.0.0.1:4318")
    for each in _PROTOCOLS:
        if environ.get(each, _PROTOCOL) not in ("", _PROTOCOL):
            raise ConfigError(
                f"{each}: traces are sent as {_PROTOCOL} alone: set it to that, and {name} to where"
                " the collector takes it, mostly port 4318"
            )
    return name


@asynccontextmanager
async def tracing(environ: Mapping[str, str], node: str | None = None) -> AsyncIterator[Traces]:
    """Send traces for as long as the context lasts, if a collector is named.

    :param environ: this process's environment, which the library reads as well.
    :param node: what this node is called, in a cluster.
    :raises ConfigError: when they cannot be sent.
    """
    name = collector(environ)
    if name is None:
        yield Traces(None, Counter())
        return
    with _needing_the_library(name):
        from relay.spans import Sending  # noqa: PLC0415

        sending = Sending(node)
    try:
        yield Traces(sending.tell, sending.spans)
    finally:
        await sending.close()


def answer(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Which variable names a collector, and what that says when it is asked; None without one.

    It is ``HTTP 200``, or what else came of it. It takes some seconds at most.

    :param environ: this process's environment, which the library reads as well.
    :raises ConfigError: as :func:`tracing`.
    """
    name = collector(environ)
    if name is None:
        return None
    with _needing_the_library(name):
        from relay.spans import asked  # noqa: PLC0415

        return name, asked()


@contextmanager
def _needing_the_library(name: str) -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise ConfigError(
            f"{name}: traces need opentelemetry: pip install 'relay-videochat[traces]'"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{name}: traces cannot be sent: {error}") from None


def _is_url(text: str) -> bool:
    try:
        found = urlsplit(text)
        return found.scheme in ("http", "https") and bool(found.hostname) and found.port != 0
    except ValueError:
        return False
