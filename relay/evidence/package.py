"""What is kept of a call that was reported, as it is written down before it is sealed: JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from relay.errors import EvidenceError
from relay.evidence.chat import MAX_LINES

Who = Literal["reporter", "reported"]


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="forbid",
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


class Shot(_Part):
    """One picture of a user."""

    at: float
    """When the relay got it, in seconds since 1970."""
    width: int
    height: int
    in_room: bool
    """Whether it went to the other one of the two, and not to somebody after."""
    webp: bytes
    """In base64url."""


class Side(_Part):
    """One of the two."""

    visitor: str = ""
    """As in the report, and ``address``."""
    address: str = ""
    pictures: tuple[Shot, ...] = Field((), max_length=4)


class Said(_Part):
    """One message."""

    at: float
    by: Who = Field(alias="from")
    text: str


class Package(_Part):
    """All of it."""

    version: Literal[1] = 1
    report_id: str
    room_id: str
    at: float
    """When it was reported, in seconds since 1970."""
    reason: str
    words: str = ""
    """Of the reporter's."""
    reporter: Side = Side()
    reported: Side = Side()
    chat: tuple[Said, ...] = Field((), max_length=MAX_LINES)
    """Oldest first."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that the report does not say."""
        return not (self.reporter.pictures or self.reported.pictures or self.chat)

    @property
    def sides(self) -> tuple[tuple[Who, Side], ...]:
        """Both, with what they are called."""
        return ("reported", self.reported), ("reporter", self.reporter)

    def written(self) -> bytes:
        """As JSON."""
        return self.model_dump_json(by_alias=True).encode()

    @classmethod
    def read(cls, data: bytes) -> Package:
        """What :meth:`written` has written.

        :raises EvidenceError: when it is nothing of the kind.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            raise EvidenceError("what was sealed is no evidence of this version") from None
