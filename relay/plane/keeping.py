"""Pictures that are kept for a moment, so that what is reported can be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Kept:
    """The last whole key frame of a user's picture."""

    age_s: float
    """Since its first packet came."""
    width: int
    height: int
    """Pixels, as the frame says: it is a stranger's, and nothing has decoded it."""
    frame: bytes
    """VP8 (RFC 6386), at most 128 kB."""
    partner_id: str
    """To whom it went."""


class Keeping(Protocol):
    """Keeps the last picture of each user who has a partner, and for a minute after."""

    def keep(self, *, on: bool) -> None:
        """Begin, or end and forget; as long as nobody has begun, nothing is kept."""

    async def kept(
        self, user_id: str, partner_id: str | None = None, within_s: float | None = None
    ) -> Kept | None:
        """The user's last picture.

        :param partner_id: to whom it must have gone; None for anybody.
        :param within_s: how old it may be; None for any age.
        :returns: None where none has passed since the two were paired, or none can be read as
            pictures are that are encrypted from end to end.
        """
