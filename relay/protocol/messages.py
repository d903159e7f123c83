"""The signalling messages, one type each; ``docs/protocol.md`` is their reference.

The wire is JSON text frames ``{"type": ..., ...}``, camelCase names; unknown fields are ignored.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from relay.errors import ProtocolError
from relay.protocol.client import (
    AnswerMode,
    AskMode,
    Block,
    Candidate,
    ChatMessage,
    ChatReceived,
    ClientMessage,
    Echo,
    FindPartner,
    IceCandidate,
    Invite,
    LinkError,
    LinkReport,
    LookAround,
    MediaState,
    MeetAgain,
    NextPartner,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
    Ping,
    QualityReport,
    Reaction,
    Report,
    Resume,
    Shown,
    StopChat,
    Typing,
    UserMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.protocol.server import (
    AgainCode,
    Around,
    Blocked,
    ChatDelivery,
    Connected,
    EchoState,
    Error,
    Invitation,
    ModeAsked,
    ModeChanged,
    ModeDeclined,
    Move,
    OfferAgain,
    PartnerBlurred,
    PartnerConnection,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    Pong,
    ReportOutcome,
    ReportReceived,
    Resumed,
    ServerMessage,
    WaitingForPartner,
    Warned,
)
from relay.protocol.terms import (
    MAX_CANDIDATE_CHARS,
    MAX_CANDIDATE_TYPES,
    MAX_CHAT_CHARS,
    MAX_CHAT_ID_CHARS,
    MAX_CODE_CHARS,
    MAX_FRAME_BYTES,
    MAX_INTEREST_CHARS,
    MAX_INTERESTS,
    MAX_LANGUAGES,
    MAX_LINK_ERRORS,
    MAX_PART_CHARS,
    MAX_PICTURE_PARTS,
    MAX_REPORT_MS,
    MAX_ROOM_ID_CHARS,
    MAX_SDP_CHARS,
    MAX_TOKEN_CHARS,
    MAX_WORDS_CHARS,
    Interest,
    LinkCause,
    Mode,
    ReactionName,
    Reason,
    Scope,
)

__all__ = [
    "MAX_CANDIDATE_CHARS",
    "MAX_CANDIDATE_TYPES",
    "MAX_CHAT_CHARS",
    "MAX_CHAT_ID_CHARS",
    "MAX_CODE_CHARS",
    "MAX_FRAME_BYTES",
    "MAX_INTERESTS",
    "MAX_INTEREST_CHARS",
    "MAX_LANGUAGES",
    "MAX_LINK_ERRORS",
    "MAX_PART_CHARS",
    "MAX_PICTURE_PARTS",
    "MAX_REPORT_MS",
    "MAX_ROOM_ID_CHARS",
    "MAX_SDP_CHARS",
    "MAX_TOKEN_CHARS",
    "MAX_WORDS_CHARS",
    "AgainCode",
    "AnswerMode",
    "Around",
    "AskMode",
    "Block",
    "Blocked",
    "Candidate",
    "ChatDelivery",
    "ChatMessage",
    "ChatReceived",
    "ClientMessage",
    "Connected",
    "Echo",
    "EchoState",
    "Error",
    "FindPartner",
    "IceCandidate",
    "Interest",
    "Invitation",
    "Invite",
    "LinkCause",
    "LinkError",
    "LinkReport",
    "LookAround",
    "MediaState",
    "MeetAgain",
    "Mode",
    "ModeAsked",
    "ModeChanged",
    "ModeDeclined",
    "Move",
    "NextPartner",
    "OfferAgain",
    "PartnerBlurred",
    "PartnerConnection",
    "PartnerDisconnected",
    "PartnerFound",
    "PartnerLeft",
    "PicturePart",
    "PictureReceived",
    "PictureRefused",
    "Pictures",
    "Ping",
    "Pong",
    "QualityReport",
    "Reaction",
    "ReactionName",
    "Reason",
    "Report",
    "ReportOutcome",
    "ReportReceived",
    "Resume",
    "Resumed",
    "Scope",
    "ServerMessage",
    "Shown",
    "StopChat",
    "Typing",
    "UserMessage",
    "WaitingForPartner",
    "Warned",
    "WebrtcAnswer",
    "WebrtcOffer",
    "parse_client",
    "parse_server",
]

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
