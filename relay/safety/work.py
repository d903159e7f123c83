"""A proof of work for whoever comes when many have come already: ALTCHA, version 2.

The client looks for a number with which PBKDF2 gives a key that begins with ``00``: 256 tries on
average, each of which costs the server 2 ms once. A challenge is signed, says nothing of who has
asked for it, is good for five minutes, and one look at its solution is all that it serves for,
right or wrong.
"""

from __future__ import annotations

import heapq
from collections import Counter
from secrets import token_hex
from typing import Any, Literal, get_args

from altcha import Challenge, Payload, create_challenge, verify_solution

ALGORITHM = "PBKDF2/SHA-256"
COST = 5_000
"""Rounds of a try. All in all 1.3 million on average: 0.6 s of a core of a server, and 1 to 3 s of
a telephone."""
PREFIX = "00"
LASTS_S = 300
MAX_PAYLOAD_CHARS = 2048
MAX_SPENT = 16_384
"""Challenges that have served and have not expired; when there are more, those that expire first
are forgotten, and all that expire as early are refused."""

Outcome = Literal["asked", "solved", "malformed", "used", "expired", "wrong"]


class Work:
    """Asks for work, and looks at what was done; times are seconds since 1970, passed in.

    Challenges are signed with a key that ends with this object.
    """

    def __init__(self, cost: int = COST, max_spent: int = MAX_SPENT) -> None:
        self._cost = cost
        self._max_spent = max_spent
        self._secret = token_hex(32)
        self._spent: set[str] = set()
        self._by_expiry: list[tuple[int, str]] = []  # a heap of the same
        self._forgotten = 0  # what expires by then may have served already
        self.tally: Counter[str] = Counter(dict.fromkeys(get_args(Outcome), 0))

    def challenge(self, now: float) -> dict[str, Any]:
        """Another challenge, as ALTCHA's clients take it."""
        self.tally["asked"] += 1
        made: Challenge = create_challenge(
            ALGORITHM,
            self._cost,
            key_prefix=PREFIX,
            expires_at=int(now) + LASTS_S,
            hmac_secret=self._secret,
        )
        return made.to_dict()

    def is_done(self, payload: str, now: float) -> bool:
        """Whether somebody has done the work; what was good once is not again.

        :param payload: whatever somebody has sent: ALTCHA's, in base64 or base64url.
        """
        outcome = self._outcome(payload, now)
        self.tally[outcome] += 1
        return outcome == "solved"

    def _outcome(self, text: str, now: float) -> Outcome:
        payload = _read(text)
        if payload is None:
            return "malformed"
        signature, expires_at = payload.challenge.signature, payload.challenge.parameters.expires_at
        if not isinstance(signature, str) or not isinstance(expires_at, int):
            return "malformed"
        if expires_at <= max(now, self._forgotten):
            return "expired"
        if signature in self._spent:
            return "used"
        found = verify_solution(payload, self._secret)
        if found.expired:
            return "expired"
        if found.invalid_signature is not False:
            return "wrong"
        self._spend(signature, expires_at, now)
        return "solved" if found.verified else "wrong"

    def _spend(self, signature: str, expires_at: int, now: float) -> None:
        self._spent.add(signature)
        heapq.heappush(self._by_expiry, (expires_at, signature))
        while self._by_expiry[0][0] <= now or len(self._spent) > self._max_spent:
            self._forgotten, gone = heapq.heappop(self._by_expiry)
            self._spent.remove(gone)


def _read(text: str) -> Payload | None:
    if len(text) > MAX_PAYLOAD_CHARS:
        return None
    padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
    try:
        return Payload.from_base64(padded)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
