"""Media mode ``relay``: the plane terminates every user's link.

A user either opens its link by itself, before it meets anybody, and keeps it; or is a plain client
that negotiates with each partner, as if the relay were that partner: the initiator offers, the
other gets a *proposal*, an offer of the relay's.

The plane's events are handled in order with the user's messages, and so may be out of date by then:
a link that was lost may have been replaced already. They say which link they are about.
"""

from relay.errors import ProtocolError, SdpError
from relay.plane import Links, LinkState, Trace
from relay.protocol.messages import IceCandidate, OfferAgain, WebrtcAnswer, WebrtcOffer
from relay.signaling.effort import REFUSED_S
from relay.signaling.expectation import Remedy
from relay.signaling.mailbox import ProposalDue
from relay.signaling.session import Call, Session

MEDIA_RESTARTED = "media_restarted"
"""Why a user is to offer again: what had its link has begun anew."""

_BOTH = frozenset({"audio", "video"})


class Relayed:
    """See :class:`~relay.signaling.negotiation.Negotiation`."""

    def __init__(self, plane: Links) -> None:
        self._plane = plane

    async def offer(self, session: Session, sdp: str, now: float, near: str | None = None) -> None:
        """Open, renegotiate or replace the user's link."""
        was_asked_for = session.is_initiator or session.link.is_told_to_offer
        try:
            taken = await self._plane.answer(
                session.user_id, sdp, is_local=session.is_local, near=near
            )
        except SdpError:
            self._refuse(session)
            raise
        session.effort.spend(taken.cpu_s)
        session.link.offered(
            now, taken, was_asked_for=was_asked_for, in_call=session.call is not None
        )
        self._note_media(session)
        session.send(WebrtcAnswer(sdp=taken.sdp))

    async def answer(self, session: Session, sdp: str, now: float) -> None:
        """Take the answer to a proposal, even if the partner is gone by now."""
        if not session.link.is_proposed:
            raise ProtocolError("wrong_state", "there is no offer to answer")
        try:
            taken = await self._plane.accept(session.user_id, sdp)
        except SdpError:
            self._refuse(session)
            raise
        session.effort.spend(taken.cpu_s)
        session.link.answered(now, taken, in_call=session.call is not None)
        self._note_media(session)

    def candidate(self, session: Session, message: IceCandidate) -> None:
        """Ignore it: a user's addresses are learnt from its authenticated checks alone."""

    def pair(self, call: Call, now: float) -> None:
        """Route the two links to each other; whose link is not up has ``link_timeout_s``."""
        if (guest := call.guest) is not None:
            (here,) = call.here
            self._plane.pair_across(here.user_id, guest.user_id, guest.node, call.number)
        else:
            self._plane.pair(call.first.user_id, call.second.user_id)
        for session in call.here:
            session.link.paired(now, is_initiator=session.is_initiator)
            if self._needs_proposal(session):
                session.inbox.put(ProposalDue())

    def follow(self, partner_id: str, told: str) -> None:
        """Have the plane know."""
        self._plane.follow(partner_id, told)

    def part(self, call: Call) -> None:
        """Stop the routes. Links stay; a plain client's is not waited for any longer."""
        for session in call.here:
            self._plane.unpair(session.user_id)
            session.link.parted()

    def echo(self, session: Session, *, on: bool) -> None:
        """Pair the user with itself, as soon as its link is up."""
        if on:
            self._plane.pair(session.user_id, session.user_id)
        else:
            self._plane.unpair(session.user_id)

    async def propose(self, session: Session) -> None:
        """Send the relay's offer to a user who is not to offer, and has no link."""
        call = session.call
        if call is None or not self._needs_proposal(session):
            return
        offered = await self._plane.offer(session.user_id, is_local=session.is_local)
        if session.call is call:
            session.link.proposed(offered)
            session.send(WebrtcOffer(sdp=offered.sdp))
        else:
            self._plane.close_link(session.user_id)  # nobody will answer for it

    def close(self, session: Session) -> None:
        """Close the link."""
        session.link.closed()
        session.talk.lacks(frozenset())
        self._plane.close_link(session.user_id)

    def forgo(self, session: Session) -> None:
        """Close the link, and have the partner know that nothing will come."""
        session.link.forgone()
        self._plane.close_link(session.user_id)
        self._note_media(session)
        session.tell_connection()

    def up(self, session: Session, link_id: str) -> None:
        """Wait for the link no longer."""
        link = session.link
        if link.is_present(link_id) and link.state is not LinkState.NONE:
            link.came_up()
            self._note_media(session)
            session.tell_connection()

    def lost(self, session: Session, link_id: str, reason: str, now: float) -> bool:
        """Do what helps; a room that may get its media back is kept."""
        if not session.link.is_present(link_id):
            return False
        if session.is_away and reason != "closed":
            reason = "restarted"  # the user is told when it is back
        remedy = session.link.lost(
            now, reason, in_call=session.call is not None, is_initiator=session.is_initiator
        )
        if remedy is Remedy.OFFER_AGAIN:
            session.send(OfferAgain(reason=MEDIA_RESTARTED))
        elif remedy is Remedy.PROPOSE:
            session.inbox.put(ProposalDue())
        return remedy is Remedy.FAIL

    async def trace(self, session: Session) -> Trace | None:
        """Ask the plane."""
        return await self._plane.trace(session.user_id)

    def late(self, session: Session, now: float) -> bool:
        """Whether the link was expected by now and is not up; no time runs out for who is away."""
        return (
            not session.is_away
            and session.link.is_late(now)
            and session.link.state is not LinkState.UP
        )

    def _refuse(self, session: Session) -> None:
        """What the user described is of no use: unless its link is up it is not waited for."""
        session.effort.spend(REFUSED_S)
        if session.link.state is not LinkState.UP:
            session.link.refused()
            self._note_media(session)
            session.tell_connection()

    def _note_media(self, session: Session) -> None:
        """Have the partner know what of the user's media will not come."""
        sends = frozenset[str]() if session.link.is_without_media else session.link.sends
        session.talk.lacks(_BOTH - sends)
        session.tell_media()

    def _needs_proposal(self, session: Session) -> bool:
        return not session.is_initiator and session.link.needs_proposal
