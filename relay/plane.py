"""The interface at which signalling and media meet, and nothing else of either.

Signalling speaks of users; the media plane keeps at most one *link* a user. What has an answer is
awaited, what has none is a command that is carried out at once. Whatever happens to a link on its
own comes back as an event. Nothing here needs both sides to live in the same process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from relay.histogram import Histogram
from relay.track import TrackView


class LinkState(StrEnum):
    """How far a user's link is."""

    NONE = "none"
    CONNECTING = "connecting"
    UP = "up"


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link's ICE and DTLS are done: media can flow."""

    user_id: str


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link is gone and forgotten.

    ``reason`` is ``closed`` (the peer said so with DTLS close_notify; it may offer afresh),
    ``silent`` (no consent for 30 s, RFC 7675) or ``failed`` (the handshake came to nothing, or to
    no end within 30 s).
    """

    user_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class MediaFlowing:
    """The first packet of the present partner went out to this user."""

    user_id: str


MediaEvent = LinkUp | LinkLost | MediaFlowing


class Direction(StrEnum):
    """Which way a track goes, seen from its user."""

    UP = "up"  # the user sends it
    DOWN = "down"  # the user receives it


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
    """Links that ended by themselves, by the reason of :class:`LinkLost`."""
    link_setup: Histogram = field(default_factory=Histogram)
    """From a link's first description to media."""
    forwarding_delay: Histogram = field(default_factory=Histogram)
    """How long a batch of packets was in the relay's hands."""


class TappedPacket(NamedTuple):
    """An RTP packet on a user's link, decrypted."""

    direction: Direction
    """Up: as the user sent it. Down: as it goes out to the user."""
    kind: str
    is_repair: bool
    """Whether it is a retransmission (RTX)."""
    at_s: float
    """When it came, in seconds of the plane's clock."""
    data: bytes
    """Header and payload."""


class Tap(Protocol):
    """Whoever looks at a user's packets; called on the event loop's thread, must not wait."""

    def take(self, packet: TappedPacket) -> None:
        """One packet passes."""

    def parted(self) -> None:
        """The user and its partner have parted; what passes later is of another room."""

    def link_closed(self) -> None:
        """The user's link is gone; what passes later is of another link."""


class MediaPlane(Protocol):
    """Keeps one link a user and forwards packets between paired links."""

    def subscribe(self, listener: Callable[[MediaEvent], None]) -> None:
        """Have every event given to ``listener``, on the event loop's thread."""

    async def answer(self, user_id: str, sdp: str, *, is_local: bool = False) -> str:
        """Open, renegotiate or replace the user's link from its offer.

        :param is_local: whether the user is on this machine, and can reach its loopback addresses.
        :returns: the answer's SDP, complete with candidates.
        :raises SdpError: when the offer cannot be used; an existing link stays as it was.
        """

    async def offer(self, user_id: str, *, is_local: bool = False) -> str:
        """Open a fresh link from the relay's side (a former one is closed); returns the offer.

        :param is_local: as in :meth:`answer`.
        """

    async def accept(self, user_id: str, sdp: str) -> None:
        """Take the user's answer to :meth:`offer`.

        :raises SdpError: when the answer cannot be used, or none was asked for.
        """

    def pair(self, a: str, b: str) -> None:
        """Let each of the two hear and see the other, now or as soon as their links are up."""

    def unpair(self, user_id: str) -> None:
        """Stop all forwarding from and to the user; harmless when not paired."""

    def close_link(self, user_id: str) -> None:
        """Close the user's link; harmless when there is none. No event follows."""

    def link_state(self, user_id: str) -> LinkState:
        """How far the user's link is."""

    def sends(self, user_id: str) -> frozenset[str] | None:
        """The kinds that the user sends, as its description says.

        None when there is no link, or no description of the user's yet.
        """

    def tracks(self) -> list[TrackView]:
        """Every stream that links send or receive."""

    def links(self) -> list[LinkView]:
        """Every link."""

    def tap(self, user_id: str, direction: Direction, tap: Tap, partner: str | None = None) -> None:
        """Show every RTP packet that the user sends or receives, until :meth:`untap`.

        Packets pass while the user has a partner. Those that cannot be read are not shown.

        :param partner: who it has to be; when it is another one already, the tap is told at once
            that the two have parted.
        """

    def untap(self, user_id: str, direction: Direction, tap: Tap) -> None:
        """End it; harmless when it is none."""

    def request_keyframe(self, user_id: str, direction: Direction) -> None:
        """Ask whoever sends the picture for a key frame; at most every 0.3 s, without a promise."""

    def stats(self) -> PlaneStats:
        """The counters."""
