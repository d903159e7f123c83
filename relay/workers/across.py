"""Pairs whose partner is at another node: what the two nodes have to know of each other's links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from relay.cluster import Cluster
from relay.plane import LinkTold
from relay.workers import messages, told
from relay.workers.colleague import Colleague
from relay.workers.homes import Command, Homes, Remote
from relay.workers.trunk_keys import TrunkKeys


class Across:
    """Of one front; without a cluster there are none, and what workers have is of a former front's.

    :param members: the front's workers, and ``homes`` their users.
    :param clock: seconds, monotonic.
    :param tell: takes what another node has to be told.
    """

    def __init__(
        self,
        cluster: Cluster | None,
        homes: Homes,
        members: Mapping[int, Colleague],
        clock: Callable[[], float],
        tell: Callable[[LinkTold], None],
    ) -> None:
        self.drops: Counter[str] = Counter()
        """What other nodes have told in vain, by reason."""
        self.keys: TrunkKeys | None = None
        if cluster is not None:
            self.keys = TrunkKeys(cluster, members, clock, homes.lose)
        self._homes, self._tell = homes, tell

    def begin(self) -> None:
        """Have trunks to all nodes, from now on."""
        if self.keys is not None:
            self.keys.begin()

    async def close(self) -> None:
        """Speak to no node any more."""
        if self.keys is not None:
            await self.keys.close()

    def worker_joined(self, member: Colleague) -> None:
        """A worker is there, which may have been there before."""
        if self.keys is not None:
            self.keys.worker_joined(member)
        else:
            member.tell(messages.CloseTrunks())

    def beat(self) -> None:
        """See to keys; to be called every second."""
        if self.keys is not None:
            self.keys.beat()

    def pair(self, user_id: str, remote: Remote) -> None:
        """Pair two who have no partner; it is told of the user's link."""
        self._homes.pair_across(user_id, remote)
        self.described(user_id)

    def described(self, user_id: str) -> None:
        """Have the node of the user's partner told of the user's link, if there is all to tell."""
        card = self._homes.card_of.get(user_id)
        if card is not None and user_id in self._homes.remotes:
            known = told.Told(card, self._homes.worker_of[user_id])
            self._tell(LinkTold(user_id, told.write(known)))

    def follow(self, partner_id: str, text: str) -> list[Command]:
        """What the workers are to be told, since another node has told of its user's link."""
        user_id = self._homes.near_of(partner_id)
        if user_id is None or self.keys is None:
            self.drops["link_unknown"] += 1
            return []
        workers = self.keys.workers(self._homes.remotes[user_id].node)
        known = told.read(text, partner_id, workers)
        if known is None:
            self.drops["link_malformed"] += 1
            return []
        return self._homes.follow(partner_id, known)
