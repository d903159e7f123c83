"""What a front and a worker say to each other: typed, and of one version.

A worker that a front of another release has left is told to stop, by the two things that stay the
same in all versions: a :class:`Hello` begins with its version, and :class:`Stop` is empty.

A request has a number, and is answered by one message with the same number; commands and events
have none. Everything that goes one way arrives in order: an answer follows all events before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import Base64Bytes, TypeAdapter

from relay.errors import NotUnderstood, WorkerError
from relay.media.card import Card
from relay.media.paths.candidates import Public
from relay.plane import (
    Description,
    Direction,
    Kept,
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    LinkState,
    LinkUp,
    MediaFlowing,
    MediaView,
    OverBudget,
    PictureFlowing,
    Trace,
)
from relay.plane.sight import PlaneStats, WorkerLoad
from relay.typed import Vocabulary

VERSION = 7
"""To be raised whenever a message changes, or what workers say to each other over bridges; a
worker of another version is replaced."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker is to be: an argument of its process."""

    index: int
    host: str
    udp_port: int
    """0 for any free one."""
    public: Public
    """What it announces."""
    directory: str
    """Where its sockets are."""
    count: int = 1
    """How many workers there are: each has a bridge to each other one."""
    log_level: str = "info"
    log_json: bool = False
    log_file: str | None = None


# The worker's greeting, and what may come instead of it


@dataclass(frozen=True, slots=True)
class Resident:
    """A user whose link a worker has."""

    user_id: str
    link_id: str
    state: LinkState
    partner_id: str | None


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message on each connection."""

    version: int
    orders: Orders
    process_id: int
    udp_port: int
    addresses: list[tuple[str, int]] = field(default_factory=list)
    """The candidates that it announces."""
    residents: list[Resident] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CannotStart:
    """The port cannot be bound, or the socket for fronts."""

    errno: int
    udp_port: int | None
    """None when it is the socket."""


# Requests


@dataclass(frozen=True, slots=True)
class Answer:
    """See :meth:`relay.plane.Links.answer`."""

    user_id: str
    sdp: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """See :meth:`relay.plane.Links.offer`."""

    user_id: str
    is_local: bool


@dataclass(frozen=True, slots=True)
class Accept:
    """See :meth:`relay.plane.Links.accept`."""

    user_id: str
    sdp: str


@dataclass(frozen=True, slots=True)
class LookBack:
    """See :meth:`relay.plane.Links.trace`."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Look:
    """See :class:`relay.plane.Sight`; without ``whole`` the counters alone."""

    whole: bool


@dataclass(frozen=True, slots=True)
class LookFor:
    """See :meth:`relay.plane.Keeping.kept`."""

    user_id: str
    partner_id: str | None
    within_s: float | None


@dataclass(frozen=True, slots=True)
class TakeTrunkKey:
    """Take what another node's worker sends under a key."""

    node: str
    worker: int
    epoch: int
    key: str = field(repr=False)
    """16 bytes, in hexadecimal."""


# Answers


@dataclass(frozen=True, slots=True)
class Described:
    """To what describes."""

    description: Description
    card: Card | None
    """What another worker has to know of the user, to pair it with one of its own."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A description that cannot be used; the reason is for the user."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A mistake of ours, which the worker has logged."""


@dataclass(frozen=True, slots=True)
class Seen:
    """To :class:`Look`."""

    view: MediaView
    load: WorkerLoad


@dataclass(frozen=True, slots=True)
class Traced:
    """To :class:`LookBack`."""

    trace: Trace | None


@dataclass(frozen=True, slots=True)
class Counted:
    """To :class:`Look` without the whole."""

    stats: PlaneStats
    load: WorkerLoad


@dataclass(frozen=True, slots=True)
class Found:
    """To :class:`LookFor`: a :class:`relay.plane.Kept`, or that there is none, without width."""

    age_s: float = 0.0
    width: int = 0
    height: int = 0
    frame: Base64Bytes = b""
    partner_id: str = ""

    @classmethod
    def of(cls, kept: Kept | None) -> Found:
        """What a plane has found."""
        if kept is None:
            return cls()
        return cls(kept.age_s, kept.width, kept.height, kept.frame, kept.partner_id)

    @property
    def kept(self) -> Kept | None:
        """What that was."""
        if not self.width:
            return None
        return Kept(self.age_s, self.width, self.height, self.frame, self.partner_id)


@dataclass(frozen=True, slots=True)
class TrunkKeyTaken:
    """To :class:`TakeTrunkKey`: whether there is such a trunk."""

    is_known: bool


# Commands


@dataclass(frozen=True, slots=True)
class Pair:
    """See :meth:`relay.plane.Links.pair`."""

    a: str
    b: str


@dataclass(frozen=True, slots=True)
class PairFar:
    """See :meth:`relay.media.RelayPlane.pair_far`."""

    user_id: str
    card: Card
    number: int
    peer: int
    node: str = ""


@dataclass(frozen=True, slots=True)
class OpenTrunk:
    """See :meth:`relay.media.pairs.Pairs.open_trunk`."""

    node: str
    worker: int
    near: tuple[str, int]
    far: tuple[str, int]


@dataclass(frozen=True, slots=True)
class UseTrunkKey:
    """Send under a key, which the other node has taken, from now on."""

    node: str
    worker: int
    epoch: int
    key: str = field(repr=False)
    """16 bytes, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class CloseTrunks:
    """Those to a node, or all; see :meth:`relay.media.pairs.Pairs.close_trunks`."""

    node: str | None = None


@dataclass(frozen=True, slots=True)
class Unpair:
    """See :meth:`relay.plane.Links.unpair`."""

    user_id: str


@dataclass(frozen=True, slots=True)
class CloseLink:
    """See :meth:`relay.plane.Links.close_link`."""

    user_id: str


@dataclass(frozen=True, slots=True)
class OpenTap:
    """See :meth:`relay.plane.Taps.tap`; the number is of this connection."""

    number: int
    user_id: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class CloseTap:
    """See :meth:`relay.plane.Taps.untap`."""

    number: int


@dataclass(frozen=True, slots=True)
class RequestKeyframe:
    """See :meth:`relay.plane.Taps.request_keyframe`."""

    user_id: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Keep:
    """See :meth:`relay.plane.Keeping.keep`."""

    on: bool


@dataclass(frozen=True, slots=True)
class AnnounceTcp:
    """See :meth:`relay.media.RelayPlane.announce_tcp`."""

    port: int


@dataclass(frozen=True, slots=True)
class WindDown:
    """The front is about to stop: end when it is gone, and wait for no other."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Close every link, and end."""


# Events, beside those of :mod:`relay.plane.links`


@dataclass(frozen=True, slots=True)
class Parted:
    """A tap's user and its partner have parted."""

    tap: int


@dataclass(frozen=True, slots=True)
class LinkClosed:
    """A tap's user has lost its link."""

    tap: int


KINDS: tuple[type[Any], ...] = (
    Hello,
    CannotStart,
    Answer,
    Offer,
    Accept,
    LookBack,
    Look,
    LookFor,
    Traced,
    Described,
    Refused,
    Failed,
    Seen,
    Counted,
    Found,
    Pair,
    PairFar,
    OpenTrunk,
    UseTrunkKey,
    CloseTrunks,
    TakeTrunkKey,
    TrunkKeyTaken,
    Unpair,
    CloseLink,
    OpenTap,
    CloseTap,
    RequestKeyframe,
    Keep,
    AnnounceTcp,
    WindDown,
    Stop,
    LinkUp,
    LinkLost,
    LinkInterrupted,
    LinkResumed,
    MediaFlowing,
    PictureFlowing,
    OverBudget,
    Parted,
    LinkClosed,
)

_VOCABULARY = Vocabulary(KINDS)


@dataclass(frozen=True, slots=True)
class _Greeting:
    version: int


_GREETING = TypeAdapter(_Greeting)


def write(message: object, number: int = 0) -> bytes:
    """A message, with the number of its request."""
    return _VOCABULARY.write(message, number)


def read(data: bytes) -> tuple[Any, int]:
    """What :func:`write` has written: the message and its number.

    :raises WorkerError: when it is nothing of the kind, or the greeting of another version.
    """
    _require_version(data)
    try:
        message, number = _VOCABULARY.read(data)
    except NotUnderstood as error:
        raise WorkerError(str(error)) from None
    if message is None:  # both ends are of one version
        raise WorkerError("says what nobody understands")
    return message, number


def _require_version(data: bytes) -> None:
    """Of a greeting, whatever else may be in it."""
    kind, _, rest = data.partition(b" ")
    if kind != Hello.__name__.encode():
        return
    try:
        said = _GREETING.validate_json(rest.partition(b" ")[2]).version
    except ValueError:
        return  # it is no greeting at all
    if said != VERSION:
        raise WorkerError(f"is of another release: it speaks version {said}, and not {VERSION}")
