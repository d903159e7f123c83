"""Users with interests meet their like, or after a while anybody."""

from relay.matching import State
from relay.signaling.limits import Limits
from tests.support.party import Party


async def test_those_who_share_meet_at_once_and_hear_what_as_they_wrote_it() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    assert await ann.find("Tea", "STRASSE", "golf") == ["waiting_for_partner"]
    assert await bob.find("chess", "Straße", "tea") == ["partner_found, initiator, Straße, tea"]
    assert ann.hear()[0] == "partner_found, not initiator, Tea, STRASSE"


async def test_the_fallback_to_anybody_comes_by_itself() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    assert await ann.find("tea") == ["waiting_for_partner"]
    await party.pass_time(2)
    assert await bob.find() == ["waiting_for_partner"]
    await party.pass_time(2)
    assert (ann.state, bob.state) == (State.WAITING, State.WAITING)
    await party.pass_time(1)
    assert bob.hear() == ["partner_found, initiator"]
    assert ann.partner == "bob"


async def test_one_of_the_like_who_comes_in_time_is_met_instead() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    await ann.find("tea")
    await bob.find("golf")
    await party.pass_time(3)
    await cid.find("Tea")
    assert cid.partner == "ann"
    assert bob.state is State.WAITING


async def test_who_has_waited_long_meets_the_next_who_comes_at_once() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find("tea")
    await party.pass_time(60)
    assert await bob.find("golf") == ["partner_found, initiator"]


async def test_users_without_interests_do_not_wait_for_those_with() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    await ann.find("tea")
    await bob.find()
    assert await cid.find() == ["partner_found, initiator"]
    assert cid.partner == "bob"


async def test_next_keeps_the_interests_unless_there_are_others() -> None:
    party = Party()
    ann, bob, cid, dan = (party.come(name) for name in ("ann", "bob", "cid", "dan"))
    await ann.find("tea")
    await bob.find("tea")
    await cid.find("tea")
    assert await ann.next() == [
        "partner_found, not initiator, tea",
        "webrtc_offer: offer to ann",
        "partner_found, initiator, tea",
    ]
    assert ann.partner == "cid"
    cid.hear()
    await dan.find("golf")
    assert (await cid.next("Golf"))[-1] == "partner_found, initiator, Golf"
    assert cid.partner == "dan"
    assert list(cid.session.interests) == ["golf"]


async def test_a_wait_of_nothing_is_anybody_at_once() -> None:
    party = Party(limits=Limits(interest_wait_s=0))
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find("tea")
    assert await bob.find("golf") == ["partner_found, initiator"]


async def test_a_crowd_of_which_nobody_shares_anything_is_gone_soon() -> None:
    party = Party()
    crowd = [party.come(f"user {number}") for number in range(200)]
    for number, user in enumerate(crowd):
        assert await user.find(f"interest {number}") == ["waiting_for_partner"]
    await party.pass_time(8)
    assert all(user.partner for user in crowd)
