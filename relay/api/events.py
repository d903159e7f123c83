"""Server-sent events: a snapshot each second, for live views.

A reader that does not take them is dropped after ``PATIENCE_S``; until then the connection buffers
some 64 KiB for it, and nothing is queued.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from relay.api import answers
from relay.api.models import Snapshot
from relay.api.observation import Observation
from relay.api.overview import Overview
from relay.api.queries import EventQuery

MAX_READERS = 16
PERIOD_S = 1.0
PATIENCE_S = 5.0

_HEADERS = answers.NO_STORE | {
    "Content-Type": "text/event-stream",
    "X-Accel-Buffering": "no",  # or nginx would keep events back
}

Taking = Callable[[], Awaitable[Snapshot]]

_log = structlog.get_logger()


class Events:
    """Serves the readers; :meth:`close` ends them."""

    def __init__(
        self, overview: Overview, *, period_s: float = PERIOD_S, patience_s: float = PATIENCE_S
    ) -> None:
        self.dropped = 0
        """Readers that were too slow."""
        self._overview = overview
        self._period_s, self._patience_s = period_s, patience_s
        self._closing = asyncio.Event()
        self._seen: Observation | None = None
        self._seen_at = float("-inf")

    def close(self) -> None:
        """End every stream."""
        self._closing.set()

    async def serve(self, request: web.Request, take: Taking) -> web.StreamResponse:
        """Serve one reader until it goes, is dropped, or the server stops.

        :param take: gives the snapshot of a moment.
        """
        if self._overview.event_readers >= MAX_READERS:
            text = f"there are {MAX_READERS} readers already"
            return answers.error(503, text, {"Retry-After": "10"})
        response = web.StreamResponse(headers=_HEADERS)
        self._overview.event_readers += 1
        try:
            first = await take()  # what is wrong with it has a status while nothing is sent
            await response.prepare(request)
            await self._send(response, first, take)
        except TimeoutError:
            self.dropped += 1
            _log.info("event_reader_dropped")
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # it has gone, as readers do
        except web.HTTPError:
            if not response.prepared:
                raise
            _log.info("event_stream_ended", reason="node_lost")
        finally:
            self._overview.event_readers -= 1
        return response

    async def _send(self, response: web.StreamResponse, snapshot: Snapshot, take: Taking) -> None:
        while not self._closing.is_set():
            event = f"event: snapshot\ndata: {snapshot.model_dump_json()}\n\n"
            async with asyncio.timeout(self._patience_s):
                await response.write(event.encode())
            try:
                async with asyncio.timeout(self._period_s):
                    await self._closing.wait()
            except TimeoutError:
                snapshot = await take()

    async def snapshot(self, query: EventQuery) -> Snapshot:
        """This moment."""
        seen = await self._look()
        return Snapshot.model_construct(
            totals=self._overview.totals(seen),
            rooms=seen.worst_rooms(query.limit),
            tracks=seen.tracks(query).tracks,
            workers=seen.workers(),
            failures=self._overview.failures(),
        )

    async def _look(self) -> Observation:
        """One look serves all readers of the same moment."""
        now = asyncio.get_running_loop().time()
        if self._seen is None or now - self._seen_at >= self._period_s / 2:
            self._seen, self._seen_at = await self._overview.look(), now
        return self._seen
