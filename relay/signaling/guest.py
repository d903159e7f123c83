"""A partner whose session is on another node: what is said to it is told to that node.

What a node tells of its users is believed as far as it is well formed and bounded: whoever has the
cluster's secret is no stranger, but may have a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from relay.cluster.messages import Flowing, Linked, Missing, Parted, Person, Said
from relay.errors import ProtocolError
from relay.pace import TokenBucket
from relay.protocol.messages import (
    MAX_CHAT_CHARS,
    MAX_CHAT_ID_CHARS,
    MAX_INTEREST_CHARS,
    MAX_INTERESTS,
    MAX_LANGUAGES,
    ChatDelivery,
    ChatReceived,
    MediaState,
    ModeAsked,
    ModeChanged,
    ModeDeclined,
    PartnerBlurred,
    PartnerConnection,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
    Reaction,
    ServerMessage,
    Shown,
    Typing,
    parse_server,
)
from relay.safety import Identity
from relay.safety.shares import shares_of
from relay.signaling.limits import Limits

MAX_SAID_CHARS = 16 * 1024
"""Of a message between partners: the longest chat message with every character escaped fits."""
MAX_TOLD_CHARS = 64 * 1024
"""Of what is told of a link."""
_MAX_ID_CHARS = 64  # of users, and of visitors
_MAX_ADDRESSES, _MAX_ADDRESS_CHARS = 4, 128
_MAX_LANGUAGE_CHARS = 8
_FOLDED = 3  # times as many characters as before may be left by casefold
_ALLOWANCE = 2  # of what a user may say: the relay tells of its link beside it
_ROOM_ID = re.compile(r"[0-9a-f]{24}")

ModeNews = ModeAsked | ModeChanged | ModeDeclined
PartnerMessage = (
    ChatDelivery
    | ChatReceived
    | MediaState
    | ModeNews
    | PartnerBlurred
    | PartnerConnection
    | PicturePart
    | PictureReceived
    | PictureRefused
    | Pictures
    | Reaction
    | Shown
    | Typing
)
"""What a user gets of its partner; everything else is for its own node to say."""


class Guest:
    """A partner whose session is on another node, for as long as the room lasts.

    :param node: where it is.
    :param person: of whom :func:`is_sound` is so.
    :param tell: tells that node something.
    :param limits: what a user may say.
    """

    def __init__(
        self,
        room_id: str,
        node: str,
        person: Person,
        tell: Callable[[str, object], None],
        limits: Limits,
    ) -> None:
        self.room_id, self.node = room_id, node
        self.user_id = person.user_id
        self.identity = Identity(person.visitor, tuple(person.addresses))
        self.counts_as = shares_of(self.identity, self.user_id)
        self.interests = person.interests
        self.languages = person.languages
        self.blurs = person.blurs
        self.takes_pictures = False
        """Whether it exchanges pictures with the user here, as its node has told."""
        self.is_away = False
        """Whether its socket is lost, as its node has told."""
        self.pace = TokenBucket(
            _ALLOWANCE * limits.messages_per_s, _ALLOWANCE * limits.messages_burst
        )
        """Of what its node tells."""
        self._tell = tell
        self._is_flowing = False

    takes_remarks = True
    """Its node says so if it does not."""

    def was_shown(self, chat_id: str) -> bool:
        """Whether the user may tell that it has seen a message; its author's node knows."""
        return len(chat_id) <= MAX_CHAT_ID_CHARS

    def part_arrived(self, picture_id: str, part: int) -> bool:
        """Whether the user may tell that it has a part of a picture; its sender's node knows."""
        return len(picture_id) <= MAX_CHAT_ID_CHARS and part >= 0

    def was_refused(self, picture_id: str) -> bool:
        """Whether the user may tell that it does not take a picture; its sender's node knows."""
        return len(picture_id) <= MAX_CHAT_ID_CHARS

    def send(self, message: ServerMessage) -> None:
        """Have its node send it a message."""
        self._tell(self.node, Said(self.room_id, message.encode()))

    def flow(self) -> None:
        """Media flows to the user here: its node is told once."""
        if not self._is_flowing:
            self._is_flowing = True
            self._tell(self.node, Flowing(self.room_id))

    def flowed(self) -> None:
        """Its node has told that media flows, and need not be told."""
        self._is_flowing = True

    def linked(self, told: str) -> None:
        """Its node has to know of the link of the user here."""
        self._tell(self.node, Linked(self.room_id, told))

    def missing(self, *, is_away: bool) -> None:
        """The socket of the user here is lost, or back."""
        self._tell(self.node, Missing(self.room_id, is_away))

    def part(self, farewell: str) -> None:
        """The user here has left."""
        self._tell(self.node, Parted(self.room_id, farewell))


def is_room_id(room_id: str) -> bool:
    """Whether that is what this software gives rooms for names."""
    return _ROOM_ID.fullmatch(room_id) is not None


def is_sound(person: Person) -> bool:
    """Whether what a node tells of a user has the size that it may have."""
    return (
        0 < len(person.user_id) <= _MAX_ID_CHARS
        and len(person.visitor) <= _MAX_ID_CHARS
        and len(person.addresses) <= _MAX_ADDRESSES
        and all(len(address) <= _MAX_ADDRESS_CHARS for address in person.addresses)
        and len(person.interests) <= MAX_INTERESTS
        and len(person.languages) <= MAX_LANGUAGES
        and all(len(language) <= _MAX_LANGUAGE_CHARS for language in person.languages)
        and all(
            len(key) <= _FOLDED * MAX_INTEREST_CHARS and len(text) <= MAX_INTEREST_CHARS
            for key, text in person.interests.items()
        )
    )


def read(said: str) -> PartnerMessage | None:
    """What :meth:`Guest.send` of another node has written; None when it is nothing of the kind."""
    if len(said) > MAX_SAID_CHARS:
        return None
    try:
        message = parse_server(said)
    except ProtocolError:
        return None
    match message:
        case ChatDelivery():
            fits = len(message.text) <= MAX_CHAT_CHARS and len(message.id) <= MAX_CHAT_ID_CHARS
            return message if fits else None
        case PartnerBlurred():
            return message if 0 <= message.score <= 1 else None
        case ChatReceived() | MediaState() | PartnerConnection() | Shown() | Typing():
            return message
        case ModeAsked() | ModeChanged() | ModeDeclined():
            return message
        case PicturePart() | PictureReceived() | PictureRefused() | Pictures() | Reaction():
            return message
        case _:
            return None
