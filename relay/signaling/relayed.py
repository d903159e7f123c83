"""Media mode ``relay``: the plane terminates every user's link.

A user either opens its link by itself, before it meets anybody, and keeps it; or is a plain client
that negotiates with each partner, as if the relay were that partner: the initiator offers, the
other is *invited* with an offer of the relay's.

The plane's ``link_state`` is the truth. Its events are handled in order with the user's messages,
and so may be out of date by then: a link that was lost may have been replaced already.
"""

from relay.errors import ProtocolError, SdpError
from relay.plane import LinkState, MediaPlane
from relay.protocol.messages import IceCandidate, WebrtcAnswer, WebrtcOffer
from relay.signaling.mailbox import InvitationDue
from relay.signaling.session import Call, Session
from relay.signaling.talk import tell_media

_BOTH = frozenset({"audio", "video"})


class Relayed:
    """See :class:`~relay.signaling.negotiation.Negotiation`."""

    def __init__(self, plane: MediaPlane, link_timeout_s: float) -> None:
        self._plane = plane
        self._link_timeout_s = link_timeout_s

    async def offer(self, session: Session, sdp: str, now: float) -> None:
        """Open, renegotiate or replace the user's link."""
        asked_for = session.is_initiator or session.offer_due
        try:
            answer = await self._plane.answer(session.user_id, sdp, is_local=session.is_local)
        except SdpError:
            self._refuse(session)
            raise
        self._note_media(session)
        session.opens_link = session.opens_link or not asked_for
        session.offer_due = False
        session.invited = False
        session.send(WebrtcAnswer(sdp=answer))
        if self._is_up(session):
            session.link_deadline_s = None
        elif session.call is not None:
            self._expect(session, now)
        elif session.opens_link:
            session.link_deadline_s = now + self._link_timeout_s

    async def answer(self, session: Session, sdp: str, now: float) -> None:
        """Take the answer to an invitation, even if the partner is gone by now."""
        if not session.invited:
            raise ProtocolError("wrong_state", "there is no offer to answer")
        try:
            await self._plane.accept(session.user_id, sdp)
        except SdpError:
            self._refuse(session)
            raise
        self._note_media(session)
        session.invited = False
        if session.call is not None and not self._is_up(session):
            self._expect(session, now)

    def candidate(self, session: Session, message: IceCandidate) -> None:
        """Ignore it: a user's addresses are learnt from its authenticated checks alone."""

    def pair(self, call: Call, now: float) -> None:
        """Route the two links to each other; whose link is not up has ``link_timeout_s``."""
        self._plane.pair(call.first.user_id, call.second.user_id)
        for session in (call.first, call.second):
            session.invited = False  # by the relay for a former partner
            if not self._is_up(session) and not session.chats_only:
                self._expect(session, now)
        # The offer may come when the partner has gone again: it still was asked for.
        call.second.offer_due = self._plane.link_state(call.second.user_id) is LinkState.NONE
        if self._needs_invitation(call.first):
            call.first.inbox.put(InvitationDue())

    def part(self, call: Call) -> None:
        """Stop the routes. Links stay; a plain client's is not waited for any longer."""
        for session in (call.first, call.second):
            self._plane.unpair(session.user_id)
            if not session.opens_link:
                session.link_deadline_s = None

    async def invite(self, session: Session) -> None:
        """Send the relay's offer to a user who is not to offer, and has no link."""
        call = session.call
        if call is None or not self._needs_invitation(session):
            return
        sdp = await self._plane.offer(session.user_id, is_local=session.is_local)
        if session.call is call:
            session.invited = True
            session.send(WebrtcOffer(sdp=sdp))
        else:
            self._plane.close_link(session.user_id)  # nobody will answer for it

    def close(self, session: Session) -> None:
        """Close the link."""
        session.link_deadline_s = None
        session.invited = session.chats_only = False
        session.lacks = frozenset()
        self._plane.close_link(session.user_id)

    def up(self, session: Session) -> None:
        """Wait for the link no longer."""
        if self._is_up(session):
            session.link_deadline_s = None
            self._note_media(session)

    def lost(self, session: Session, reason: str, now: float) -> bool:
        """Wait for another link if the user closed it, as it may, and may then offer afresh."""
        if self._plane.link_state(session.user_id) is not LinkState.NONE:
            return False
        session.invited = False
        if session.chats_only:
            return False
        if reason != "closed":
            session.link_deadline_s = None
            return session.call is not None or session.opens_link
        if session.call is not None:
            self._expect(session, now)
            if not session.opens_link and self._needs_invitation(session):
                session.inbox.put(InvitationDue())
        elif session.opens_link and session.link_deadline_s is None:
            session.link_deadline_s = now + self._link_timeout_s
        return False

    def late(self, session: Session, now: float) -> bool:
        """Whether the link was expected by now and is not up."""
        deadline_s = session.link_deadline_s
        return deadline_s is not None and now >= deadline_s and not self._is_up(session)

    def _is_up(self, session: Session) -> bool:
        return self._plane.link_state(session.user_id) is LinkState.UP

    def _expect(self, session: Session, now: float) -> None:
        """Start the clock, unless it runs: a partner does not wait longer for further offers."""
        if session.link_deadline_s is None:
            session.link_deadline_s = now + self._link_timeout_s

    def _refuse(self, session: Session) -> None:
        """What the user described is of no use: unless its link is up it is not waited for."""
        if not self._is_up(session):
            session.chats_only = True
            session.link_deadline_s = None
            session.lacks = _BOTH
            tell_media(session)

    def _note_media(self, session: Session) -> None:
        """The user's description is of use: have its partner know what it does not send."""
        session.chats_only = False
        session.lacks = _BOTH - (self._plane.sends(session.user_id) or frozenset())
        tell_media(session)

    def _needs_invitation(self, session: Session) -> bool:
        if session.is_initiator or session.invited or session.chats_only:
            return False
        state = self._plane.link_state(session.user_id)
        # A plain client's unfinished link belongs to a former partner.
        return state is LinkState.NONE or (state is LinkState.CONNECTING and not session.opens_link)
