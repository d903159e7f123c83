"""Keeps out who is banned, and tells users what operators have decided about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from aiohttp import web

from relay.protocol.messages import PartnerBlurred, ReportOutcome, Warned
from relay.records import Ban, Party, Reason, Report
from relay.safety import Identity, Known, Safety, is_about, tokens_of
from relay.signaling.lobby import Lobby
from relay.signaling.outbox import CLOSE_BANNED
from relay.signaling.session import Session


class Banned(web.HTTPForbidden):
    """Somebody may not come in; ``details`` go into the answer."""

    code = "banned"

    def __init__(self, ban: dict[str, Any]) -> None:
        super().__init__(text="you are banned\n")
        self.details = {"ban": ban}


class Guard:
    """Between the lobby, which knows who is here, and what is decided about them.

    :param start_blurred: whether each partner had better be blurred at first, for everybody.
    """

    def __init__(self, safety: Safety, lobby: Lobby, *, start_blurred: bool) -> None:
        self._safety = safety
        self._lobby = lobby
        self._start_blurred = start_blurred
        safety.on_ban(self._banned)
        safety.on_decision(self._decided)

    async def admit(self, identity: Identity) -> None:
        """Let somebody in.

        :raises Banned: who may not come.
        """
        ban = self._safety.find_ban(identity)
        if ban is not None:
            raise Banned(await self._safety.shown(ban))

    async def learn(self, session: Session) -> Known:
        """What is known of a new user from before, which it follows from now on."""
        known = await self._safety.known(session.identity)
        session.avoids |= known.avoids
        if self._safety.find_ban(session.identity) is not None:  # meanwhile
            session.outbox.close(CLOSE_BANNED, "banned")
        return known

    def blurs(self, known: Known) -> bool:
        """Whether a user's partners had better be blurred at first."""
        return self._start_blurred or known.has_reported

    def tell(self, session: Session, known: Known) -> None:
        """Tell a new user what has been decided while it was not here."""
        for report in known.outcomes:
            session.send(_outcome(report))
        for report in known.warnings:
            session.send(Warned(reason=report.reason.value))
        self._safety.told(known.outcomes)
        self._safety.heard(known.warnings)

    def suspect(self, user_id: str, room_id: str, score: float) -> Identity | None:
        """Have a user's partner blur its picture, if the two are still in that room.

        :param user_id: of one who is here, or whose partner is, or was.
        :param score: a classifier's, from 0 to 1.
        :returns: who the user is; None when it is gone.
        """
        call = self._lobby.call(room_id)
        both = () if call is None else (call.first, call.second)
        user = next((one for one in both if one.user_id == user_id), None)
        if call is not None and user is not None:
            blurred = PartnerBlurred(why=Reason.NUDITY.value, score=round(score, 3))
            call.partner_of(user).send(blurred)
            return user.identity
        session = self._lobby.session(user_id)
        return session.identity if session is not None else self._former(user_id, room_id)

    def _former(self, user_id: str, room_id: str) -> Identity | None:
        """Who somebody of another node is, who has just left a user here."""
        partners = (former for one in self._lobby.sessions() for former in one.former)
        guests = (each for each in partners if each.is_guest and each.room_id == room_id)
        return next((each.identity for each in guests if each.user_id == user_id), None)

    def _banned(self, ban: Ban) -> None:
        for session in self._lobby.sessions():
            if is_about(ban.party, session.identity):
                session.outbox.close(CLOSE_BANNED, "banned")

    def _decided(self, report: Report) -> None:
        told = [*self._of(report.reporter)]
        for session in told:
            session.send(_outcome(report))
        if told:
            self._safety.told([report])
        if report.outcome == "warned" and (warned := [*self._of(report.reported)]):
            for session in warned:
                session.send(Warned(reason=report.reason.value))
            self._safety.heard([report])

    def _of(self, party: Party) -> Iterator[Session]:
        """Whoever of those who are here is somebody."""
        tokens = tokens_of(party)
        return (s for s in self._lobby.sessions() if not tokens.isdisjoint(s.names))


def _outcome(report: Report) -> ReportOutcome:
    return ReportOutcome(
        report_id=report.id,
        reason=report.reason.value,
        at=report.at,
        outcome=cast("Any", report.outcome),
    )
