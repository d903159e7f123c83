"""How the two of a room came to see each other, step by step, for whoever traces that.

A meeting is told once, as a whole: when all its steps are done, when the room ends before, or when
it takes too long. Its steps are spans of time on the lobby's clock:

- ``find``           from a user's search to the search that found the partner, for each user
- ``match``          from there until both are told: what the store and other nodes take
- ``link``           from a user's description to its link being up; only of links made since the
                     user's last room, since most outlive their rooms
- ``first_picture``  from the room's beginning to the first packet of the partner's picture going
                     out to the user

Nothing that is told has an address, a user's id, or a word of what anybody said or described. Each
node tells of its own users. While nobody traces, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from relay.plane import LinkState
from relay.signaling.session import Call, Session

PATIENCE_S = 30.0
"""So long after a room has begun it is told, whatever has not happened by then."""

Fact = str | bool


class Step(NamedTuple):
    """A part of a meeting; times in seconds of the lobby's clock."""

    name: str
    began_s: float
    ended_s: float
    facts: Mapping[str, Fact] = {}
    cause: str = ""
    """Why it has failed; empty unless it has."""


class Meeting(NamedTuple):
    """A room's beginning, as far as it was seen here."""

    room_id: str
    facts: Mapping[str, Fact]
    steps: tuple[Step, ...]

    @property
    def began_s(self) -> float:
        """When the first step began."""
        return min(step.began_s for step in self.steps)

    @property
    def ended_s(self) -> float:
        """When the last step ended."""
        return max(step.ended_s for step in self.steps)


@dataclass(slots=True)
class _Open:
    """A room of which something is waited for."""

    room_id: str
    met_s: float
    facts: dict[str, Fact]
    sides: dict[str, str]
    """Of each user here, by its id."""
    steps: list[Step]
    waits: dict[tuple[str, str], float] = field(default_factory=dict)
    """Steps that are not done, by the user and the name: since when."""


class Tracing:
    """Notes what happens to users, and tells of each meeting.

    :param tell: is told of meetings; None when nobody traces.
    :param clock: seconds, as in the lobby.
    """

    def __init__(self, tell: Callable[[Meeting], None] | None, clock: Callable[[], float]) -> None:
        self._tell, self._clock = tell, clock
        self._began: dict[str, float] = {}
        """Links that are not up: since when, by their users."""
        self._links: dict[str, Step] = {}
        """Links that have come up since their users' last rooms."""
        self._rooms: dict[str, _Open] = {}
        """Oldest first."""
        self._of_users: dict[str, _Open] = {}

    def described(self, user_id: str, began_s: float) -> None:
        """A user has another link, as of its description that came at ``began_s``."""
        if self._tell is None:
            return
        self._links.pop(user_id, None)
        self._began[user_id] = began_s
        if (room := self._of_users.get(user_id)) is not None:
            room.waits[user_id, "link"] = began_s

    def came_up(self, user_id: str, way: str) -> None:
        """The user's link is up; ``way`` is how its datagrams come."""
        began_s = self._began.pop(user_id, None)
        if began_s is not None:
            self._link(user_id, Step("link", began_s, self._clock(), {"way": way}))

    def failed(self, user_id: str, cause: str) -> None:
        """The user's link does not come up, or was lost."""
        began_s = self._began.pop(user_id, None)
        if began_s is not None and user_id in self._of_users:
            self._link(user_id, Step("link", began_s, self._clock(), {}, cause))

    def gone(self, user_id: str) -> None:
        """The user is not there any more; its room has ended before."""
        self._began.pop(user_id, None)
        self._links.pop(user_id, None)

    def met(self, call: Call, *, sees_media: bool) -> None:
        """Two have been told of each other.

        :param sees_media: whether their media passes here.
        """
        if self._tell is None:
            return
        now, room_id, mode = self._clock(), call.room.room_id, call.agreement.mode
        facts: dict[str, Fact] = {"mode": mode, "across_nodes": call.guest is not None}
        sides = {
            session.user_id: "first" if session is call.first else "second" for session in call.here
        }
        found_s = min(call.room.since_s, now)
        steps = [
            Step(
                "find",
                min(session.searching_since_s, found_s),
                found_s,
                {"side": sides[session.user_id]},
            )
            for session in call.here
        ]
        steps.append(Step("match", found_s, now))
        room = self._rooms[room_id] = _Open(room_id, now, facts, sides, steps)
        for user_id in sides:
            self._of_users[user_id] = room
            if sees_media and mode == "video":
                room.waits[user_id, "first_picture"] = now
        for session in call.here:
            self._bring(room, session)
        self._settle(room)

    def _bring(self, room: _Open, session: Session) -> None:
        """A user comes with its link, up or not."""
        user_id = session.user_id
        if session.link.state is LinkState.NONE:  # it was closed meanwhile
            self.gone(user_id)
        elif (link := self._links.pop(user_id, None)) is not None:
            self._add(room, user_id, link)
        elif user_id in self._began:
            room.waits[user_id, "link"] = self._began[user_id]

    def shown(self, user_id: str) -> None:
        """The first packet of its partner's picture has gone out to the user."""
        room = self._of_users.get(user_id)
        if room is None:
            return
        since_s = room.waits.pop((user_id, "first_picture"), None)
        if since_s is not None:
            self._add(room, user_id, Step("first_picture", since_s, self._clock()))
            self._settle(room)

    def parted(self, room_id: str, why: str) -> None:
        """The room has ended; ``why`` is what the partner of who has left is told."""
        room = self._rooms.get(room_id)
        if room is not None:
            self._close(room, why)

    def tick(self) -> None:
        """Let time pass: wait no longer where it takes too long."""
        while self._rooms:
            room = next(iter(self._rooms.values()))
            if self._clock() - room.met_s < PATIENCE_S:
                return
            self._close(room, "late")

    def _link(self, user_id: str, link: Step) -> None:
        room = self._of_users.get(user_id)
        if room is None:
            self._links[user_id] = link
        else:
            room.waits.pop((user_id, "link"), None)
            self._add(room, user_id, link)
            self._settle(room)

    def _add(self, room: _Open, user_id: str, step: Step) -> None:
        facts = {**step.facts, "side": room.sides[user_id]}
        room.steps.append(step._replace(facts=facts))

    def _settle(self, room: _Open) -> None:
        if not room.waits:
            self._close(room, "complete")

    def _close(self, room: _Open, outcome: str) -> None:
        """Tell of a room; what is waited for in vain ends here, without having failed."""
        del self._rooms[room.room_id]
        for user_id in room.sides:
            del self._of_users[user_id]
        now = self._clock()
        for (user_id, name), since_s in room.waits.items():
            self._add(room, user_id, Step(name, since_s, now, {"unfinished": True}))
        if self._tell is not None:
            facts = {**room.facts, "outcome": outcome}
            self._tell(Meeting(room.room_id, facts, tuple(room.steps)))
