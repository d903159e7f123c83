"""A user's link as signalling knows it, and what is expected of it: decisions only, time passed in.

How far the link is follows from what the media plane said of it, in order: a description makes a
link or goes on with it, and an event about another link than the present one is old news. What
signalling waits for is:

- a link (``LINK``): it has to be up by a deadline, or it has failed; until then nobody is matched
  with a user who waits;
- nothing but chat (``CHAT``): the user has no media, since what it described last is of no use or
  since it wants none, and no link of its is up;
- a link for one who chats meanwhile (``OPTIONAL``): it has to be up by a deadline, too, but nobody
  waits for it, and when it fails the user chats on;
- nothing (``NOTHING``): the link is up, or nobody is in need of one.

``TRANSITIONS`` leads from one to another, and nothing else does. Beside it stand four facts, each
of which may be so in any of the four:

- ``is_kept``: the user has offered without having been told to, and keeps its link from partner to
  partner until it stops; else it is a plain client, that negotiates with each;
- ``is_told_to_offer``: as an initiator without a link, and has not yet. The offer may come when the
  partner has gone again: it still was asked for;
- ``is_proposed``: an offer of the relay's has no answer yet; a bad answer leaves it so, since a
  better one may follow;
- ``is_interrupted``: nothing comes from the user, as the plane says, and it has not come up since
  with another link.

When a link is lost, ``REMEDIES`` says what helps, by why it is lost and by whose it is.
"""

from collections.abc import Mapping
from enum import StrEnum

from relay.plane import (
    Description,
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    LinkState,
    LinkUp,
)


class Expected(StrEnum):
    """What signalling waits for."""

    NOTHING = "nothing"
    LINK = "link"
    CHAT = "chat"
    OPTIONAL = "optional"


class Event(StrEnum):
    """What changes that."""

    DESCRIBED = "described"  # the user's offer or answer is of use
    FORGONE = "forgone"  # it is of none, or is to be none, and no link is up
    NEEDED = "needed"  # for a partner, or by who keeps it, and it is not up
    CAME_UP = "came_up"
    FAILED = "failed"
    PARTED = "parted"  # from the partner for whom alone it was needed
    CLOSED = "closed"  # by the relay


_N, _L, _C, _O = Expected.NOTHING, Expected.LINK, Expected.CHAT, Expected.OPTIONAL

TRANSITIONS: Mapping[Event, Mapping[Expected, Expected]] = {
    Event.DESCRIBED: {_N: _N, _L: _L, _C: _O, _O: _O},
    Event.FORGONE: {_N: _C, _L: _C, _C: _C, _O: _C},
    Event.NEEDED: {_N: _L, _L: _L, _C: _C, _O: _O},
    Event.CAME_UP: {_N: _N, _L: _N, _C: _N, _O: _N},
    Event.FAILED: {_N: _N, _L: _N, _C: _C, _O: _C},
    Event.PARTED: {_N: _N, _L: _N, _C: _C, _O: _N},
    Event.CLOSED: {_N: _N, _L: _N, _C: _N, _O: _N},
}


_TIMED = frozenset({Expected.LINK, Expected.OPTIONAL})


class Owner(StrEnum):
    """Whose link it is, as far as that matters when it is lost."""

    KEEPER = "keeper"  # keeps it from partner to partner
    INITIATOR = "initiator"  # has offered for the sake of its partner
    ANSWERER = "answerer"  # has answered for the sake of its partner
    NOBODY = "nobody"  # who is in need of it


class Remedy(StrEnum):
    """What is done about a lost link."""

    NONE = "none"  # nobody needs it, or its user offers afresh
    FAIL = "fail"  # the user is told that it has failed
    OFFER_AGAIN = "offer_again"  # the user is told to offer
    PROPOSE = "propose"  # the relay offers, as a plain client expects it of a partner


_Owners = Mapping[Owner, Remedy]

_FAILED: _Owners = dict.fromkeys(Owner, Remedy.FAIL) | {Owner.NOBODY: Remedy.NONE}

REMEDIES: Mapping[str, _Owners] = {  # by the reason of relay.plane.LinkLost
    "closed": dict.fromkeys(Owner, Remedy.NONE) | {Owner.ANSWERER: Remedy.PROPOSE},
    "silent": _FAILED,
    "failed": _FAILED,
    "restarted": {
        Owner.KEEPER: Remedy.OFFER_AGAIN,
        Owner.INITIATOR: Remedy.OFFER_AGAIN,
        Owner.ANSWERER: Remedy.PROPOSE,
        Owner.NOBODY: Remedy.NONE,
    },
}


class Expectation:
    """What is known and what is expected of one user's link, and what it was asked for.

    :param timeout_s: how long it may take to come up.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._expected = Expected.NOTHING
        self._due_at = 0.0  # of a link
        self._link_id: str | None = None
        self.state = LinkState.NONE
        self.sends: frozenset[str] = frozenset()
        """The kinds that the user sends, as its last description of use says."""
        self.place = ""
        """Where it is, or the last one was."""
        self.is_kept = self.is_told_to_offer = self.is_proposed = False
        self.is_interrupted = False

    @property
    def link_id(self) -> str | None:
        """The present link's; None when there is none."""
        return self._link_id if self.state is not LinkState.NONE else None

    @property
    def is_awaited(self) -> bool:
        """Whether the link has to come up by a deadline, and nobody is met before."""
        return self._expected is Expected.LINK

    @property
    def is_without_media(self) -> bool:
        """Whether the user chats, and no link of its has come up since it has no media."""
        return self._expected in {Expected.CHAT, Expected.OPTIONAL}

    def is_late(self, now: float) -> bool:
        """Whether it has to be up by now."""
        return self._expected in _TIMED and now >= self._due_at

    def put_off(self, now: float) -> None:
        """The user could not know until now that the link is waited for: it has all its time."""
        self._due_at = now + self._timeout_s

    def is_present(self, link_id: str) -> bool:
        """Whether what is told of a link is about the present one, and no old news."""
        return link_id == self._link_id

    def heard(self, event: LinkUp | LinkLost | LinkInterrupted | LinkResumed) -> None:
        """Know at once how far the link is; what follows from it is handled in its turn."""
        if not self.is_present(event.link_id):
            return
        match event:
            case LinkUp():
                self.state = LinkState.UP
            case LinkLost():
                self.state = LinkState.NONE
            case _:
                self.is_interrupted = isinstance(event, LinkInterrupted)

    @property
    def needs_proposal(self) -> bool:
        """Whether the relay has to offer to a user who has a partner and is not to offer itself."""
        if self.is_proposed or self.is_without_media:
            return False
        # A plain client's unfinished link belongs to a former partner.
        return self.state is LinkState.NONE or (
            self.state is LinkState.CONNECTING and not self.is_kept
        )

    def offered(
        self, now: float, taken: Description, *, was_asked_for: bool, in_call: bool
    ) -> None:
        """The user's offer was taken."""
        self._describe(taken)
        self.is_kept = self.is_kept or not was_asked_for
        self.is_told_to_offer = self.is_proposed = False
        self._happened(Event.DESCRIBED, now)
        if self.state is LinkState.UP:
            self._happened(Event.CAME_UP)
        elif in_call or self.is_kept:
            self._happened(Event.NEEDED, now)
            if not in_call:  # no partner has to wait longer for a further offer
                self._due_at = now + self._timeout_s
        else:
            self._happened(Event.PARTED)

    def answered(self, now: float, taken: Description, *, in_call: bool) -> None:
        """The user's answer was taken."""
        self._describe(taken)
        self.is_proposed = False
        self._happened(Event.DESCRIBED, now)
        if not in_call:
            self._happened(Event.PARTED)
        elif self.state is not LinkState.UP:
            self._happened(Event.NEEDED, now)

    def refused(self) -> None:
        """What the user described is of no use, and no link of its is up."""
        self.is_interrupted = False
        self._happened(Event.FORGONE)

    def forgone(self) -> None:
        """The relay has closed the link: the user chats without, until it offers again."""
        self._end()
        self.refused()

    def proposed(self, offered: Description) -> None:
        """The relay has offered."""
        self._describe(offered)
        self.is_proposed = True

    def paired(self, now: float, *, is_initiator: bool) -> None:
        """The user has a partner, to whom no offer of the relay's for a former one is of use."""
        self.is_proposed = False
        if is_initiator:
            self.is_told_to_offer = self.state is LinkState.NONE
        if self.state is not LinkState.UP:
            self._happened(Event.NEEDED, now)

    def parted(self) -> None:
        """The user has no partner any more."""
        self.is_interrupted = self.is_interrupted and self.state is LinkState.UP
        if not self.is_kept:
            self._happened(Event.PARTED)

    def came_up(self) -> None:
        """The link is up."""
        self.state = LinkState.UP
        self.is_interrupted = False
        self._happened(Event.CAME_UP)

    def lost(self, now: float, reason: str, *, in_call: bool, is_initiator: bool) -> Remedy:
        """The link is gone.

        :param reason: as in :class:`relay.plane.LinkLost`.
        :returns: what helps; unless that is a failure, who needs the link is waited for.
        """
        self._end()
        self.is_interrupted = self.is_interrupted and in_call
        if self._expected is Expected.CHAT:
            return Remedy.NONE
        owner = self._owner(in_call=in_call, is_initiator=is_initiator)
        remedy = REMEDIES[reason][owner]
        if reason != "closed" or self.is_without_media:  # which is no reason to wait longer
            self._happened(Event.FAILED)
        if remedy is not Remedy.FAIL and owner is not Owner.NOBODY:
            self._happened(Event.NEEDED, now)
        if remedy is Remedy.OFFER_AGAIN and not self.is_kept:
            self.is_told_to_offer = True
        return remedy

    def _owner(self, *, in_call: bool, is_initiator: bool) -> Owner:
        if self.is_kept:
            return Owner.KEEPER
        if not in_call:
            return Owner.NOBODY
        return Owner.INITIATOR if is_initiator else Owner.ANSWERER

    def closed(self) -> None:
        """The relay has closed the link."""
        self._end()
        self.is_interrupted = False
        self._happened(Event.CLOSED)

    def stopped(self) -> None:
        """The user wants no link any more; it may keep its next one, or not."""
        self.is_kept = False

    def _describe(self, described: Description) -> None:
        """It is this link from now on, if it was not already."""
        self.sends, self.place = described.sends, described.place
        if not self.is_present(described.link_id):
            self._link_id, self.state = described.link_id, LinkState.CONNECTING

    def _end(self) -> None:
        """There is none any more, and no offer of the relay's."""
        self._link_id, self.state, self.sends = None, LinkState.NONE, frozenset()
        self.is_proposed = False

    def _happened(self, event: Event, now: float = 0.0) -> None:
        former = self._expected
        self._expected = TRANSITIONS[event][former]
        if self._expected in _TIMED and former is not self._expected:
            self._due_at = now + self._timeout_s
