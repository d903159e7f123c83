"""What signalling needs of media: commands, and the events that say what became of them.

Signalling speaks of users; the media plane keeps at most one *link* a user, which has an id that no
other link ever has. So whoever gets an event late can tell whether it is about the present link.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

PathKind = Literal["udp", "tcp", "turn-tcp", "turn-tls"]
"""How datagrams come: over UDP, ICE-TCP, or TURN to the relay over TCP or TLS."""

Family = Literal["ipv4", "ipv6"]


class LinkState(StrEnum):
    """How far a user's link is."""

    NONE = "none"
    CONNECTING = "connecting"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Description:
    """What came of a description: the plane's part of it, and the link that it is about."""

    link_id: str
    """The former one's where the link goes on."""
    sdp: str = ""
    """The plane's answer or offer."""
    sends: frozenset[str] = frozenset()
    """The kinds that the user sends, as its description says."""
    place: str = ""
    """Where the link is: two in one place meet at less cost."""
    cpu_s: float = 0.0
    """CPU time that it took."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How far a link has come that is not up: why it does not come up can be read from it."""

    checked: tuple[PathKind, ...] = ()
    """How authenticated connectivity checks have come, since the link was opened."""
    proven: tuple[PathKind, ...] = ()
    """How the peer was reached: it has answered there, or has completed DTLS."""
    dtls: Literal["none", "begun", "failed"] = "none"
    """Begun when anything of it has come; failed also when a certificate was none of the peer's."""
    families: tuple[Family, ...] = ()
    """Of the addresses that were announced to the peer."""
    takes_tcp: bool = False
    """Whether candidates of ICE-TCP were among them."""


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link's ICE and DTLS are done: media can flow. ``kind`` is how."""

    user_id: str
    link_id: str
    kind: PathKind = "udp"


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The link is gone and forgotten.

    ``reason`` is ``closed`` (the peer said so with DTLS close_notify; it may offer afresh),
    ``silent`` (no consent for 36 s, RFC 7675), ``failed`` (the handshake came to nothing, or to
    no end within 30 s) or ``restarted`` (the process that had it is gone; the peer, to which
    nothing was said, may offer afresh at once). A pair outlives the links of its users.
    ``trace`` is that of a link that has never been up.
    """

    user_id: str
    link_id: str
    reason: str
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class LinkInterrupted:
    """Nothing has come from the user for longer than is usual on its link: 5 s, as a rule.

    The link is up all the same, and whatever goes to the user is sent on. It ends with
    :class:`LinkResumed`, or with the link: another one begins without it.
    """

    user_id: str
    link_id: str


@dataclass(frozen=True, slots=True)
class LinkResumed:
    """Something has come again, after :class:`LinkInterrupted`."""

    user_id: str
    link_id: str


@dataclass(frozen=True, slots=True)
class MediaFlowing:
    """The first packet of a partner went out to this user."""

    user_id: str
    partner_id: str


@dataclass(frozen=True, slots=True)
class PictureFlowing:
    """The first packet of a partner's picture went out to this user."""

    user_id: str
    partner_id: str


@dataclass(frozen=True, slots=True)
class OverBudget:
    """For most of ten seconds the user has caused more than one may, which was dropped.

    ``kind`` is ``rtp``, ``rtcp``, ``nacks`` or ``checks``. It is told again if it goes on as long.
    """

    user_id: str
    link_id: str
    kind: str


@dataclass(frozen=True, slots=True)
class LinkTold:
    """The user's link has another description, of which a partner's node has to know.

    Told of users whose partner is on another node: when they are paired, and with each description
    after that. ``told`` is for :meth:`Links.follow` there, and nobody else's to read.
    """

    user_id: str
    told: str


MediaEvent = (
    LinkUp
    | LinkLost
    | LinkInterrupted
    | LinkResumed
    | LinkTold
    | MediaFlowing
    | PictureFlowing
    | OverBudget
)


class Links(Protocol):
    """Opens links, and pairs those of two users."""

    def subscribe(self, listener: Callable[[MediaEvent], None]) -> None:
        """Have every event given to ``listener``, on the event loop's thread."""

    async def answer(
        self, user_id: str, sdp: str, *, is_local: bool = False, near: str | None = None
    ) -> Description:
        """Open, renegotiate or replace the user's link from its offer.

        :param is_local: whether the user is on this machine, and can reach its loopback addresses.
        :param near: another user whom this one is likely to meet: a new link is best where that
            one's is.
        :returns: the answer, complete with candidates.
        :raises SdpError: when the offer cannot be used; an existing link stays as it was.
        """

    async def offer(
        self, user_id: str, *, is_local: bool = False, near: str | None = None
    ) -> Description:
        """Open a fresh link from the relay's side (a former one is closed); returns the offer.

        :param is_local: as in :meth:`answer`, and ``near``, too.
        """

    async def accept(self, user_id: str, sdp: str) -> Description:
        """Take the user's answer to :meth:`offer`; what is returned has no SDP.

        :raises SdpError: when the answer cannot be used, or none was asked for.
        """

    async def trace(self, user_id: str) -> Trace | None:
        """How far the user's link has come; None unless it is described by both, and not up."""

    def pair(self, a: str, b: str) -> None:
        """Let each of the two hear and see the other, now or as soon as their links are up.

        A user who is paired with itself gets what it sends.
        """

    def pair_across(self, user_id: str, partner_id: str, node: str, number: int) -> None:
        """Let a user hear and see one whose link is on another node, and be heard and seen there.

        Whatever they had before ends. It begins once both links are up, and :meth:`follow` has
        told of the partner's; it ends with :meth:`unpair` of the user.

        :param number: of the pair, below 2**48, the same at both nodes, and of no other pair.
        """

    def follow(self, partner_id: str, told: str) -> None:
        """Take what the partner's node has told (:class:`LinkTold`) of its link.

        What is no such thing is dropped and counted, as is what is told of nobody's partner.
        """

    def unpair(self, user_id: str) -> None:
        """Stop all forwarding from and to the user; harmless when not paired."""

    def close_link(self, user_id: str) -> None:
        """Close the user's link; harmless when there is none. No event follows."""
