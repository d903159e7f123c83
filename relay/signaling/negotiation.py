"""What the lobby needs of a media mode: how two users come to see each other."""

from typing import Protocol

from relay.plane import Trace
from relay.protocol.messages import IceCandidate
from relay.signaling.session import Call, Session


class Negotiation(Protocol):
    """Carries offers and answers, and knows whether media is possible. ``now`` is in seconds."""

    async def offer(self, session: Session, sdp: str, now: float, near: str | None = None) -> None:
        """Take a user's offer; raises ``SdpError``. ``near`` is whom it is likely to meet."""

    async def answer(self, session: Session, sdp: str, now: float) -> None:
        """Take a user's answer; raises ``ProtocolError``."""

    def candidate(self, session: Session, message: IceCandidate) -> None:
        """Take a user's candidate."""

    def pair(self, call: Call, now: float) -> None:
        """Connect the two of a call that has just begun."""

    def follow(self, partner_id: str, told: str) -> None:
        """Take what is told of the link of a partner on another node."""

    def part(self, call: Call) -> None:
        """Take the two of a call apart that has just ended."""

    def echo(self, session: Session, *, on: bool) -> None:
        """Have the user's own media come back to it, or end that; it has no partner."""

    async def propose(self, session: Session) -> None:
        """Offer to a user who has just been paired, if that is needed."""

    def close(self, session: Session) -> None:
        """End the user's link."""

    def forgo(self, session: Session) -> None:
        """Have the user do without media until it offers again."""

    def up(self, session: Session, link_id: str) -> None:
        """A link came up."""

    def lost(self, session: Session, link_id: str, reason: str, now: float) -> bool:
        """A link went; true when that is a failure which the user must know of."""

    async def trace(self, session: Session) -> Trace | None:
        """How far the user's link has come; None unless it is on its way up."""

    def late(self, session: Session, now: float) -> bool:
        """Whether the user's link has not come up in time."""
