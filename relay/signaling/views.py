"""What operators are shown of users and rooms: copies, made when somebody asks."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from relay.matching import State
from relay.protocol.messages import QualityReport
from relay.signaling.session import Call, Session


@dataclass(frozen=True, slots=True)
class LobbyCounts:
    """How many users there are, and how many of them do what."""

    connected: int  # all of them
    waiting: int
    rooms: int
    in_call: int  # users, not rooms
    across: int = 0
    """Of the rooms: those with a user on another node, which has them, too."""
    led: int = 0
    """Of the rooms: those that this node counts, so that no room counts twice in a sum over nodes.
    That is each whose first user is here."""


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as the operator sees it."""

    room_id: str
    users: tuple[str, str]
    state: State  # matched or in_call
    age_s: float
    nodes: tuple[str, str] = ("", "")
    """Of its users, in their order; empty without a cluster."""


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as the operator sees it."""

    user_id: str
    state: State
    room_id: str | None
    partner_id: str | None
    age_s: float  # since it connected
    away_s: float | None  # since its socket was lost, while it is
    partner_node: str = ""
    """Where the partner is, if that is on another node."""
    told: QualityReport | None = None
    """What its page has said lately of what it gets of the partner."""
    is_interrupted: bool = False
    """Whether its media has stopped to come, for longer than is usual."""
    off: frozenset[str] = frozenset()
    """Kinds of media that it does not send, as it says."""
    link_cause: str | None = None
    """Why its last link failed; None when one is up, or none has failed."""


def counts_of(sessions: Iterable[Session], calls: Collection[Call]) -> LobbyCounts:
    """Those of this moment."""
    states = [session.state for session in sessions]
    return LobbyCounts(
        connected=len(states),
        waiting=states.count(State.WAITING),
        rooms=len(calls),
        in_call=states.count(State.IN_CALL),
        across=sum(call.guest is not None for call in calls),
        led=sum(isinstance(call.first, Session) for call in calls),
    )


def view_of_room(call: Call, now: float) -> RoomView:
    """A room at this moment."""
    users = call.first.user_id, call.second.user_id
    age_s = now - call.room.since_s
    return RoomView(call.room.room_id, users, call.here[0].state, age_s, call.room.nodes)


def view_of_user(session: Session, now: float) -> UserView:
    """A user at this moment."""
    call = session.call
    guest = call.guest if call is not None else None
    return UserView(
        session.user_id,
        session.state,
        call.room.room_id if call is not None else None,
        call.partner_of(session).user_id if call is not None else None,
        now - session.since_s,
        now - session.away_since_s if session.away_since_s is not None else None,
        guest.node if guest is not None else "",
        session.told_quality(now),
        session.link.is_interrupted,
        session.talk.off,
        session.link_cause,
    )
