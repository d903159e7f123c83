"""A user reports or blocks its partner, or the one of a room that has just ended."""

from __future__ import annotations

from relay.errors import ProtocolError
from relay.evidence.freezer import Freezer, Glimpse
from relay.protocol.messages import Block, Blocked, PartnerLeft, Report, ReportReceived
from relay.records import Reason
from relay.safety import Safety
from relay.signaling.meetings import Meetings
from relay.signaling.session import Former, Session
from relay.signaling.trysts import Trysts


class Reporting:
    """Finds out who is meant, and has it go its way.

    :param safety: where reports go.
    :param trysts: who is reported or blocked is not met again by a code either.
    :param freezer: freezes what is reported, if evidence is kept.
    """

    def __init__(
        self,
        safety: Safety,
        meetings: Meetings,
        trysts: Trysts,
        freezer: Freezer | None = None,
    ) -> None:
        self._safety = safety
        self._meetings = meetings
        self._trysts = trysts
        self._freezer = freezer

    async def take(self, session: Session, message: Report | Block, now: float) -> None:
        """Have a user never meet somebody again, and say why if it does.

        Even who reports too much leaves the partner, and does not meet it again in this session.
        The present partner is left before anything is waited for but a picture, while evidence is
        kept: for that 0.4 s at most, or 1 s when the partner's node does not answer.

        :raises ProtocolError: when nobody is meant, or the user itself.
        """
        try:
            meant = self._meant(session, message.room_id, now)
        except ProtocolError as error:
            self._safety.tally.refused[_REFUSED[error.code]] += 1
            raise
        glimpse: Glimpse = {}
        is_report = isinstance(message, Report)
        is_paid = self._pay(session, now, is_report=is_report)
        if self._freezer is not None and is_report and is_paid and _are_together(session, meant):
            glimpse = await self._freezer.glance(session.user_id, meant.user_id)
        if _are_together(session, meant):
            await self._meetings.leave(session, PartnerLeft(), now)
        session.avoid(meant)
        self._trysts.call_off(session, meant)
        if not is_paid:
            return
        match message:
            case Report(reason=reason, words=words):
                filed = await self._safety.report(
                    session.identity, meant.identity, Reason(reason), words, meant.room_id
                )
                if self._freezer is not None:
                    chat = meant.chat.lines if meant.chat is not None else ()
                    both = session.user_id, meant.user_id
                    self._freezer.freeze(filed.report, *both, chat, glimpse)
                session.send(
                    ReportReceived(
                        report_id=filed.report.id,
                        room_id=meant.room_id,
                        is_stored=filed.is_stored,
                    )
                )
            case Block():
                block = await self._safety.block(session.identity, meant.identity)
                session.send(Blocked(block_id=block.id, room_id=meant.room_id))

    def _pay(self, session: Session, now: float, *, is_report: bool) -> bool:
        """Whether the user may; else it is told to wait, which is no mistake."""
        wait_s = self._safety.wait_s(session.identity, now, is_report=is_report)
        wait_s = wait_s or session.report_pace.take(now)
        if wait_s:
            self._safety.tally.refused["too_many"] += 1
            session.slow_down("too many reports", wait_s)
        return not wait_s

    def _meant(self, session: Session, room_id: str | None, now: float) -> Former:
        meant = session.meant(room_id, now)
        if meant is None:
            raise ProtocolError("nobody_to_report", "there is nobody to report")
        visitor = session.identity.visitor
        if visitor and visitor == meant.identity.visitor:
            raise ProtocolError("cannot_report_yourself", "that is yourself")
        return meant


def _are_together(session: Session, meant: Former) -> bool:
    """Whether the one who is meant is the present partner."""
    return session.call is not None and session.call.room.room_id == meant.room_id


_REFUSED = {"nobody_to_report": "nobody", "cannot_report_yourself": "yourself"}
