"""Pictures of users who have a partner at another node, or had one a moment ago.

A user's picture is kept where its partner is, as the flow is there. So what is reported at one node
is shown in part by the other: each gives pictures of those alone with whom both have had to do.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from relay.cluster import Cluster
from relay.cluster.messages import Picture, PictureOf, Pose
from relay.errors import ClusterError
from relay.media.gathering import MAX_FRAME_BYTES
from relay.media.keeper import MAX_FORMER
from relay.plane import Kept
from relay.workers.homes import Homes
from relay.workers.messages import LookFor

PATIENCE_S = 1.0
"""A report waits so long for another node's picture."""

_MAX_SIDE = (1 << 14) - 1  # of a VP8 picture, RFC 6386 section 9.1
_MAX_ID_CHARS = 64
_MAX_AGE_S = 1e6


class Pictures:
    """Of one front.

    :param homes: whom its users are paired with.
    :param seek: looks among this node's own.
    :param pose: has a user here send another one.
    """

    def __init__(
        self,
        cluster: Cluster | None,
        homes: Homes,
        seek: Callable[[LookFor], Awaitable[Kept | None]],
        pose: Callable[[str], None],
    ) -> None:
        self._cluster, self._homes, self._seek, self._pose = cluster, homes, seek, pose
        self._former: OrderedDict[tuple[str, str], str] = OrderedDict()
        """Where the partner of a user here was, by both; the latest are the last."""

    def begin(self) -> None:
        """Show other nodes theirs, from now on."""
        if self._cluster is not None:
            self._cluster.serve(PictureOf, self._show)
            self._cluster.hear(Pose, self._posed)

    def parting(self, user_id: str) -> None:
        """A user here is about to have no partner any more: where that is is remembered."""
        remote = self._homes.remotes.get(user_id)
        if remote is None:
            return
        self._former.pop((user_id, remote.partner_id), None)
        self._former[user_id, remote.partner_id] = remote.node
        if len(self._former) > MAX_FORMER:
            self._former.popitem(last=False)

    async def find(self, wanted: LookFor) -> Kept | None:
        """One that another node has; None when none has it, or it does not say so in time."""
        node = self._seen_at(wanted.user_id, wanted.partner_id)
        if node is None or self._cluster is None:
            return None
        asked = PictureOf(wanted.user_id, wanted.partner_id, wanted.within_s)
        try:
            return _read(await self._cluster.ask(node, asked, PATIENCE_S))
        except ClusterError:
            return None

    def ask_elsewhere(self, user_id: str) -> None:
        """Have a user of another node send a picture, whoever sees it now."""
        node = self._home_of(user_id)
        if node is not None and self._cluster is not None:
            self._cluster.tell(node, Pose(user_id))

    # for other nodes

    async def _show(self, node: str, asked: PictureOf) -> Picture:
        if not self._have_had_to_do(node, asked.user_id):
            return Picture()
        wanted = LookFor(asked.user_id, asked.partner_id, asked.within_s)
        found = await self._seek(wanted)
        if found is None and asked.user_id in self._homes.remotes:  # it is seen at a third one
            found = await self.find(wanted)
        if found is None:
            return Picture()
        return Picture(found.age_s, found.width, found.height, found.frame, found.partner_id)

    def _posed(self, node: str, asked: Pose) -> None:
        is_here = asked.user_id in self._homes.worker_of
        if is_here and self._have_had_to_do(node, asked.user_id):
            self._pose(asked.user_id)

    def _have_had_to_do(self, node: str, user_id: str) -> bool:
        """Whether there is, or was, a room with that node in which the user is one of the two."""
        remotes = self._homes.remotes
        near = self._homes.near_of(user_id) or user_id
        if near in remotes and remotes[near].node == node:
            return True
        return any(node == where and user_id in both for both, where in self._former.items())

    # where they are

    def _seen_at(self, user_id: str, partner_id: str | None) -> str | None:
        """Which other node has a user's picture, or knows who has."""
        remote = self._homes.remotes.get(user_id)
        if remote is not None and partner_id in (None, remote.partner_id):
            return remote.node
        if partner_id is not None:
            return self._former.get((user_id, partner_id))
        return self._home_of(user_id)

    def _home_of(self, user_id: str) -> str | None:
        """At which other node a user is that is, or was, the partner of one here."""
        near = self._homes.near_of(user_id)
        if near is not None:
            return self._homes.remotes[near].node
        latest = reversed(self._former.items())
        return next((node for (_, partner), node in latest if partner == user_id), None)


def _read(answer: object) -> Kept | None:
    """What another node shows; None when that is nothing, or cannot be."""
    if not isinstance(answer, Picture):
        return None
    is_sound = (
        0 < answer.width <= _MAX_SIDE
        and 0 < answer.height <= _MAX_SIDE
        and 0 <= answer.age_s < _MAX_AGE_S
        and 0 < len(answer.frame) <= MAX_FRAME_BYTES
        and len(answer.partner_id) <= _MAX_ID_CHARS
    )
    if not is_sound:
        return None
    return Kept(answer.age_s, answer.width, answer.height, answer.frame, answer.partner_id)
