"""Makes spans of meetings and has OpenTelemetry's SDK send them, from a thread of its own.

What waits is bounded, and a meeting that finds no room is left out as a whole. A collector that is
slow, or away, costs traces, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from relay import __version__
from relay.pace import Seldom
from relay.signaling import Meeting

FLUSH_S, LEAVE_S = 1.5, 0.3
"""How long the end waits for what is to be sent, and then for what is being sent."""
_ASKED_S = 3.0
_LOGGED_EVERY_S = 60.0
_QUEUE, _USUAL_QUEUE = "OTEL_BSP_MAX_QUEUE_SIZE", 2048

_log = structlog.get_logger()


class Sending:
    """Tells a collector of meetings; the environment says which, and how many of them.

    :param node: what this node is called, in a cluster.
    :param clock: seconds, as in the times of meetings.
    :raises OSError, RuntimeError, ValueError: when what the environment says cannot be used.
    """

    def __init__(
        self, node: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.spans: Counter[str] = Counter(sent=0, failed=0, dropped=0)
        """By what became of them."""
        self._clock = clock
        self._ids = _Ids()
        self._exporter = _Counting(self.spans)
        self._queued = 0
        processor = BatchSpanProcessor(self._exporter)
        self._most = _whole(os.environ.get(_QUEUE)) or _USUAL_QUEUE
        self._provider = TracerProvider(
            resource=_resource(node), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("relay", __version__)
        # It says each failure, several times; what is worth it is said here.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def tell(self, meeting: Meeting) -> None:
        """Queue the spans of a meeting, all or none."""
        count = len(meeting.steps) + 1
        if self._queued - self._exporter.taken + count > self._most:
            self.spans["dropped"] += count
            return
        self._ids.trace_id = trace_id_of(meeting.room_id)
        zero_ns = time.time_ns() - _ns(self._clock())
        whole = self._begin("meeting", zero_ns + _ns(meeting.began_s), meeting.facts)
        if not whole.is_recording():  # by the sampler
            return
        whole.set_attribute("relay.room", meeting.room_id)
        parent = set_span_in_context(whole, Context())
        for step in meeting.steps:
            span = self._begin(step.name, zero_ns + _ns(step.began_s), step.facts, parent)
            if step.cause:
                span.set_status(Status(StatusCode.ERROR, step.cause))
                whole.set_status(Status(StatusCode.ERROR, step.cause))
            span.end(zero_ns + _ns(step.ended_s))
        whole.end(zero_ns + _ns(meeting.ended_s))
        self._queued += count

    def _begin(
        self,
        name: str,
        at_ns: int,
        facts: Mapping[str, str | bool],
        parent: Context | None = None,
    ) -> Span:
        about = {f"relay.{fact}": value for fact, value in facts.items()}
        return self._tracer.start_span(
            name, parent or Context(), attributes=about, start_time=at_ns
        )

    async def close(self) -> None:
        """Send what waits, if that is soon done; 2 s at most."""
        ending = threading.Thread(target=self._provider.shutdown, name="end of traces", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, FLUSH_S)
        if ending.is_alive():
            self._exporter.shutdown()  # then it does not try again
            await asyncio.to_thread(ending.join, LEAVE_S)


class _Ids(RandomIdGenerator):
    """Gives the trace of a meeting an id that all nodes make of the room's."""

    trace_id = 1

    def generate_trace_id(self) -> int:
        return self.trace_id


class _Counting(SpanExporter):
    """Sends, counts, and says when it does not work.

    :param counts: of spans, by what became of them.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self.taken = 0
        """Spans that wait no longer."""
        self._counts = counts
        self._reason = ""
        self._told = Seldom(_LOGGED_EVERY_S)
        self._inner = OTLPSpanExporter(session=_noting(self._note))

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        result = self._inner.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._counts["sent"] += len(spans)
            return result
        self._counts["failed"] += len(spans)
        suppressed = self._told.due(time.monotonic())
        if suppressed is not None:
            _log.warning(
                "traces_not_sent", spans=len(spans), reason=self._reason, suppressed=suppressed
            )
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]

    def _note(self, outcome: str) -> None:
        self._reason = outcome


def asked() -> str:
    """What the collector answers that the environment names, to a request without spans.

    It is tried once, and waited for so long as the ``relay doctor`` of an operator may take.

    :returns: ``HTTP 200``, or what was the matter, such as ``ConnectionError``.
    :raises OSError, RuntimeError, ValueError: when what the environment says cannot be used.
    """
    said = ""

    def note(outcome: str) -> None:
        nonlocal said
        said = outcome
        exporter.shutdown()  # type: ignore[no-untyped-call] # else it would try again

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exporter = OTLPSpanExporter(timeout=_ASKED_S, session=_noting(note))
    exporter.export([])
    return said


def trace_id_of(room_id: str) -> int:
    """The id of a meeting's trace: the room's 24 hexadecimal digits, and the first 8 once more.

    So it can be typed by whoever has read the room's id in the log, and the half by which samplers
    choose is random.
    """
    return int(room_id + room_id[:8], 16)


def _noting(note: Callable[[str], None]) -> Any:
    """A session of the library's HTTP client that tells what came of each try, but no address."""
    session: Any = requests.Session()
    send = session.request

    def request(*args: Any, **options: Any) -> Any:
        try:
            response = send(*args, **options)
        except Exception as error:
            note(type(error).__name__)
            raise
        note(f"HTTP {response.status_code}")
        return response

    session.request = request
    return session


def _resource(node: str | None) -> Resource:
    """What is told of this server; the environment's word counts more than ours."""
    ours = {"service.version": __version__}
    if node is not None:
        ours["service.instance.id"] = node
    if not os.environ.get("OTEL_SERVICE_NAME"):
        ours["service.name"] = "relay"
    said = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    unsaid = {name: value for name, value in ours.items() if f"{name}=" not in said}
    return Resource.create({}).merge(Resource(unsaid))


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.strip().isdecimal() else 0


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
