"""What a plane has to know of a user whose link is on another one, to pair it with its own."""

from __future__ import annotations

from dataclasses import dataclass

from relay.media.link import Link
from relay.media.negotiation.description import Ssrcs
from relay.media.negotiation.sdp import KINDS, MediaTerms, Terms


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
