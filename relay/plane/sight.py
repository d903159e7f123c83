"""What operators read of media: copies, made when somebody asks."""

from dataclasses import dataclass, field
from typing import Protocol

from relay.histogram import Histogram
from relay.plane.links import LinkState
from relay.track import TrackView


@dataclass(frozen=True, slots=True)
class LinkView:
    """What an operator sees of a user's link."""

    link_id: str
    user_id: str
    state: LinkState
    age_s: float
    consent_age_s: float
    """Since the last authenticated connectivity check; 30 s end the link."""
    local_address: tuple[str, int]
    """IP address and UDP port, as announced first."""
    remote_address: tuple[str, int] | None = None
    """None before a check has come."""
    dtls_version: str | None = None
    srtp_profile: str | None = None
    round_trip_ms: float | None = None
    over_budget: tuple[str, ...] = ()
    """Kinds of work of which the user has caused too much within the last seconds."""


@dataclass(frozen=True, slots=True)
class PlaneStats:
    """The plane's counters; they only grow, except for ``links``."""

    listening: bool = True
    """Whether media can reach the relay: the port is bound, and there is an address to announce."""
    links: int = 0
    packets_received: int = 0
    packets_forwarded: int = 0
    bytes_forwarded: int = 0
    drops: dict[str, int] = field(default_factory=dict)
    """Packets by the reason why they went nowhere."""
    nacks: int = 0
    """Requests for retransmission that were passed on."""
    keyframe_requests: dict[str, int] = field(default_factory=dict)
    """Those that were sent to users, by type: ``pli`` or ``fir``."""
    link_losses: dict[str, int] = field(default_factory=dict)
    """Links that ended by themselves, by the reason of :class:`relay.plane.LinkLost`."""
    link_setup: Histogram = field(default_factory=Histogram)
    """From a link's first description to media."""
    forwarding_delay: Histogram = field(default_factory=Histogram)
    """How long a batch of packets was in the relay's hands."""


@dataclass(frozen=True, slots=True)
class MediaView:
    """All of it, at one moment."""

    links: list[LinkView] = field(default_factory=list)
    """Every link."""
    tracks: list[TrackView] = field(default_factory=list)
    """Every stream that links send or receive."""
    stats: PlaneStats = field(default_factory=PlaneStats)


class Sight(Protocol):
    """Answers operators."""

    async def look(self) -> MediaView:
        """Everything."""

    async def stats(self) -> PlaneStats:
        """The counters alone."""
