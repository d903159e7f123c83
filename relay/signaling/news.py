"""How many are online, for those who wait: told again when the number has changed."""

from collections import OrderedDict
from collections.abc import Callable

from relay.matching import State
from relay.protocol.messages import WaitingForPartner
from relay.signaling.session import Session

NEWS_EVERY_S = 5.0
"""The least time between two messages to the same user."""
MAX_PER_TICK = 200
"""So many users are looked at a second. With more waiting each hears of it less often, but what a
change costs in one go does not grow with them."""


class OnlineNews:
    """Remembers who waits and what it was told, in the order of the telling.

    :param slowed_for_s: for how long a user meets only others who leave in haste, if it does.
    :param online: how many there are, at all nodes.
    """

    def __init__(
        self,
        slowed_for_s: Callable[[Session, float], float | None],
        online: Callable[[], int],
    ) -> None:
        self._slowed_for_s = slowed_for_s
        self._online = online
        self._told: OrderedDict[Session, tuple[float, int]] = OrderedDict()  # when, and what

    def tell(self, session: Session, now: float) -> None:
        """Tell a user that it waits."""
        online = self._online()
        self._told.pop(session, None)
        self._told[session] = (now, online)
        slowed_s = self._slowed_for_s(session, now)
        slowed_for = None if slowed_s is None else round(slowed_s, 3)
        session.send(WaitingForPartner(online=online, slowed_for=slowed_for))

    def tick(self, now: float) -> None:
        """Tell those who still wait and were told another number a while ago."""
        online = self._online()
        for _ in range(MAX_PER_TICK):
            session, (told_at, number) = next(iter(self._told.items()), (None, (now, online)))
            if session is None or now - told_at < NEWS_EVERY_S:
                return
            del self._told[session]
            if session.state is not State.WAITING:
                continue
            if number == online or session.is_away:
                self._told[session] = (now, number)
            else:
                self.tell(session, now)
