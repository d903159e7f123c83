"""Who may begin a DTLS handshake now, and who waits for it.

A handshake is the dearest thing that a link does: so many begin in a second, of all links and of
those from one network, and the others wait, network by network. Time is in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from relay.media.budget import HANDSHAKES_OF_ALL, Network
from relay.pace import TokenBucket

Begin = Callable[[], None]


class Handshakes:
    """The turns; whoever waits is a link, so that there are no more of them than links."""

    def __init__(self) -> None:
        self._all = TokenBucket(*HANDSHAKES_OF_ALL)
        self._waiting: dict[Network, deque[Begin]] = {}  # whoever has had a turn goes to the end

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())

    def ask(self, network: Network, begin: Begin, now: float) -> None:
        """Have ``begin`` called, now or by a later :meth:`look`."""
        self._waiting.setdefault(network, deque()).append(begin)
        self.look(now)

    def forget(self, network: Network, begin: Begin) -> bool:
        """Wait no longer; False when it did not wait."""
        queue = self._waiting.get(network, deque())
        waits = begin in queue
        if waits:
            queue.remove(begin)
        if not queue:
            self._waiting.pop(network, None)
        return waits

    def look(self, now: float) -> None:
        """Give turns to those who wait; to be called by the clock."""
        has_begun = bool(self._waiting)
        while has_begun:
            has_begun = False
            for network in list(self._waiting):
                if self._all.wait_s(now):
                    return
                if network.handshakes.take(now):
                    continue
                self._all.take(now)
                queue = self._waiting.pop(network)
                queue.popleft()()
                has_begun = True
                if queue:
                    self._waiting[network] = queue
