"""What others look for now, told to whoever has not begun yet.

Nobody is singled out: an interest is told only when enough people have it who do not come from one
place. What is looked at is bounded, and looked at again only after a while, however many ask.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import get_args

from relay.matching import State
from relay.protocol.messages import Around, Mode
from relay.signaling.session import Session

MODES: tuple[Mode, ...] = get_args(Mode)

FLOOR = 5
"""So many different people have to have an interest before others are told of it."""
MAX_TOLD = 12
"""So many interests are told at most."""
MAX_LOOKED_AT = 2000
"""So many users are looked at, those who have come last."""
FOR_S = 5.0
"""So long it holds."""


class Surroundings:
    """What is told, and of when it is.

    :param sessions: all users, in the order in which they came.
    :param elsewhere: how many wait at other nodes, by mode.
    """

    def __init__(
        self, sessions: dict[str, Session], elsewhere: Callable[[], Mapping[str, int]]
    ) -> None:
        self._sessions = sessions
        self._elsewhere = elsewhere
        self._interests: list[str] = []
        self._seen_at: float | None = None
        self._waiting: dict[Session, Mode] = {}
        self._looking: Counter[str] = Counter()

    def tick(self, waiting: Iterable[Session]) -> None:
        """Take who waits now; to be called once a second. Who has a tryst looks for nobody else."""
        self._waiting = {session: session.mode for session in waiting if session.tryst is None}
        self._looking = Counter(self._waiting.values())

    def looking(self) -> dict[str, int]:
        """How many wait here for somebody to talk with like that."""
        return {mode: self._looking[mode] for mode in MODES}

    def others(self, session: Session) -> int:
        """How many others look for the same as a user, at all nodes, as of the last second."""
        is_counted = self._waiting.get(session) == session.mode
        return self._everywhere(session.mode) - is_counted

    def seen(self, now: float) -> Around:
        """What is told of it now."""
        if self._seen_at is None or now - self._seen_at >= FOR_S:
            self._seen_at = now
            latest = islice(reversed(self._sessions.values()), MAX_LOOKED_AT)
            self._interests = interests_of(latest)
        looking = {mode: self._everywhere(mode) for mode in MODES}
        return Around(interests=self._interests, looking=looking)

    def _everywhere(self, mode: Mode) -> int:
        return self._looking[mode] + max(self._elsewhere().get(mode, 0), 0)


def interests_of(sessions: Iterable[Session]) -> list[str]:
    """The interests of enough of those who look for somebody or have found somebody.

    The most frequent ones come first, each as most of them write it.
    """
    people: defaultdict[str, set[str]] = defaultdict(set)
    spelt: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for session in sessions:
        if session.state is State.CONNECTED:
            continue
        for key, text in session.interests.items():
            if session.person not in people[key]:
                people[key].add(session.person)
                spelt[key][text] += 1
    enough = [key for key, whose in people.items() if len(whose) >= FLOOR]
    enough.sort(key=lambda key: (-len(people[key]), key))
    return [_usual(spelt[key]) for key in enough[:MAX_TOLD]]


def _usual(spelt: Counter[str]) -> str:
    return min(spelt, key=lambda text: (-spelt[text], text))
