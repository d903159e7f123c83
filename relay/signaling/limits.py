"""How much of anything one user, and all users together, may have."""

from dataclasses import dataclass

FRAME_BYTES_PER_MESSAGE = 26 * 1024
"""The longest chat message with every character escaped, and what any frame costs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The gateway's limits; each has a default that fits one machine."""

    max_users: int = 10_000
    """At once, those included whose WebSocket is lost; the next one gets 503."""
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
    frame_bytes_burst: int = 1024 * 1024
    """What a user's frames may cost at once, pings among them; what comes while that is overdrawn
    is ignored, and overdrawing it by as much again closes the socket with 1008."""
    frame_bytes_per_message: int = FRAME_BYTES_PER_MESSAGE
    """What they may cost in the long run, for each message of ``messages_per_s``."""
    max_unsent: int = 256
    """Messages that wait for a slow reader; one more closes its socket with 1013."""
    max_unsent_bytes: int = 512 * 1024
    """Their bytes; more close its socket, too."""
    max_unsent_remarks_bytes: int = 64 * 1024
    """When so much waits, the partner cannot add to it: it is told to wait."""
    max_unsent_remarks: int = 128
    """Or so many of them."""
    max_kept_bytes: int = 32 * 1024
    """Messages that were sent, kept to be sent again when a session is resumed."""
    resume_s: float = 30.0
    """How long a session whose socket is lost is kept; 0 keeps none."""
    sessions_per_source: int = 256
    """Of one public source at once, those included whose sockets are lost."""
    users_per_visitor: int = 4
    """At once, of one visitor; more have to do some work first, four times as many get 429. So it
    is with the next three."""
    users_per_address: int = 32
    arrivals_per_minute_visitor: int = 20
    """New users within a minute, of one visitor."""
    arrivals_per_minute_address: int = 60
    nexts_per_minute: int = 30
    """Partners that a user may leave; whoever leaves more meets others like it meanwhile."""
    hasty_nexts: int = 5
    """And so many in haste, one after the other; 0 for any number."""
    same_texts: int = 2
    """Partners who may get the same text of a user; 0 for any number."""
    links_after_s: float = 30.0
    """How long two have been together when links pass in their chat."""
    max_unhandled: int = 256
    """Messages of a user that wait to be handled; one more closes its socket with 1008."""
    heartbeat_s: float = 20.0
    """How often a silent socket is pinged; without a pong in half of that it is dead."""
