"""What the operators' API answers; made of docs/openapi.json by ``scripts/generate``.

Fields are added within ``v1`` and never removed, so unknown ones are ignored; and so that a newer
relay can be watched, words that may be added to (states, problems) are plain text.
"""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """camelCase outside; read-only inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
    )


class Figure(NamedTuple):
    """What a figure of a track is called."""

    title: str
    word: str | None = None
    """As a column, by which lists can be sorted; None: it is none."""


class AuditEntry(Model):
    """One line: a tap has started, or ended; the two have the same ``use``."""

    at: str
    event: str
    use: str
    what: str
    room: str | None = None
    users: str | None = None
    link: str | None = None
    track: str | None = None
    operator: str | None = None
    token: str
    address: str | None
    forwarded_for: str | None = None
    request: str | None = None
    duration_s: float | None = None
    why: str | None = None
    bytes: int | None = None
    packets_dropped: int | None = None


class Audit(Model):
    """The newest entries of the audit log, the oldest of them first."""

    entries: tuple[AuditEntry, ...]


class Drain(Model):
    """Whether new users are turned away."""

    draining: bool


class Fault(Model):
    """Why a request failed."""

    code: str
    message: str


class Failure(Model):
    """The body of every answer from 400 on."""

    error: Fault


class LinkFailures(Model):
    """Media connections that did not come up, or were lost, for one cause."""

    cause: str
    count: int
    networks: int


class Path(Model):
    """Which way a link's datagrams go."""

    protocol: str
    local_family: str
    remote_family: str | None
    local_address: str | None
    remote_address: str | None


class PeerPath(Model):
    """One address from which a user was heard."""

    protocol: str
    family: str
    address: str | None
    proven: bool
    in_use: bool


class Link(Model):
    """A user's media connection to the relay."""

    id: str
    user_id: str
    room_id: str | None
    state: str
    age_s: float
    consent_age_s: float
    path: Path
    paths: tuple[PeerPath, ...]
    dtls_version: str | None
    srtp_profile: str | None
    round_trip_ms: float | None
    over_budget: tuple[str, ...]
    worker: int | None


class Links(Model):
    """A page of links, oldest first."""

    links: tuple[Link, ...]
    total: int


class Room(Model):
    """Two users who talk."""

    id: str
    users: tuple[str, str]
    state: str
    age_s: float
    bitrate_bps: float
    loss_ratio: float
    problems: tuple[str, ...]


class Rooms(Model):
    """A page of rooms, oldest first."""

    rooms: tuple[Room, ...]
    total: int


class Sample(Model):
    """How the server did during some seconds."""

    at: str
    connected: int
    waiting: int
    in_call: int
    bad_rooms: int
    packets_per_s: float
    bitrate_bps: float
    loss_up_ratio: float
    loss_down_ratio: float
    cpu_ratio: float
    worker_cpu_ratio: float


class History(Model):
    """The last hour; less after a start."""

    period_s: float
    samples: tuple[Sample, ...]


class Threshold(Model):
    """From ``warm`` on a figure deserves a look, from ``bad`` on it is a problem."""

    warm: float
    bad: float


class Thresholds(Model):
    """From where on the figures of tracks and totals are bad, and nearly so."""

    loss_ratio: Threshold
    jitter_ms: Threshold
    round_trip_ms: Threshold
    idle_s: Threshold
    loss_up_ratio: Threshold
    loss_down_ratio: Threshold
    cpu_ratio: Threshold
    loop_lag_ms: Threshold


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
    workers: int
    workers_down: int
    worker_restarts: int
    worker_cpu_ratio: float
    worker_loop_lag_ms: float


class Track(Model):
    """One stream of a user's, up (sent by the user) or down (received by it)."""

    id: str
    link_id: str
    user_id: str
    direction: str
    kind: str
    codec: str
    ssrc: int
    counterpart_id: str | None
    width: int | None
    height: int | None
    fps: float | None
    loss_ratio: float
    bitrate_bps: float
    repair_bitrate_bps: float
    packets_per_s: float
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
    room_id: str | None
    problems: tuple[str, ...]
    path: Path
    dtls_version: str | None
    srtp_profile: str | None
    over_budget: tuple[str, ...]
    worker: int | None


class Tracks(Model):
    """A page of tracks, in the order asked for."""

    tracks: tuple[Track, ...]
    total: int


class User(Model):
    """A user, with an open WebSocket or waited for since that is lost."""

    id: str
    state: str
    room_id: str | None
    partner_id: str | None
    link_id: str | None
    age_s: float
    interrupted_age_s: float | None
    over_budget: tuple[str, ...]


class Users(Model):
    """A page of users, in the order in which they came."""

    users: tuple[User, ...]
    total: int


class Worker(Model):
    """A media process, or the place of one that has died and is being replaced."""

    index: int
    up: bool
    process_id: int | None
    udp_port: int
    age_s: float
    restarts: int
    links: int
    packets_per_s: float
    cpu_ratio: float
    loop_lag_ms: float
    packets_forwarded: int
    packets_dropped: int


class Snapshot(Model):
    """What the event stream sends each second."""

    totals: Totals
    rooms: tuple[Room, ...]
    tracks: tuple[Track, ...]
    workers: tuple[Worker, ...]
    failures: tuple[LinkFailures, ...]


class Workers(Model):
    """All media processes, by their UDP ports; none where media is in the server's own process."""

    workers: tuple[Worker, ...]


FIGURES = {
    "width": Figure("Width"),
    "height": Figure("Height"),
    "fps": Figure("Frames/s"),
    "loss_ratio": Figure("Loss", "loss"),
    "bitrate_bps": Figure("Bit rate", "bitrate"),
    "repair_bitrate_bps": Figure("Repair"),
    "packets_per_s": Figure("Packets/s"),
    "jitter_ms": Figure("Jitter", "jitter"),
    "round_trip_ms": Figure("Round trip", "round_trip"),
    "packets": Figure("Packets"),
    "bytes": Figure("Bytes"),
    "repair_packets": Figure("Repair packets"),
    "lost": Figure("Lost"),
    "keyframes": Figure("Key frames"),
    "nacks": Figure("NACK"),
    "plis": Figure("PLI"),
    "firs": Figure("FIR"),
    "waits_for_keyframe": Figure("Waits for a key frame"),
    "idle_s": Figure("Silent for", "idle"),
}
"""Those of a track, by their names."""
