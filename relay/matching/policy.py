"""Whom a user should meet."""

from collections.abc import Iterable
from heapq import nsmallest

from relay.protocol.messages import Scope
from relay.store import MODES, Waiter

PLACE_WAIT_S = 3.0
"""Who has waited for this long is met from any place: nobody waits long to save the relay work."""
LANGUAGE_WAITS = 2.0
"""So many times as long as for an interest one waits for somebody who speaks one's language."""


def choose(
    seeker: Waiter,
    candidates: Iterable[Waiter],
    now: float,
    *,
    rematch_after_s: float,
    interest_wait_s: float,
    limit: int,
) -> list[Waiter]:
    """The best partners for a user, the best one first.

    Two of whom one avoids the other never meet. Who has a tryst meets the other one of that and
    nobody else, and what follows is for strangers alone. Two who have no mode in common do not
    meet, and who is apart meets nobody who is not. Two who have just parted are kept apart for
    ``rematch_after_s``, even if nobody else is there.
    Two who share no interest, though one of them has some, are kept apart until either has waited
    for ``interest_wait_s``; two who share no language, though both have said which they speak, for
    ``LANGUAGE_WAITS`` times as long. Of the others those come first whom the user has not met
    lately, then those who speak its language (and those of whom that is not known), then
    those who share more of its interests, then those whose link is in the same place (or who have
    waited for ``PLACE_WAIT_S``), then those who have waited longer.

    It is enough that *either* has waited: where few are online, somebody mostly has, and nobody
    waits for what hardly ever comes; where many are, most find one of their own before.

    :param candidates: users who wait, in any order; the seeker itself may be one of them. Of two
        who are equally good, and have waited equally long, the first is the better one.
    :param now: seconds on the clock of the waiters' times.
    """

    def meets(candidate: Waiter) -> bool:
        if candidate.user_id == seeker.user_id or _avoid(seeker, candidate):
            return False
        if seeker.tryst is not None or candidate.tryst is not None:
            return seeker.tryst is not None and seeker.tryst.fits(candidate.tryst)
        if seeker.modes.isdisjoint(candidate.modes):
            return False
        if (candidate.apart_until_s > now) is not (seeker.apart_until_s > now):
            return False
        parted_at = _parted_at(seeker, candidate)
        if parted_at is not None and now - parted_at < rematch_after_s:
            return False
        waited_s = _waited_s(seeker, candidate, now)
        if not _understand(seeker, candidate) and waited_s < LANGUAGE_WAITS * interest_wait_s:
            return False
        return _suit(seeker, candidate) or waited_s >= interest_wait_s

    def rank(candidate: Waiter) -> tuple[bool, bool, int, int, float]:
        shared = len(seeker.interests & candidate.interests)
        has_waited = now - candidate.since_s >= PLACE_WAIT_S
        distance = 0 if has_waited else _distance(seeker, candidate)
        has_met = _parted_at(seeker, candidate) is not None
        is_foreign = not _understand(seeker, candidate)
        return (has_met, is_foreign, -shared, distance, candidate.since_s)

    return nsmallest(limit, filter(meets, candidates), key=rank)


def mode_of(a: Waiter, b: Waiter) -> str:
    """In which of the modes that two have in common they begin to talk: the richest one.

    Two who know each other meet without one as well, in the plainer of theirs: neither shows more
    than it has chosen.
    """
    shared = a.modes & b.modes or {max(a.mode, b.mode, key=MODES.index)}
    return min(shared, key=MODES.index)


def scope_of(waiter: Waiter, now: float, *, interest_wait_s: float) -> Scope:
    """Whom a user meets of those who come now."""
    waited_s = now - waiter.since_s
    if waiter.interests and waited_s < interest_wait_s:
        return "alike"
    if waiter.languages and waited_s < LANGUAGE_WAITS * interest_wait_s:
        return "language"
    return "any"


def _distance(a: Waiter, b: Waiter) -> int:
    """How much more it costs the relay to carry their media than in one place."""
    if a.node != b.node:
        return 2
    return int(a.place != b.place)


def _avoid(a: Waiter, b: Waiter) -> bool:
    """Whether either never wants to meet the other."""
    return not (a.avoids.isdisjoint(b.names) and b.avoids.isdisjoint(a.names))


def _suit(a: Waiter, b: Waiter) -> bool:
    """Whether neither has a reason to hope for somebody better."""
    return bool(a.interests & b.interests) or not (a.interests or b.interests)


def _understand(a: Waiter, b: Waiter) -> bool:
    """Whether the two speak one language, as far as that is known."""
    return bool(a.languages & b.languages) or not (a.languages and b.languages)


def _waited_s(a: Waiter, b: Waiter, now: float) -> float:
    """How long the one of the two who came first has waited."""
    return now - min(a.since_s, b.since_s)


def _parted_at(a: Waiter, b: Waiter) -> float | None:
    """When the two parted, as far as either remembers."""
    times = [t for t in (a.recent.get(b.user_id), b.recent.get(a.user_id)) if t is not None]
    return max(times, default=None)
