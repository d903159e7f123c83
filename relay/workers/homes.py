"""Where each user's link is, and whom the user is paired with: decisions only."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from relay.media.card import Card
from relay.workers import messages
from relay.workers.told import Told

_NUMBERS = 1 << 32


class Command(NamedTuple):
    """What a worker is to be told."""

    worker: int
    message: object


@dataclass(slots=True)
class Remote:
    """A partner whose link is on another node."""

    partner_id: str
    node: str
    number: int
    """Of the pair."""
    told: Told | None = None
    """What that node has told of the link last."""


class Homes:
    """Workers are known by their index."""

    def __init__(self) -> None:
        self.worker_of: dict[str, int] = {}
        self.partner_of: dict[str, str] = {}
        self.link_of: dict[str, str] = {}
        """The id of the user's link."""
        self.card_of: dict[str, Card] = {}
        """What other workers have to know of who has described its link."""
        self.joined_at: dict[str, int] = {}
        """The worker that was told of the user's partner."""
        self.remotes: dict[str, Remote] = {}
        """Partners at other nodes, by the users here."""
        self._near_of: dict[str, str] = {}
        """The users here, by their partners at other nodes."""
        self._number_of: dict[str, int] = {}
        """Of pairings over a bridge, by each of the two."""
        self._number = secrets.randbelow(_NUMBERS)  # not one of a former front's

    def place(self, user_id: str, workers: Collection[int], near: str | None = None) -> int:
        """Where the user's link belongs.

        That is where it is, where its partner's is, where somebody is whom it is likely to meet, or
        where there are fewest.

        :param workers: those that take newcomers; never empty.
        :param near: the user whom it is likely to meet.
        """
        for other in (user_id, self.partner_of.get(user_id), near):
            worker = self.worker_of.get(other or "")
            if worker is not None and (worker in workers or other == user_id):
                return worker
        crowds = Counter(self.worker_of.values())
        return min(workers, key=lambda worker: (crowds[worker], worker))

    def pair(self, a: str, b: str) -> None:
        """The two, who have no partner, are paired; they may be one, with itself."""
        self.partner_of[a], self.partner_of[b] = b, a

    def pair_across(self, user_id: str, remote: Remote) -> None:
        """A user who has no partner gets one at another node, who has none here."""
        self.partner_of[user_id] = remote.partner_id
        self.remotes[user_id] = remote
        self._near_of[remote.partner_id] = user_id

    def near_of(self, partner_id: str) -> str | None:
        """The user here whose partner at another node this is."""
        return self._near_of.get(partner_id)

    def follow(self, partner_id: str, told: Told) -> list[Command]:
        """A partner at another node has another description."""
        user_id = self._near_of[partner_id]
        self.remotes[user_id].told = told
        return self._join_remote(user_id, self.remotes[user_id], is_told=False)

    def lose(self, node: str) -> None:
        """A node is there no more: what it has told is of no account, and workers know it."""
        for remote in self.remotes.values():
            if remote.node == node:
                remote.told = None

    def describe(self, user_id: str, card: Card | None) -> None:
        """The user's link has another description, or none yet."""
        self.card_of.pop(user_id, None)
        if card is not None:
            self.card_of[user_id] = card

    def part(self, user_id: str) -> tuple[str | None, list[Command]]:
        """The user's pair ends: who its partner was, and what the workers are to be told."""
        partner = self.partner_of.pop(user_id, None)
        if partner is None:
            return None, []
        if self.remotes.pop(user_id, None) is not None:
            del self._near_of[partner]
            return partner, self._separate(user_id)
        self.partner_of.pop(partner, None)  # it may be the user itself
        return partner, self._separate(user_id, partner)

    def join(self, user_id: str) -> list[Command]:
        """What the workers are to be told for a pair to meet, of which one has a new description.

        Two on one worker are paired there, once: it connects them whenever both links are up. Two
        of different ones meet over the bridge, and each has to know what the other has described.
        """
        partner = self.partner_of.get(user_id)
        if (remote := self.remotes.get(user_id)) is not None:
            is_told = self.joined_at.get(user_id) == self.worker_of.get(user_id)
            return self._join_remote(user_id, remote, is_told=is_told)
        if partner is None or not {user_id, partner} <= self.link_of.keys():
            return []
        pair = user_id, partner
        ours, theirs = (self.worker_of[each] for each in pair)
        is_told = [self.joined_at.get(each) for each in pair] == [ours, theirs]
        if ours == theirs:
            return [] if is_told else [*self._separate(*pair), self._pair(*pair, ours)]
        if not {user_id, partner} <= self.card_of.keys():
            return []
        if is_told and user_id in self._number_of:
            return [self._pair_far(partner, user_id)]
        commands = self._separate(*pair)
        self._number = (self._number + 1) % _NUMBERS
        for each in pair:
            self._number_of[each] = self._number
        return [*commands, self._pair_far(user_id, partner), self._pair_far(partner, user_id)]

    def _join_remote(self, user_id: str, remote: Remote, *, is_told: bool) -> list[Command]:
        """Have the user's worker know of a partner at another node, whose own is told there.

        :param is_told: whether it knows already what that node has told last.
        """
        told = remote.told
        if is_told or told is None or user_id not in self.link_of:
            return []
        worker = self.worker_of[user_id]
        leaves = self.joined_at.get(user_id) not in (None, worker)
        commands = self._separate(user_id) if leaves else []
        self.joined_at[user_id] = worker
        paired = messages.PairFar(user_id, told.card, remote.number, told.worker, remote.node)
        return [*commands, Command(worker, paired)]

    def _pair(self, a: str, b: str, worker: int) -> Command:
        self.joined_at |= {a: worker, b: worker}
        return Command(worker, messages.Pair(a, b))

    def _pair_far(self, user_id: str, partner: str) -> Command:
        """Have the user's worker know of its partner."""
        worker, peer = self.worker_of[user_id], self.worker_of[partner]
        self.joined_at[user_id] = worker
        number, card = self._number_of[user_id], self.card_of[partner]
        return Command(worker, messages.PairFar(user_id, card, number, peer))

    def _separate(self, *pair: str) -> list[Command]:
        """Have the workers that know of a pair forget it: each once."""
        told = {self.joined_at.pop(each): each for each in pair if each in self.joined_at}
        for each in pair:
            self._number_of.pop(each, None)
        return [Command(worker, messages.Unpair(each)) for worker, each in told.items()]

    def leave(self, user_id: str) -> None:
        """The user has no link any more."""
        self.worker_of.pop(user_id, None)
        self.link_of.pop(user_id, None)
        self.card_of.pop(user_id, None)

    def forget(self, worker: int) -> None:
        """A worker is no more; its users have no link."""
        for user_id in self.of(worker):
            self.leave(user_id)
        for user_id in [user for user, told in self.joined_at.items() if told == worker]:
            del self.joined_at[user_id]

    def of(self, worker: int) -> list[str]:
        """The users whose links a worker has."""
        return [user_id for user_id, home in self.worker_of.items() if home == worker]
