"""What users see alike in every media mode: whoever carries what they negotiate.

To a client that offers when it is the initiator, and answers when it is not, both modes look the
same. The stories of ``tests/scenarios`` tell what is only so in one of them.
"""

from __future__ import annotations

import pytest

from relay.matching import MediaMode, State
from relay.plane import LinkLost, LinkState, LinkUp
from relay.protocol.messages import MAX_SDP_CHARS, FindPartner, IceCandidate, StopChat
from tests.support.house import House, User

REASONS = ("closed", "silent", "failed")


@pytest.fixture(params=["relay", "direct"])
def house(request: pytest.FixtureRequest) -> House:
    mode: MediaMode = request.param
    return House(media_mode=mode)


async def meet(house: House, first: str = "ann", second: str = "bob") -> tuple[User, User]:
    """Two plain clients who have just met; the second is the initiator."""
    users = [house.users.get(name) or house.come(name) for name in (first, second)]
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


async def negotiate(house: House, answerer: User, initiator: User) -> None:
    """As the seed's client does, until media flow."""
    offered = await initiator.offer("of the initiator")
    assert sdps(answerer.hear()) == ["webrtc_offer"]
    assert sdps(await answerer.answer("of the other")) == []
    assert sdps(offered + initiator.hear()) == ["webrtc_answer"]
    for user in (answerer, initiator):
        if house.plane.can_come_up(user.name):
            assert await user.come_up() == []
        house.plane.flow(user.name)


async def couple(house: House) -> tuple[User, User]:
    """Two in a call."""
    ann, bob = await meet(house)
    bob.hear()
    await negotiate(house, ann, bob)
    return ann, bob


async def test_one_offers_and_the_other_answers_and_the_call_begins(house: House) -> None:
    ann, bob = await couple(house)
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)
    assert (ann.hear(), bob.hear()) == ([], [])


async def test_the_initiator_is_never_offered_anything(house: House) -> None:
    _, bob = await meet(house)
    assert bob.hear() == []
    await house.pass_time(5)
    assert sdps(bob.hear()) == []


async def test_the_call_does_not_begin_before_the_other_has_answered(house: House) -> None:
    ann, bob = await meet(house)
    await bob.offer()
    assert (ann.state, bob.state) == (State.MATCHED, State.MATCHED)


async def test_nobody_who_has_negotiated_is_late(house: House) -> None:
    ann, bob = await couple(house)
    await house.pass_time(120)
    assert (ann.hear(), bob.hear()) == ([], [])
    assert (ann.partner, bob.partner) == ("bob", "ann")


async def test_nobody_is_late_who_has_no_partner(house: House) -> None:
    ann = house.come("ann")
    bob = house.come("bob")
    await ann.find()
    await house.pass_time(120)
    assert (ann.hear(), bob.hear()) == ([], [])
    assert (ann.state, bob.state) == (State.WAITING, State.CONNECTED)


async def test_nobody_is_late_whose_partner_has_gone(house: House) -> None:
    ann, bob = await meet(house)
    await bob.offer()
    await bob.stop()
    ann.hear()
    await house.pass_time(120)
    assert (ann.hear(), bob.hear()) == ([], [])


async def test_a_candidate_is_harmless_at_any_time(house: House) -> None:
    ann, bob = await meet(house)
    for user in (ann, bob):
        user.put(IceCandidate())
    await negotiate(house, ann, bob)
    for user in (ann, bob):
        assert await user.candidate() in ([], ["ice_candidate"])
        assert user.state is State.IN_CALL
    await bob.stop()
    ann.hear()
    await ann.find()
    assert await ann.candidate() == []


async def test_a_further_offer_of_the_initiators_gets_its_answer(house: House) -> None:
    ann, bob = await couple(house)
    offered = await bob.offer("again")
    if ann.hear() == ["webrtc_offer: again"]:
        assert await ann.answer() == []
    assert sdps(offered + bob.hear()) == ["webrtc_answer"]
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)


async def test_what_comes_for_a_partner_who_has_gone_reaches_nobody(house: House) -> None:
    ann, bob = await meet(house)
    await bob.offer()
    await bob.stop()
    bob.hear()
    await ann.answer()
    await ann.candidate()
    assert bob.hear() == []
    cid = house.come("cid")
    await cid.find()
    await ann.answer()
    await ann.candidate()
    assert said(cid.hear(), "webrtc_offer", "webrtc_answer", "ice_candidate") == []


async def test_who_has_parted_before_being_told_to_negotiate_is_told_nothing(house: House) -> None:
    bob, ann = house.come("bob"), house.come("ann")  # what comes for bob is handled first
    await ann.find()
    ann.hear()
    bob.put(FindPartner())
    bob.put(StopChat())
    await house.settle()
    assert ann.hear() == ["partner_found, not initiator", "partner_left"]
    assert bob.hear() == ["partner_found, initiator"]
    await house.pass_time(120)
    assert (ann.hear(), ann.link) == ([], LinkState.NONE)


async def test_who_has_stopped_negotiates_afresh_with_the_next(house: House) -> None:
    ann, bob = await couple(house)
    for user in (ann, bob):
        await user.stop()
        user.hear()
    assert (ann.link, bob.link) == (LinkState.NONE, LinkState.NONE)
    cid, ann = await meet(house, "cid", "ann")
    ann.hear()
    await negotiate(house, cid, ann)
    assert (cid.state, ann.state) == (State.IN_CALL, State.IN_CALL)


async def test_who_is_gone_leaves_nothing_behind(house: House) -> None:
    ann, bob = await couple(house)
    await ann.vanish()
    assert bob.hear() == ["partner_disconnected"]
    await bob.vanish()
    assert house.plane.pairs == {}
    assert house.plane.link_states == {}


@pytest.mark.parametrize("reason", REASONS)
async def test_old_news_of_a_link_are_none(house: House, reason: str) -> None:
    """Of one that there is no longer, to a user who never had another or has one that is up."""
    cid = house.come("cid")
    ann, bob = await couple(house)
    for user in (ann, bob, cid):
        user.put(LinkLost(user.name, reason))
        user.put(LinkUp(user.name))
    await house.settle()
    await house.pass_time(120)
    assert [user.hear() for user in (ann, bob, cid)] == [[], [], []]
    assert (ann.partner, bob.partner) == ("bob", "ann")
    await cid.find()
    assert cid.state is State.WAITING


async def test_a_description_without_end_is_refused(house: House) -> None:
    ann, bob = await meet(house)
    ann.hear()
    endless = "x" * (MAX_SDP_CHARS + 1)
    assert await bob.offer(endless) == ["error: bad_sdp"]
    assert await ann.answer(endless) == ["error: bad_sdp"]
    assert (ann.partner, ann.hear(), bob.hear()) == ("bob", [], [])
