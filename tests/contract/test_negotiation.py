"""What users see alike in every media mode: whoever carries what they negotiate.

To a client that offers when it is the initiator, and answers when it is not, both modes look the
same. The stories of ``tests/scenarios`` tell what is only so in one of them.
"""

from __future__ import annotations

import pytest

from relay.matching import MediaMode, State
from relay.plane import LinkLost, LinkState, LinkUp
from relay.protocol.messages import MAX_SDP_CHARS, FindPartner, IceCandidate, StopChat
from tests.support.party import Party, User

REASONS = ("closed", "silent", "failed", "restarted")


@pytest.fixture(params=["relay", "direct"])
def party(request: pytest.FixtureRequest) -> Party:
    mode: MediaMode = request.param
    return Party(media_mode=mode)


async def meet(party: Party, first: str = "ann", second: str = "bob") -> tuple[User, User]:
    """Two plain clients who have just met; the second is the initiator."""
    users = [party.users.get(name) or party.come(name) for name in (first, second)]
    for user in users:
        await user.find()
    assert [user.partner for user in users] == [second, first]
    return users[0], users[1]


def said(messages: list[str], *kinds: str) -> list[str]:
    """The types of those that negotiate."""
    types = [message.split(":")[0] for message in messages]
    return [each for each in types if each in kinds]


def sdps(messages: list[str]) -> list[str]:
    return said(messages, "webrtc_offer", "webrtc_answer")


async def negotiate(party: Party, answerer: User, initiator: User) -> None:
    """As the seed's client does, until media flow."""
    offered = await initiator.offer("of the initiator")
    assert sdps(answerer.hear()) == ["webrtc_offer"]
    assert sdps(await answerer.answer("of the other")) == []
    assert sdps(offered + initiator.hear()) == ["webrtc_answer"]
    for user in (answerer, initiator):
        if party.plane.can_come_up(user.name):
            assert await user.come_up() == []
        party.plane.flow(user.name)


async def couple(party: Party) -> tuple[User, User]:
    """Two in a call."""
    ann, bob = await meet(party)
    bob.hear()
    await negotiate(party, ann, bob)
    return ann, bob


async def test_one_offers_and_the_other_answers_and_the_call_begins(party: Party) -> None:
    ann, bob = await couple(party)
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)
    assert (ann.hear(), bob.hear()) == ([], [])


async def test_the_initiator_is_never_offered_anything(party: Party) -> None:
    _, bob = await meet(party)
    assert bob.hear() == []
    await party.pass_time(5)
    assert sdps(bob.hear()) == []


async def test_the_call_does_not_begin_before_the_other_has_answered(party: Party) -> None:
    ann, bob = await meet(party)
    await bob.offer()
    assert (ann.state, bob.state) == (State.MATCHED, State.MATCHED)


async def test_nobody_who_has_negotiated_is_late(party: Party) -> None:
    ann, bob = await couple(party)
    await party.pass_time(120)
    assert (ann.hear(), bob.hear()) == ([], [])
    assert (ann.partner, bob.partner) == ("bob", "ann")


async def test_nobody_is_late_who_has_no_partner(party: Party) -> None:
    ann = party.come("ann")
    bob = party.come("bob")
    await ann.find()
    await party.pass_time(120)
    assert (ann.hear(), bob.hear()) == ([], [])
    assert (ann.state, bob.state) == (State.WAITING, State.CONNECTED)


async def test_nobody_is_late_whose_partner_has_gone(party: Party) -> None:
    ann, bob = await meet(party)
    await bob.offer()
    await bob.stop()
    ann.hear()
    await party.pass_time(120)
    assert (ann.hear(), bob.hear()) == ([], [])


async def test_a_candidate_is_harmless_at_any_time(party: Party) -> None:
    ann, bob = await meet(party)
    for user in (ann, bob):
        user.put(IceCandidate())
    await negotiate(party, ann, bob)
    for user in (ann, bob):
        assert await user.candidate() in ([], ["ice_candidate"])
        assert user.state is State.IN_CALL
    await bob.stop()
    ann.hear()
    await ann.find()
    assert await ann.candidate() == []


async def test_a_further_offer_of_the_initiators_gets_its_answer(party: Party) -> None:
    ann, bob = await couple(party)
    offered = await bob.offer("again")
    if ann.hear() == ["webrtc_offer: again"]:
        assert await ann.answer() == []
    assert sdps(offered + bob.hear()) == ["webrtc_answer"]
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)


async def test_what_comes_for_a_partner_who_has_gone_reaches_nobody(party: Party) -> None:
    ann, bob = await meet(party)
    await bob.offer()
    await bob.stop()
    bob.hear()
    await ann.answer()
    await ann.candidate()
    assert bob.hear() == []
    cid = party.come("cid")
    await cid.find()
    await ann.answer()
    await ann.candidate()
    assert said(cid.hear(), "webrtc_offer", "webrtc_answer", "ice_candidate") == []


async def test_who_has_parted_before_being_told_to_negotiate_is_told_nothing(party: Party) -> None:
    bob, ann = party.come("bob"), party.come("ann")  # what comes for bob is handled first
    await ann.find()
    ann.hear()
    bob.put(FindPartner())
    bob.put(StopChat())
    await party.settle()
    assert ann.hear() == ["partner_found, not initiator", "partner_left"]
    assert bob.hear() == ["partner_found, initiator"]
    await party.pass_time(120)
    assert (ann.hear(), ann.link) == ([], LinkState.NONE)


async def test_who_has_stopped_negotiates_afresh_with_the_next(party: Party) -> None:
    ann, bob = await couple(party)
    for user in (ann, bob):
        await user.stop()
        user.hear()
    assert (ann.link, bob.link) == (LinkState.NONE, LinkState.NONE)
    cid, ann = await meet(party, "cid", "ann")
    ann.hear()
    await negotiate(party, cid, ann)
    assert (cid.state, ann.state) == (State.IN_CALL, State.IN_CALL)


async def test_who_is_gone_leaves_nothing_behind(party: Party) -> None:
    ann, bob = await couple(party)
    await ann.vanish()
    assert bob.hear() == ["partner_disconnected"]
    await bob.vanish()
    assert party.plane.pairs == {}
    assert party.plane.link_states == {}


@pytest.mark.parametrize("reason", REASONS)
async def test_old_news_of_a_link_are_none(party: Party, reason: str) -> None:
    """Of one that there is no longer, to a user who never had another or has one that is up."""
    cid = party.come("cid")
    ann, bob = await couple(party)
    for user in (ann, bob, cid):
        user.put(LinkLost(user.name, "another link", reason))
        user.put(LinkUp(user.name, "another link"))
    await party.settle()
    await party.pass_time(120)
    assert [user.hear() for user in (ann, bob, cid)] == [[], [], []]
    assert (ann.partner, bob.partner) == ("bob", "ann")
    await cid.find()
    assert cid.state is State.WAITING


async def test_a_description_without_end_is_refused(party: Party) -> None:
    ann, bob = await meet(party)
    ann.hear()
    endless = "x" * (MAX_SDP_CHARS + 1)
    assert await bob.offer(endless) == ["error: bad_sdp"]
    assert await ann.answer(endless) == ["error: bad_sdp"]
    assert (ann.partner, ann.hear(), bob.hear()) == ("bob", [], [])
