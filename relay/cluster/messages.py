"""What nodes say to each other: typed, and read by nodes of the last and the next minor version.

A field that is added has a default, and a kind that is added is no harm where it is not known: what
is told is dropped, and a request is answered with :class:`Refused`. Anything else needs another
:data:`VERSION`, and nodes of two versions do not speak to each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Base64Bytes

from relay.cluster.interface import Node
from relay.typed import Vocabulary

VERSION = 1


# of every connection


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message either way; or :class:`Refused`, with a reason of `greeting`."""

    version: int
    node: Node | None = None
    """A node of another version may introduce itself otherwise."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Still here: said when there was nothing else to say for a second."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The last message: this node ends, and is not to be connected to."""


# of any request


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that is not understood, or has failed."""

    reason: str


# rooms whose users are at two nodes (`signaling`)


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as its partner's node has to know it."""

    user_id: str
    visitor: str = ""
    addresses: list[str] = field(default_factory=list)
    """Keyed hashes, see :class:`relay.safety.Identity`."""
    interests: dict[str, str] = field(default_factory=dict)
    """As the user wrote them, by what is compared."""
    blurs: bool = False
    languages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Offer:
    """A request: a room with one of each node's users has been claimed. Is yours still free?

    Answered with :class:`Accepted`, then the room is there for both; or with :class:`Declined`.
    """

    room_id: str
    first: str
    second: str
    """User ids; ``second`` is the initiator."""
    person: Person
    """The asking node's user."""
    mode: str = "video"
    """In which the two begin to talk."""
    tryst: str = ""
    """By which the two are to meet."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """To :class:`Offer`."""

    person: Person
    """The asked node's user."""


@dataclass(frozen=True, slots=True)
class Declined:
    """To :class:`Offer`: the user does not wait, or is not here."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something for the partner in a room: a message of the signalling protocol, as JSON."""

    room_id: str
    message: str


@dataclass(frozen=True, slots=True)
class NotSaid:
    """What a user said was not handed on, since the partner's connection is slow."""

    room_id: str
    chat_id: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    """What the partner's node has to know of a user's link (:class:`relay.plane.LinkTold`)."""

    room_id: str
    told: str


@dataclass(frozen=True, slots=True)
class Flowing:
    """Media has reached the user whose partner is told of it: both are in the call."""

    room_id: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A user's socket is lost, or back."""

    room_id: str
    is_away: bool


@dataclass(frozen=True, slots=True)
class Parted:
    """A room is over, or is none that this node knows of."""

    room_id: str
    farewell: str = "partner_disconnected"
    """What the partner is told: the type of a message of the signalling protocol."""


@dataclass(frozen=True, slots=True)
class Again:
    """A user wants to meet the partner of a room again, or no more."""

    room_id: str
    user_id: str
    partner_id: str
    """Of the node that is told."""
    is_wanted: bool = True


# sockets that have come to another node than their sessions (`signaling`)


@dataclass(frozen=True, slots=True)
class Resuming:
    """A request: a socket here wants to go on with a session there.

    Answered with :class:`Going`. Who comes is known by the session: nothing else is told of it.
    """

    line: str
    """A name for what follows, which no other has."""
    frame: str
    """The client's ``resume`` message."""
    source: str = ""
    """Where the socket comes from, as :func:`relay.source.bounded_source_of` has it."""
    is_local: bool = False
    """Whether that is the asking node's own machine."""


@dataclass(frozen=True, slots=True)
class Going:
    """To :class:`Resuming`: whether the session goes on over this line."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """A text frame on a line, either way."""

    line: str
    text: str
    is_paid: bool = True
    """Else the client has sent more than is paid for: it is counted, and not handled."""


@dataclass(frozen=True, slots=True)
class Taken:
    """So many frames that came by a line are taken: as many more may be under way."""

    line: str
    frames: int


@dataclass(frozen=True, slots=True)
class Hung:
    """A line has ended, either way; ``code`` is 1006 when the socket was lost."""

    line: str
    code: int = 1006
    reason: str = ""


# media (`workers`)


@dataclass(frozen=True, slots=True)
class TrunkKey:
    """A request: the key with which one of the asking node's workers encrypts from now on.

    Answered with :class:`TrunkTaken`; the key is used only then.
    """

    sender: int
    """The asking node's worker, and ``receiver`` the asked node's, by their indexes."""
    receiver: int
    epoch: int
    """From 0 to 255: the one after the last is 0 again."""
    key: str = field(repr=False)
    """16 bytes, in hexadecimal."""
    is_anew: bool = False
    """Whether the sender has begun anew, and knows no key of the receiver's: it is to get one."""


@dataclass(frozen=True, slots=True)
class TrunkTaken:
    """To :class:`TrunkKey`."""


@dataclass(frozen=True, slots=True)
class PictureOf:
    """A request: a user's last picture, see :meth:`relay.plane.Keeping.kept`.

    Answered with :class:`Picture`.
    """

    user_id: str
    partner_id: str | None = None
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """To :class:`PictureOf`: a :class:`relay.plane.Kept`; as it stands here, that there is none."""

    age_s: float = 0.0
    width: int = 0
    height: int = 0
    frame: Base64Bytes = b""
    partner_id: str = ""


@dataclass(frozen=True, slots=True)
class Pose:
    """A user of the node that is told is to send a key frame, to whoever sees it now."""

    user_id: str


# operators (`api`)


@dataclass(frozen=True, slots=True)
class Call:
    """A request: do what an operator asks for. Answered with :class:`Done`."""

    method: str
    path: str
    """Below ``/api/v1/``, with its query."""
    body: str = ""
    operator: str = ""
    role: str = "viewer"


@dataclass(frozen=True, slots=True)
class Done:
    """To :class:`Call`: a status of HTTP, and JSON."""

    status: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What is kept for all nodes has changed: bans, operators, or who is logged in."""

    what: str


VOCABULARY = Vocabulary(
    (
        Hello,
        Beat,
        Leaving,
        Refused,
        Offer,
        Accepted,
        Declined,
        Said,
        NotSaid,
        Linked,
        Flowing,
        Missing,
        Parted,
        Again,
        Resuming,
        Going,
        Frame,
        Taken,
        Hung,
        TrunkKey,
        TrunkTaken,
        PictureOf,
        Picture,
        Pose,
        Call,
        Done,
        Changed,
    )
)
