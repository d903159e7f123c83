"""The signalling messages, one type each; ``docs/protocol.md`` is their reference.

The wire is JSON text frames ``{"type": ..., ...}``, camelCase names; unknown fields are ignored.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from relay.errors import ProtocolError

MAX_FRAME_BYTES = 256 * 1024
"""A longer WebSocket message closes the connection with 1009."""
MAX_SDP_CHARS = 64 * 1024
"""A longer SDP is ``bad_sdp``; checked where SDP is read, so that it gets that code."""
MAX_CHAT_CHARS = 2000
MAX_CHAT_ID_CHARS = 64
MAX_INTERESTS = 10
MAX_INTEREST_CHARS = 32
MAX_CANDIDATE_CHARS = 1024
MAX_TOKEN_CHARS = 64
MAX_CANDIDATE_TYPES = 16
MAX_LINK_ERRORS = 16
MAX_REPORT_MS = 3_600_000
MAX_ROOM_ID_CHARS = 64
MAX_WORDS_CHARS = 1000
"""Of a report."""

LinkCause = Literal[
    "udp_blocked",
    "tcp_blocked",
    "turn_refused",
    "server_unreachable",
    "dtls_failed",
    "ipv6_only",
    "slow",
]
"""Why a link does not come up."""

Reason = Literal["minor", "threat", "violence", "nudity", "hate", "spam", "other"]
"""Why somebody is reported."""

Mode = Literal["video", "text"]
"""What a user looks for: with its link as it is, or without media until it offers again."""


class _Message(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )

    def encode(self) -> str:
        """The message as a text frame; absent optional fields are left out."""
        nulls: set[str] = getattr(type(self), "nullable", set())
        fields = self.model_dump(by_alias=True, exclude_none=True)
        whole = fields | {name: None for name in nulls if name not in fields}
        return json.dumps(whole, ensure_ascii=False)  # escapes make an emoji 12 bytes of 4


Interest = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_INTEREST_CHARS)
]


class FindPartner(_Message):
    """Enter the waiting queue."""

    type: Literal["find_partner"] = "find_partner"
    interests: list[Interest] = Field(default_factory=list, max_length=MAX_INTERESTS)
    mode: Mode = "video"
    blurred: StrictBool = False
    """Whether the client blurs each partner until both have said :class:`Shown`."""


class WebrtcOffer(_Message):
    """An offer: of the user for its link, or of the relay (in ``direct`` mode: the partner)."""

    type: Literal["webrtc_offer"] = "webrtc_offer"
    sdp: str


class WebrtcAnswer(_Message):
    """The answer to an offer, either way."""

    type: Literal["webrtc_answer"] = "webrtc_answer"
    sdp: str


class Candidate(_Message):
    """An RTCIceCandidateInit."""

    model_config = ConfigDict(extra="ignore")
    candidate: str = Field(max_length=MAX_CANDIDATE_CHARS)
    sdp_mid: str | None = Field(default=None, max_length=64)
    sdp_m_line_index: int | None = Field(default=None, ge=0, le=255)
    username_fragment: str | None = Field(default=None, max_length=256)


class IceCandidate(_Message):
    """A trickled candidate; null says that there are no more."""

    nullable: ClassVar[set[str]] = {"candidate"}
    type: Literal["ice_candidate"] = "ice_candidate"
    candidate: Candidate | None = None


class ChatMessage(_Message):
    """Text to the partner; ``id`` is the client's own."""

    type: Literal["chat_message"] = "chat_message"
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHAT_CHARS)]
    id: str | None = Field(default=None, max_length=MAX_CHAT_ID_CHARS)


class ChatReceived(_Message):
    """The partner's message ``id`` was shown, either way."""

    type: Literal["chat_received"] = "chat_received"
    id: str = Field(max_length=MAX_CHAT_ID_CHARS)


class Typing(_Message):
    """Whether the other one is writing, either way."""

    type: Literal["typing"] = "typing"
    active: StrictBool


class MediaState(_Message):
    """Whether the microphone and the camera are on, either way."""

    type: Literal["media_state"] = "media_state"
    audio: StrictBool
    video: StrictBool


class NextPartner(_Message):
    """Leave this partner and look for another; without interests with those of the last time."""

    type: Literal["next_partner"] = "next_partner"
    interests: list[Interest] | None = Field(default=None, max_length=MAX_INTERESTS)
    mode: Mode = "video"
    blurred: StrictBool = False


class StopChat(_Message):
    """Leave partner or queue and close the link; the socket stays."""

    type: Literal["stop_chat"] = "stop_chat"


class LinkError(_Message):
    """An ``icecandidateerror`` (WebRTC section 5.7.3): its code, and the scheme of its URL."""

    model_config = ConfigDict(extra="ignore")
    code: int = Field(ge=0, le=999)
    scheme: Literal["stun", "stuns", "turn", "turns"]


class LinkReport(_Message):
    """How the connecting of the client's link goes, as its end sees it; times in ms."""

    type: Literal["link_report"] = "link_report"
    state: Literal["connecting", "connected", "failed", "disconnected"]
    candidate_types: list[
        Annotated[str, StringConstraints(pattern=r"^(host|srflx|prflx|relay)/(udp|tcp|tls)$")]
    ] = Field(default_factory=list, max_length=MAX_CANDIDATE_TYPES)
    families: list[Literal["ipv4", "ipv6"]] = Field(default_factory=list, max_length=2)
    ice_state: Literal[
        "new", "checking", "connected", "completed", "disconnected", "failed", "closed"
    ] = "new"
    dtls_state: Literal["new", "connecting", "connected", "closed", "failed"] = "new"
    errors: list[LinkError] = Field(default_factory=list, max_length=MAX_LINK_ERRORS)
    round_trip_ms: float | None = Field(default=None, ge=0, le=MAX_REPORT_MS)
    took_ms: float | None = Field(default=None, ge=0, le=MAX_REPORT_MS)


class Echo(_Message):
    """Whether the client's own media is to come back to it, or is to no more."""

    type: Literal["echo"] = "echo"
    on: StrictBool


class Report(_Message):
    """Report the partner, or the one of a room that has just ended; the partner is left."""

    type: Literal["report"] = "report"
    reason: Reason
    words: str = Field(default="", max_length=MAX_WORDS_CHARS)
    room_id: str | None = Field(default=None, max_length=MAX_ROOM_ID_CHARS)


class Block(_Message):
    """Never meet the partner again, or the one of a room that has just ended; it is left."""

    type: Literal["block"] = "block"
    room_id: str | None = Field(default=None, max_length=MAX_ROOM_ID_CHARS)


class Shown(_Message):
    """Ready to be seen, and to see; either way."""

    type: Literal["shown"] = "shown"


class Ping(_Message):
    """Whether the server is there; it says :class:`Pong`."""

    type: Literal["ping"] = "ping"


class Resume(_Message):
    """Go on with the session of a socket that is lost.

    ``received`` is how many of the session's messages have come in, but ``connected`` and
    ``resumed``.
    """

    type: Literal["resume"] = "resume"
    resume_token: str = Field(max_length=MAX_TOKEN_CHARS)
    received: int = Field(ge=0)


class Connected(_Message):
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


class Resumed(_Message):
    """A session goes on with this socket.

    ``received`` counts the client's messages; the next ``missed`` ones are those that it did not
    get, and ``state`` and ``room_id`` are what holds after them.
    """

    type: Literal["resumed"] = "resumed"
    user_id: str
    resume_token: str
    received: int
    missed: int
    state: Literal["connected", "waiting", "matched", "in_call"]
    room_id: str | None = None


class Pong(_Message):
    """The answer to :class:`Ping`."""

    type: Literal["pong"] = "pong"


class WaitingForPartner(_Message):
    """The user is in the queue."""

    type: Literal["waiting_for_partner"] = "waiting_for_partner"
    online: int | None = None
    slowed_for: float | None = None
    """For so many seconds the user meets only others who leave their partners in haste, too."""


class PartnerFound(_Message):
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


class ChatDelivery(_Message):
    """Text from the partner; ``sent_at`` is the server's clock in milliseconds since 1970."""

    type: Literal["chat_message"] = "chat_message"
    text: str
    id: str
    sent_at: int


class PartnerLeft(_Message):
    """The partner pressed Next or Stop."""

    type: Literal["partner_left"] = "partner_left"


class PartnerDisconnected(_Message):
    """The partner vanished: its socket or its media is lost."""

    type: Literal["partner_disconnected"] = "partner_disconnected"


class PartnerConnection(_Message):
    """Whether anything comes from the partner at all; it has not left."""

    type: Literal["partner_connection"] = "partner_connection"
    interrupted: bool


class EchoState(_Message):
    """Whether the user's own media comes back to it; it does for ``seconds`` at most."""

    type: Literal["echo"] = "echo"
    on: bool
    seconds: float | None = None


class ReportReceived(_Message):
    """A report has arrived; ``is_stored`` is false while the database is away."""

    type: Literal["report_received"] = "report_received"
    report_id: str
    room_id: str
    is_stored: bool


class Blocked(_Message):
    """The two will not meet again."""

    type: Literal["blocked"] = "blocked"
    block_id: str
    room_id: str


class ReportOutcome(_Message):
    """What came of a report of the user's; ``at`` is when it was made, seconds since 1970."""

    type: Literal["report_outcome"] = "report_outcome"
    report_id: str
    reason: Reason
    at: float
    outcome: Literal["dismissed", "warned", "banned"]


class Warned(_Message):
    """An operator warns the user; sent once."""

    type: Literal["warning"] = "warning"
    reason: Reason


class PartnerBlurred(_Message):
    """The partner's picture had better be blurred; ``score`` is a classifier's, from 0 to 1."""

    type: Literal["partner_blurred"] = "partner_blurred"
    why: Reason
    score: float


class OfferAgain(_Message):
    """The relay has lost the user's link, and the user is to offer another one."""

    type: Literal["offer_again"] = "offer_again"
    reason: str


class Error(_Message):
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


UserMessage = (
    FindPartner
    | WebrtcOffer
    | WebrtcAnswer
    | IceCandidate
    | ChatMessage
    | ChatReceived
    | Typing
    | MediaState
    | NextPartner
    | StopChat
    | LinkReport
    | Echo
    | Report
    | Block
    | Shown
    | Ping
)
"""What a user says, on whichever socket."""
ClientMessage = UserMessage | Resume
ServerMessage = (
    Connected
    | Resumed
    | Pong
    | WaitingForPartner
    | PartnerFound
    | WebrtcOffer
    | WebrtcAnswer
    | IceCandidate
    | ChatDelivery
    | ChatReceived
    | Typing
    | MediaState
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
    | OfferAgain
    | Error
)

_M = TypeVar("_M")
_client: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)
_server: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)


def parse_client(frame: str) -> ClientMessage:
    """Read a client's frame.

    :raises ProtocolError: ``bad_message`` when it is no JSON object, lacks a field or breaks a
        limit; ``unknown_type`` when its type is not one of the client's.
    """
    return _parse(_client, frame)


def parse_server(frame: str) -> ServerMessage:
    """Read a server's frame, as bots do; raises as :func:`parse_client`."""
    return _parse(_server, frame)


def _parse(adapter: TypeAdapter[_M], frame: str) -> _M:
    try:
        return adapter.validate_json(frame)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "union_tag_invalid":
            raise ProtocolError("unknown_type", "unknown message type") from None
        where = ".".join(str(part) for part in first["loc"][1:])
        raise ProtocolError(
            "bad_message", f"{where}: {first['msg']}" if where else first["msg"]
        ) from None
