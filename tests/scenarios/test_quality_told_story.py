"""What pages say of how well they see and hear their partners, and for how long it counts."""

from __future__ import annotations

import pytest

from relay.protocol.messages import QualityReport
from tests.support.party import Party, User

FROZEN = QualityReport(frozen_ratio=0.5)


def told(party: Party, user: User) -> QualityReport | None:
    """What an operator is shown of it."""
    views = {view.user_id: view for view in party.lobby.users(party.now)}
    return views[user.name].told


async def test_it_is_kept_of_the_present_partner_and_passed_to_nobody() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for user in (ann, bob):
        user.hear()
    assert await ann.say(FROZEN) == []
    assert bob.hear() == []
    assert (told(party, ann), told(party, bob)) == (FROZEN, None)
    assert await ann.say(QualityReport()) == []
    assert told(party, ann) == QualityReport(), "the last one counts"


async def test_it_counts_for_a_while() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    await ann.say(FROZEN)
    await party.pass_time(14)
    assert told(party, ann) == FROZEN
    await party.pass_time(2)
    assert told(party, ann) is None


async def test_of_a_partner_who_is_gone_it_says_nothing_any_more() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.say(FROZEN)
    await bob.stop()
    assert ann.hear() == ["partner_left"]
    assert told(party, ann) is None
    assert await ann.say(FROZEN) == [], "it was on its way"
    assert told(party, ann) is None
    eve = party.come("eve")
    await eve.offer()
    await eve.come_up()
    await eve.find()
    await ann.find()
    assert ann.partner == "eve"
    assert told(party, ann) is None, "nor of the next one"


@pytest.mark.parametrize("audio", [True, False])
@pytest.mark.parametrize("video", [True, False])
async def test_what_somebody_has_switched_off(audio: bool, video: bool) -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    await ann.turn(audio=audio, video=video)
    views = {view.user_id: view for view in party.lobby.users(party.now)}
    off = {kind for kind, is_on in (("audio", audio), ("video", video)) if not is_on}
    assert views[ann.name].off == off
