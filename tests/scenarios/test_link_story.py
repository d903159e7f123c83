"""A user's link comes up, or does not, or goes; in every state."""

import asyncio

import pytest

from relay.matching import State
from relay.pace import TokenBucket
from relay.plane import LinkLost, LinkState, LinkUp, MediaFlowing
from relay.protocol.messages import MAX_SDP_CHARS, FindPartner, StopChat
from relay.signaling.effort import Effort
from relay.signaling.mailbox import ProposalDue, TimePassed
from tests.support.party import Party, User


async def test_nobody_is_matched_with_a_user_whose_link_is_not_up_yet() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    assert await ann.offer() == ["webrtc_answer: answer to my offer"]
    assert await ann.find() == ["waiting_for_partner"]
    assert await bob.find() == ["waiting_for_partner"]
    assert party.lobby.counts().waiting == 2
    assert await ann.come_up() == ["partner_found, initiator"]
    assert bob.hear() == ["partner_found, not initiator", "webrtc_offer: offer to bob"]


async def test_an_offer_takes_one_who_waits_out_of_the_queue_until_the_link_is_up() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await ann.offer()
    assert await bob.find() == ["waiting_for_partner"]
    await ann.come_up()
    assert ann.partner == "bob"


async def test_a_link_that_does_not_come_up_ends_the_waiting() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.find()
    await party.pass_time(9)
    assert ann.hear() == []
    await party.pass_time(1)
    assert ann.hear() == ["error: media_failed"]
    assert (ann.state, ann.link) == (State.CONNECTED, LinkState.NONE)
    await party.pass_time(60)
    assert ann.hear() == []


async def test_a_link_that_does_not_come_up_is_closed_even_if_nobody_searches() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await party.pass_time(10)
    assert ann.hear() == ["error: media_failed"]
    assert ann.link is LinkState.NONE


async def test_a_fresh_offer_has_its_own_ten_seconds() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.find()
    await party.pass_time(8)
    await ann.offer()
    await party.pass_time(8)
    await ann.come_up()
    await party.pass_time(60)
    assert ann.state is State.WAITING


async def test_a_plain_client_that_never_negotiates_loses_its_partner() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    await bob.find()
    ann.hear()
    bob.hear()
    await party.pass_time(10)
    assert bob.hear() == ["error: media_failed"]
    assert ann.hear() == ["partner_disconnected"]
    assert (ann.state, bob.state) == (State.CONNECTED, State.CONNECTED)
    assert ann.link is LinkState.UP


async def test_offers_in_a_call_do_not_make_the_partner_wait_longer() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    await bob.find()
    for _ in range(3):
        await party.pass_time(3)
        await bob.offer()
    bob.hear()
    await party.pass_time(1)
    assert bob.hear() == ["error: media_failed"]


async def test_a_link_closed_in_a_call_may_be_replaced() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.lose_link("closed") == []
    await party.pass_time(5)
    await ann.offer()
    await ann.come_up()
    await party.pass_time(60)
    assert (ann.partner, bob.hear()) == ("bob", [])


async def test_a_link_closed_in_a_call_and_not_replaced_fails() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.lose_link("closed")
    await party.pass_time(10)
    assert ann.hear() == ["error: media_failed"]
    assert bob.hear() == ["partner_disconnected"]


@pytest.mark.parametrize("reason", ["silent", "failed"])
async def test_a_link_lost_in_a_call_ends_it(reason: str) -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.lose_link(reason) == ["error: media_failed"]
    assert bob.hear() == ["partner_disconnected"]
    assert (ann.state, bob.state) == (State.CONNECTED, State.CONNECTED)
    assert party.plane.pairs == {}


@pytest.mark.parametrize("reason", ["silent", "failed"])
async def test_a_link_lost_while_waiting_ends_the_waiting(reason: str) -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    assert await ann.lose_link(reason) == ["error: media_failed"]
    assert ann.state is State.CONNECTED
    assert await bob.find() == ["waiting_for_partner"]


async def test_a_link_closed_while_waiting_is_waited_for() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    assert await ann.lose_link("closed") == []
    assert await bob.find() == ["waiting_for_partner"]
    await ann.offer()
    assert await ann.come_up() == ["partner_found, initiator"]


@pytest.mark.parametrize("reason", ["closed", "silent", "failed"])
async def test_a_plain_clients_old_link_is_nobodys_concern(reason: str) -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await bob.offer()
    await bob.come_up()
    await ann.vanish()
    await bob.find()
    assert await bob.lose_link(reason) == []
    assert bob.state is State.WAITING


async def test_news_of_a_link_that_has_been_replaced_is_old_news() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    former = party.plane.link_id("ann")
    assert await ann.offer("new") == ["webrtc_answer: answer to new"]
    ann.put(LinkLost("ann", former, "failed"))
    await ann.come_up()
    assert (ann.hear(), ann.partner) == ([], "bob")
    assert ann.link is LinkState.UP


async def test_news_that_a_link_is_up_which_has_been_closed_is_old_news() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.find()
    ann.put(LinkUp("ann", "another link"))
    await party.settle()
    await party.pass_time(10)
    assert ann.hear() == ["error: media_failed"]


async def test_a_link_that_is_up_is_not_late_though_the_news_of_it_waits() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.find()
    party.now += 10
    ann.put(TimePassed())
    assert await ann.come_up() == []
    assert ann.state is State.WAITING


async def test_an_initiator_who_closes_its_link_in_a_call_gets_no_proposal() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await bob.offer()
    await bob.come_up()
    bob.hear()
    assert await bob.lose_link("closed") == []
    await party.pass_time(5)
    assert await bob.offer() == ["webrtc_answer: answer to my offer"]


async def test_an_offer_that_cannot_be_used_changes_nothing() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    assert await ann.offer("bad") == ["error: bad_sdp"]
    assert (ann.link, ann.partner) == (LinkState.UP, "bob")


async def test_renegotiation_leaves_a_link_up_and_the_user_where_it_is() -> None:
    party = Party()
    party.plane.connects = True
    ann = party.come("ann")
    await ann.offer()
    await ann.find()
    assert await ann.offer("again") == ["webrtc_answer: answer to again"]
    await party.pass_time(60)
    assert ann.state is State.WAITING


async def test_an_answer_needs_an_offer_of_the_relays() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    assert await ann.answer() == ["error: wrong_state"]
    cid = party.come("cid")
    assert await cid.answer() == ["error: wrong_state"]


async def test_an_answer_that_cannot_be_used_may_be_followed_by_a_better_one() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    ann.hear()
    assert await ann.answer("bad") == ["error: bad_sdp"]
    assert await ann.answer() == []
    await ann.come_up()


async def test_an_answer_that_comes_after_the_partner_left_is_taken() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    ann.hear()
    await bob.stop()
    assert await ann.answer() == ["partner_left"]
    await ann.come_up()
    await party.pass_time(60)
    assert ann.hear() == []


async def test_the_first_packet_of_either_begins_the_call_for_both() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.flow("ann")
    party.plane.flow("bob")
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)
    await ann.stop()
    for late in ("bob", "nobody"):
        party.plane.emit(MediaFlowing(late, "ann"))
    assert bob.state is State.CONNECTED


async def test_an_initiators_offer_that_comes_after_the_partner_has_gone_is_no_early_link() -> None:
    party = Party()
    ann, bob, eve = party.come("ann"), party.come("bob"), party.come("eve")
    await ann.find()
    assert await bob.find() == ["partner_found, initiator"]
    await ann.stop()
    await bob.offer()  # it was on its way
    bob.hear()
    await bob.find()
    assert await eve.find() == ["partner_found, initiator"]  # bob is matched at once


async def test_a_plain_client_that_has_not_answered_gets_another_proposal_for_the_next_partner() -> (
    None
):
    party = Party()
    ann, bob, cid = party.come("ann"), party.come("bob"), party.come("cid")
    await ann.find()
    await bob.find()
    assert "webrtc_offer: offer to ann" in ann.hear()
    await bob.stop()
    ann.hear()
    await ann.find()
    await cid.find()
    assert ann.hear()[-1] == "webrtc_offer: offer to ann"


async def test_those_whose_links_come_up_do_not_keep_others_from_searching_again() -> None:
    party = Party()
    for number in range(70):  # more than search again in a second
        user = party.come(f"user {number}")
        await user.offer()
        await user.find()
    ann, bob = await party.pair("ann", "bob")
    await ann.next()
    await bob.next()
    await party.pass_time(party.limits.rematch_after_s)
    assert ann.partner == "bob"


async def test_who_is_left_while_the_relay_makes_its_offer_does_not_get_it() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    for user in (ann, bob):  # ann is first, and what is put for her is not handled
        await party.lobby.handle(user.session, FindPartner(), party.now)
    proposing = asyncio.create_task(party.lobby.handle(ann.session, ProposalDue(), party.now))
    await asyncio.sleep(0)
    assert party.plane.asked("offer") == [("ann",)]
    await party.lobby.handle(bob.session, StopChat(), party.now)
    await proposing
    assert ann.hear() == ["waiting_for_partner", "partner_found, not initiator", "partner_left"]
    assert ann.link is LinkState.NONE
    assert await ann.answer() == ["error: wrong_state"]


async def test_who_has_stopped_is_a_plain_client_until_it_opens_a_link_again() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    await ann.stop()
    await ann.find()
    cid = party.come("cid")
    await cid.find()
    assert ann.partner == "cid"
    await cid.stop()
    ann.hear()
    await party.pass_time(10)
    assert ann.hear() == [], "her link was needed for cid alone"


async def test_the_longest_description_is_taken_and_a_longer_one_refused() -> None:
    party = Party()
    ann = party.come("ann")
    longest = "v" * MAX_SDP_CHARS
    assert await ann.offer(longest) == [f"webrtc_answer: answer to {longest}"]
    assert await ann.offer(longest + "v") == ["error: bad_sdp"]


async def test_a_newcomers_link_is_opened_where_somebody_waits_whom_it_will_meet() -> None:
    party = Party()
    ann, bob, cid = party.come("ann"), party.come("bob"), party.come("cid")
    await ann.offer()
    assert party.plane.near["ann"] is None
    await ann.come_up()
    await ann.find()
    await bob.offer()
    assert party.plane.near["bob"] == "ann"
    await bob.come_up()
    await bob.find()
    await cid.offer()
    assert party.plane.near["cid"] is None, "nobody waits"
    await bob.stop()
    await cid.offer("again")
    assert party.plane.near["cid"] is None, "it has a link"


async def negotiated(party: Party) -> tuple[User, User]:
    """Two plain clients in a call: the first got a proposal, the second is the initiator."""
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await ann.answer()
    await bob.offer()
    for user in (ann, bob):
        await user.come_up()
        party.plane.flow(user.name)
        user.hear()
    return ann, bob


async def test_whose_link_is_lost_by_a_restart_offers_again_and_is_in_the_same_room() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.flow("ann")
    room = party.lobby.rooms(party.now)
    assert await ann.lose_link("restarted") == ["offer_again: media_restarted"]
    assert ann.link is LinkState.NONE
    assert await bob.chat("are you there?") == []
    assert ann.hear() == ["chat_message: are you there?"]
    await party.pass_time(9)
    assert await ann.offer("new") == ["webrtc_answer: answer to new"]
    assert await ann.come_up() == []
    party.plane.flow("bob")
    await party.pass_time(60)
    assert [user.hear() for user in (ann, bob)] == [[], []]
    assert [user.state for user in (ann, bob)] == [State.IN_CALL, State.IN_CALL]
    assert party.lobby.call(room[0].room_id) is ann.session.call
    assert party.plane.asked("unpair") == [], "media flows again by itself"


async def test_both_may_lose_their_links_at_the_same_moment() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for user in (ann, bob):
        party.plane.lose(user.name, "restarted")
    await party.settle()
    assert [user.hear() for user in (ann, bob)] == [["offer_again: media_restarted"]] * 2
    for user in (bob, ann):
        await user.offer()
        assert await user.come_up() == []
    await party.pass_time(60)
    assert (ann.partner, ann.hear(), bob.hear()) == ("bob", [], [])


async def test_who_does_not_offer_again_in_time_fails() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.lose_link("restarted")
    await party.pass_time(9)
    assert (ann.hear(), bob.hear()) == ([], [])
    await party.pass_time(1)
    assert ann.hear() == ["error: media_failed"]
    assert bob.hear() == ["partner_disconnected"]


async def test_who_loses_its_link_by_a_restart_while_waiting_is_matched_when_it_has_another() -> (
    None
):
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    assert await ann.lose_link("restarted") == ["offer_again: media_restarted"]
    assert await bob.find() == ["waiting_for_partner"]
    await ann.offer()
    assert await ann.come_up() == ["partner_found, initiator"]


async def test_who_keeps_a_link_and_does_nothing_else_offers_again_too() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.come_up()
    assert await ann.lose_link("restarted") == ["offer_again: media_restarted"]
    await party.pass_time(10)
    assert ann.hear() == ["error: media_failed"]


async def test_a_link_that_was_not_up_yet_has_its_full_time_after_a_restart() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.find()
    await party.pass_time(8)
    assert await ann.lose_link("restarted") == ["offer_again: media_restarted"]
    await party.pass_time(8)
    await ann.offer()
    await ann.come_up()
    await party.pass_time(60)
    assert (ann.hear(), ann.state) == ([], State.WAITING)


async def test_after_a_restart_an_initiator_is_told_to_offer_and_the_other_gets_a_proposal() -> (
    None
):
    """As at the beginning, so that a client that knows nothing of restarts can answer."""
    party = Party()
    ann, bob = await negotiated(party)
    for user in (ann, bob):
        party.plane.lose(user.name, "restarted")
    await party.settle()
    assert ann.hear() == ["webrtc_offer: offer to ann"]
    assert bob.hear() == ["offer_again: media_restarted"]
    await party.pass_time(5)
    await ann.answer()
    await bob.offer()
    for user in (ann, bob):
        await user.come_up()
        user.hear()
    await party.pass_time(60)
    assert (ann.partner, ann.hear(), bob.hear()) == ("bob", [], [])


async def test_a_plain_client_without_a_partner_is_told_nothing_of_a_restart() -> None:
    party = Party()
    ann, bob = await negotiated(party)
    await ann.stop()
    bob.hear()
    assert await bob.lose_link("restarted") == []
    await party.pass_time(60)
    assert bob.hear() == []


async def test_a_plain_client_that_offers_again_when_its_partner_has_gone_stays_one() -> None:
    party = Party()
    ann, bob = await negotiated(party)
    await bob.lose_link("restarted")
    await ann.stop()
    await bob.offer()  # it was on its way
    bob.hear()
    await bob.find()
    eve = party.come("eve")
    assert await eve.find() == ["partner_found, initiator"], "bob is matched at once"


async def test_who_chats_only_is_not_told_of_a_restart() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await bob.lose_link("closed")
    await bob.offer()
    assert await bob.offer("bad") == ["error: bad_sdp"]
    assert await bob.lose_link("restarted") == []
    await party.pass_time(60)
    assert (bob.partner, bob.hear()) == ("ann", [])
    assert ann.hear() == ["media_state: audio off, video off"]


async def test_who_describes_too_much_has_to_wait_and_keeps_what_there_is() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    ann.session.effort = Effort(TokenBucket(0.01, 0.1))
    party.plane.cpu_s = 0.06
    assert await ann.offer("again") == ["webrtc_answer: answer to again"]
    assert await ann.offer("again") == ["webrtc_answer: answer to again"]
    assert await ann.offer("again") == ["error: rate_limited"]
    assert len(party.plane.asked("answer")) == 4
    assert (ann.partner, ann.link, bob.hear()) == ("bob", LinkState.UP, [])
    await party.pass_time(2)
    assert await ann.offer("again") == ["webrtc_answer: answer to again"]
