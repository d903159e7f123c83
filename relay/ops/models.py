"""What the operators' API answers; ``docs/openapi.json`` is its reference.

Fields are added within ``v1`` and never removed, so unknown ones are ignored; and so that a newer
relay can be watched, words that may be added to (states, problems) are plain text.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """camelCase outside; read-only inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
    )


class User(Model):
    """A user with an open WebSocket."""

    id: str
    state: str
    room_id: str | None
    partner_id: str | None
    link_id: str | None
    age_s: float


class Room(Model):
    """Two users who talk."""

    id: str
    users: tuple[str, str]
    state: str
    age_s: float
    bitrate_bps: float
    loss_ratio: float
    problems: tuple[str, ...]


class Path(Model):
    """Which way a link's datagrams go."""

    protocol: str
    local_family: str | None
    remote_family: str | None
    local_address: str | None
    remote_address: str | None


class Link(Model):
    """A user's media connection to the relay."""

    id: str
    user_id: str
    room_id: str | None
    state: str
    age_s: float
    consent_age_s: float
    path: Path
    dtls_version: str | None
    srtp_profile: str | None
    round_trip_ms: float | None


class Track(Model):
    """One stream of a user's, up (sent by the user) or down (received by it)."""

    id: str
    link_id: str
    user_id: str
    room_id: str | None
    direction: Literal["up", "down"]
    kind: Literal["audio", "video"]
    codec: str
    ssrc: int
    counterpart_id: str | None
    problems: tuple[str, ...]
    width: int | None
    height: int | None
    fps: float | None
    bitrate_bps: float
    repair_bitrate_bps: float
    packets_per_s: float
    loss_ratio: float
    jitter_ms: float
    round_trip_ms: float | None
    packets: int
    bytes: int
    repair_packets: int
    lost: int
    keyframes: int
    nacks: int
    plis: int
    firs: int
    waits_for_keyframe: bool
    idle_s: float | None
    path: Path
    dtls_version: str | None
    srtp_profile: str | None


class Totals(Model):
    """How the server is doing."""

    at: str
    uptime_s: float
    ready: bool
    reasons: tuple[str, ...]
    draining: bool
    connected: int
    waiting: int
    in_call: int
    rooms: int
    links: int
    tracks: int
    bad_rooms: int
    packets_received: int
    packets_forwarded: int
    bytes_forwarded: int
    packets_dropped: int
    packets_per_s: float
    bitrate_bps: float
    loss_up_ratio: float
    loss_down_ratio: float
    cpu_ratio: float
    loop_lag_ms: float
    event_readers: int


class Snapshot(Model):
    """What the event stream sends each second."""

    totals: Totals
    rooms: tuple[Room, ...]
    tracks: tuple[Track, ...]


class Drain(Model):
    """Whether new users are turned away."""

    draining: bool


class Users(Model):
    """A page of users."""

    users: tuple[User, ...]
    total: int


class Rooms(Model):
    """A page of rooms."""

    rooms: tuple[Room, ...]
    total: int


class Links(Model):
    """A page of links."""

    links: tuple[Link, ...]
    total: int


class Tracks(Model):
    """A page of tracks."""

    tracks: tuple[Track, ...]
    total: int


class AuditEntry(Model):
    """A use of a tap has started, or ended; the two have the same ``use``."""

    at: str
    event: str
    use: str
    what: str
    room: str | None = None
    users: str | None = None
    link: str | None = None
    track: str | None = None
    token: str | None = None
    address: str | None = None
    forwarded_for: str | None = None
    request: str | None = None
    duration_s: float | None = None
    why: str | None = None
    bytes: int | None = None
    packets_dropped: int | None = None


class Audit(Model):
    """The newest entries of the audit log, the oldest of them first."""

    entries: tuple[AuditEntry, ...]
