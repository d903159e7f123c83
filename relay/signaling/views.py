"""What operators are shown of users and rooms: copies, made when somebody asks."""

from dataclasses import dataclass

from relay.matching import State


@dataclass(frozen=True, slots=True)
class LobbyCounts:
    """How many users there are, and how many of them do what."""

    connected: int  # all of them
    waiting: int
    rooms: int
    in_call: int  # users, not rooms


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room as the operator sees it."""

    room_id: str
    users: tuple[str, str]
    state: State  # matched or in_call
    age_s: float


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as the operator sees it."""

    user_id: str
    state: State
    room_id: str | None
    partner_id: str | None
    age_s: float  # since it connected
    away_s: float | None  # since its socket was lost, while it is
