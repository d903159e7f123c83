"""Who is at the server: decisions only, time passed in.

A client is a connection. It is *silent* until its first request is there, headers and all; then it
is *busy* while a request is answered (a WebSocket's is, for as long as it is open), and *idle*
from one request to the next. Only who is silent or idle can be asked to leave: nothing is lost.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """How many there may be, and how long they may say nothing."""

    connections: int
    """At once, in all."""
    per_source: int
    """At once, of one source that is bounded by itself."""
    silent_s: float = 20.0
    """From the connection to the end of the first request's headers; TLS' handshake is in it."""
    bytes_per_s: float = 256 * 1024
    """What one may send in the long run; more ends it."""
    bytes_burst: int = 2560 * 1024
    """What one may send at once."""
    idle_s: float = 120.0
    """From one request to the next, and how long an answer may take to be read."""


@dataclass(slots=True)
class DoorTally:
    """Counts that only grow."""

    admitted: int = 0
    refusals: Counter[str] = field(default_factory=lambda: Counter(full=0, source=0, files=0))
    """Connections closed at once, by the reason; of ``files``, how often none could be taken."""
    drops: Counter[str] = field(
        default_factory=lambda: Counter(silent=0, idle=0, evicted=0, handshake=0, flood=0)
    )
    """Connections ended from this side, by the reason."""


@dataclass(eq=False, slots=True)
class Client:
    """One connection.

    :param source: whom it counts for (:mod:`relay.source`); empty when that is not bounded.
    :param hang_up: ends it at once, without waiting for what is not written.
    """

    source: str
    hang_up: Callable[[], object] = lambda: None


class Clients:
    """The table of connections: every operation takes the same time, however many there are."""

    def __init__(self, limits: DoorLimits) -> None:
        self._limits = limits
        self._silent: dict[Client, float] = {}  # since when; the oldest is first in each
        self._idle: dict[Client, float] = {}
        self._busy: set[Client] = set()
        self._by_source: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._silent) + len(self._idle) + len(self._busy)

    def counts(self) -> dict[str, int]:
        """How many there are, by what they do."""
        return {"silent": len(self._silent), "idle": len(self._idle), "busy": len(self._busy)}

    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self) >= self._limits.connections

    def may_come(self, source: str) -> bool:
        """Whether a source may have one more; an empty one always may."""
        return not source or self._by_source[source] < self._limits.per_source

    def come(self, client: Client, now: float) -> None:
        """Somebody has come, and has said nothing yet."""
        self._silent[client] = now
        if client.source:
            self._by_source[client.source] += 1

    def ask(self, client: Client) -> None:
        """A request is there."""
        if self._forget(client):
            self._busy.add(client)

    def rest(self, client: Client, now: float) -> None:
        """The request has been answered."""
        if self._forget(client):
            self._idle[client] = now

    def leave(self, client: Client) -> None:
        """The connection is gone; harmless when it was already."""
        if not self._forget(client) or not client.source:
            return
        self._by_source[client.source] -= 1
        if not self._by_source[client.source]:
            del self._by_source[client.source]

    def expendable(self) -> Client | None:
        """Who goes first when there is no room: of the silent, then of the idle, the oldest."""
        return next(chain(self._silent, self._idle), None)

    def overdue(self, now: float) -> Iterator[tuple[Client, str]]:
        """Who has said nothing for too long, and whether it was ``silent`` or ``idle``."""
        for there, limit_s, what in (
            (self._silent, self._limits.silent_s, "silent"),
            (self._idle, self._limits.idle_s, "idle"),
        ):
            for client, since_s in there.items():
                if now - since_s < limit_s:
                    break
                yield client, what

    def _forget(self, client: Client) -> bool:
        """Take somebody out of wherever it is; whether it was anywhere."""
        if client in self._busy:
            self._busy.remove(client)
            return True
        known = self._silent.pop(client, None) is not None
        return self._idle.pop(client, None) is not None or known
