"""The bans in force, in memory: whoever comes in is looked for here, whatever the database does."""

from __future__ import annotations

from collections.abc import Iterable

from relay.records import Ban, Party
from relay.safety.identity import Identity, all_tokens_of

MAX_BANS = 100_000
"""One more makes that one go which ends first."""


class Bans:
    """A table of bans by whom they are about. Times are seconds since 1970."""

    def __init__(self, bans: Iterable[Ban] = ()) -> None:
        self._by_id: dict[str, Ban] = {}
        self._by_token: dict[str, set[str]] = {}
        for ban in bans:
            self.add(ban)

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, ban_id: str) -> bool:
        return ban_id in self._by_id

    def add(self, ban: Ban) -> None:
        """One is in force from now on; a later version of it takes its place."""
        self.remove(ban.id)
        self._by_id[ban.id] = ban
        for token in all_tokens_of(ban.party):
            self._by_token.setdefault(token, set()).add(ban.id)
        if len(self._by_id) > MAX_BANS:
            self.remove(min(self._by_id.values(), key=_end).id)

    def remove(self, ban_id: str) -> None:
        """One is over; harmless when it is not known."""
        ban = self._by_id.pop(ban_id, None)
        if ban is None:
            return
        for token in all_tokens_of(ban.party):
            ids = self._by_token[token]
            ids.remove(ban_id)
            if not ids:
                del self._by_token[token]

    def find(self, identity: Identity, now: float) -> Ban | None:
        """Of somebody's bans in force, the one that ends last."""
        ids = {id_ for token in identity.tokens for id_ in self._by_token.get(token, ())}
        bans = [self._by_id[id_] for id_ in ids]
        return max((ban for ban in bans if ban.holds(now)), key=_end, default=None)

    def replace(self, bans: Iterable[Ban]) -> None:
        """Know these alone."""
        self._by_id.clear()
        self._by_token.clear()
        for ban in bans:
            self.add(ban)


def is_about(party: Party, identity: Identity) -> bool:
    """Whether a ban of ``party`` keeps somebody out."""
    return bool(all_tokens_of(party) & identity.tokens)


def _end(ban: Ban) -> float:
    return float("inf") if ban.until is None else ban.until
