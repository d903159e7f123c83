"""A media plane that loses links as one whose process dies: nothing is said on them."""

from relay.media.plane import RelayPlane
from relay.plane import LinkLost


class MortalPlane(RelayPlane):
    """The real one, but for that."""

    @property
    def users(self) -> list[str]:
        """Those who have a link, the oldest first."""
        return list(self._links)

    def die(self, *user_ids: str) -> None:
        """Lose the links of these users, at the same moment."""
        lost = [(user_id, self._links[user_id].link_id) for user_id in user_ids]
        for user_id, _ in lost:
            self._drop_link(user_id, silently=True)
        for user_id, link_id in lost:
            self._listeners.tell(LinkLost(user_id, link_id, "restarted"))
