"""What a user tells its partner besides media: chat, and what belongs to it. Decisions only."""

from secrets import token_urlsafe
from time import time_ns

from relay.pace import TokenBucket
from relay.protocol.messages import (
    ChatDelivery,
    ChatMessage,
    ChatReceived,
    MediaState,
    PartnerConnection,
    Reaction,
    Typing,
)
from relay.signaling.pictures import Exchange

MAX_UNSHOWN = 256
"""So many of a user's latest messages are remembered until the partner has seen them."""
CHAT_PER_S = 4.0
CHAT_BURST = 20
TYPING_PER_S = 2.0
TYPING_BURST = 3
REACTIONS_PER_S = 1.0
REACTIONS_BURST = 5

Remark = ChatMessage | ChatReceived | Typing | MediaState | Reaction


class Talk:
    """What a user has said, and what its present partner knows of it."""

    def __init__(self) -> None:
        self._said: MediaState | None = None  # which of its media are on
        self._lacks: frozenset[str] = frozenset()  # kinds that its description does not send
        self._chat_pace = TokenBucket(CHAT_PER_S, CHAT_BURST)  # whoever the partner is
        self._reaction_pace = TokenBucket(REACTIONS_PER_S, REACTIONS_BURST)
        self.exchange = Exchange()
        self.begin()

    def begin(self) -> None:
        """The partner is a new one, who knows nothing."""
        self._told: MediaState | None = None
        self._told_interrupted = False
        self._unshown: dict[str, None] = {}  # ids of messages, oldest first
        self._is_typing = False
        self._typing_pace = TokenBucket(TYPING_PER_S, TYPING_BURST)
        self.exchange.begin()

    @property
    def off(self) -> frozenset[str]:
        """Kinds of media that the user does not send, as it says."""
        said = self._said
        silenced = [] if said is None else [k for k in ("audio", "video") if not getattr(said, k)]
        return self._lacks.union(silenced)

    def chat_wait_s(self, now: float) -> float:
        """How long the user has to wait before it chats; when it is 0, one counts as said."""
        return self._chat_pace.take(now)

    def chat(self, message: ChatMessage) -> ChatDelivery:
        """What the partner gets of a message."""
        if message.id is not None:
            self._unshown[message.id] = None
            if len(self._unshown) > MAX_UNSHOWN:
                del self._unshown[next(iter(self._unshown))]
        return ChatDelivery(
            text=message.text,
            id=message.id or token_urlsafe(9),
            sent_at=time_ns() // 1_000_000,
        )

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

    def may_react(self, now: float) -> bool:
        """Whether the partner is to be shown a reaction; when it is, one counts as shown."""
        return not self._reaction_pace.take(now)

    def turn(self, said: MediaState) -> None:
        """The user says which of its media are on."""
        self._said = said

    def lacks(self, kinds: frozenset[str]) -> None:
        """What the user's description does not send is off, whatever the user says."""
        self._lacks = kinds

    def media_news(self) -> MediaState | None:
        """Which of the user's media are on, if the partner is to be told; it is told then."""
        off = self.off
        now = MediaState(audio="audio" not in off, video="video" not in off)
        is_known = self._said is not None or self._lacks or self._told is not None
        if not is_known or now == self._told:
            return None
        self._told = now
        return now

    def connection_news(self, interrupted: bool) -> PartnerConnection | None:
        """Whether nothing comes of the user, if the partner is to be told; it is told then."""
        if interrupted is self._told_interrupted:
            return None
        self._told_interrupted = interrupted
        return PartnerConnection(interrupted=interrupted)
