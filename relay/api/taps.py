"""Looking into calls: snapshots, recordings, captures, and the audit log that tells of them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from relay.api import answers, asking
from relay.api.asked import Asked
from relay.api.models import Audit
from relay.api.operator import OPERATOR
from relay.api.overview import Overview
from relay.api.queries import AuditQuery, CaptureQuery, TapQuery
from relay.errors import AuditFailed, NoPicture, ReaderLost, TapFailed, TapsBusy
from relay.plane import Direction, MediaPlane
from relay.taps.audit import AuditLog
from relay.taps.capture import captured
from relay.taps.pump import Source, pump
from relay.taps.recording import recorded
from relay.taps.snapshot import Snapshots
from relay.taps.uses import Operator, Target, Use, Uses, What
from relay.taps.workshop import Workshop

MAX_SECONDS = 4 * 3600.0
"""How long a recording or a capture is when nobody says how long, and at most."""
PATIENCE_S = 5.0
"""A reader that takes nothing for this long is dropped."""
SLICE_BYTES = 16 * 1024
"""What is written to a reader at once; no packet is forwarded meanwhile."""

TOKEN_CHARS = 8
"""How much of a token's SHA-256 is written down."""

_MAX_FORWARDED_CHARS = 200

_log = structlog.get_logger()


class Taps:
    """The endpoints; :meth:`end` ends what runs, with whole files, and :meth:`close` all the rest.

    :param allowed: whether operators may look into calls at all.
    :param audit_log: the file in which each use is written down.
    :param patience_s: how long a reader may take nothing.
    """

    def __init__(
        self,
        overview: Overview,
        plane: MediaPlane,
        *,
        allowed: bool,
        audit_log: Path,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._overview = overview
        self._plane = plane
        self._allowed = allowed
        self._audit = AuditLog(audit_log)
        self._uses = Uses(self._audit)
        self._workshop = Workshop()
        self._snapshots = Snapshots(plane, self._workshop, clock=clock)
        self._patience_s = patience_s
        self._clock = clock
        self._stopping = asyncio.Event()

    def end(self) -> None:
        """End every recording and capture."""
        self._stopping.set()

    async def close(self) -> None:
        """End the process that made them, when no request is left."""
        await self._workshop.close()

    async def take_snapshot(self, request: web.Request) -> web.StreamResponse:
        """Answer with a picture of a track."""
        self._require_leave()
        seen = await self._overview.look()
        track = seen.track(request.match_info["id"])
        if track is None:
            raise self._unknown(request, "track")
        if track.kind != "video":
            raise answers.Invalid("id: this track is audio; only video has pictures")
        partner = seen.partner_of(track.user_id) if track.direction == "down" else None
        if track.direction == "down" and partner is None:
            raise web.HTTPGatewayTimeout(text="nobody is seen on this track at present")
        target = Target((partner or track.user_id,), track.room_id, track.link_id, track.id)
        async with self._begin("snapshot", request, target) as use:
            direction = Direction(track.direction)
            picture = await self._snapshots.take(track.user_id, direction, use, partner)
        return web.Response(body=picture, content_type="image/png", headers=answers.NO_STORE)

    async def record_room(self, request: web.Request) -> web.StreamResponse:
        """Answer with what both users of a room send, as it comes."""
        self._require_leave()
        query, seen = asking.query(request, TapQuery), await self._overview.look()
        room = seen.room(request.match_info["id"])
        if room is None:
            raise self._unknown(request, "room")
        if not seen.have_links(room.users):
            raise web.HTTPNotFound(text="no media of this room passes through the server")
        async with (
            self._begin("recording", request, Target(room.users, room.id)) as use,
            recorded(self._plane, self._workshop, room.users, self._clock) as source,
        ):
            return await self._stream(request, query, source, use, f"room-{room.id}.webm")

    async def capture_link(self, request: web.Request) -> web.StreamResponse:
        """Answer with a link's packets, as they come."""
        self._require_leave()
        query = asking.query(request, CaptureQuery)
        link = (await self._overview.look()).link(request.match_info["id"])
        if link is None:
            raise self._unknown(request, "link")
        what: What = "capture_with_payload" if query.payload else "capture"
        target = Target((link.user_id,), link.room_id, link.id)
        async with (
            self._begin(what, request, target) as use,
            captured(
                self._plane,
                self._workshop,
                link.user_id,
                link.id,
                payload=query.payload,
                clock=self._clock,
            ) as source,
        ):
            return await self._stream(request, query, source, use, f"link-{link.id}.pcapng")

    async def list_audit(self, what: Asked) -> Audit:
        """The newest entries of the audit log."""
        query = what.parameters(AuditQuery)
        try:
            entries = await self._audit.last(query.limit)
        except AuditFailed as error:
            raise answers.unavailable(f"the audit log cannot be read: {error}") from None
        return Audit(entries=entries)

    def _unknown(self, request: web.Request, noun: str) -> asking.Unknown:
        """What becomes 404; in a cluster, whose lists are of all nodes, it says where that is."""
        nothing = asking.unknown(request, noun)
        if (node := self._overview.node) is not None:
            nothing.text = (
                f"there is no such {noun} at node {node}, nor at another one, or no longer"
            )
        return nothing

    def _require_leave(self) -> None:
        if not self._allowed:
            raise web.HTTPForbidden(
                text="looking into calls is switched off: start the server with --allow-taps"
                " (RELAY_ALLOW_TAPS=true) to allow it; each use is then written to the audit log"
            )

    @asynccontextmanager
    async def _begin(self, what: What, request: web.Request, target: Target) -> AsyncIterator[Use]:
        """One use, written down; what goes wrong becomes an answer."""
        operator = operator_of(request)
        try:
            async with self._uses.begin(what, operator, target) as use:
                yield use
        except TapsBusy as error:
            text, headers = str(error), {"Retry-After": "5"}
            raise web.HTTPTooManyRequests(text=text, headers=headers) from None
        except AuditFailed as error:
            _log.error("audit_failed", reason=str(error))
            raise answers.unavailable(f"the audit log cannot be written: {error}") from None
        except NoPicture as error:
            raise web.HTTPGatewayTimeout(text=str(error)) from None
        except TapFailed as error:
            _log.error("tap_failed", what=what, reason=str(error))
            raise answers.unavailable(str(error)) from None

    async def _stream(
        self,
        request: web.Request,
        query: TapQuery,
        source: Source,
        use: Use,
        filename: str,
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers=answers.NO_STORE
            | {
                "Content-Type": _TYPES[filename.rpartition(".")[2]],
                "Content-Disposition": f'attachment; filename="{filename}"',
                "X-Accel-Buffering": "no",  # or nginx would keep it back
            }
        )
        await response.prepare(request)
        reader = _HttpReader(request, response, use, self._patience_s)
        seconds = query.seconds or MAX_SECONDS
        try:
            use.why = await pump(source, reader, seconds, self._stopping, self._clock)
        except TapFailed:
            reader.abort()  # so that what was written is not taken for the whole
            raise
        use.packets_dropped = source.dropped
        await reader.end()
        return response


def operator_of(request: web.Request) -> Operator:
    """Who looks, as it is written down."""
    forwarded = request.headers.get("X-Forwarded-For", "")[:_MAX_FORWARDED_CHARS]
    by = request[OPERATOR]
    return Operator(
        by.name,
        by.token_hash[:TOKEN_CHARS],
        request.remote,
        forwarded or None,
        answers.request_id(request),
    )


class _HttpReader:
    """Whoever reads an answer; implements :class:`relay.taps.pump.Reader`."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, use: Use, patience_s: float
    ) -> None:
        self._transport = request.transport
        self._response = response
        self._use = use
        self._patience_s = patience_s

    def check(self) -> None:
        """See :class:`relay.taps.pump.Reader`."""
        if self._transport is None or self._transport.is_closing():
            raise ReaderLost("reader_gone")

    async def write(self, data: bytes) -> None:
        """See :class:`relay.taps.pump.Reader`."""
        for at in range(0, len(data), SLICE_BYTES):
            await self._in_time(self._response.write(data[at : at + SLICE_BYTES]))
            await asyncio.sleep(0)  # packets that have come meanwhile go first
        self._use.bytes += len(data)

    def abort(self) -> None:
        """Break off."""
        if self._transport is not None:
            self._transport.abort()

    async def end(self) -> None:
        """Say that this was all, to a reader that is still there."""
        with contextlib.suppress(ReaderLost):
            self.check()
            await self._in_time(self._response.write_eof())

    async def _in_time(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await sending
        except TimeoutError:
            self.abort()
            raise ReaderLost("reader_slow") from None
        except ConnectionError:
            raise ReaderLost("reader_gone") from None


_TYPES = {"webm": "video/webm", "pcapng": "application/x-pcapng"}
