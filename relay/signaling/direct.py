"""Media mode ``direct``: offers, answers and candidates go to the partner untouched."""

from relay.plane import Trace
from relay.protocol.messages import IceCandidate, WebrtcAnswer, WebrtcOffer
from relay.signaling.session import Call, Session

_BOTH = frozenset({"audio", "video"})


class Direct:
    """See :class:`~relay.signaling.negotiation.Negotiation`. Users have no link here."""

    async def offer(
        self,
        session: Session,
        sdp: str,
        now: float,  # noqa: ARG002
        near: str | None = None,  # noqa: ARG002
    ) -> None:
        """Pass it on."""
        self._has(session, media=True)
        session.hand_on(WebrtcOffer(sdp=sdp))

    async def answer(self, session: Session, sdp: str, now: float) -> None:  # noqa: ARG002
        """Pass it on; nothing after that is seen of the media, so the call begins."""
        self._has(session, media=True)
        session.hand_on(WebrtcAnswer(sdp=sdp))
        if session.call is not None:
            session.call.flow()

    def candidate(self, session: Session, message: IceCandidate) -> None:
        """Pass it on, or drop it when the partner has just gone."""
        session.hand_on(message)

    def pair(self, call: Call, now: float) -> None:
        """Nothing to do."""

    def follow(self, partner_id: str, told: str) -> None:
        """Never happens."""

    def part(self, call: Call) -> None:
        """Nothing to do."""

    def echo(self, session: Session, *, on: bool) -> None:
        """Never happens."""

    async def propose(self, session: Session) -> None:
        """Nothing to do."""

    def close(self, session: Session) -> None:
        """Nothing to do."""

    def forgo(self, session: Session) -> None:
        """The partner is to know that nothing will come."""
        self._has(session, media=False)

    def up(self, session: Session, link_id: str) -> None:
        """Never happens."""

    def lost(self, session: Session, link_id: str, reason: str, now: float) -> bool:  # noqa: ARG002
        """Never happens."""
        return False

    async def trace(self, session: Session) -> Trace | None:  # noqa: ARG002
        """There is none."""
        return None

    def late(self, session: Session, now: float) -> bool:  # noqa: ARG002
        """Never happens."""
        return False

    def _has(self, session: Session, *, media: bool) -> None:
        session.talk.lacks(frozenset() if media else _BOTH)
        session.tell_media()
