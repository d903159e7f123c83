"""Pictures that a user sends its partner: what is agreed, and the one under way. Decisions only.

A picture goes part by part, and the next one only when the partner has the one before: so one part
waits for a slow reader at most, and chat passes between them. Nothing of it is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass

from relay.errors import ProtocolError
from relay.pace import TokenBucket
from relay.protocol.messages import PicturePart

PICTURES_PER_S = 0.1
PICTURES_BURST = 3
NOT_KEPT = "(a picture, which is not kept)"
"""What the chat of a report has in its place."""
_JPEG = "/9j/"
"""How each begins, in base64: the marker SOI, and the first byte of another (ITU-T T.81, B.1.1)."""


@dataclass(slots=True)
class _UnderWay:
    id: str
    parts: int
    passed: int = 0
    arrived: int = 0


class Exchange:
    """What a user has agreed to with its present partner, and what it sends."""

    def __init__(self) -> None:
        self._pace = TokenBucket(PICTURES_PER_S, PICTURES_BURST)  # whoever the partner is
        self.begin()

    def begin(self) -> None:
        """The partner is a new one: nothing is agreed."""
        self.allows = False
        """Whether the user sends and takes pictures."""
        self._under_way: _UnderWay | None = None

    def turn(self, *, allows: bool) -> bool:
        """The user agrees, or does no more; whether that is news."""
        is_news = allows is not self.allows
        self.allows = allows
        if not allows:
            self._under_way = None
        return is_news

    def wait_s(self, part: PicturePart, now: float) -> float:
        """How long the user has to wait before it sends this; when it is 0, it counts as sent.

        :raises ProtocolError: ``bad_message`` when it is not the part that comes now, or no JPEG.
        """
        if part.part == 0:
            if not part.data.startswith(_JPEG):
                raise ProtocolError("bad_message", "a picture is to be a JPEG")
            if wait_s := self._pace.take(now):
                return wait_s
            self._under_way = _UnderWay(part.id, part.parts)
        on = self._under_way
        is_next = (
            on is not None
            and (part.id, part.parts, part.part) == (on.id, on.parts, on.passed)
            and on.passed == on.arrived
            and part.part < part.parts
        )
        if on is None or not is_next:
            raise ProtocolError("bad_message", "this part of a picture is not the next one")
        on.passed += 1
        return 0.0

    def arrived(self, picture_id: str, part: int) -> bool:
        """Whether the partner may tell that it has a part: once for each that was sent."""
        on = self._under_way
        if on is None or (picture_id, part) != (on.id, on.arrived) or on.arrived == on.passed:
            return False
        on.arrived += 1
        if on.arrived == on.parts:
            self._under_way = None
        return True

    def refused(self, picture_id: str) -> bool:
        """Whether the partner may tell that it does not take this one, which ends it."""
        is_meant = self._under_way is not None and self._under_way.id == picture_id
        if is_meant:
            self._under_way = None
        return is_meant
