"""Takes what reaches a user, one thing at a time: messages, its link's events, time."""

from collections.abc import Callable, Mapping
from secrets import token_hex
from time import monotonic
from typing import assert_never

import structlog

from relay.cluster import Cluster
from relay.errors import ProtocolError, SdpError, WorkerError
from relay.evidence.freezer import Freezer
from relay.matching import Happened, Matchmaker, MediaMode, State, require_allowed
from relay.plane import (
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    LinkState,
    LinkTold,
    LinkUp,
    MediaEvent,
    MediaFlowing,
    OverBudget,
    PictureFlowing,
)
from relay.protocol.messages import (
    MAX_SDP_CHARS,
    AnswerMode,
    AskMode,
    Block,
    ChatMessage,
    ChatReceived,
    Echo,
    Error,
    FindPartner,
    IceCandidate,
    Invite,
    LinkReport,
    LookAround,
    MediaState,
    MeetAgain,
    NextPartner,
    PartnerLeft,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
    Ping,
    Pong,
    QualityReport,
    Reaction,
    Report,
    Shown,
    StopChat,
    Typing,
    UserMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.safety import Safety
from relay.safety.haste import Haste
from relay.safety.keyfile import Keyring
from relay.safety.keys import Ring
from relay.safety.texts import Texts
from relay.signaling import views
from relay.signaling.abroad import Abroad
from relay.signaling.around import Surroundings
from relay.signaling.calls import Calls
from relay.signaling.echoes import Echoes, is_over
from relay.signaling.failures import Failures
from relay.signaling.limits import Limits
from relay.signaling.mailbox import (
    Item,
    MoveDue,
    ProposalDue,
    RoomEnded,
    SessionEnded,
    TimePassed,
)
from relay.signaling.meetings import Meetings
from relay.signaling.moving import Moving
from relay.signaling.negotiation import Negotiation
from relay.signaling.news import OnlineNews
from relay.signaling.outbox import CLOSE_OVER_BUDGET
from relay.signaling.reporting import Reporting
from relay.signaling.session import Call, Session
from relay.signaling.showing import show
from relay.signaling.tally import Tally
from relay.signaling.tracing import Meeting, Tracing
from relay.signaling.trysts import Trysts
from relay.signaling.turns import Turns
from relay.store import Room, Store

log = structlog.get_logger(__name__)


class Lobby:
    """All users of this process. Times are seconds on one monotonic clock, passed in."""

    def __init__(
        self,
        store: Store,
        negotiation: Negotiation,
        media_mode: MediaMode,
        limits: Limits,
        safety: Safety,
        freezer: Freezer | None = None,
        cluster: Cluster | None = None,
        clock: Callable[[], float] = monotonic,
        elsewhere: Callable[[], int] = lambda: 0,
        looking_elsewhere: Callable[[], Mapping[str, int]] = dict,
        keyring: Ring | None = None,
        traces: Callable[[Meeting], None] | None = None,
    ) -> None:
        """Be empty.

        :param freezer: freezes what is reported, if evidence is kept.
        :param cluster: the other nodes, whose users can be met, too.
        :param clock: that of the times passed in, for what other nodes tell.
        :param elsewhere: how many users other nodes have, and ``looking_elsewhere`` how many of
            them wait, by mode.
        :param keyring: what codes are signed with; without it they end with this object.
        :param traces: is told of each meeting, if somebody wants to know.
        """
        self._negotiation = negotiation
        self._media_mode: MediaMode = media_mode
        self._sessions: dict[str, Session] = {}
        self.wake: Callable[[], None] = lambda: None
        """Called when :meth:`tick` has something to do again."""
        self.tally = Tally()
        """What is counted."""
        haste, keeps_chat = Haste(limits.nexts_per_minute, limits.hasty_nexts), freezer is not None
        self._tracing = Tracing(traces, clock)
        self._calls = Calls(
            negotiation, media_mode, haste, self.tally, self._tracing, keeps_chat=keeps_chat
        )
        abroad = None
        if cluster is not None:
            around = self._sessions, self._calls, negotiation, limits, self.tally
            abroad = Abroad(cluster, *around, clock)
        matchmaker = Matchmaker(
            store,
            rematch_after_s=limits.rematch_after_s,
            interest_wait_s=limits.interest_wait_s,
            new_room_id=lambda: token_hex(12),
            reaches=abroad.reaches if abroad is not None else None,
        )
        self._meetings = Meetings(
            self._sessions, matchmaker, self._calls, haste, self.tally, abroad
        )
        self._failures = Failures(negotiation, self._meetings, self.tally, self._tracing)
        self._echoes = Echoes(negotiation)
        self.surroundings = Surroundings(self._sessions, looking_elsewhere)
        self._news = OnlineNews(
            self._meetings.slowed_for_s,
            lambda: len(self._sessions) + elsewhere(),
            self.surroundings.others,
            self._meetings.scope,
        )
        self._texts = Texts(limits.links_after_s, limits.same_texts)
        self._turns = Turns()
        self.moving = Moving()
        ring = keyring or Keyring(None, safety.clock())
        self._trysts = Trysts(self._sessions, ring, self.tally, cluster, clock, safety.clock)
        self._reporting = Reporting(safety, self._meetings, self._trysts, freezer)
        if freezer is not None:
            self.tally.evidence = freezer.tally

    def session(self, user_id: str) -> Session | None:
        """The user, if it is here."""
        return self._sessions.get(user_id)

    def sessions(self) -> list[Session]:
        """All who are here."""
        return [*self._sessions.values()]

    def call(self, room_id: str) -> Call | None:
        """The room, if it is here."""
        return self._calls.by_room.get(room_id)

    def standing(self) -> list[Room]:
        """The rooms of all who are here, for a store that has lost them."""
        return [call.room for call in self._calls.by_room.values()]

    def join(self, session: Session) -> None:
        """Let a user in, who will be handled until its :class:`SessionEnded`."""
        self._sessions[session.user_id] = session
        self.wake()

    def media_event(self, event: MediaEvent) -> None:
        """Take an event of the plane's."""
        session = self._sessions.get(event.user_id)
        if session is None:
            return
        match event:
            case MediaFlowing() | PictureFlowing():
                call = session.call
                if call is None or call.partner_of(session).user_id != event.partner_id:
                    return
                if isinstance(event, PictureFlowing):
                    self._tracing.shown(event.user_id)
                else:
                    call.flow()
            case LinkUp() | LinkLost():
                session.link.heard(event)
                session.inbox.put(event)
            case LinkInterrupted() | LinkResumed():
                session.link.heard(event)
                session.tell_connection()
            case LinkTold():
                if session.call is not None and session.call.guest is not None:
                    session.call.guest.linked(event.told)
            case OverBudget():
                log.info("over_budget", user=event.user_id, kind=event.kind)
                session.outbox.close(CLOSE_OVER_BUDGET, f"over budget: {event.kind}")

    @property
    def is_busy(self) -> bool:
        """Whether time has a meaning here: somebody is there, or the server is being drained."""
        return bool(self._sessions) or self.moving.is_on

    def tick(self, now: float) -> None:
        """Let time pass: have late links noticed, those who wait search again, others move."""
        sessions = self._sessions.values()
        self.moving.tick(sessions, now)
        for session in sessions:
            if self._negotiation.late(session, now) or is_over(session, now):
                session.inbox.put(TimePassed())
        queued = [
            s for s in sessions if s.state is State.WAITING and not (s.is_away or s.link.is_awaited)
        ]
        self.surroundings.tick(queued)
        for session in self._turns.of(queued):
            session.inbox.put(TimePassed())
        self._news.tick(now)
        self._tracing.tick()

    async def handle(self, session: Session, item: Item, now: float) -> None:
        """Handle one thing from a session's inbox; whatever goes wrong stays with that user."""
        former = session.link.link_id
        try:
            await self._handle(session, item, now)
        except ProtocolError as error:
            refused = item.id if isinstance(item, ChatMessage | PicturePart) else None
            session.fault(now, error.code, error.message, chat_id=refused)
        except WorkerError as error:
            log.error("media_unavailable", user=session.user_id, reason=str(error))  # noqa: TRY400
            session.send(Error(code="internal", message="Something went wrong on the server."))
        except Exception:
            log.exception("handling_failed", user=session.user_id, item=type(item).__name__)
            session.send(Error(code="internal", message="Something went wrong on the server."))
        if session.link.link_id not in (None, former):
            self._tracing.described(session.user_id, now)
        if is_over(session, now):
            self._echoes.end(session)

    async def _handle(self, session: Session, item: Item, now: float) -> None:
        match item:
            case LinkUp():
                self._negotiation.up(session, item.link_id)
                self._tracing.came_up(session.user_id, item.kind)
                session.link_report = session.link_cause = None
                self.tally.networks.came_up(session.network, item.kind, now)
                await self._meetings.settle(session, now)
            case LinkLost():
                await self._failures.lost(session, item, now)
                await self._meetings.settle(session, now)
            case TimePassed():
                await self._failures.look(session, now)
                await self._meetings.settle(session, now)
            case ProposalDue():
                await self._negotiation.propose(session)
            case MoveDue():
                if self.moving.concerns(session):  # else it has met somebody meanwhile
                    await self._move(session, now)
            case RoomEnded():
                if session.call is not None and session.call.room.room_id == item.room_id:
                    await self._meetings.end(session, now)
                item.done.set()
            case SessionEnded():
                await self._forget(session, now)
            case _:
                require_allowed(item, session.state, self._media_mode)
                await self._obey(session, item, now)

    async def _obey(  # noqa: PLR0912, PLR0915 - a table
        self, session: Session, message: UserMessage, now: float
    ) -> None:
        match message:
            case FindPartner(code=code) | NextPartner(code=code) if not self._trysts.aim(
                session, code, now
            ):
                pass  # it has been told why
            case FindPartner():
                session.looks_for(message)
                await self._find(session, message, now)
            case NextPartner():
                session.looks_for(message)
                if session.call is not None:
                    await self._meetings.skip(session, now)
                await self._find(session, message, now)
            case Invite() | MeetAgain():
                self._trysts.take(session, message, now)
            case StopChat():
                self._echoes.end(session)
                await self._meetings.skip(session, now)
                self._negotiation.close(session)
                session.link.stopped()
            case WebrtcOffer() | WebrtcAnswer() if wait_s := session.effort.wait_s(now):
                session.fault(now, "rate_limited", "too many descriptions", round(wait_s, 3))
            case WebrtcOffer():
                await self._offer(session, message.sdp, now)
            case WebrtcAnswer():
                _require_short(message.sdp)
                await self._negotiation.answer(session, message.sdp, now)
            case IceCandidate():
                self._negotiation.candidate(session, message)
            case Echo(on=True):
                self._echoes.begin(session, now)
            case Echo():
                self._echoes.end(session)
            case LinkReport():
                session.link_report = message
            case QualityReport():
                session.tells_quality(message, now)
            case ChatMessage() | ChatReceived() | Typing() | MediaState() | Reaction():
                session.pass_on(message, now, self._texts)
            case Pictures() | PicturePart() | PictureReceived() | PictureRefused():
                show(session, message, now)
            case Shown():
                session.hand_on(message)
            case AskMode() | AnswerMode():
                self._discuss_mode(session, message, now)
            case LookAround():
                session.send(self.surroundings.seen(now))
            case Report() | Block():
                await self._reporting.take(session, message, now)
            case Ping():
                session.send(Pong())
            case _:
                assert_never(message)

    def _discuss_mode(self, session: Session, said: AskMode | AnswerMode, now: float) -> None:
        """What crosses with the end of a call, or with what the partner has said, is no mistake."""
        call = session.call
        if call is None:
            return
        if isinstance(said, AnswerMode):
            self._calls.answer_mode(call, session, said.mode, accept=said.accept)
        elif wait_s := session.asks.take(now):
            session.slow_down("too many changes of the mode", wait_s)
        else:
            self._calls.ask_mode(call, session, said.mode)

    async def _offer(self, session: Session, sdp: str, now: float) -> None:
        _require_short(sdp)
        near = None
        if session.link.state is LinkState.NONE and session.call is None:
            near = await self._meetings.foresee(session, now)
        await self._negotiation.offer(session, sdp, now, near)
        await self._meetings.settle(session, now)

    async def _find(self, session: Session, how: FindPartner | NextPartner, now: float) -> None:
        """Have a user without a partner search for one, here or elsewhere."""
        self._echoes.end(session)
        if self.moving.diverts(session, now, stays=how.stay):
            await self._move(session, now)
            return
        if how.mode != "text" and not how.without_media:
            session.link.wanted(now)
        elif not session.link.is_without_media:
            self._negotiation.forgo(session)
        if session.state is not State.WAITING:
            session.searching_since_s = now
        session.happened(Happened.SEARCHED)
        await self._meetings.settle(session, now)
        if session.state is State.WAITING:
            self._news.tell(session, now)

    async def _move(self, session: Session, now: float) -> None:
        """Have a user go to another server; one who waits does so no more, a partner stays."""
        if session.state is State.WAITING:
            await self._meetings.leave(session, PartnerLeft(), now)
        session.send(self.moving.message(now))
        self.tally.moves += 1

    async def _forget(self, session: Session, now: float) -> None:
        self._sessions.pop(session.user_id, None)
        self.tally.networks.gone(session.user_id)
        await self._meetings.vanish(session, now)
        self._negotiation.close(session)
        self._tracing.gone(session.user_id)
        self._echoes.end(session)
        self._meetings.gone(session)
        session.gone.set()

    def counts(self) -> views.LobbyCounts:
        """How many users there are, and how many of them do what."""
        return views.counts_of(self._sessions.values(), self._calls.by_room.values())

    def apart(self, now: float) -> int:
        """How many users are apart."""
        sessions = self._sessions.values()
        return sum(self._meetings.slowed_for_s(session, now) is not None for session in sessions)

    def rooms(self, now: float) -> list[views.RoomView]:
        """Every room, oldest first."""
        return [views.view_of_room(call, now) for call in self._calls.by_room.values()]

    def users(self, now: float) -> list[views.UserView]:
        """Every user, in the order in which they came."""
        return [views.view_of_user(session, now) for session in self._sessions.values()]


def _require_short(sdp: str) -> None:
    if len(sdp) > MAX_SDP_CHARS:
        raise SdpError(f"an SDP may have {MAX_SDP_CHARS} characters at most")
