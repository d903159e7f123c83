"""How much of anything one user, and all users together, may have."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The gateway's limits; each has a default that fits one machine."""

    max_users: int = 10_000
    """WebSockets at once; the next one gets 503."""
    rematch_after_s: float = 5.0
    """How long two who have parted are kept apart."""
    interest_wait_s: float = 5.0
    """How long somebody with interests waits for a partner who shares one of them."""
    link_timeout_s: float = 10.0
    """How long a link may take from the offer, or from the pairing, until media can flow."""
    messages_per_s: float = 50.0
    """What a user may send in the long run; more is ``rate_limited``."""
    messages_burst: int = 100
    """What a user may send at once."""
    max_faults: int = 20
    """So many errors of a user's own within ``faults_window_s`` close its socket with 1008."""
    faults_window_s: float = 10.0
    max_unsent: int = 256
    """Messages that wait for a slow reader; one more closes its socket with 1013."""
    max_unhandled: int = 256
    """Messages of a user that wait to be handled; one more closes its socket with 1008."""
    heartbeat_s: float = 20.0
    """How often a silent socket is pinged; without a pong in half of that it is dead."""
