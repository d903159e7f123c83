"""Rooms with a user on another node: how they come about, what is heard of them, how they end.

A session belongs to one node, and only that node decides whether it is in a room. Therefore a room
that matching has found is *offered* to the partner's node, which takes it at once if its user is
still free; only then the user here is told. While its offer has no answer, a user is *engaged*, and
no other room is for it.

What the two nodes tell each other of a room arrives in order, but may overtake the answer to the
offer; it is kept until then. Whoever is told of a room that it does not have, or has not with that
node, says :class:`Parted` and does nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time_ns
from typing import Any, Literal, TypeGuard

import structlog

from relay.cluster import Cluster, Node
from relay.cluster.messages import (
    Accepted,
    Declined,
    Flowing,
    Linked,
    Missing,
    NotSaid,
    Offer,
    Parted,
    Person,
    Said,
)
from relay.errors import ClusterError
from relay.matching import Happened
from relay.protocol.messages import (
    MAX_CHAT_ID_CHARS,
    ChatDelivery,
    ChatReceived,
    MediaState,
    ModeAsked,
    ModeChanged,
    ModeDeclined,
    PartnerBlurred,
    PartnerConnection,
    PartnerDisconnected,
    PartnerLeft,
    PicturePart,
    PictureReceived,
    PictureRefused,
    Pictures,
)
from relay.signaling.calls import Calls, Farewell
from relay.signaling.guest import (
    MAX_TOLD_CHARS,
    Guest,
    PartnerMessage,
    is_room_id,
    is_sound,
    read,
)
from relay.signaling.limits import Limits
from relay.signaling.negotiation import Negotiation
from relay.signaling.session import Call, Partner, Session, number_of
from relay.signaling.showing import note_part
from relay.signaling.tally import Tally
from relay.store import Room

Told = Said | NotSaid | Linked | Flowing | Missing
Outcome = Literal["met", "declined", "failed"]

_MAX_EARLY = 64
"""So much may be told of a room before the answer to its offer."""
_MAX_OVER = 1024
"""Rooms remembered of which was told that they are over before they were offered."""
_STATES = (
    MediaState,
    ModeAsked,
    ModeChanged,
    ModeDeclined,
    PartnerBlurred,
    PartnerConnection,
    Pictures,
    PictureReceived,
    PictureRefused,
)
"""Of what the partner's node says, what the user has to know however slow its connection is."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Offered:
    """An offer that has no answer yet."""

    node: str
    is_void: bool = False
    """The room is over already."""
    early: list[Told] = field(default_factory=list)


class Abroad:
    """Offers rooms to other nodes, and takes theirs.

    :param sessions: those who are here.
    :param calls: those of this process.
    :param clock: seconds, as in ``calls``.
    """

    def __init__(
        self,
        cluster: Cluster,
        sessions: Mapping[str, Session],
        calls: Calls,
        negotiation: Negotiation,
        limits: Limits,
        tally: Tally,
        clock: Callable[[], float],
    ) -> None:
        self._cluster = cluster
        self._sessions = sessions
        self._calls = calls
        self._negotiation = negotiation
        self._limits = limits
        self._tally = tally
        self._clock = clock
        self._offered: dict[str, _Offered] = {}
        """By the room's id."""
        self._over: OrderedDict[tuple[str, str], None] = OrderedDict()
        """By the node and the room's id."""
        cluster.serve(Offer, self._answer)
        cluster.hear(Parted, self._part)
        kinds: tuple[type[Told], ...] = (Said, NotSaid, Linked, Flowing, Missing)
        for kind in kinds:
            cluster.hear(kind, self._hear)
        cluster.watch(lambda _: None, self._lose)

    @property
    def here(self) -> str:
        """This node's name."""
        return self._cluster.here.name

    def reaches(self, node: str) -> bool:
        """Whether users of a node can be met."""
        return node in ("", self.here) or node in self._cluster.others

    # rooms begin

    async def offer(self, session: Session, room: Room) -> Outcome:
        """Offer a room to the partner's node, and begin the call if that takes it.

        :param session: the user here.
        :returns: unless the two have met, whether there is harm in looking for another at once.
        """
        if not (session.can_meet and session.suits(room.mode)):  # another node's offer was sooner
            return "failed"
        is_first = session.user_id == room.first
        partner_id = room.second if is_first else room.first
        node = room.node_of(partner_id)
        offered = self._offered[room.room_id] = _Offered(node)
        session.is_engaged = True
        answer: Any = None
        try:
            tryst = session.tryst.name if session.tryst else ""
            request = Offer(
                room.room_id, room.first, room.second, _person(session), room.mode, tryst
            )
            answer = await self._cluster.ask(node, request)
        except ClusterError as error:
            log.info("offer_failed", room=room.room_id, node=node, reason=str(error))
        except BaseException:
            self._cluster.tell(node, Parted(room.room_id))  # it may have taken the room
            raise
        finally:
            session.is_engaged = False
            del self._offered[room.room_id]
        if isinstance(answer, Declined) or offered.is_void:
            return "declined"
        is_free = session.can_meet and partner_id not in self._calls.guests
        if not _is_taken_by(answer, partner_id) or not is_free:
            self._cluster.tell(node, Parted(room.room_id))
            return "failed"
        guest = self._guest(room.room_id, node, answer.person)
        both: tuple[Partner, Partner] = (session, guest) if is_first else (guest, session)
        self._tally.met(session.tryst)
        self._calls.begin(room, *both, self._clock())
        for told in offered.early:
            self._hear(node, told)
        return "met"

    async def _answer(self, node: str, offer: Offer) -> Accepted | Declined:
        """Take the room, if the user is still free: nothing is awaited here."""
        session = self._meant(node, offer)
        if session is None:
            return Declined()
        guest = self._guest(offer.room_id, node, offer.person)
        is_first = session.user_id == offer.first
        both: tuple[Partner, Partner] = (session, guest) if is_first else (guest, session)
        nodes = (self.here, node) if is_first else (node, self.here)
        now = self._clock()
        users = offer.first, offer.second
        self._calls.begin(Room(offer.room_id, *users, now, nodes, offer.mode), *both, now)
        return Accepted(_person(session))

    def _meant(self, node: str, offer: Offer) -> Session | None:
        """The user here for whom an offer is, if it can be taken."""
        other = offer.person.user_id
        session = self._sessions.get(offer.second if other == offer.first else offer.first)
        is_good = (
            session is not None
            and session.can_meet
            and session.suits(offer.mode)
            and (session.tryst.name if session.tryst else "") == offer.tryst
            and {session.user_id, other} == {offer.first, offer.second}
            and node in self._cluster.others
            and is_room_id(offer.room_id)
            and is_sound(offer.person)
            and other not in self._sessions
            and other not in self._calls.guests
            and (node, offer.room_id) not in self._over
            and not self._is_taken(offer.room_id)
        )
        return session if is_good else None

    def _is_taken(self, room_id: str) -> bool:
        """Whether there is a room of that id, or of that number in the media plane."""
        number = number_of(room_id)
        return number in self._calls.numbers or number in map(number_of, self._offered)

    def _guest(self, room_id: str, node: str, person: Person) -> Guest:
        return Guest(room_id, node, person, self._cluster.tell, self._limits)

    # what is told of them

    def _hear(self, node: str, told: Told) -> None:
        offered = self._offered.get(told.room_id)
        found = self._find(node, told.room_id)
        if found is not None:
            call, guest = found
            if guest.pace.take(self._clock()):
                self._drop("too_many")
            else:
                self._take(call, guest, told)
        elif offered is not None and offered.node == node:
            self._keep(offered, told)
        else:
            self._drop("no_room")
            if is_room_id(told.room_id):
                self._cluster.tell(node, Parted(told.room_id))

    def _keep(self, offered: _Offered, told: Told) -> None:
        """Take it later, if the offer is accepted."""
        if offered.is_void:
            return
        offered.early.append(told)
        if len(offered.early) > _MAX_EARLY:
            self._drop("too_many")
            offered.is_void = True
            self._cluster.tell(offered.node, Parted(told.room_id))

    def _take(self, call: Call, guest: Guest, told: Told) -> None:
        (session,) = call.here
        match told:
            case Said():
                message = read(told.message)
                if message is None:
                    self._drop("no_message")
                else:
                    self._pass_on(call, guest, session, message)
            case NotSaid():
                session.not_said(told.chat_id[:MAX_CHAT_ID_CHARS] or None)
                if call.chat is not None and told.chat_id:
                    call.chat.take_back(session.user_id, told.chat_id)
            case Linked() if len(told.told) <= MAX_TOLD_CHARS:
                self._negotiation.follow(guest.user_id, told.told)
            case Linked():
                self._drop("no_message")
            case Flowing():
                guest.flowed()
                session.happened(Happened.MEDIA_FLOWED)
            case Missing():
                guest.is_away = told.is_away

    def _pass_on(self, call: Call, guest: Guest, session: Session, message: PartnerMessage) -> None:
        """Send a user what its partner's node says, if it may be said now."""
        is_shown = session.takes_pictures and guest.takes_pictures
        takes = session.takes_remarks and (is_shown or not isinstance(message, PicturePart))
        if not isinstance(message, _STATES) and not takes:
            chat_id = message.id if isinstance(message, ChatDelivery | PicturePart) else ""
            self._cluster.tell(guest.node, NotSaid(guest.room_id, chat_id))
            return
        if not self._is_due(guest, session, message):
            return
        if isinstance(message, ModeAsked):
            self._calls.ask_mode(call, guest, message.mode)
            return
        if isinstance(message, ModeChanged | ModeDeclined):
            accept = isinstance(message, ModeChanged)
            self._calls.answer_mode(call, guest, message.mode, accept=accept)
            return
        if isinstance(message, PicturePart):
            note_part(message, call, guest.user_id)
        if isinstance(message, ChatDelivery):
            sent_at = time_ns() // 1_000_000  # no two machines have the same time
            message = message.model_copy(update={"sent_at": sent_at})
            if call.chat is not None:
                call.chat.add(guest.user_id, message.text, sent_at / 1000)
        session.send(message)

    @staticmethod
    def _is_due(guest: Guest, session: Session, message: PartnerMessage) -> bool:
        """Whether it answers something that the user has said, if it is an answer."""
        match message:
            case ChatReceived():
                return session.was_shown(message.id)
            case PictureReceived():
                return session.part_arrived(message.id, message.part)
            case PictureRefused():
                return session.was_refused(message.id)
            case Pictures():
                guest.takes_pictures = message.allowed
        return True

    # rooms end

    def _part(self, node: str, parted: Parted) -> None:
        offered = self._offered.get(parted.room_id)
        found = self._find(node, parted.room_id)
        if found is not None:
            self._calls.end(*found, _farewell(parted.farewell), self._clock())
        elif offered is not None and offered.node == node:
            offered.is_void = True
        elif is_room_id(parted.room_id):  # its offer may be on its way yet
            self._over[node, parted.room_id] = None
            if len(self._over) > _MAX_OVER:
                self._over.popitem(last=False)

    def _lose(self, node: Node) -> None:
        """A node has gone: for its users' partners it is as if they had vanished."""
        for offered in self._offered.values():
            offered.is_void = offered.is_void or offered.node == node.name
        found = [self._find(node.name, room_id) for room_id in self._calls.by_room]
        lost = [each for each in found if each is not None]
        for call, guest in lost:
            self._calls.end(call, guest, PartnerDisconnected(), self._clock())
        if lost:
            log.info("node_rooms_ended", node=node.name, rooms=len(lost))

    def _find(self, node: str, room_id: str) -> tuple[Call, Guest] | None:
        """A room that this node has with that one."""
        call = self._calls.by_room.get(room_id)
        guest = call.guest if call is not None else None
        return (call, guest) if call and guest and guest.node == node else None

    def _drop(self, why: str) -> None:
        self._tally.not_taken[why] += 1


def _is_taken_by(answer: object, user_id: str) -> TypeGuard[Accepted]:
    """Whether the user of another node has the room now, as that node says."""
    return (
        isinstance(answer, Accepted)
        and answer.person.user_id == user_id
        and is_sound(answer.person)
    )


def _person(session: Session) -> Person:
    """What a partner's node has to know of a user here."""
    return Person(
        session.user_id,
        session.identity.visitor,
        list(session.identity.addresses),
        dict(session.interests),
        session.blurs,
        list(session.languages),
    )


def _farewell(kind: str) -> Farewell:
    left = PartnerLeft()
    return left if kind == left.type else PartnerDisconnected()
