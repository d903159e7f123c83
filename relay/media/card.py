"""What a plane has to know of a user whose link is on another one, to pair it with its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.media.negotiation.description import Ssrcs
from relay.media.negotiation.sdp import KINDS, MediaTerms, Terms

if TYPE_CHECKING:
    from relay.media.link import Link

LINK_ID = re.compile("[0-9a-f]{12}")
CNAME = re.compile("[!-~]{1,64}")
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class Card:
    """A link as its last description has made it; plain data, which pydantic writes as JSON."""

    user_id: str
    link_id: str
    cname: str
    """The relay's own, towards this user."""
    ssrcs: dict[str, Ssrcs]
    """By kind, those on which the user receives."""
    sending: dict[str, MediaTerms]
    receiving: dict[str, MediaTerms]

    @property
    def terms(self) -> Terms:
        """As they would be here, without what concerns the connection."""
        return Terms(
            session_id="",
            ufrag="",
            password="",
            fingerprints=(),
            setup="auto",
            sending=self.sending,
            receiving=self.receiving,
            sections=(),
            accepted=(),
            is_bundle=True,
        )


def is_sound(card: Card) -> bool:
    """Whether a card from another node can be used: what is wrong there is not to fail here."""
    terms = (*card.sending.items(), *card.receiving.items())
    return (
        LINK_ID.fullmatch(card.link_id) is not None
        and CNAME.fullmatch(card.cname) is not None
        and set(card.ssrcs) == set(KINDS)
        and all(_is_ssrc(each.media) and _is_ssrc(each.rtx) for each in card.ssrcs.values())
        and all(kind in KINDS and _is_usable(kind, each) for kind, each in terms)
    )


def _is_ssrc(number: int) -> bool:
    return 0 <= number < 1 << 32


def _is_usable(kind: str, terms: MediaTerms) -> bool:
    further = terms.rtx_payload_type, terms.red_payload_type
    return (
        terms.kind == kind
        and terms.direction in DIRECTIONS
        and 0 <= terms.payload_type < 128
        and all(each is None or 0 <= each < 128 for each in further)
        and all(1 <= number <= 14 for number in terms.extensions.values())
    )


def card_of(link: Link) -> Card | None:
    """A link's card; None before its user has described it."""
    terms = link.terms
    if terms is None:
        return None
    downlink = link.downlink
    ssrcs = {kind: downlink.ssrcs(kind) for kind in KINDS}
    return Card(
        link.user_id,
        link.link_id,
        downlink.cname,
        ssrcs,
        dict(terms.sending),
        dict(terms.receiving),
    )
