"""The calls of this process: both sides of each are kept in step.

Nothing here is awaited, so that the two of a call always agree, and a partner on another node is
told in the order in which things happen.
"""

from __future__ import annotations

from typing import get_args

import structlog

from relay.evidence import ChatLog
from relay.matching import Happened, MediaMode
from relay.protocol.messages import (
    Mode,
    ModeAsked,
    ModeChanged,
    ModeDeclined,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
)
from relay.safety.haste import STAY_S, Haste
from relay.signaling.modes import Agreement, Outcome
from relay.signaling.negotiation import Negotiation
from relay.signaling.session import Call, Former, Partner, Session
from relay.signaling.tally import Tally
from relay.signaling.tracing import Tracing
from relay.store import Room

log = structlog.get_logger(__name__)

Farewell = PartnerLeft | PartnerDisconnected


class Calls:
    """Begins and ends calls, and tells their users.

    :param haste: hears who stays with a partner.
    :param tracing: hears how meetings go.
    :param keeps_chat: whether the last of each room's chat is kept, as evidence.
    """

    def __init__(
        self,
        negotiation: Negotiation,
        media_mode: MediaMode,
        haste: Haste,
        tally: Tally,
        tracing: Tracing,
        *,
        keeps_chat: bool = False,
    ) -> None:
        self._negotiation = negotiation
        self._tracing = tracing
        self._media_mode: MediaMode = media_mode
        self._haste = haste
        self._tally = tally
        self._keeps_chat = keeps_chat
        self.by_room: dict[str, Call] = {}
        """By the room's id, oldest first."""
        self.numbers: set[int] = set()
        """Of their pairs in the media plane, of which no two may be the same."""
        self.guests: set[str] = set()
        """The ids of partners on other nodes: each has one room, as every user."""
        self.leavers: set[Session] = set()
        """Who leaves a room, and need not hear that it ended."""

    def begin(self, room: Room, first: Partner, second: Partner, now: float) -> None:
        """Two users meet: those who are here can, see :attr:`Session.can_meet`."""
        chat = ChatLog() if self._keeps_chat else None
        agreement = Agreement(mode_named(room.mode))
        call = self.by_room[room.room_id] = Call(room, first, second, chat, agreement)
        self.numbers.add(call.number)
        if call.guest is not None:
            self.guests.add(call.guest.user_id)
        for session in call.here:
            session.happened(Happened.PAIRED)
            self._tally.met_in[call.agreement.mode] += 1
            self._tally.match_wait.observe(now - session.searching_since_s)
            session.call = call
            self._tell(session, call)
        for session in call.here:
            session.tell_media()
            session.tell_connection()
        self._negotiation.pair(call, now)
        self._tracing.met(call, sees_media=self._media_mode == "relay")
        log.info("paired", room=room.room_id, first=room.first, second=room.second)

    def _tell(self, session: Session, call: Call) -> None:
        partner = call.partner_of(session)
        found = PartnerFound(
            room_id=call.room.room_id,
            is_initiator=session is call.second,
            media_mode=self._media_mode,
            shared_interests=session.shares(partner),
            blurred=partner.blurs,
            mode=call.agreement.mode,
            languages=[each for each in session.languages if each in partner.languages],
            by_code=session.tryst is not None,
        )
        session.talk.begin()
        session.send(found)

    def ask_mode(self, call: Call, asker: Partner, mode: Mode) -> None:
        """One of the two wants the call to go on in another mode."""
        outcome = call.agreement.ask(mode, is_first=asker is call.first)
        self._agreed(call, asker, mode, outcome)

    def answer_mode(self, call: Call, asked: Partner, mode: Mode, *, accept: bool) -> None:
        """The other one wants that, too, or does not."""
        is_first = asked is call.first
        outcome = call.agreement.answer(mode, is_first=is_first, accept=accept)
        self._agreed(call, asked, mode, outcome)

    def _agreed(self, call: Call, actor: Partner, mode: Mode, outcome: Outcome | None) -> None:
        """Tell who is to know; another node is told what its user's partner has said."""
        other = call.partner_of(actor)
        if outcome == "asked":
            other.send(ModeAsked(mode=mode))
        elif outcome == "declined":
            other.send(ModeDeclined(mode=mode))
        elif outcome == "changed":
            for user in (*call.here, *((other,) if other is call.guest else ())):
                user.send(ModeChanged(mode=mode))
            if mode == "text":
                for session in call.here:
                    self._negotiation.forgo(session)

    def end(self, call: Call, leaver: Partner, farewell: Farewell, now: float) -> None:
        """A call ends; the partner of who leaves is told why."""
        del self.by_room[call.room.room_id]
        self.numbers.discard(call.number)
        if call.guest is not None:
            self.guests.discard(call.guest.user_id)
        partner = call.partner_of(leaver)
        if now - call.room.since_s >= STAY_S:
            self._haste.stayed((*leaver.counts_as, *partner.counts_as))
        for session in call.here:
            other = call.partner_of(session)
            session.call = None
            session.happened(Happened.PARTED)
            session.remember(other.user_id, now)
            about = call.room.room_id, other.user_id, other.identity
            node = "" if isinstance(other, Session) else other.node
            session.part_from(Former(*about, now, call.chat, node, call.again))
        if not isinstance(partner, Session):
            partner.part(farewell.type)
        elif partner not in self.leavers:
            partner.send(farewell)
        self._negotiation.part(call)
        self._tracing.parted(call.room.room_id, farewell.type)
        log.info("parted", room=call.room.room_id, by=leaver.user_id, why=farewell.type)


def mode_named(name: str) -> Mode:
    """The mode of that name; that of clients that say none when there is none."""
    known: dict[str, Mode] = {mode: mode for mode in get_args(Mode)}
    return known.get(name, "video")
