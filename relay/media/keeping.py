"""The last picture of each user of a plane, while evidence is kept: in memory, and not for long.

Of a pair of which one is on another plane, the receiver's plane keeps the sender's picture: it is
there that key frames are recognised anyway.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from relay.media.far import Far
from relay.media.flow import Flow
from relay.media.keeper import MAX_FORMER, Keeper, Picture
from relay.media.link import Link
from relay.plane import Kept

AFTER_S = 65.0
"""How long a picture outlives its pair, whose users may report each other for a minute more."""

ASK_EVERY_S = 5.0
"""How often a user is asked for another key frame of whom only torn ones came."""


class Keeping:
    """Who keeps whose pictures."""

    def __init__(self) -> None:
        self.is_on = False
        self.counts: Counter[str] = Counter(kept=0, too_large=0, torn=0)
        """Key frames, by what has become of them."""
        self._keepers: dict[str, Keeper] = {}
        self._former: dict[str, tuple[float, Picture]] = {}
        """By user, the last picture of a pair that has ended, and until when it stays."""
        self._asked_at: float = float("-inf")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to forget."""
        return not (self._keepers or self._former)

    def turn(self, ends: Iterable[Link | Far], *, on: bool) -> None:
        """Begin or end; what was kept is forgotten then.

        :param ends: all who send to somebody.
        """
        if on is self.is_on:
            return
        self.is_on = on
        for keeper in self._keepers.values():
            keeper.close()
        self._keepers.clear()
        self._former.clear()
        for end in ends:
            flow = end.uplink.flow
            if isinstance(flow, Flow):
                self.equip(end, flow.downlink.user_id)
                flow.keep()

    def equip(self, end: Link | Far, partner_id: str) -> None:
        """Have what a user sends be kept, or not; nobody's own echo is."""
        former = self._keepers.pop(end.user_id, None)
        if former is not None:
            former.close()
        end.uplink.keeper = None
        if self.is_on and end.user_id != partner_id:
            picture = None if former is None else former.picture
            end.uplink.keeper = Keeper(end.uplink.current, self.counts, picture)
            self._keepers[end.user_id] = end.uplink.keeper

    def parted(self, user_ids: Iterable[str], now: float) -> None:
        """Keep the last pictures of users who have no partner any more for a while."""
        for user_id in user_ids:
            keeper = self._keepers.pop(user_id, None)
            if keeper is None:
                continue
            keeper.close()
            if keeper.picture is not None:
                self._former.pop(user_id, None)
                self._former[user_id] = now + AFTER_S, keeper.picture
        while len(self._former) > MAX_FORMER:
            del self._former[next(iter(self._former))]

    def kept(
        self, user_id: str, partner_id: str | None, within_s: float | None, now: float
    ) -> Kept | None:
        """See :meth:`relay.plane.Keeping.kept`."""
        keeper = self._keepers.get(user_id)
        present = None if keeper is None else keeper.picture
        _, former = self._former.get(user_id, (0.0, None))
        for picture in (present, former):
            if picture is None or partner_id not in (None, picture.partner_id):
                continue
            if within_s is None or now - picture.at <= within_s:
                return Kept(
                    now - picture.at,
                    picture.width,
                    picture.height,
                    picture.frame,
                    picture.partner_id,
                )
        return None

    def tick(self, now: float) -> list[str]:
        """Forget what is due; to be called by the clock.

        :returns: users of whom a key frame is wanted: one was torn, and there is none.
        """
        for keeper in self._keepers.values():
            keeper.tick(now)
        while self._former:
            user_id, (until, _) = next(iter(self._former.items()))
            if now < until:
                break
            del self._former[user_id]
        if now - self._asked_at < ASK_EVERY_S:
            return []
        wanting = [user_id for user_id, keeper in self._keepers.items() if keeper.is_in_want]
        if wanting:
            self._asked_at = now
        return wanting
