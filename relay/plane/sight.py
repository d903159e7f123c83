"""What operators read of media: copies, made when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

from relay.histogram import Histogram
from relay.plane.links import LinkState, PathKind
from relay.track import TrackView


@dataclass(frozen=True, slots=True)
class PathView:
    """One address from which a link's peer was heard."""

    kind: PathKind
    address: tuple[str, int]
    is_proven: bool
    """Whether the peer has answered there; before that, no media goes there."""
    in_use: bool
    """Whether all that is sent goes there."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What an operator sees of a user's link."""

    link_id: str
    user_id: str
    state: LinkState
    age_s: float
    consent_age_s: float
    """Since the last authenticated connectivity check; 36 s end the link."""
    local_address: tuple[str, int]
    """IP address and UDP port, as announced first."""
    remote_address: tuple[str, int] | None = None
    """The one in use; None before the peer has answered a check."""
    dtls_version: str | None = None
    srtp_profile: str | None = None
    round_trip_ms: float | None = None
    over_budget: tuple[str, ...] = ()
    """Kinds of work of which the user has caused too much within the last seconds."""
    paths: tuple[PathView, ...] = ()
    """All of the peer's."""

    @property
    def kind(self) -> PathKind:
        """How the path in use goes."""
        return next((path.kind for path in self.paths if path.in_use), "udp")


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """How busy a media process is, in its last second."""

    cpu_ratio: float = 0.0
    """Share of a core that its event loop's thread used."""
    loop_lag_s: float = 0.0
    """By how much the event loop was late at most."""
    packets_per_s: float = 0.0
    """Forwarded."""


@dataclass(frozen=True, slots=True)
class WorkerView:
    """What an operator sees of a media process, or of the place of one that has died."""

    index: int
    process_id: int | None
    """None while there is none."""
    udp_port: int
    age_s: float
    """How long it has been there, or has not been."""
    answers: bool
    """Whether it does, or what is told of it is how it was."""
    restarts: int
    """How often a process of this place has died."""
    load: WorkerLoad
    stats: PlaneStats
    """What this process has counted."""

    @property
    def is_up(self) -> bool:
        """Whether it is there and answers."""
        return self.process_id is not None and self.answers

    @property
    def uptime_s(self) -> float:
        """Since it has been there."""
        return self.age_s if self.process_id is not None else 0.0


@dataclass(frozen=True, slots=True)
class PlaneStats:
    """The plane's counters; they only grow, except for ``links``."""

    listening: bool = True
    """Whether media can reach the relay: the port is bound, and there is an address to announce."""
    links: int = 0
    packets_received: int = 0
    packets_forwarded: int = 0
    bytes_forwarded: int = 0
    packets_bridged: dict[str, int] = field(default_factory=dict)
    """Packets that crossed to another plane of this machine (``out``), or from one (``in``)."""
    bytes_bridged: dict[str, int] = field(default_factory=dict)
    packets_trunked: dict[str, int] = field(default_factory=dict)
    """Packets that crossed to another node (``out``), or from one (``in``)."""
    bytes_trunked: dict[str, int] = field(default_factory=dict)
    drops: dict[str, int] = field(default_factory=dict)
    """Packets by the reason why they went nowhere."""
    nacks: int = 0
    """Requests for retransmission that the relay has sent to users."""
    repairs: dict[str, int] = field(default_factory=dict)
    """Packets that were ``repeated`` to users who missed them, that were ``restored`` since they
    had not come at first, and those of these that were ``given_up``."""
    keyframe_requests: dict[str, int] = field(default_factory=dict)
    """Those that were sent to users, by type: ``pli`` or ``fir``."""
    keyframes_kept: dict[str, int] = field(default_factory=dict)
    """Key frames that passed while pictures are kept, by what became of them: ``kept``,
    ``too_large`` or ``torn``, which is not whole within a second."""
    link_losses: dict[str, int] = field(default_factory=dict)
    """Links that ended by themselves, by the reason of :class:`relay.plane.LinkLost`."""
    tunnel_refusals: dict[str, int] = field(default_factory=dict)
    """Connections for media, and requests on them, that were turned away, by the reason."""
    link_setup: Histogram = field(default_factory=Histogram)
    """From a link's first description to media."""
    forwarding_delay: Histogram = field(default_factory=Histogram)
    """How long a batch of packets was in the relay's hands."""

    @property
    def packets_dropped(self) -> int:
        """For whatever reason."""
        return sum(self.drops.values())


@dataclass(frozen=True, slots=True)
class MediaView:
    """All of it, at one moment."""

    links: list[LinkView] = field(default_factory=list)
    """Every link."""
    tracks: list[TrackView] = field(default_factory=list)
    """Every stream that links send or receive."""
    stats: PlaneStats = field(default_factory=PlaneStats)
    workers: list[WorkerView] = field(default_factory=list)
    """The media processes; none where media is in the front's own."""


class Sight(Protocol):
    """Answers operators."""

    async def look(self) -> MediaView:
        """Everything."""

    async def stats(self) -> PlaneStats:
        """The counters alone."""

    def lately(self) -> tuple[float, PlaneStats]:
        """The counters as they were told last, and how many seconds ago; nobody is asked."""

    def workers(self) -> list[WorkerView]:
        """The media processes, as they have told last; none where media is in the front's own."""


def summed(parts: Iterable[PlaneStats], *, listening: bool, links: int | None = None) -> PlaneStats:
    """The counters of several planes together.

    :param listening: whether all that there should be are; ``links`` in place of their sum.
    """
    total: dict[str, Any] = {}
    for part in parts:
        for each in fields(part):
            total[each.name] = _plus(total.get(each.name), getattr(part, each.name))
    total["listening"] = listening and total.get("listening", True)
    if links is not None:
        total["links"] = links
    return PlaneStats(**total)


def _plus(a: Any, b: Any) -> Any:
    if a is None:
        return b
    if isinstance(a, bool):
        return a and b
    if isinstance(a, dict):
        return {key: a.get(key, 0) + b.get(key, 0) for key in (*a, *b)}
    if isinstance(a, Histogram):
        return a.plus(b)
    return a + b
