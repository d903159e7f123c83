"""Cards of users elsewhere."""

from relay.media.card import Card
from relay.media.negotiation.description import Ssrcs
from relay.media.negotiation.sdp import read
from tests.support.offers import CHROMIUM


def card(offer: str = CHROMIUM, user_id: str = "bob", link_id: str = "0123456789ab") -> Card:
    """Of somebody whose offer is this."""
    terms = read(offer)
    ssrcs = {"audio": Ssrcs(11, 12), "video": Ssrcs(21, 22)}
    return Card(user_id, link_id, "cname", ssrcs, terms.sending, terms.receiving)
