"""What the signalling messages are made of: their limits, and the words that they choose from."""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

MAX_FRAME_BYTES = 256 * 1024
"""A longer WebSocket message closes the connection with 1009."""
MAX_SDP_CHARS = 64 * 1024
"""A longer SDP is ``bad_sdp``; checked where SDP is read, so that it gets that code."""
MAX_CHAT_CHARS = 2000
MAX_CHAT_ID_CHARS = 64
MAX_INTERESTS = 10
MAX_INTEREST_CHARS = 32
MAX_LANGUAGES = 4
MAX_CANDIDATE_CHARS = 1024
MAX_TOKEN_CHARS = 96
MAX_CODE_CHARS = 64
MAX_CANDIDATE_TYPES = 16
MAX_LINK_ERRORS = 16
MAX_REPORT_MS = 3_600_000
MAX_FRAMES_PER_S = 1000
MAX_ROOM_ID_CHARS = 64
MAX_WORDS_CHARS = 1000
"""Of a report."""
MAX_PICTURE_PARTS = 16
MAX_PART_CHARS = 12 * 1024
"""Of a part of a picture, in base64: for a slow reader it weighs no more than some chat messages,
and it fits into what is kept to be sent again."""

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

ReactionName = Literal["heart", "laugh", "wow", "clap", "thumbs", "wave"]
"""What is shown over the partner's picture for a moment."""

Mode = Literal["video", "voice", "text"]
"""How two talk: with pictures, with sound alone, or in writing, without media."""

Scope = Literal["alike", "language", "any"]
"""Whom a user meets now: who shares an interest and a language, a language, or anybody."""


class Message(BaseModel):
    """What all messages have in common."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )

    def encode(self) -> str:
        """The message as a text frame; absent optional fields are left out."""
        nulls: set[str] = getattr(type(self), "nullable", set())
        fields = self.model_dump(by_alias=True, exclude_none=True)
        whole = fields | {name: None for name in nulls if name not in fields}
        return json.dumps(whole, ensure_ascii=False)  # escapes make an emoji 12 bytes of 4


def _of_letters(text: str) -> str:
    """What is shown to others has nothing in it that is for machines."""
    if _UNSEEN.search(text):
        raise ValueError("control characters, and such as change the direction, are not allowed")
    return text


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Controls, ends of lines and paragraphs, and what directs text (UAX 9, section 2)."""

Interest = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_INTEREST_CHARS),
    AfterValidator(_of_letters),
]

Language = Annotated[
    str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
]
"""A tag such as ``pt-BR`` (RFC 5646): what is before the first hyphen is compared. One that nobody
else says is a language that nobody else speaks."""
