"""How users search, meet and part.

How it stays right while many users act at once, over a store that takes its time:

- A user's messages, its link's events and the passing of time go through its inbox: nothing of one
  user's own is handled at the same time as something else of its own.
- What is done to a user on behalf of another (it is paired, or its partner leaves) happens without
  awaiting anything, on both sides of the call at once. So the two always agree.
- Therefore, after each ``await`` a user may have been paired, or parted, or both: look again.
- Whatever still goes wrong with a user who waits, say in a store that fails half-way, is put right
  when it searches again, which happens every second.
- For a room with a user on another node see :mod:`relay.signaling.abroad`.
"""

from contextlib import suppress

import structlog

from relay.errors import QueueFull, TrystUsed
from relay.matching import Happened, Matchmaker, State
from relay.pace import Seldom
from relay.protocol.messages import Error, PartnerDisconnected, PartnerLeft, Scope
from relay.safety.haste import Haste
from relay.signaling.abroad import Abroad, Outcome
from relay.signaling.calls import Calls, Farewell
from relay.signaling.mailbox import TimePassed
from relay.signaling.session import Session
from relay.signaling.tally import Tally
from relay.signaling.trysts import TrystFlaw, refusal
from relay.store import Room, Waiter

_RETRY_AFTER_S = 3.0
_FULL_TOLD_EVERY_S = 60.0
_MAX_OFFERS = 3
"""So many nodes may decline, one after the other, before the search goes on with the next tick."""

_FAILED = Error(
    code="find_failed",
    message="No partner could be looked for. Please try again.",
    retry_after=_RETRY_AFTER_S,
)

log = structlog.get_logger(__name__)


class Meetings:
    """Searches for the users in ``sessions``, and takes them out of their rooms."""

    def __init__(
        self,
        sessions: dict[str, Session],
        matchmaker: Matchmaker,
        calls: Calls,
        haste: Haste,
        tally: Tally,
        abroad: Abroad | None = None,
    ) -> None:
        """:param abroad: for rooms with a user on another node, in a cluster."""
        self._sessions = sessions
        self._matchmaker = matchmaker
        self._calls = calls
        self._haste = haste
        self.tally = tally
        self._abroad = abroad
        self._full_told = Seldom(_FULL_TOLD_EVERY_S)

    async def settle(self, session: Session, now: float) -> None:
        """Have a user who waits be in the queue, unless it is away or its link is to come up."""
        if session.state is not State.WAITING:
            return
        try:
            if session.link.is_awaited:
                session.queued_since_s = None
            if session.tryst is not None and now >= session.tryst_until_s:
                await self._matchmaker.leave_queue(session.user_id)
                self._dismiss(session, "over")
            elif session.link.is_awaited or session.is_away:
                await self._matchmaker.leave_queue(session.user_id)
            else:
                await self._search(session, now)
        except TrystUsed:
            self._dismiss(session, "used")
        except QueueFull:
            suppressed = self._full_told.due(now)
            if suppressed is not None:
                log.warning("queue_full", user=session.user_id, suppressed=suppressed)
            self._give_up(session)
        except Exception:
            log.exception("search_failed", user=session.user_id)
            if self._give_up(session):
                with suppress(Exception):  # it is the same store that has just failed
                    await self._matchmaker.leave(session.user_id)

    async def foresee(self, session: Session, now: float) -> str | None:
        """Whom a user is likely to meet; a store that fails knows of nobody."""
        try:
            return await self._matchmaker.foresee(self._waiter(session, now, now), now)
        except Exception:
            log.exception("search_failed", user=session.user_id)
            return None

    async def skip(self, session: Session, now: float) -> None:
        """Leave the queue or a partner because the user wants to; haste has its price."""
        self._count(session, now)
        await self.leave(session, PartnerLeft(), now)

    async def vanish(self, session: Session, now: float) -> None:
        """A session is over: whoever closes its socket in haste has left in haste, too."""
        self._count(session, session.away_since_s or now)
        await self.leave(session, PartnerDisconnected(), now)

    def _count(self, session: Session, until_s: float) -> None:
        if session.call is not None:
            together_s = until_s - session.call.room.since_s
            self._haste.left(session.counts_as, together_s, until_s)

    def slowed_for_s(self, session: Session, now: float) -> float | None:
        """For how long a user meets only others who leave in haste; None of one who does not."""
        until_s = self._haste.apart_until_s(session.counts_as, now)
        return until_s - now if until_s else None

    def scope(self, session: Session, now: float) -> Scope:
        """Whom a user who waits meets of those who come now."""
        since_s = now if session.queued_since_s is None else session.queued_since_s
        return self._matchmaker.scope(self._waiter(session, since_s, now), now)

    def gone(self, session: Session) -> None:
        """A user has left for good; its visitor and its address may come again."""
        self._haste.gone(f"user:{session.user_id}")

    async def leave(self, session: Session, farewell: Farewell, now: float) -> None:
        """Take a user out of the queue or its room, and tell the partner why.

        A store that fails does not keep the two together: what it still says of the user is put
        right when the user, or somebody who is to meet it, searches again.
        """
        if session.state is State.WAITING:
            session.happened(Happened.GAVE_UP)
        self._calls.leavers.add(session)
        try:
            await self._matchmaker.leave(session.user_id)
        except Exception:
            log.exception("leaving_failed", user=session.user_id)
        finally:
            self._calls.leavers.remove(session)
        if session.call is not None:
            self._calls.end(session.call, session, farewell, now)

    async def end(self, session: Session, now: float) -> None:
        """End a user's room on behalf of neither: both are told that the partner left."""
        await self.leave(session, PartnerLeft(), now)
        session.send(PartnerLeft())

    def _dismiss(self, session: Session, flaw: TrystFlaw) -> None:
        """Nobody comes any more to whom somebody waits for."""
        if self._give_up(session, refusal(flaw)):
            self.tally.codes_refused[flaw] += 1

    def _give_up(self, session: Session, error: Error = _FAILED) -> bool:
        """A search came to nothing; false if another's search has succeeded meanwhile."""
        if session.state is not State.WAITING:
            return False
        session.happened(Happened.GAVE_UP)
        session.send(error)
        return True

    async def _search(self, session: Session, now: float) -> None:
        def waits() -> bool:
            return session.can_meet

        for _ in range(_MAX_OFFERS):
            if session.queued_since_s is None:
                session.queued_since_s = now
            waiter = self._waiter(session, session.queued_since_s, now)
            room = await self._matchmaker.search(waiter, now, wanted=waits)
            outcome = "met" if room is None else await self._meet(session, room, now)
            if outcome == "met":
                return
            await self._matchmaker.leave(session.user_id)
            if outcome == "failed" or not session.can_meet or session.link.is_awaited:
                return

    async def _meet(self, session: Session, room: Room, now: float) -> Outcome:
        """Have a user meet the other one of its room, wherever that is."""
        node = room.node_of(room.second if session.user_id == room.first else room.first)
        if self._abroad is not None and node not in ("", self._abroad.here):
            return await self._abroad.offer(session, room)
        return "met" if self._introduce(room, now) else "failed"

    def _introduce(self, room: Room, now: float) -> bool:
        """Tell two users of their room; if one cannot meet any more, the other looks again."""
        first, second = self._sessions.get(room.first), self._sessions.get(room.second)
        if first is None or second is None or not _may_meet(first, second, room.mode):
            for session in (first, second):
                if session is not None:
                    session.inbox.put(TimePassed())
            return False
        self.tally.met(first.tryst)
        self._calls.begin(room, first, second, now)
        return True

    def _waiter(self, session: Session, since_s: float, now: float) -> Waiter:
        return Waiter(
            session.user_id,
            since_s,
            frozenset(session.interests),
            dict(session.recent),
            session.link.place,
            session.names,
            session.avoids,
            0.0 if session.tryst else self._haste.apart_until_s(session.counts_as, now),
            node=self._abroad.here if self._abroad is not None else "",
            mode=session.mode,
            also=session.also,
            languages=frozenset(session.languages),
            tryst=session.tryst,
        )


def _may_meet(first: Session, second: Session, mode: str) -> bool:
    """Whether both are free, and neither has taken, or given up, a tryst or its mode meanwhile."""
    if not all(each.can_meet and each.suits(mode) for each in (first, second)):
        return False
    return first.tryst.fits(second.tryst) if first.tryst else second.tryst is None
