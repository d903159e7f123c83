"""In which state a user is, what moves it, and which message each state allows.

Two tables, and nothing else decides about these states:

- ``TRANSITIONS``: what happened, in which state, leads to which state;
- ``ALLOWED``: in which states a client's message is taken; in others it is ``wrong_state``.

What is expected of a user's link has a table of its own: ``relay/signaling/expectation.py``.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from relay.errors import ProtocolError
from relay.protocol.messages import (
    AnswerMode,
    AskMode,
    Block,
    ChatMessage,
    ChatReceived,
    Echo,
    FindPartner,
    IceCandidate,
    Invite,
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
    Shown,
    StopChat,
    Typing,
    UserMessage,
    WebrtcAnswer,
    WebrtcOffer,
)

MediaMode = Literal["relay", "direct"]


class State(StrEnum):
    """Where a user is on the way to a call."""

    CONNECTED = "connected"
    WAITING = "waiting"
    MATCHED = "matched"
    IN_CALL = "in_call"


class Happened(StrEnum):
    """What moves a user from one state to another."""

    SEARCHED = "searched"  # the user asked for a partner
    PAIRED = "paired"
    MEDIA_FLOWED = "media_flowed"  # of either of the two
    PARTED = "parted"  # the room is over, whoever ended it
    GAVE_UP = "gave_up"  # the user waits no longer


TRANSITIONS: Mapping[Happened, Mapping[State, State]] = {
    Happened.SEARCHED: {State.CONNECTED: State.WAITING, State.WAITING: State.WAITING},
    Happened.PAIRED: {State.WAITING: State.MATCHED},
    Happened.MEDIA_FLOWED: {State.MATCHED: State.IN_CALL, State.IN_CALL: State.IN_CALL},
    Happened.PARTED: {State.MATCHED: State.CONNECTED, State.IN_CALL: State.CONNECTED},
    Happened.GAVE_UP: {State.WAITING: State.CONNECTED},
}

_ANY = frozenset(State)
_ROOM = frozenset({State.MATCHED, State.IN_CALL})

# What is allowed anywhere may arrive late, since the client cannot know yet what the server knows:
# Next pressed by a user who is being left, candidates trickled to a partner who is gone, a message
# shown or a word begun when the partner has just left.
ALLOWED: Mapping[MediaMode, Mapping[type, frozenset[State]]] = {
    "relay": {
        FindPartner: frozenset({State.CONNECTED, State.WAITING}),
        NextPartner: _ANY,
        Invite: _ANY,
        MeetAgain: _ANY,
        StopChat: _ANY,
        ChatMessage: _ROOM,
        ChatReceived: _ANY,
        Typing: _ANY,
        MediaState: _ANY,
        Pictures: _ANY,
        PicturePart: _ANY,
        PictureReceived: _ANY,
        PictureRefused: _ANY,
        Reaction: _ANY,
        WebrtcOffer: _ANY,
        WebrtcAnswer: _ANY,  # but only to an offer of the relay's
        IceCandidate: _ANY,
        LinkReport: _ANY,
        QualityReport: _ANY,
        Echo: frozenset({State.CONNECTED}),
        Report: _ANY,
        Block: _ANY,
        Shown: _ANY,
        AskMode: _ANY,
        AnswerMode: _ANY,
        LookAround: _ANY,
        Ping: _ANY,
    },
    "direct": {
        FindPartner: frozenset({State.CONNECTED, State.WAITING}),
        NextPartner: _ANY,
        Invite: _ANY,
        MeetAgain: _ANY,
        StopChat: _ANY,
        ChatMessage: _ROOM,
        ChatReceived: _ANY,
        Typing: _ANY,
        MediaState: _ANY,
        Pictures: _ANY,
        PicturePart: _ANY,
        PictureReceived: _ANY,
        PictureRefused: _ANY,
        Reaction: _ANY,
        WebrtcOffer: _ROOM,
        WebrtcAnswer: _ROOM,
        IceCandidate: _ANY,
        LinkReport: _ANY,
        QualityReport: _ANY,
        Echo: frozenset(),
        Report: _ANY,
        Block: _ANY,
        Shown: _ANY,
        AskMode: _ANY,
        AnswerMode: _ANY,
        LookAround: _ANY,
        Ping: _ANY,
    },
}


def advance(state: State, happened: Happened) -> State:
    """The state after something happened.

    :raises KeyError: when it cannot happen in this state, which is a mistake of ours.
    """
    return TRANSITIONS[happened][state]


def require_allowed(message: UserMessage, state: State, mode: MediaMode) -> None:
    """Make sure that a state allows a message.

    :raises ProtocolError: ``wrong_state`` when it does not.
    """
    if state not in ALLOWED[mode][type(message)]:
        raise ProtocolError("wrong_state", f"{message.type} is not allowed while {state}")
