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


class AddedOperator(Model):
    """A new operator, and its token: nobody is told it again."""

    name: str
    role: str
    token: str


class AnOperator(Model):
    """Somebody with a token of its own."""

    name: str
    role: str
    added_at: str | None


class Appeal(Model):
    """A banned person asks to be let in again."""

    id: str
    ban_id: str
    at: str
    words: str
    outcome: str
    answer: str
    decided_at: str | None


class Appeals(Model):
    """A page of appeals; the oldest open ones first, else the newest."""

    appeals: tuple[Appeal, ...]
    more: bool


class AuditEntry(Model):
    """One line: evidence was viewed, or a tap has started or ended, both with the same ``use``."""

    at: str
    event: str
    use: str
    what: str
    room: str | None = None
    users: str | None = None
    link: str | None = None
    track: str | None = None
    report: str | None = None
    evidence: str | None = None
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

    silent_nodes: tuple[str, ...] = ()
    entries: tuple[AuditEntry, ...]


class Decision(Model):
    """What an operator, or a rule, has decided, and why."""

    at: str
    by: str
    what: str
    about: str
    why: str


class Drain(Model):
    """Whether new users are turned away."""

    draining: bool
    deadline_s: float | None = None
    node: str | None = None


class EvidenceItem(Model):
    """What was kept of a call, sealed; only the holder of the private key can read it."""

    id: str
    report_id: str
    at: str
    keep_until: str
    is_kept: bool
    is_intact: bool | None
    held_by: str | None
    number: int
    digest: str
    sealed_digest: str
    added_at: float


class EvidenceList(Model):
    """Pieces of evidence, in the order in which they were kept."""

    evidence: tuple[EvidenceItem, ...]


class Fault(Model):
    """Why a request failed."""

    code: str
    message: str


class Failure(Model):
    """The body of every answer from 400 on."""

    error: Fault


class Forgotten(Model):
    """Somebody's data is gone, but for bans in force and open reports."""

    changed: int


class LinkFailures(Model):
    """Media connections that did not come up, or were lost, for one cause."""

    cause: str
    count: int
    networks: int


class MadeReport(Model):
    """A report that somebody has made."""

    id: str
    at: str
    reason: str
    outcome: str
    words: str


class OperatorList(Model):
    """All operators."""

    operators: tuple[AnOperator, ...]


class OwnDecision(Model):
    """A decision, as the one whom it is about is told it."""

    at: str
    what: str
    about: str


class Party(Model):
    """Whom something is about."""

    visitor: str | None
    address: str | None


class Ban(Model):
    """Somebody may not come in."""

    id: str
    party: Party
    since: str
    until: str | None
    reason: str
    by: str
    words: str
    lifted_at: str | None
    holds: bool


class Bans(Model):
    """A page of bans, newest first."""

    bans: tuple[Ban, ...]
    more: bool


class PastReport(Model):
    """A report in somebody's history."""

    id: str
    at: str
    reason: str
    outcome: str


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
    node: str | None = None


class Links(Model):
    """A page of links, oldest first."""

    silent_nodes: tuple[str, ...] = ()
    links: tuple[Link, ...]
    total: int


class Personal(Model):
    """All that is stored about a visitor, as it can be handed out to it."""

    visitor: str
    reports_made: tuple[MadeReport, ...]
    reports_about: tuple[PastReport, ...]
    blocks_made: tuple[str, ...]
    bans: tuple[Ban, ...]
    appeals: tuple[Appeal, ...]
    decisions: tuple[OwnDecision, ...]


class Report(Model):
    """Somebody has reported its partner, or a classifier has."""

    id: str
    at: str
    reason: str
    severity: int
    reporter: Party
    reported: Party
    reporters: int
    room_id: str
    words: str
    source: str
    score: float | None
    outcome: str
    decided_at: str | None
    taken_by: str | None
    taken_at: str | None


class Reports(Model):
    """A page of reports."""

    reports: tuple[Report, ...]
    total: int | None
    more: bool


class RoomSide(Model):
    """What one user of a room gets of the other."""

    user_id: str
    quality: float | None
    grade: str | None
    leg: str | None


class Room(Model):
    """Two users who talk."""

    id: str
    users: tuple[str, str]
    state: str
    age_s: float
    bitrate_bps: float
    loss_ratio: float
    problems: tuple[str, ...]
    sides: tuple[RoomSide, ...] = ()
    nodes: tuple[str, ...] = ()


class Rooms(Model):
    """A page of rooms, oldest first."""

    silent_nodes: tuple[str, ...] = ()
    rooms: tuple[Room, ...]
    total: int
    between_nodes: int = 0


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

    silent_nodes: tuple[str, ...] = ()
    period_s: float
    samples: tuple[Sample, ...]


class Side(Model):
    """What is known of one of the two."""

    party: Party
    reports_about: tuple[PastReport, ...]
    reports_made: tuple[PastReport, ...]
    bans: tuple[Ban, ...]


class AppealCard(Model):
    """An appeal with all that helps to answer it."""

    appeal: Appeal
    ban: Ban
    banned: Side
    decisions: tuple[Decision, ...]


class BanCard(Model):
    """A ban with all that is known of who has it."""

    ban: Ban
    banned: Side
    appeal: Appeal | None
    decisions: tuple[Decision, ...]


class Card(Model):
    """A report with all that helps to decide it."""

    report: Report
    reported: Side
    reporter: Side
    decisions: tuple[Decision, ...]
    evidence: tuple[EvidenceItem, ...]


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

    silent_nodes: tuple[str, ...] = ()
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
    open_reports: int
    open_appeals: int
    workers: int
    workers_down: int
    worker_restarts: int
    worker_cpu_ratio: float
    worker_loop_lag_ms: float
    nodes: int = 0
    rooms_between_nodes: int = 0


class Node(Model):
    """A node of the cluster, and how it is doing."""

    name: str
    here: bool
    version: str | None
    lease_s: float | None
    totals: Totals | None


class Nodes(Model):
    """The nodes of the cluster, by their names; none where there is no cluster."""

    silent_nodes: tuple[str, ...] = ()
    nodes: tuple[Node, ...]
    store_away: bool = False


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
    left_up_ratio: float
    left_relay_ratio: float | None
    left_down_ratio: float | None
    repair_packets: int
    lost: int
    keyframes: int
    nacks: int
    asked: int
    repaired: int
    plis: int
    firs: int
    waits_for_keyframe: bool
    idle_s: float | None
    room_id: str | None
    problems: tuple[str, ...]
    quality: float | None
    grade: str | None
    leg: str | None
    path: Path
    dtls_version: str | None
    srtp_profile: str | None
    over_budget: tuple[str, ...]
    worker: int | None
    node: str | None


class Tracks(Model):
    """A page of tracks, in the order asked for."""

    silent_nodes: tuple[str, ...] = ()
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
    link_cause: str | None = None
    quality: float | None = None
    grade: str | None = None
    leg: str | None = None
    over_budget: tuple[str, ...]
    node: str | None = None


class Users(Model):
    """A page of users, in the order in which they came."""

    silent_nodes: tuple[str, ...] = ()
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
    node: str | None = None


class Snapshot(Model):
    """What the event stream sends each second."""

    silent_nodes: tuple[str, ...] = ()
    totals: Totals
    rooms: tuple[Room, ...]
    tracks: tuple[Track, ...]
    workers: tuple[Worker, ...]
    failures: tuple[LinkFailures, ...]
    nodes: tuple[Node, ...] = ()
    store_away: bool = False


class Workers(Model):
    """All media processes, by their UDP ports; none where media is in the server's own process."""

    silent_nodes: tuple[str, ...] = ()
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
    "left_up_ratio": Figure("Lost for good, up"),
    "left_relay_ratio": Figure("Lost for good, relay"),
    "left_down_ratio": Figure("Lost for good, down"),
    "repair_packets": Figure("Repair packets"),
    "lost": Figure("Lost"),
    "keyframes": Figure("Key frames"),
    "nacks": Figure("NACK"),
    "asked": Figure("Asked for"),
    "repaired": Figure("Repaired"),
    "plis": Figure("PLI"),
    "firs": Figure("FIR"),
    "waits_for_keyframe": Figure("Waits for a key frame"),
    "idle_s": Figure("Silent for", "idle"),
}
"""Those of a track, by their names."""
