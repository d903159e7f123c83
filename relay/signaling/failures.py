"""A user's link fails: why, and what becomes of the user."""

import structlog

from relay.plane import LinkLost, Trace
from relay.protocol.messages import Error, PartnerDisconnected
from relay.signaling.diagnosis import UNREPORTED, Evidence, cause_of
from relay.signaling.meetings import Meetings
from relay.signaling.negotiation import Negotiation
from relay.signaling.session import Session
from relay.signaling.tally import NO_CAUSE, Tally
from relay.signaling.tracing import Tracing

log = structlog.get_logger(__name__)


class Failures:
    """Finds out whether a link has failed, counts that, and tells the user."""

    def __init__(
        self, negotiation: Negotiation, meetings: Meetings, tally: Tally, tracing: Tracing
    ) -> None:
        self._negotiation, self._meetings = negotiation, meetings
        self._tally, self._tracing = tally, tracing

    async def lost(self, session: Session, lost: LinkLost, now: float) -> None:
        """Take that a link is gone, which need not be a failure."""
        if self._negotiation.lost(session, lost.link_id, lost.reason, now):
            await self._fail(session, lost.reason, lost.trace, now)

    async def look(self, session: Session, now: float) -> None:
        """See whether a link is late; who had been waited for until now may be just up."""
        if self._negotiation.late(session, now):
            trace = await self._negotiation.trace(session)
            if self._negotiation.late(session, now):  # it has not come up meanwhile
                await self._fail(session, "late", trace, now)

    async def _fail(self, session: Session, reason: str, trace: Trace | None, now: float) -> None:
        """A user cannot send or receive media: unless it chats without, it needs a new link."""
        evidence = self._evidence(session, trace, now)
        cause = cause_of(evidence) if evidence is not None else None
        seen = evidence.seen if evidence is not None else {}
        named = cause or NO_CAUSE
        log.info("media_failed", user=session.user_id, reason=reason, cause=named, **seen)
        session.link_cause = named
        self._tracing.failed(session.user_id, named)
        self._tally.link_failures[named] += 1
        self._tally.networks.failed(session.network, named, now)
        if session.link.is_without_media:
            self._negotiation.forgo(session)
        else:
            await self._meetings.leave(session, PartnerDisconnected(), now)
            self._negotiation.close(session)
        text = "The video connection failed."
        session.send(Error(code="media_failed", message=text, cause=cause))

    def _evidence(self, session: Session, trace: Trace | None, now: float) -> Evidence | None:
        """Why the user's link has not come up; None of one that was up, or has not begun to."""
        report, session.link_report = session.link_report, None
        if trace is None:
            return None
        others = self._tally.networks.udp_works_without(session.network, now)
        return Evidence(trace, report or UNREPORTED, others)
