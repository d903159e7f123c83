"""What the two of a call tell each other besides media: chat, and what belongs to it."""

from __future__ import annotations

from secrets import token_urlsafe
from time import time_ns
from typing import TYPE_CHECKING

from relay.pace import TokenBucket
from relay.protocol.messages import ChatDelivery, ChatMessage, ChatReceived, MediaState, Typing

if TYPE_CHECKING:
    from relay.signaling.session import Session

MAX_UNSHOWN = 256
"""So many of a user's latest messages are remembered until the partner has seen them."""
TYPING_PER_S = 2.0
TYPING_BURST = 3

Remark = ChatMessage | ChatReceived | Typing | MediaState


class Said:
    """What is remembered of what a user has said to its present partner."""

    def __init__(self) -> None:
        self._unshown: dict[str, None] = {}  # ids of messages, oldest first
        self._is_typing = False  # as the partner was told
        self._typing_pace = TokenBucket(TYPING_PER_S, TYPING_BURST)

    def sent(self, chat_id: str) -> None:
        """A message was passed on."""
        self._unshown[chat_id] = None
        if len(self._unshown) > MAX_UNSHOWN:
            del self._unshown[next(iter(self._unshown))]

    def shown(self, chat_id: str) -> bool:
        """Whether the partner may tell that it has seen a message: once for each there was."""
        if chat_id not in self._unshown:
            return False
        del self._unshown[chat_id]
        return True

    def typing(self, active: bool, now: float) -> bool:
        """Whether the partner is to be told.

        The end of what it was told of always passes, or it would see somebody type for ever; a
        beginning passes a few times a second at most.
        """
        if active and self._typing_pace.take(now) > 0:
            return False
        news = active or self._is_typing
        self._is_typing = active
        return news


def tell_media(session: Session) -> None:
    """Tell the partner which of the user's media are on, if that is news to it.

    What the user's description does not send is off, whatever the user says.
    """
    if session.call is None:
        return
    said = session.media or MediaState(audio=True, video=True)
    now = MediaState(
        audio=said.audio and "audio" not in session.lacks,
        video=said.video and "video" not in session.lacks,
    )
    is_known = session.media is not None or session.lacks or session.shown is not None
    if is_known and now != session.shown:
        session.shown = now
        session.call.partner_of(session).send(now)


def pass_on(session: Session, remark: Remark, now: float) -> None:
    """Tell the partner, if there is one and it is to know."""
    if isinstance(remark, MediaState):
        session.media = remark
    if session.call is None:
        return
    partner = session.call.partner_of(session)
    match remark:
        case ChatMessage():
            if remark.id is not None:
                session.said.sent(remark.id)
            partner.send(_delivery(remark))
        case ChatReceived() if partner.said.shown(remark.id):
            partner.send(remark)
        case Typing() if session.said.typing(remark.active, now):
            partner.send(remark)
        case MediaState():
            tell_media(session)


def _delivery(chat: ChatMessage) -> ChatDelivery:
    return ChatDelivery(
        text=chat.text, id=chat.id or token_urlsafe(9), sent_at=time_ns() // 1_000_000
    )
