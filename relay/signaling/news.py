"""How many look for the same, for those who wait: told again when that has changed."""

from collections import OrderedDict
from collections.abc import Callable

from relay.matching import State
from relay.protocol.messages import Scope, WaitingForPartner
from relay.signaling.session import Session

_News = tuple[int, int, Scope]
"""How many are online, how many others look for the same, and whom one meets by now."""

NEWS_EVERY_S = 5.0
"""The least time between two messages to the same user."""
MAX_PER_TICK = 200
"""So many users are looked at a second. With more waiting each hears of it less often, but what a
change costs in one go does not grow with them."""


class OnlineNews:
    """Remembers who waits and what it was told, in the order of the telling.

    :param slowed_for_s: for how long a user meets only others who leave in haste, if it does.
    :param online: how many there are, at all nodes.
    :param looking: how many others look for the same as a user.
    :param scope: whom a user meets by now.
    """

    def __init__(
        self,
        slowed_for_s: Callable[[Session, float], float | None],
        online: Callable[[], int],
        looking: Callable[[Session], int],
        scope: Callable[[Session, float], Scope],
    ) -> None:
        self._slowed_for_s = slowed_for_s
        self._online = online
        self._looking = looking
        self._scope = scope
        self._told: OrderedDict[Session, tuple[float, _News]] = OrderedDict()  # when, and what

    def tell(self, session: Session, now: float) -> None:
        """Tell a user that it waits."""
        news = self._news(session, now, self._online())
        online, looking, scope = news
        self._told.pop(session, None)
        self._told[session] = (now, news)
        slowed_s = self._slowed_for_s(session, now)
        slowed_for = None if slowed_s is None else round(slowed_s, 3)
        session.send(
            WaitingForPartner(online=online, looking=looking, scope=scope, slowed_for=slowed_for)
        )

    def tick(self, now: float) -> None:
        """Tell those who still wait and were told something else a while ago."""
        online = self._online()
        for _ in range(MAX_PER_TICK):
            session = next(iter(self._told), None)
            if session is None:
                return
            told_at, news = self._told[session]
            if now - told_at < NEWS_EVERY_S:
                return
            del self._told[session]
            if session.state is not State.WAITING:
                continue
            if session.is_away or news == self._news(session, now, online):
                self._told[session] = (now, news)
            else:
                self.tell(session, now)

    def _news(self, session: Session, now: float, online: int) -> _News:
        return online, self._looking(session), self._scope(session, now)
