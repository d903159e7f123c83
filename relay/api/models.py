"""What the operators' API says, as types: the JSON and the OpenAPI document are made from these."""

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel

from relay.plane import Family, PathKind
from relay.quality import BEST, GOOD, WEAK, WORST, Grade, Leg
from relay.taps.audit import AuditEntry
from relay.track import (
    LOSS_THRESHOLD,
    THRESHOLDS,
    Count,
    Figure,
    Measure,
    Ratio,
    Threshold,
    TrackView,
    figures,
)

Problem = Literal["loss", "jitter", "round_trip", "silent", "no_keyframe", "quality"]
PROBLEMS: tuple[Problem, ...] = get_args(Problem)

Protocol = Annotated[
    PathKind,
    Field(description="Over UDP, ICE-TCP, or TURN to the relay over TCP or TLS."),
]

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


_NODE_IS = "Whose it is, in a cluster; null where there is none."


class Joined(Model):
    """What may be the answer of many nodes, put together."""

    silent_nodes: list[str] = Field(
        [], description="Nodes of the cluster that did not answer, so that what is theirs lacks."
    )


_OVER_BUDGET_IS = (
    "What the user has sent too much of within the last 3 s, so that it was dropped: `rtp`, `rtcp`,"
    " `nacks`, `checks`, `dtls` or `authentication`."
)


Quality = Annotated[float, Field(ge=WORST, le=BEST)]
_QUALITY_IS = (
    f"How well the user sees and hears the partner, from {WORST:g} to {BEST:g}, by what its page"
    " tells and the relay counts; null while nothing has come."
)
_GRADE_IS = f"The same in a word: `good` from {GOOD:g} on, `weak` from {WEAK:g} on."
_LEG_IS = (
    "Which part of the way from the partner spoils most: `up` to the relay, the `relay` itself, or"
    " `down` to the user; null when none does, or nobody knows."
)


class User(Model):
    """A user, with an open WebSocket or waited for since that is lost."""

    id: str
    state: Literal["connected", "waiting", "matched", "in_call"]
    room_id: str | None
    partner_id: str | None
    link_id: str | None = Field(description="The user's media connection; null while it has none.")
    age_s: Measure = Field(description="Since the first WebSocket opened, in seconds.")
    interrupted_age_s: Measure | None = Field(
        description="Since the WebSocket was lost, in seconds; null while there is one."
    )
    link_cause: str | None = Field(
        None,
        description="Why the last link failed, as the user's page and the relay see it; null when"
        " one is up, or none has failed.",
    )
    quality: Quality | None = Field(None, description=_QUALITY_IS)
    grade: Grade | None = Field(None, description=_GRADE_IS)
    leg: Leg | None = Field(None, description=_LEG_IS)
    over_budget: list[str] = Field(description=_OVER_BUDGET_IS)
    node: str | None = Field(None, description=_NODE_IS)


class RoomSide(Model):
    """What one user of a room gets of the other."""

    user_id: str
    quality: Quality | None = Field(description=_QUALITY_IS)
    grade: Grade | None = Field(description=_GRADE_IS)
    leg: Leg | None = Field(description=_LEG_IS)


class Room(Model):
    """Two users who talk."""

    id: str
    users: tuple[str, str] = Field(description="The first has waited, the second came later.")
    state: Literal["matched", "in_call"] = Field(description="`in_call` when media has flowed.")
    age_s: Measure
    bitrate_bps: Measure = Field(description="What both users send together.")
    loss_ratio: Ratio = Field(description="The worst of the room's tracks.")
    problems: list[Problem] = Field(description="Of all the room's tracks.")
    sides: list[RoomSide] = Field(
        [], description="Of both users, in their order; in a cluster, of those who are here."
    )
    nodes: list[str] = Field(
        [], description="Those of its users, in a cluster: one, or two when they are apart."
    )


class Path(Model):
    """Which way a link's datagrams go."""

    protocol: Protocol
    local_family: Family
    remote_family: Family | None = Field(
        description="null before the user has answered a connectivity check."
    )
    local_address: str | None = Field(
        description="As announced, with port; null unless `operator_sees_addresses` is set."
    )
    remote_address: str | None = Field(
        description="The user's; null unless `operator_sees_addresses` is set."
    )


class PeerPath(Model):
    """One address from which a user was heard."""

    protocol: Protocol
    family: Family
    address: str | None = Field(
        description="With port; null unless `operator_sees_addresses` is set."
    )
    proven: bool = Field(description="Whether the user has answered there.")
    in_use: bool = Field(description="Whether the relay sends there.")


_WORKER_IS = "Whose it is; null where media is in the server's own process."


class Link(Model):
    """A user's media connection to the relay."""

    id: str
    user_id: str
    room_id: str | None
    state: Literal["none", "connecting", "up"]
    age_s: Measure
    consent_age_s: Measure = Field(
        description="Since the last authenticated connectivity check; at 36 s the link ends."
    )
    path: Path
    paths: list[PeerPath] = Field(description="All of the user's addresses, at most eight.")
    dtls_version: str | None = Field(description="Such as `DTLSv1.2`; null before the handshake.")
    srtp_profile: str | None = Field(description="Such as `SRTP_AEAD_AES_128_GCM`.")
    round_trip_ms: Measure | None = Field(
        description="Between relay and user, from the user's reports; null before the first."
    )
    over_budget: list[str] = Field(description=_OVER_BUDGET_IS)
    worker: int | None = Field(description=_WORKER_IS)
    node: str | None = Field(None, description=_NODE_IS)


_BAD = {name: f"{threshold.bad:g}" for name, threshold in THRESHOLDS.items()}
_PROBLEMS_ARE = (
    f"What is bad while there is a partner: `loss` of {100 * THRESHOLDS['loss_ratio'].bad:g} % or"
    f" more, `jitter` of {_BAD['jitter_ms']} ms or more, `round_trip` of {_BAD['round_trip_ms']} ms"
    f" or more, `silent` for {_BAD['idle_s']} s or more, or held back for as long because"
    " `no_keyframe` came; of what a user receives also `quality`, when that is `poor`."
)


@dataclass(slots=True)
class Track(TrackView):
    """One stream of a user's, up (sent by the user) or down (received by it)."""

    room_id: str | None
    problems: Annotated[list[Problem], Field(description=_PROBLEMS_ARE)]
    quality: Annotated[
        Quality | None,
        Field(description="The `quality` of the side that receives it; null for what is sent."),
    ]
    grade: Annotated[Grade | None, Field(description="The same side's.")]
    leg: Annotated[Leg | None, Field(description="The same side's.")]
    path: Path
    dtls_version: str | None
    srtp_profile: str | None
    over_budget: Annotated[list[str], Field(description=_OVER_BUDGET_IS)]
    worker: Annotated[int | None, Field(description=_WORKER_IS)]
    node: Annotated[str | None, Field(description=_NODE_IS)]


class Worker(Model):
    """A media process, or the place of one that has died and is being replaced."""

    index: Count
    up: bool = Field(description="Whether it is there and answers.")
    process_id: int | None = Field(description="null while there is none.")
    udp_port: Count
    age_s: Measure = Field(description="How long it has been there, or has not been.")
    restarts: Count = Field(description="How often it has died, since the server's start.")
    links: Count
    packets_per_s: Positive = Field(description="Forwarded, in the last second; as what follows.")
    cpu_ratio: Positive = Field(description="Of one core, that the event loop's thread used.")
    loop_lag_ms: Measure = Field(description="The worst delay of the event loop.")
    packets_forwarded: Count = Field(description="By this process; as all counts.")
    packets_dropped: Count
    node: str | None = Field(None, description=_NODE_IS)


class Users(Joined):
    """A page of users, in the order in which they came."""

    users: list[User]
    total: Count = Field(description="How many there are on all pages.")


class Rooms(Joined):
    """A page of rooms, oldest first."""

    rooms: list[Room]
    total: Count
    between_nodes: Count = Field(0, description="Of all of these, rooms with users on two nodes.")


class Links(Joined):
    """A page of links, oldest first."""

    links: list[Link]
    total: Count


class Workers(Joined):
    """All media processes, by their UDP ports; none where media is in the server's own process."""

    workers: list[Worker]


class Tracks(Joined):
    """A page of tracks, in the order asked for."""

    tracks: list[Track]
    total: Count


_LAG_THRESHOLD = Threshold(100, 250)


class Totals(Joined):
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
    loss_up_ratio: Annotated[
        Ratio, Figure("Loss up", "Of all packets of the last 10 s.", threshold=LOSS_THRESHOLD)
    ]
    loss_down_ratio: Annotated[Ratio, Figure("Loss down", threshold=LOSS_THRESHOLD)]
    cpu_ratio: Annotated[
        Positive,
        Figure(
            "CPU", "Of one core, that the event loop's thread used.", threshold=Threshold(0.7, 0.9)
        ),
    ]
    loop_lag_ms: Annotated[
        Measure,
        Figure(
            "Loop lag", "The last second's worst delay of the event loop.", threshold=_LAG_THRESHOLD
        ),
    ]
    event_readers: Count
    open_reports: Count = Field(description="Reports that nobody has decided.")
    open_appeals: Count = Field(description="Appeals that nobody has answered.")
    workers: Count = Field(
        description="Media processes that there should be; 0 where media is in the server's own."
    )
    workers_down: Count
    worker_restarts: Count = Field(description="How often one has died, since the start.")
    worker_cpu_ratio: Positive = Field(description="Of the busiest worker; bad as `cpuRatio` is.")
    worker_loop_lag_ms: Measure = Field(
        description="Of the one that is late most; bad as `loopLagMs` is."
    )
    nodes: Count = Field(0, description="Whose sum this is, in a cluster; 0 where there is none.")
    rooms_between_nodes: Count = Field(0, description="Of the rooms, those with users on two.")


class Node(Model):
    """A node of the cluster, and how it is doing."""

    name: str
    here: bool = Field(description="Whether it is the one that was asked.")
    version: str | None = Field(description="Of its software; null while it is not reached.")
    lease_s: Measure | None = Field(
        description="How long its place in the store still holds; null when that is not known."
    )
    totals: Totals | None = Field(description="null when it did not answer.")


class Nodes(Joined):
    """The nodes of the cluster, by their names; none where there is no cluster."""

    nodes: list[Node]
    store_away: bool = Field(
        False, description="Whether the store that they share cannot be reached from here."
    )


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
    worker_cpu_ratio: Positive = Field(description="At the end, of the busiest worker.")


class History(Joined):
    """The last hour; less after a start."""

    period_s: Positive = Field(description="How many seconds a sample stands for.")
    samples: list[Sample] = Field(description="The oldest first.")


class LinkFailures(Model):
    """Media connections that did not come up, or were lost, for one cause."""

    cause: str = Field(description="As in `relay_link_failures_total`.")
    count: Count = Field(description="Since the start.")
    networks: Count = Field(
        description="Whose they were, in the last hour; one of whom no public address is known"
        " counts anew each time that it connects."
    )


class Snapshot(Joined):
    """What the event stream sends each second."""

    totals: Totals
    rooms: list[Room] = Field(description="The worst first.")
    tracks: list[Track] = Field(description="As the query asks.")
    workers: list[Worker]
    failures: list[LinkFailures] = Field(
        description="Each cause that there was, most networks first."
    )
    nodes: list[Node] = Field([], description="As `/nodes` tells them.")
    store_away: bool = Field(False, description="As there.")


ALL_THRESHOLDS = THRESHOLDS | {
    name: figure.threshold for name, figure in figures(Totals).items() if figure.threshold
}
Thresholds: type[Model] = create_model(
    "Thresholds",
    __base__=Model,
    __doc__="From where on the figures of tracks and totals are bad, and nearly so.",
    **dict.fromkeys(ALL_THRESHOLDS, (Threshold, ...)),  # type: ignore[call-overload]
)


class Drain(Model):
    """Whether new users are turned away."""

    draining: bool
    deadline_s: Positive | None = Field(
        None,
        description="In so many seconds those who are left are moved or disconnected; null when"
        " they are not.",
    )
    node: str | None = Field(None, description=_NODE_IS)


class Audit(Joined):
    """The newest entries of the audit log, the oldest of them first."""

    entries: list[AuditEntry]
