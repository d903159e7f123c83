"""What clients say, one type for each message; some of it is passed on as it is."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from relay.protocol.terms import (
    MAX_CANDIDATE_CHARS,
    MAX_CANDIDATE_TYPES,
    MAX_CHAT_CHARS,
    MAX_CHAT_ID_CHARS,
    MAX_CODE_CHARS,
    MAX_FRAMES_PER_S,
    MAX_INTERESTS,
    MAX_LANGUAGES,
    MAX_LINK_ERRORS,
    MAX_PART_CHARS,
    MAX_PICTURE_PARTS,
    MAX_REPORT_MS,
    MAX_ROOM_ID_CHARS,
    MAX_TOKEN_CHARS,
    MAX_WORDS_CHARS,
    Interest,
    Language,
    Message,
    Mode,
    ReactionName,
    Reason,
)


class FindPartner(Message):
    """Enter the waiting queue."""

    type: Literal["find_partner"] = "find_partner"
    interests: list[Interest] = Field(default_factory=list, max_length=MAX_INTERESTS)
    languages: list[Language] = Field(default_factory=list, max_length=MAX_LANGUAGES)
    mode: Mode = "video"
    without_media: StrictBool = False
    """Whether it does without for now, though it would rather not."""
    blurred: StrictBool = False
    """Whether the client blurs each partner until both have said :class:`Shown`."""
    stay: StrictBool = False
    """Whether it stays on a server that is about to go, since no other takes it."""
    code: str | None = Field(default=None, max_length=MAX_CODE_CHARS)
    """Then nobody else is met than who has the other one of the two codes."""


class WebrtcOffer(Message):
    """An offer: of the user for its link, or of the relay (in ``direct`` mode: the partner)."""

    type: Literal["webrtc_offer"] = "webrtc_offer"
    sdp: str


class WebrtcAnswer(Message):
    """The answer to an offer, either way."""

    type: Literal["webrtc_answer"] = "webrtc_answer"
    sdp: str


class Candidate(Message):
    """An RTCIceCandidateInit."""

    model_config = ConfigDict(extra="ignore")
    candidate: str = Field(max_length=MAX_CANDIDATE_CHARS)
    sdp_mid: str | None = Field(default=None, max_length=64)
    sdp_m_line_index: int | None = Field(default=None, ge=0, le=255)
    username_fragment: str | None = Field(default=None, max_length=256)


class IceCandidate(Message):
    """A trickled candidate; null says that there are no more."""

    nullable: ClassVar[set[str]] = {"candidate"}
    type: Literal["ice_candidate"] = "ice_candidate"
    candidate: Candidate | None = None


class ChatMessage(Message):
    """Text to the partner; ``id`` is the client's own."""

    type: Literal["chat_message"] = "chat_message"
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHAT_CHARS)]
    id: str | None = Field(default=None, max_length=MAX_CHAT_ID_CHARS)


class ChatReceived(Message):
    """The partner's message ``id`` was shown, either way."""

    type: Literal["chat_received"] = "chat_received"
    id: str = Field(max_length=MAX_CHAT_ID_CHARS)


class Typing(Message):
    """Whether the other one is writing, either way."""

    type: Literal["typing"] = "typing"
    active: StrictBool


class MediaState(Message):
    """Whether the microphone and the camera are on, either way."""

    type: Literal["media_state"] = "media_state"
    audio: StrictBool
    video: StrictBool


class Pictures(Message):
    """Whether the other one sends and takes pictures in this call, either way."""

    type: Literal["pictures"] = "pictures"
    allowed: StrictBool


class PicturePart(Message):
    """A part of a picture, a JPEG; either way. The next one follows when it has arrived."""

    type: Literal["picture_part"] = "picture_part"
    id: str = Field(min_length=1, max_length=MAX_CHAT_ID_CHARS)
    part: int = Field(ge=0, lt=MAX_PICTURE_PARTS)
    """From 0 on."""
    parts: int = Field(ge=1, le=MAX_PICTURE_PARTS)
    """How many there are."""
    data: Annotated[
        str,
        StringConstraints(max_length=MAX_PART_CHARS, pattern=r"^[A-Za-z0-9+/]+={0,2}$"),
    ]
    """Base64 (RFC 4648, section 4)."""


class PictureReceived(Message):
    """A part of the partner's picture has arrived, either way; of the last one: it is shown."""

    type: Literal["picture_received"] = "picture_received"
    id: str = Field(max_length=MAX_CHAT_ID_CHARS)
    part: int = Field(ge=0, lt=MAX_PICTURE_PARTS)


class PictureRefused(Message):
    """The partner's picture is not taken, or cannot be shown; either way."""

    type: Literal["picture_refused"] = "picture_refused"
    id: str = Field(max_length=MAX_CHAT_ID_CHARS)


class Reaction(Message):
    """Something to be shown over the picture for a moment, either way."""

    type: Literal["reaction"] = "reaction"
    name: ReactionName


class NextPartner(Message):
    """Leave this partner and look for another; what is not said is as it was the last time."""

    type: Literal["next_partner"] = "next_partner"
    interests: list[Interest] | None = Field(default=None, max_length=MAX_INTERESTS)
    languages: list[Language] | None = Field(default=None, max_length=MAX_LANGUAGES)
    mode: Mode = "video"
    without_media: StrictBool = False
    blurred: StrictBool = False
    stay: StrictBool = False
    code: str | None = Field(default=None, max_length=MAX_CODE_CHARS)


class Invite(Message):
    """Make an invitation; nothing else changes."""

    type: Literal["invite"] = "invite"


class MeetAgain(Message):
    """Want to meet the partner again some day, or the one of a room that has just ended."""

    type: Literal["meet_again"] = "meet_again"
    room_id: str | None = Field(default=None, max_length=MAX_ROOM_ID_CHARS)


class StopChat(Message):
    """Leave partner or queue and close the link; the socket stays."""

    type: Literal["stop_chat"] = "stop_chat"


class LinkError(Message):
    """An ``icecandidateerror`` (WebRTC section 5.7.3): its code, and the scheme of its URL."""

    model_config = ConfigDict(extra="ignore")
    code: int = Field(ge=0, le=999)
    scheme: Literal["stun", "stuns", "turn", "turns"]


class LinkReport(Message):
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


class QualityReport(Message):
    """What the client has seen and heard of its partner in the last seconds; shares from 0 to 1.

    ``frozen_ratio`` is of the time, ``concealed_ratio`` of the sound; nobody has to know each.
    """

    type: Literal["quality_report"] = "quality_report"
    frozen_ratio: float | None = Field(default=None, ge=0, le=1, strict=True)
    concealed_ratio: float | None = Field(default=None, ge=0, le=1, strict=True)
    frames_per_s: float | None = Field(default=None, ge=0, le=MAX_FRAMES_PER_S, strict=True)


class Echo(Message):
    """Whether the client's own media is to come back to it, or is to no more."""

    type: Literal["echo"] = "echo"
    on: StrictBool


class Report(Message):
    """Report the partner, or the one of a room that has just ended; the partner is left."""

    type: Literal["report"] = "report"
    reason: Reason
    words: str = Field(default="", max_length=MAX_WORDS_CHARS)
    room_id: str | None = Field(default=None, max_length=MAX_ROOM_ID_CHARS)


class Block(Message):
    """Never meet the partner again, or the one of a room that has just ended; it is left."""

    type: Literal["block"] = "block"
    room_id: str | None = Field(default=None, max_length=MAX_ROOM_ID_CHARS)


class Shown(Message):
    """Ready to be seen, and to see; either way."""

    type: Literal["shown"] = "shown"


class AskMode(Message):
    """Have the call go on in another mode, if the partner wants that, too."""

    type: Literal["ask_mode"] = "ask_mode"
    mode: Mode


class AnswerMode(Message):
    """Whether the call is to go on in the mode that the partner has asked for."""

    type: Literal["answer_mode"] = "answer_mode"
    mode: Mode
    accept: StrictBool


class LookAround(Message):
    """What others look for now; the server says it with :class:`~relay.protocol.server.Around`."""

    type: Literal["look_around"] = "look_around"


class Ping(Message):
    """Whether the server is there; it says :class:`Pong`."""

    type: Literal["ping"] = "ping"


class Resume(Message):
    """Go on with the session of a socket that is lost.

    ``received`` is how many of the session's messages have come in, but ``connected`` and
    ``resumed``.
    """

    type: Literal["resume"] = "resume"
    resume_token: str = Field(max_length=MAX_TOKEN_CHARS)
    received: int = Field(ge=0)


UserMessage = (
    FindPartner
    | WebrtcOffer
    | WebrtcAnswer
    | IceCandidate
    | ChatMessage
    | ChatReceived
    | Typing
    | MediaState
    | Pictures
    | PicturePart
    | PictureReceived
    | PictureRefused
    | Reaction
    | NextPartner
    | Invite
    | MeetAgain
    | StopChat
    | LinkReport
    | QualityReport
    | Echo
    | Report
    | Block
    | Shown
    | AskMode
    | AnswerMode
    | LookAround
    | Ping
)
"""What a user says, on whichever socket."""
ClientMessage = UserMessage | Resume
