"""One user: who it is, in which state, and what belongs to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from relay.evidence import ChatLog
from relay.matching import Happened, State, advance
from relay.pace import Seldom, TokenBucket, Window
from relay.protocol.messages import (
    ChatMessage,
    ChatReceived,
    Error,
    FindPartner,
    LinkReport,
    MediaState,
    Mode,
    NextPartner,
    QualityReport,
    Reaction,
    ServerMessage,
    Typing,
)
from relay.safety import NOBODY, REPORTS_BURST, REPORTS_PER_S, Identity
from relay.safety.shares import shares_of
from relay.safety.texts import Texts
from relay.signaling.echo import Echoing
from relay.signaling.effort import Effort
from relay.signaling.expectation import Expectation
from relay.signaling.guest import Guest
from relay.signaling.limits import Limits
from relay.signaling.mailbox import Inbox, TimePassed
from relay.signaling.modes import Agreement
from relay.signaling.outbox import CLOSE_POLICY, Outbox
from relay.signaling.talk import Remark, Talk
from relay.signaling.tally import Tally
from relay.store import MODES, Room, Tryst

_MAX_RECENT = 8  # partners remembered
FORMER_S = 60.0
"""For so long after a room has ended its users can report each other."""
_MAX_FORMER = 32  # of those that can still be reported
_QUALITY_S = 15.0
"""So long it counts what a page has said of its quality: three times what is between two."""
MODE_ASKS_PER_S, MODE_ASKS_BURST = 0.1, 3
_TOLD_EVERY_S, _TOLD_BURST = 60.0, 5
"""How often the log tells of a user's comings and goings, which cost nobody anything."""
_SLOW_PARTNER_S = 1.0  # to wait, since nobody can tell how long it takes


@dataclass(frozen=True, slots=True)
class Former:
    """A partner from whom the user has parted."""

    room_id: str
    user_id: str
    identity: Identity
    parted_at: float
    """On the lobby's clock."""
    chat: ChatLog | None = None
    """What the two wrote, while evidence is kept."""
    node: str = ""
    """That has its session, if it is another one."""
    again: set[str] = field(default_factory=set)
    """Which of the two want to meet again; both have the same one, if both are here."""

    @property
    def is_guest(self) -> bool:
        """Whether it is a user of another node."""
        return self.node != ""


def number_of(room_id: str) -> int:
    """Of a room's pair in the media plane: the first 48 bits of its id."""
    return int(room_id[:12], 16)


@dataclass(eq=False, slots=True)
class Call:
    """A room and its two users; ``second`` is the initiator."""

    room: Room
    first: Partner
    second: Partner
    chat: ChatLog | None = None
    """The last of it, while evidence is kept."""
    agreement: Agreement = field(default_factory=Agreement)
    """In which mode the two talk."""
    again: set[str] = field(default_factory=set)
    """Which of the two want to meet again."""

    @property
    def number(self) -> int:
        """The pair's in the media plane, see :func:`number_of`."""
        return number_of(self.room.room_id)

    @property
    def here(self) -> list[Session]:
        """Those of the two whose sessions are on this node: both, or one."""
        return [one for one in (self.first, self.second) if isinstance(one, Session)]

    @property
    def guest(self) -> Guest | None:
        """The one whose session is on another node."""
        return next((one for one in (self.first, self.second) if isinstance(one, Guest)), None)

    def partner_of(self, one: Partner) -> Partner:
        """The other one."""
        return self.second if one is self.first else self.first

    def flow(self) -> None:
        """Media flows: both are in the call."""
        for session in self.here:
            session.happened(Happened.MEDIA_FLOWED)
        if self.guest is not None:
            self.guest.flow()


class Session:
    """A user, for as long as the server knows of it; its socket may be away meanwhile.

    Its own messages and events are handled one at a time; whatever is done to it on behalf of
    another user (paired, parted) is done without awaiting anything.
    """

    def __init__(
        self,
        user_id: str,
        limits: Limits,
        *,
        since_s: float,
        tally: Tally,
        is_local: bool,
        effort: Effort | None = None,
        source: str = "",
        identity: Identity = NOBODY,
        can_resume: bool = False,
        can_move: bool = False,
    ) -> None:
        self.user_id = user_id
        self.is_local = is_local  # on this machine
        self.source = source  # that it counts for, see relay.source
        self.identity = identity
        self.can_resume = can_resume
        self.ice_servers: list[dict[str, Any]] = []  # that its client was told of
        self.can_move = can_move  # to another server, when it is told to
        self.call_heard = 0  # the last one to move, see relay.signaling.moving
        self.away_since_s: float | None = None  # while its socket is lost
        self.is_missed = False  # the partner is to know of that
        self.interruptions = Seldom(_TOLD_EVERY_S, _TOLD_BURST)  # of the socket, in the log
        self.returns = Seldom(_TOLD_EVERY_S, _TOLD_BURST)
        self.frames = 0  # that have come from the client
        self.since_s = since_s
        self.searching_since_s = since_s  # the last search's beginning
        self.queued_since_s: float | None = None  # its place in the queue, while it has one
        self.gone = asyncio.Event()  # the lobby has forgotten it
        self.state = State.CONNECTED
        self.call: Call | None = None  # while matched or in_call
        self.is_engaged = False  # a room is offered to its partner's node
        self.tryst: Tryst | None = None  # with whom it is to be, then with nobody else
        self.tryst_until_s = 0.0
        self.interests: dict[str, str] = {}  # as the user wrote them, by what is compared
        self.languages: list[str] = []  # that it speaks, the best one first
        self.mode: Mode = "video"  # in which it wants to talk
        self.asks = TokenBucket(MODE_ASKS_PER_S, MODE_ASKS_BURST)  # for other modes
        self.recent: dict[str, float] = {}  # last partners: id -> parted at
        self.former: deque[Former] = deque(maxlen=_MAX_FORMER)  # the last is the latest
        self.names = identity.own_tokens | {f"user:{user_id}"}
        self.counts_as = shares_of(identity, user_id)  # in what is bounded by visitor and address
        self.avoids: frozenset[str] = frozenset()  # names of those whom it is never to meet
        self.blurs = False  # its client blurs each partner at first
        self.link = Expectation(limits.link_timeout_s)
        self.link_report: LinkReport | None = None  # the last of the present link
        self.link_cause: str | None = None  # why the last one failed, until one is up
        self._quality: tuple[QualityReport, Call, float] | None = None  # the last, of whom, when
        self.talk = Talk()
        self.echoing = Echoing()
        self.inbox = Inbox(limits.max_unhandled)
        kept_bytes = limits.max_kept_bytes if can_resume else 0
        self.outbox = Outbox(limits.max_unsent, limits.max_unsent_bytes, kept_bytes)
        self.pace = TokenBucket(limits.messages_per_s, limits.messages_burst)
        self.effort = effort or Effort()  # of its descriptions
        self.report_pace = TokenBucket(REPORTS_PER_S, REPORTS_BURST)
        self._faults = Window(limits.max_faults, limits.faults_window_s)
        self._tally = tally
        self.limits = limits

    @property
    def is_initiator(self) -> bool:
        """Whether the user has a partner and is the one who offers."""
        return self.call is not None and self.call.second is self

    @property
    def network(self) -> str:
        """What tells who comes from one network from who comes from another, as far as is known."""
        return self.source or self.user_id

    @property
    def person(self) -> str:
        """What tells who is most likely another person: the network, else the browser."""
        return self.source or self.identity.visitor or self.user_id

    @property
    def is_away(self) -> bool:
        """Whether its socket is lost, and may come back."""
        return self.away_since_s is not None

    @property
    def can_meet(self) -> bool:
        """Whether it can be given a partner now."""
        return self.state is State.WAITING and not (self.is_away or self.is_engaged)

    def suits(self, mode: str) -> bool:
        """Whether that is how it wants to talk: it may have changed its mind since it was found."""
        plainer = MODES[MODES.index(self.mode) :] if self.tryst else ()
        return mode in (self.mode, self.also, *plainer)

    @property
    def takes_remarks(self) -> bool:
        """Whether what waits for it leaves room, so that it is not cut off for a partner's word."""
        return (
            self.outbox.unsent_bytes < self.limits.max_unsent_remarks_bytes
            and len(self.outbox) < self.limits.max_unsent_remarks
        )

    def happened(self, happened: Happened) -> None:
        """Go to the next state."""
        self.state = advance(self.state, happened)
        if self.state is not State.WAITING:
            self.queued_since_s = None

    def left(self, now: float) -> None:
        """The socket is lost: whoever waits is in the queue no more, and keeps its place."""
        self.away_since_s = now
        self._tell_missing()
        self.outbox.let_go()
        self.inbox.put(TimePassed())

    def missed(self) -> None:
        """It has been away for so long that the partner is to know."""
        self.is_missed = True
        self.tell_connection()

    def returned(self, now: float) -> None:
        """There is a socket again: whoever waits goes on, and a link has all its time again."""
        self.away_since_s, self.is_missed = None, False
        self._tell_missing()
        self.tell_connection()
        self.link.put_off(now)
        self.inbox.put(TimePassed())

    def looks_for(self, wish: FindPartner | NextPartner) -> None:
        """Take what the user says of whom it wants to meet, and how."""
        if wish.interests is not None:
            self.likes(wish.interests)
        if wish.languages is not None:
            self.speaks(wish.languages)
        self.mode, self.blurs = wish.mode, wish.blurred

    def likes(self, interests: Iterable[str]) -> None:
        """Take the user's interests, which are compared without regard to case."""
        self.interests = {}
        for interest in interests:
            self.interests.setdefault(interest.casefold(), interest)

    def shares(self, other: Partner) -> list[str]:
        """The interests that another user has, too, as this one wrote them."""
        return [text for key, text in self.interests.items() if key in other.interests]

    def speaks(self, languages: Iterable[str]) -> None:
        """Take the user's languages, of which what is before the first hyphen is compared."""
        self.languages = [*dict.fromkeys(tag.split("-")[0].lower() for tag in languages)]

    @property
    def also(self) -> str:
        """Another mode that suits it: who does without media is glad of who wants none."""
        return "text" if self.link.is_without_media and self.mode != "text" else ""

    def send(self, message: ServerMessage) -> None:
        """Send a message to the user."""
        if isinstance(message, Error):
            self._tally.errors[message.code] += 1
        self.outbox.put(message)

    def fault(
        self,
        now: float,
        code: str,
        message: str,
        retry_after: float | None = None,
        chat_id: str | None = None,
    ) -> None:
        """Tell the user of a mistake of its own; too many close the socket."""
        self.send(Error(code=code, message=message, retry_after=retry_after, id=chat_id))
        if self._faults.add(now):
            self.outbox.close(CLOSE_POLICY, "too many errors")

    def pass_on(self, remark: Remark, now: float, texts: Texts) -> None:
        """Tell the partner, if there is one and it is to know.

        :param texts: what has been said to whom.
        """
        if isinstance(remark, MediaState):
            self.talk.turn(remark)
        if self.call is None:
            return
        partner = self.call.partner_of(self)
        match remark:
            case ChatMessage(id=id_) if self.may_say(partner, id_) and self._may_chat(now, id_):
                if self._may_write(remark, self.call, now, texts):
                    delivery = self.talk.chat(remark)
                    if self.call.chat is not None:
                        at_s = delivery.sent_at / 1000
                        self.call.chat.add(self.user_id, delivery.text, at_s, delivery.id)
                    partner.send(delivery)
            case ChatReceived() if self.may_say(partner) and partner.was_shown(remark.id):
                partner.send(remark)
            case Typing() if self.talk.typing(remark.active, now):
                partner.send(remark)
            case MediaState():
                self.tell_media()
            case Reaction() if partner.takes_remarks and self.talk.may_react(now):
                partner.send(remark)

    @property
    def takes_pictures(self) -> bool:
        """Whether it exchanges pictures with its partner, as far as it is concerned."""
        return self.talk.exchange.allows

    def part_arrived(self, picture_id: str, part: int) -> bool:
        """Whether the partner may tell that it has a part of a picture."""
        return self.talk.exchange.arrived(picture_id, part)

    def was_refused(self, picture_id: str) -> bool:
        """Whether the partner may tell that it does not take a picture."""
        return self.talk.exchange.refused(picture_id)

    def tells_quality(self, report: QualityReport, now: float) -> None:
        """Take what the page says of what it gets of its partner, if there is one."""
        if self.call is not None:
            self._quality = report, self.call, now

    def told_quality(self, now: float) -> QualityReport | None:
        """What the page has said lately, of the present partner."""
        if self._quality is None:
            return None
        report, call, at = self._quality
        return report if call is self.call and now - at < _QUALITY_S else None

    def was_shown(self, chat_id: str) -> bool:
        """Whether the partner may tell that it has seen a message: once for each there was."""
        return self.talk.shown(chat_id)

    def not_said(self, chat_id: str | None = None) -> None:
        """What the user has said was not handed on, which is no mistake."""
        self.slow_down("your partner's connection is slow", _SLOW_PARTNER_S, chat_id)

    def hand_on(self, message: ServerMessage) -> None:
        """Send the partner, if there is one, something that this user has made up."""
        if self.call is not None and self.may_say(partner := self.call.partner_of(self)):
            partner.send(message)

    def tell_media(self) -> None:
        """Tell the partner which of the user's media are on, if that is news to it."""
        if self.call is not None and (news := self.talk.media_news()) is not None:
            self.call.partner_of(self).send(news)

    def tell_connection(self) -> None:
        """Tell the partner whether anything comes of the user, if that is news to it."""
        if self.call is not None:
            news = self.talk.connection_news(self.link.is_interrupted or self.is_missed)
            if news is not None:
                self.call.partner_of(self).send(news)

    def _tell_missing(self) -> None:
        """Have a partner's node know whether there is a socket."""
        if self.call is not None and self.call.guest is not None:
            self.call.guest.missing(is_away=self.is_away)

    def may_say(self, partner: Partner, chat_id: str | None = None) -> bool:
        """Whether the partner takes anything of this user at the moment."""
        if not partner.takes_remarks:
            self.not_said(chat_id)
        return partner.takes_remarks

    def _may_chat(self, now: float, chat_id: str | None) -> bool:
        wait_s = self.talk.chat_wait_s(now)
        if wait_s:
            self.slow_down("too many chat messages", wait_s, chat_id)
        return not wait_s

    def _may_write(self, message: ChatMessage, call: Call, now: float, texts: Texts) -> bool:
        """Whether a stranger is to get this text, which is no mistake if not."""
        partner_id, together_s = call.partner_of(self).user_id, now - call.room.since_s
        held = texts.hold(message.text, self.counts_as, partner_id, together_s, now)
        if held is not None:
            wait_s = round(held.retry_after_s, 3)
            self.send(
                Error(code=held.code, message=held.message, retry_after=wait_s, id=message.id)
            )
        return held is None

    def slow_down(self, message: str, wait_s: float, chat_id: str | None = None) -> None:
        """Tell the user to wait, which is no mistake."""
        wait_s = round(wait_s, 3)
        self.send(Error(code="rate_limited", message=message, retry_after=wait_s, id=chat_id))

    def avoid(self, meant: Former) -> None:
        """Never meet somebody again; who is dealt with needs no second report."""
        self.avoids |= meant.identity.own_tokens | {f"user:{meant.user_id}"}
        rooms = [former for former in self.former if former.room_id != meant.room_id]
        self.former.clear()
        self.former.extend(rooms)

    def meant(self, room_id: str | None, now: float) -> Former | None:
        """Who is meant: the partner, unless it is a room that has just ended."""
        call = self.call
        if call is not None and room_id in (None, call.room.room_id):
            partner = call.partner_of(self)
            about = call.room.room_id, partner.user_id, partner.identity
            node = partner.node if isinstance(partner, Guest) else ""
            return Former(*about, now, call.chat, node, call.again)
        if call is not None and room_id is None:
            return None
        latest = (
            former
            for former in reversed(self.former)
            if room_id in (None, former.room_id) and now - former.parted_at <= FORMER_S
        )
        return next(latest, None)

    def part_from(self, former: Former) -> None:
        """Note whom the user can still report, and forget whom no longer."""
        while self.former and former.parted_at - self.former[0].parted_at > FORMER_S:
            self.former.popleft()
        self.former.append(former)

    def remember(self, partner_id: str, now: float) -> None:
        """Note that the user has just parted from a partner."""
        self.recent.pop(partner_id, None)
        self.recent[partner_id] = now
        if len(self.recent) > _MAX_RECENT:
            del self.recent[next(iter(self.recent))]


Partner = Session | Guest
"""One of the two of a room, as the other one knows it."""
