"""Somebody sends far more than a call needs, and is sent away."""

from __future__ import annotations

from relay.plane import OverBudget
from tests.support.party import Party


async def test_the_socket_is_closed_and_the_partner_is_told() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.offer()
    party.plane.exceed("ann", "rtcp")
    closing = ann.session.outbox.closing
    assert closing is not None
    assert (closing.code, closing.reason) == (4002, "over budget: rtcp")
    assert bob.session.outbox.closing is None
    await ann.vanish()
    assert bob.hear()[-1] == "partner_disconnected"
    assert "ann" not in party.plane.link_states


async def test_news_of_somebody_who_has_gone_changes_nothing() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.offer()
    late = OverBudget("ann", "any", "rtp")
    await ann.vanish()
    bob.hear()
    party.plane.emit(late)
    await party.settle()
    assert bob.hear() == []
    assert bob.session.outbox.closing is None
