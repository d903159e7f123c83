"""What is counted of the users for as long as the server runs."""

from collections import Counter
from typing import get_args

from relay.histogram import Histogram
from relay.protocol.messages import LinkCause, Mode
from relay.signaling.diagnosis import Networks
from relay.store import Tryst

NO_CAUSE = "lost"
"""Of a link that was up, or was never described."""


class Tally:
    """Counts that only grow."""

    def __init__(self) -> None:
        self.users = 0
        """Users let in."""
        self.refusals: Counter[str] = Counter(
            full=0, draining=0, origin=0, host=0, banned=0, work_wanted=0, too_many=0
        )
        """Sockets that were not let in, by the reason."""
        self.resumes = 0
        """Sessions that went on with another socket."""
        self.resumes_refused: Counter[str] = Counter(
            unknown=0, used=0, ended=0, missed=0, node_lost=0
        )
        """Sessions that were asked for in vain, by the reason."""
        self.not_taken: Counter[str] = Counter(no_room=0, no_message=0, too_many=0)
        """What other nodes have told of rooms that was not taken, by the reason."""
        self.moves = 0
        """How often users were told to move to another server."""
        self.matches = 0
        """Rooms opened; one with a user on another node counts where it was found."""
        self.met_in: Counter[str] = Counter(dict.fromkeys(get_args(Mode), 0))
        """Of each user who got a partner: in which mode the two began to talk."""
        self.codes_made: Counter[str] = Counter(invitation=0, again=0)
        """Invitations, and codes of users who want to meet again."""
        self.codes_met: Counter[str] = Counter(invitation=0, again=0)
        """Rooms of two who had a code, as ``matches``."""
        self.codes_refused: Counter[str] = Counter(unknown=0, over=0, used=0, too_many=0)
        """Codes that nobody was looked for with, by the reason."""
        self.match_wait = Histogram((0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300))
        """Of each user who got a partner: how long it took."""
        self.errors: Counter[str] = Counter(find_failed=0, internal=0, media_failed=0)
        """``error`` messages sent, by their code; those that alerts look for are there from the
        start, or their first increase would not be seen."""
        causes = (*get_args(LinkCause), NO_CAUSE)
        self.link_failures: Counter[str] = Counter(dict.fromkeys(causes, 0))
        """``media_failed`` messages among them, by their cause."""
        self.evidence: Counter[str] = Counter()
        """Reports, by what has become of their evidence; none while it is not kept."""
        self.trace_spans: Counter[str] = Counter()
        """Of traces of meetings, by what has become of them; none while nobody traces."""
        self.networks = Networks()

    def met(self, tryst: Tryst | None) -> None:
        """Two have met."""
        self.matches += 1
        if tryst is not None:
            self.codes_met["invitation" if tryst.is_single else "again"] += 1

    def failures(self, now: float) -> list[tuple[str, int, int]]:
        """Of each cause for which links have failed: how many, and of how many in the last hour.

        :param now: seconds on the clock of ``networks``.
        :returns: the causes with the most networks first, then those with the most failures.
        """
        found = [
            (cause, count, self.networks.of_cause(cause, now))
            for cause, count in self.link_failures.items()
            if count
        ]
        return sorted(found, key=lambda each: (-each[2], -each[1]))
