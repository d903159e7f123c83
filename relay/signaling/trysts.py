"""Users who know each other: invitations, and two who want to meet again.

A *tryst* is what two have who are to meet each other and nobody else; each has a code of it. What a
code says is in it (:mod:`relay.safety.codes`), so that nothing is kept of those that were made: the
store knows who waits with one, and which have served. Time is passed in, on the lobby's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from relay.cluster import Cluster
from relay.cluster.messages import Again
from relay.errors import ProtocolError
from relay.pace import Paces, take_all
from relay.protocol.messages import AgainCode, Error, Invitation, Invite, MeetAgain
from relay.safety import codes
from relay.safety.keys import Ring
from relay.signaling.session import Former, Session
from relay.signaling.tally import Tally

TRIES_PER_S = 1 / 30
TRIES_BURST = 10
"""Codes that are none, of one visitor; of an address four times as many."""
INVITATIONS_PER_S = 1 / 10
INVITATIONS_BURST = 5
_MAX_NAMES = 8192

TrystFlaw = Literal["unknown", "over", "used"]

_REFUSALS: Mapping[TrystFlaw, tuple[str, str]] = {
    "unknown": ("code_unknown", "There is no such invitation."),
    "over": ("code_over", "This invitation is over."),
    "used": ("code_used", "This invitation has been used."),
}


def refusal(flaw: TrystFlaw) -> Error:
    """What somebody is told whose code brings it to nobody."""
    code, message = _REFUSALS[flaw]
    return Error(code=code, message=message)


class Trysts:
    """Makes codes and reads them, and has them paid for.

    :param sessions: those who are here.
    :param keyring: what the codes are signed with.
    :param clock: seconds, as in the times passed in.
    :param wall_clock: seconds since 1970.
    """

    def __init__(
        self,
        sessions: Mapping[str, Session],
        keyring: Ring,
        tally: Tally,
        cluster: Cluster | None,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._tally = tally
        self._cluster = cluster
        self._clock = clock
        self._wall_clock = wall_clock
        self._tries = Paces(_MAX_NAMES)
        self._invitations = Paces(_MAX_NAMES)
        if cluster is not None:
            cluster.hear(Again, self._hear)

    def take(self, session: Session, said: Invite | MeetAgain, now: float) -> None:
        """Do what a user wants who wants to meet somebody else than a stranger.

        :raises ProtocolError: when nobody is meant.
        """
        if isinstance(said, Invite):
            self.invite(session, now)
        else:
            self.again(session, said.room_id, now)

    def invite(self, session: Session, now: float) -> None:
        """Make an invitation."""
        paces = (
            self._invitations.of(name, users * INVITATIONS_PER_S, users * INVITATIONS_BURST)
            for name, users in session.counts_as
        )
        if wait_s := take_all([*paces], now):
            session.slow_down("too many invitations", wait_s)
            return
        at = self._wall_clock()
        code, guest_code = codes.invitation(self._keyring.at(at), at)
        self._tally.codes_made["invitation"] += 1
        session.send(Invitation(code=code, guest_code=guest_code, within=codes.INVITATION_S))

    def aim(self, session: Session, code: str | None, now: float) -> bool:
        """Have a user who is about to search look for whoever its code says, or for strangers.

        :returns: whether it may; else it has been told why not, and nothing changed.
        """
        if code is None:
            session.tryst = None
            return True
        paces = [
            self._tries.of(name, users * TRIES_PER_S, users * TRIES_BURST)
            for name, users in session.counts_as
        ]
        if wait_s := max(pace.wait_s(now) for pace in paces):
            self._tally.codes_refused["too_many"] += 1
            session.slow_down("too many codes", wait_s)
            return False
        at = self._wall_clock()
        found = codes.read(code, self._keyring.at(at), at)
        if not isinstance(found, codes.Code):
            if found == "unknown":
                take_all(paces, now)
            self._tally.codes_refused[found] += 1
            session.send(refusal(found))
            return False
        session.tryst, session.tryst_until_s = found.tryst, now + found.until - at
        return True

    def again(self, session: Session, room_id: str | None, now: float) -> None:
        """A user wants to meet somebody again: the two get codes when both do.

        Nobody is told anything before that.

        :raises ProtocolError: when nobody is meant.
        """
        meant = session.meant(room_id, now)
        if meant is None:
            raise ProtocolError("nobody_to_meet", "there is nobody to meet again")
        if session.user_id in meant.again:
            return
        meant.again.add(session.user_id)
        other = self._sessions.get(meant.user_id)
        if meant.is_guest:
            self._tell(session, meant, is_wanted=True)
            self._give(session, meant)
        elif other is not None and meant.user_id in meant.again:
            for one, partner_id in ((session, meant.user_id), (other, session.user_id)):
                self._send(one, meant.room_id, partner_id)

    def call_off(self, session: Session, meant: Former) -> None:
        """A user is never to meet somebody again."""
        if meant.is_guest and session.user_id in meant.again:
            self._tell(session, meant, is_wanted=False)
        meant.again.clear()

    def _hear(self, _node: str, told: Again) -> None:
        """What a user of another node wants whose partner is, or was, here."""
        session = self._sessions.get(told.partner_id)
        meant = session.meant(told.room_id, self._clock()) if session is not None else None
        if session is None or meant is None or not meant.is_guest or meant.user_id != told.user_id:
            return
        if not told.is_wanted:
            meant.again.discard(told.user_id)
        elif told.user_id not in meant.again:
            meant.again.add(told.user_id)
            self._give(session, meant)

    def _give(self, session: Session, meant: Former) -> None:
        """Give a user its code if both want it; its partner's node does the same."""
        if {session.user_id, meant.user_id} <= meant.again:
            self._send(session, meant.room_id, meant.user_id)

    def _send(self, session: Session, room_id: str, partner_id: str) -> None:
        at = self._wall_clock()
        side = int(session.user_id > partner_id)
        code = codes.again(self._keyring.at(at), room_id, side, at)
        self._tally.codes_made["again"] += 1
        session.send(AgainCode(room_id=room_id, code=code, within=codes.AGAIN_S))

    def _tell(self, session: Session, meant: Former, *, is_wanted: bool) -> None:
        if self._cluster is not None:
            told = Again(meant.room_id, session.user_id, meant.user_id, is_wanted)
            self._cluster.tell(meant.node, told)
