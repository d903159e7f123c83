"""A collector of traces, as far as a test needs one: OTLP over HTTP, read with its own protobuf."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What has come."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[ExportTraceServiceRequest] = []
        self.status = 200
        self.count = 0
        """How often somebody has asked."""
        self.asked = asyncio.Event()
        """Something has come, taken or not."""
        self.answers = asyncio.Event()
        """Unless it is set, nobody gets an answer."""
        self.answers.set()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.set()
        self.count += 1
        await self.answers.wait()
        if self.status == 200:
            self.requests.append(ExportTraceServiceRequest.FromString(body))
        return web.Response(status=self.status)

    def spans(self) -> list[Any]:
        """All of them."""
        return [span for spans in self.by_server().values() for span in spans]

    def by_server(self) -> dict[str, list[Any]]:
        """All of them, by the node's name; that of a server that is alone is empty."""
        found: dict[str, list[Any]] = {}
        for request in self.requests:
            for resource in request.resource_spans:
                name = facts(resource.resource).get("service.instance.id", "")
                for scope in resource.scope_spans:
                    found.setdefault(name, []).extend(scope.spans)
        return found

    def resource(self) -> dict[str, Any]:
        """What was said of the server."""
        return facts(self.requests[0].resource_spans[0].resource)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - a thread sends it
                await asyncio.sleep(0.02)


@asynccontextmanager
async def a_collector() -> AsyncIterator[Collector]:
    """One that listens."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector._take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        collector.answers.set()
        await runner.cleanup()


def facts(of: Any) -> dict[str, Any]:
    """The attributes of a span or of a resource."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}
