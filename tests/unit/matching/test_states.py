"""The two tables of states."""

from typing import get_args

import pytest

from relay.errors import ProtocolError
from relay.matching import Happened, MediaMode, State, advance, require_allowed
from relay.matching.states import ALLOWED, TRANSITIONS
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

C, W, M, I = State.CONNECTED, State.WAITING, State.MATCHED, State.IN_CALL  # noqa: E741

MESSAGES: list[UserMessage] = [
    FindPartner(),
    NextPartner(),
    Invite(),
    MeetAgain(),
    StopChat(),
    ChatMessage(text="hello"),
    ChatReceived(id="7"),
    Typing(active=True),
    MediaState(audio=True, video=True),
    Ping(),
    LinkReport(state="connecting"),
    QualityReport(frozen_ratio=0.5),
    Echo(on=True),
    Report(reason="hate"),
    Block(),
    Shown(),
    AskMode(mode="text"),
    AnswerMode(mode="text", accept=True),
    LookAround(),
    Pictures(allowed=True),
    PicturePart(id="p", part=0, parts=1, data="/9j/"),
    PictureReceived(id="p", part=0),
    PictureRefused(id="p"),
    Reaction(name="heart"),
    WebrtcOffer(sdp=""),
    WebrtcAnswer(sdp=""),
    IceCandidate(),
]


def test_the_journey() -> None:
    state = C
    for happened, expected in [
        (Happened.SEARCHED, W),
        (Happened.SEARCHED, W),
        (Happened.PAIRED, M),
        (Happened.MEDIA_FLOWED, I),
        (Happened.MEDIA_FLOWED, I),
        (Happened.PARTED, C),
        (Happened.SEARCHED, W),
        (Happened.GAVE_UP, C),
    ]:
        state = advance(state, happened)
        assert state is expected


@pytest.mark.parametrize(
    ("state", "happened"),
    [
        (state, happened)
        for happened, moves in TRANSITIONS.items()
        for state in State
        if state not in moves
    ],
)
def test_what_cannot_happen_is_a_mistake_of_ours(state: State, happened: Happened) -> None:
    with pytest.raises(KeyError):
        advance(state, happened)


@pytest.mark.parametrize("mode", ["relay", "direct"])
def test_the_table_has_every_message(mode: MediaMode) -> None:
    assert set(ALLOWED[mode]) == set(get_args(UserMessage)) == {type(m) for m in MESSAGES}


REFUSED: dict[str, list[tuple[str, State]]] = {
    "relay": [
        ("find_partner", M),
        ("find_partner", I),
        ("chat_message", C),
        ("chat_message", W),
        ("echo", W),
        ("echo", M),
        ("echo", I),
    ],
    "direct": [
        ("find_partner", M),
        ("find_partner", I),
        ("chat_message", C),
        ("chat_message", W),
        ("webrtc_offer", C),
        ("webrtc_offer", W),
        ("webrtc_answer", C),
        ("webrtc_answer", W),
        *(("echo", state) for state in State),
    ],
}


@pytest.mark.parametrize("mode", ["relay", "direct"])
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_which_message_is_allowed_when(message: UserMessage, state: State, mode: MediaMode) -> None:
    if (message.type, state) in REFUSED[mode]:
        with pytest.raises(ProtocolError) as refused:
            require_allowed(message, state, mode)
        assert refused.value.code == "wrong_state"
        assert message.type in refused.value.message
    else:
        require_allowed(message, state, mode)
