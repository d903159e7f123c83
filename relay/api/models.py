"""What the operators' API says, as types: the JSON and the OpenAPI document are made from these."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from relay.taps.audit import AuditEntry

Problem = Literal["loss", "jitter", "round_trip", "silent", "no_keyframe"]
PROBLEMS: tuple[Problem, ...] = get_args(Problem)
Family = Literal["ipv4", "ipv6"]

Ratio = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(ge=0)]


class Model(BaseModel):
    """camelCase outside; read-only inside."""

    model_config = ConfigDict(
        alias_generator=to_camel, frozen=True, serialize_by_alias=True, populate_by_name=True
    )


class Fault(Model):
    """Why a request failed."""

    code: str = Field(description="The HTTP status in words, such as `not_found`.")
    message: str = Field(description="One sentence for people.")


class Failure(Model):
    """The body of every answer from 400 on."""

    error: Fault


class User(Model):
    """A user with an open WebSocket."""

    id: str
    state: Literal["connected", "waiting", "matched", "in_call"]
    room_id: str | None
    partner_id: str | None
    link_id: str | None = Field(description="The user's media connection; null while it has none.")
    age_s: Positive = Field(description="Since the WebSocket opened, in seconds.")


class Room(Model):
    """Two users who talk."""

    id: str
    users: tuple[str, str] = Field(description="The first has waited, the second came later.")
    state: Literal["matched", "in_call"] = Field(description="`in_call` when media has flowed.")
    age_s: Positive
    bitrate_bps: Positive = Field(description="What both users send together.")
    loss_ratio: Ratio = Field(description="The worst of the room's tracks.")
    problems: list[Problem] = Field(description="Of all the room's tracks.")


class Path(Model):
    """Which way a link's datagrams go."""

    protocol: Literal["udp"]
    local_family: Family
    remote_family: Family | None = Field(description="null before a connectivity check has come.")
    local_address: str | None = Field(
        description="As announced, with port; null unless `operator_sees_addresses` is set."
    )
    remote_address: str | None = Field(
        description="The user's; null unless `operator_sees_addresses` is set."
    )


class Link(Model):
    """A user's media connection to the relay."""

    id: str
    user_id: str
    room_id: str | None
    state: Literal["none", "connecting", "up"]
    age_s: Positive
    consent_age_s: Positive = Field(
        description="Since the last authenticated connectivity check; at 30 s the link ends."
    )
    path: Path
    dtls_version: str | None = Field(description="Such as `DTLSv1.2`; null before the handshake.")
    srtp_profile: str | None = Field(description="Such as `SRTP_AEAD_AES_128_GCM`.")
    round_trip_ms: Positive | None = Field(
        description="Between relay and user, from the user's reports; null before the first."
    )


class Track(Model):
    """One stream of a user's, up (sent by the user) or down (received by it)."""

    id: str = Field(description="Stays the same while the link and the SSRC do.")
    link_id: str
    user_id: str
    room_id: str | None
    direction: Literal["up", "down"]
    kind: Literal["audio", "video"]
    codec: str
    ssrc: Count
    counterpart_id: str | None = Field(
        description="The same media at the partner's link; null while it goes nowhere."
    )
    problems: list[Problem] = Field(
        description="What is bad while there is a partner: `loss` of 5 % or more, `jitter` of 100"
        " ms or more, `round_trip` of 500 ms or more, `silent` for 3 s or more, or held back for as"
        " long because `no_keyframe` came."
    )
    width: Count | None = Field(description="Pixels, from the last key frame; null for audio.")
    height: Count | None
    fps: Positive | None = Field(description="null for audio.")
    bitrate_bps: Positive = Field(description="RTP without retransmissions, in the last 2 s.")
    repair_bitrate_bps: Positive = Field(description="Retransmissions and padding (RTX).")
    packets_per_s: Positive
    loss_ratio: Ratio = Field(description="In the last 10 s, on this track's way alone.")
    jitter_ms: Positive = Field(
        description="Up as measured by the relay, down as reported by the user."
    )
    round_trip_ms: Positive | None = Field(description="The link's.")
    packets: Count
    bytes: Count = Field(description="RTP with its headers; without SRTP, UDP and IP.")
    repair_packets: Count
    lost: int = Field(
        description="Up: missing by the sequence numbers. Down: missing by the user's reports, and"
        " not on the way up already. Negative when packets came twice."
    )
    keyframes: Count = Field(description="That passed; counted while there is a partner.")
    nacks: Count = Field(description="Requests: up those sent to the user, down those it sent.")
    plis: Count
    firs: Count
    waits_for_keyframe: bool
    idle_s: Positive | None = Field(description="Since the last packet; null when none came.")
    path: Path
    dtls_version: str | None
    srtp_profile: str | None


class Users(Model):
    """A page of users, in the order in which they came."""

    users: list[User]
    total: Count = Field(description="How many there are on all pages.")


class Rooms(Model):
    """A page of rooms, oldest first."""

    rooms: list[Room]
    total: Count


class Links(Model):
    """A page of links, oldest first."""

    links: list[Link]
    total: Count


class Tracks(Model):
    """A page of tracks, in the order asked for."""

    tracks: list[Track]
    total: Count


class Totals(Model):
    """How the server is doing."""

    at: str = Field(description="When this was, UTC, RFC 3339.")
    uptime_s: Positive
    ready: bool
    reasons: list[str] = Field(description="Why it is not ready; as in `/ready`.")
    draining: bool
    connected: Count
    waiting: Count
    in_call: Count
    rooms: Count
    links: Count
    tracks: Count
    bad_rooms: Count = Field(description="Rooms with a track that has a problem.")
    packets_received: Count
    packets_forwarded: Count
    bytes_forwarded: Count
    packets_dropped: Count
    packets_per_s: Positive = Field(description="Forwarded, in the last second or two.")
    bitrate_bps: Positive = Field(description="The same.")
    loss_up_ratio: Ratio = Field(description="Of all packets of the last 10 s.")
    loss_down_ratio: Ratio
    cpu_ratio: Positive = Field(description="Of one core, that the event loop's thread used.")
    loop_lag_ms: Positive = Field(description="The last second's worst delay of the event loop.")
    event_readers: Count


class Sample(Model):
    """How the server did during some seconds."""

    at: str = Field(description="When they ended, UTC, RFC 3339.")
    connected: Count = Field(description="At the end, as all counts.")
    waiting: Count
    in_call: Count
    bad_rooms: Count
    packets_per_s: Positive = Field(description="Forwarded; the mean, as all that follows.")
    bitrate_bps: Positive
    loss_up_ratio: Ratio
    loss_down_ratio: Ratio
    cpu_ratio: Positive = Field(description="Of one core, that the event loop's thread used.")


class History(Model):
    """The last hour; less after a start."""

    period_s: Positive = Field(description="How many seconds a sample stands for.")
    samples: list[Sample] = Field(description="The oldest first.")


class Snapshot(Model):
    """What the event stream sends each second."""

    totals: Totals
    rooms: list[Room] = Field(description="The worst first.")
    tracks: list[Track] = Field(description="As the query asks.")


class Drain(Model):
    """Whether new users are turned away."""

    draining: bool


class Audit(Model):
    """The newest entries of the audit log, the oldest of them first."""

    entries: list[AuditEntry]


class Page(Model):
    """Which part of a list is wanted."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=500, description="How many at most.")
    offset: int = Field(0, ge=0, le=1_000_000, description="How many to skip.")


_Id = Annotated[str, Field(max_length=64)]


class TrackQuery(Page):
    """Which tracks are wanted, and in which order."""

    user: _Id | None = Field(None, description="Only those of this user.")
    room: _Id | None = Field(None, description="Only those of this room.")
    kind: Literal["audio", "video"] | None = None
    direction: Literal["up", "down"] | None = None
    bad: bool = Field(False, description="Only those with a problem.")
    sort: Literal["link", "loss", "bitrate", "jitter", "round_trip", "idle"] = Field(
        "link", description="`link` keeps a link's tracks together; the others begin with the most."
    )


class RoomQuery(Page):
    """Which rooms are wanted."""

    bad: bool = Field(False, description="Only those with a problem.")


class EventQuery(TrackQuery):
    """Which tracks each snapshot has; the number of rooms is limited likewise."""

    limit: int = Field(50, ge=1, le=200, description="How many rooms and tracks at most.")


class TapQuery(Model):
    """How long to look."""

    model_config = ConfigDict(extra="forbid")
    seconds: float | None = Field(
        None,
        gt=0,
        le=14_400,
        allow_inf_nan=False,
        description="How long at most; four hours when not given.",
    )


class CaptureQuery(TapQuery):
    """What to capture."""

    payload: bool = Field(False, description="Also what is behind the RTP headers: the content.")


class AuditQuery(Model):
    """How much of the audit log is wanted."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=500, description="How many entries at most.")
