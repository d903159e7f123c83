"""What the server says, one type for each message."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    Field,
)

from relay.protocol.client import (
    ChatReceived,
    IceCandidate,
    MediaState,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
    Reaction,
    Shown,
    Typing,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.protocol.terms import (
    LinkCause,
    Message,
    Mode,
    Reason,
    Scope,
)


class Connected(Message):
    """The first message after the socket opens; ``resume_within`` is in seconds."""

    type: Literal["connected"] = "connected"
    user_id: str
    ice_servers: list[dict[str, Any]]
    media_mode: Literal["relay", "direct"]
    resume_token: str | None = None
    resume_within: float | None = None
    start_blurred: bool = False
    """Whether each new partner had better be blurred at first."""
    evidence: bool = False
    """Whether pictures and chat of a call are kept when it is reported."""


class Resumed(Message):
    """A session goes on with this socket.

    ``received`` counts the client's messages; the next ``missed`` ones are those that it did not
    get, and ``state`` and ``room_id`` are what holds after them. ``ice_servers`` are there when
    those of ``connected`` are not the session's.
    """

    type: Literal["resumed"] = "resumed"
    user_id: str
    resume_token: str
    received: int
    missed: int
    state: Literal["connected", "waiting", "matched", "in_call"]
    room_id: str | None = None
    ice_servers: list[dict[str, Any]] | None = None


class Pong(Message):
    """The answer to :class:`Ping`."""

    type: Literal["pong"] = "pong"


class WaitingForPartner(Message):
    """The user is in the queue."""

    type: Literal["waiting_for_partner"] = "waiting_for_partner"
    online: int | None = None
    looking: int | None = None
    """Others who look for the same now."""
    scope: Scope | None = None
    slowed_for: float | None = None
    """For so many seconds the user meets only others who leave their partners in haste, too."""


class PartnerFound(Message):
    """Paired; ``is_initiator`` is true for the user who arrived second.

    ``shared_interests`` are spelt as this user did.
    """

    type: Literal["partner_found"] = "partner_found"
    room_id: str
    is_initiator: bool
    media_mode: Literal["relay", "direct"]
    shared_interests: list[str] = Field(default_factory=list)
    blurred: bool = False
    """Whether the partner's client blurs, and will say :class:`Shown`."""
    mode: Mode = "video"
    languages: list[str] = Field(default_factory=list)
    """Those that both speak."""
    by_code: bool = False
    """Whether it is the one with whom this user has a code."""


class Invitation(Message):
    """The codes of an invitation: of this user, and for the one to invite; for so many seconds."""

    type: Literal["invitation"] = "invitation"
    code: str
    guest_code: str
    within: float


class AgainCode(Message):
    """Both of a room want to meet again: this user's code for that; good for so many seconds."""

    type: Literal["meet_again"] = "meet_again"
    room_id: str
    code: str
    within: float


class ChatDelivery(Message):
    """Text from the partner; ``sent_at`` is the server's clock in milliseconds since 1970."""

    type: Literal["chat_message"] = "chat_message"
    text: str
    id: str
    sent_at: int


class PartnerLeft(Message):
    """The partner pressed Next or Stop."""

    type: Literal["partner_left"] = "partner_left"


class PartnerDisconnected(Message):
    """The partner vanished: its socket or its media is lost."""

    type: Literal["partner_disconnected"] = "partner_disconnected"


class PartnerConnection(Message):
    """Whether anything comes from the partner at all; it has not left."""

    type: Literal["partner_connection"] = "partner_connection"
    interrupted: bool


class EchoState(Message):
    """Whether the user's own media comes back to it; it does for ``seconds`` at most."""

    type: Literal["echo"] = "echo"
    on: bool
    seconds: float | None = None


class ReportReceived(Message):
    """A report has arrived; ``is_stored`` is false while the database is away."""

    type: Literal["report_received"] = "report_received"
    report_id: str
    room_id: str
    is_stored: bool


class Blocked(Message):
    """The two will not meet again."""

    type: Literal["blocked"] = "blocked"
    block_id: str
    room_id: str


class ReportOutcome(Message):
    """What came of a report of the user's; ``at`` is when it was made, seconds since 1970."""

    type: Literal["report_outcome"] = "report_outcome"
    report_id: str
    reason: Reason
    at: float
    outcome: Literal["dismissed", "warned", "banned"]


class Warned(Message):
    """An operator warns the user; sent once."""

    type: Literal["warning"] = "warning"
    reason: Reason


class PartnerBlurred(Message):
    """The partner's picture had better be blurred; ``score`` is a classifier's, from 0 to 1."""

    type: Literal["partner_blurred"] = "partner_blurred"
    why: Reason
    score: float


class ModeAsked(Message):
    """The partner wants the call to go on in another mode."""

    type: Literal["mode_asked"] = "mode_asked"
    mode: Mode


class ModeDeclined(Message):
    """The partner does not want what this user has asked for: all stays as it is."""

    type: Literal["mode_declined"] = "mode_declined"
    mode: Mode


class ModeChanged(Message):
    """Both want it: the call goes on in this mode."""

    type: Literal["mode_changed"] = "mode_changed"
    mode: Mode


class Around(Message):
    """What others look for now: interests of enough of them, and how many wait, by mode."""

    type: Literal["around"] = "around"
    interests: list[str]
    looking: dict[Mode, int]


class OfferAgain(Message):
    """The relay has lost the user's link, and the user is to offer another one."""

    type: Literal["offer_again"] = "offer_again"
    reason: str


class Move(Message):
    """The server is about to go: the user is to begin another session, and to leave this one then.

    ``within`` is in seconds: after that this session is closed. Absent, it is not by itself.
    """

    type: Literal["move"] = "move"
    within: float | None = None


class Error(Message):
    """Something did not work; ``code`` is stable, ``message`` is for people.

    ``id`` is that of the chat message that was not passed on, if it is about one, and ``cause`` why
    a link has not come up.
    """

    type: Literal["error"] = "error"
    code: str
    message: str
    retry_after: float | None = None  # seconds
    id: str | None = None
    cause: LinkCause | None = None


ServerMessage = (
    Connected
    | Resumed
    | Pong
    | WaitingForPartner
    | PartnerFound
    | Invitation
    | AgainCode
    | WebrtcOffer
    | WebrtcAnswer
    | IceCandidate
    | ChatDelivery
    | ChatReceived
    | Typing
    | MediaState
    | Pictures
    | PicturePart
    | PictureReceived
    | PictureRefused
    | Reaction
    | PartnerLeft
    | PartnerDisconnected
    | PartnerConnection
    | EchoState
    | ReportReceived
    | Blocked
    | ReportOutcome
    | Warned
    | PartnerBlurred
    | Shown
    | ModeAsked
    | ModeDeclined
    | ModeChanged
    | Around
    | OfferAgain
    | Move
    | Error
)
