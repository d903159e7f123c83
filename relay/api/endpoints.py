"""The operators' API as a table: the routes and the OpenAPI document are both made from it.

An operation is carried out by the method of its name, of :class:`relay.api.v1.Api` or ``Taps``.
"""

from dataclasses import dataclass

from relay.api import models
from relay.records import Role

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation."""

    method: str
    path: str
    """Below ``PREFIX``; ``{id}`` stands for an id."""
    summary: str
    answer: type[models.Model | models.Track] | None = None
    """What a successful answer holds; None for nothing."""
    query: type[models.Model] | None = None
    media_type: str | None = None
    """Of a successful answer that is no JSON."""
    more_faults: tuple[int, ...] = ()
    """The statuses of errors that do not follow from the rest."""
    streams: bool = False
    """Whether the answer is a stream of server-sent events with ``answer`` as their data."""
    can_be_late: bool = False
    """Whether it orders something, and gets 503 when that is not done in time."""
    is_public: bool = False
    role: Role = Role.VIEWER
    """Who may do this; the next roles may, too."""

    @property
    def status(self) -> int:
        """Of success."""
        has_body = self.answer is not None or self.media_type is not None or self.is_public
        return 200 if has_body else 204

    @property
    def faults(self) -> tuple[int, ...]:
        """The statuses of errors that are its own."""
        checks = {
            401: not self.is_public,
            429: not self.is_public,
            403: self.role is not Role.VIEWER,
            404: "{id}" in self.path,
            422: self.query is not None,
            503: self.can_be_late or self.streams,
        }
        found = {status for status, applies in checks.items() if applies}
        return tuple(sorted(found | set(self.more_faults)))


ENDPOINTS = {
    "getTotals": Endpoint("GET", "/totals", "How the server is doing.", models.Totals),
    "getHistory": Endpoint(
        "GET", "/history", "How the server did in the last hour.", models.History
    ),
    "listUsers": Endpoint("GET", "/users", "Who is connected.", models.Users, models.Page),
    "disconnectUser": Endpoint(
        "DELETE",
        "/users/{id}",
        "Disconnect a user: its WebSocket is closed with 4001, a partner gets"
        " `partner_disconnected`.",
        can_be_late=True,
        role=Role.MODERATOR,
    ),
    "listRooms": Endpoint("GET", "/rooms", "Who talks.", models.Rooms, models.RoomQuery),
    "endRoom": Endpoint(
        "DELETE",
        "/rooms/{id}",
        "End a room: both users get `partner_left` and stay connected.",
        can_be_late=True,
        role=Role.MODERATOR,
    ),
    "listLinks": Endpoint("GET", "/links", "The media connections.", models.Links, models.Page),
    "listTracks": Endpoint(
        "GET", "/tracks", "Every stream, up and down.", models.Tracks, models.TrackQuery
    ),
    "listWorkers": Endpoint("GET", "/workers", "The media processes.", models.Workers),
    "getTrack": Endpoint("GET", "/tracks/{id}", "One stream.", models.Track),
    "getThresholds": Endpoint(
        "GET", "/thresholds", "From where on figures are bad, and nearly so.", models.Thresholds
    ),
    "startDrain": Endpoint(
        "POST",
        "/drain",
        "Take no new users: `/ready` and the WebSocket answer 503; calls go on. Harmless when"
        " repeated.",
        models.Drain,
        role=Role.ADMIN,
    ),
    "endDrain": Endpoint(
        "DELETE", "/drain", "Take new users again.", models.Drain, role=Role.ADMIN
    ),
    "streamEvents": Endpoint(
        "GET",
        "/events",
        "A snapshot each second, as server-sent events named `snapshot`. A reader that takes none"
        " for 5 s is dropped.",
        models.Snapshot,
        models.EventQuery,
        streams=True,
    ),
    "takeSnapshot": Endpoint(
        "POST",
        "/tracks/{id}/snapshot",
        "What a video track looks like: its next key frame, which the sender is asked for. Written"
        " to the audit log.",
        media_type="image/png",
        more_faults=(422, 503, 504),
        role=Role.ADMIN,
    ),
    "recordRoom": Endpoint(
        "POST",
        "/rooms/{id}/record",
        "What both users of a room send, as WebM without encoding it again, until the two part."
        " Written to the audit log. A reader that takes nothing for 5 s is dropped.",
        query=models.TapQuery,
        media_type="video/webm",
        more_faults=(503,),
        role=Role.ADMIN,
    ),
    "captureLink": Endpoint(
        "POST",
        "/links/{id}/pcap",
        "A link's RTP packets, decrypted, as pcapng with made-up addresses, until the link ends;"
        " only their headers unless `payload` is true. Written to the audit log. A reader that"
        " takes nothing for 5 s is dropped.",
        query=models.CaptureQuery,
        media_type="application/x-pcapng",
        more_faults=(503,),
        role=Role.ADMIN,
    ),
    "listAudit": Endpoint(
        "GET",
        "/audit",
        "Who has looked into which calls, and for how long.",
        models.Audit,
        models.AuditQuery,
        more_faults=(503,),
    ),
    "getOpenApi": Endpoint("GET", "/openapi.json", "This document.", is_public=True),
}
