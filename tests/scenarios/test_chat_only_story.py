"""Those whose media are of no use here, or to each other, still meet and chat."""

import pytest

from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import FindPartner, NextPartner
from tests.support.party import Party

CHATS_ONLY = "media_state: audio off, video off"
WITHOUT = FindPartner(without_media=True)


async def test_an_initiator_whose_offer_is_refused_does_not_cost_the_partner_the_call() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    assert await bob.find() == ["partner_found, initiator"]
    assert await bob.offer("bad") == ["error: bad_sdp"]
    assert ann.hear() == ["partner_found, not initiator", CHATS_ONLY]
    await party.pass_time(120)
    assert (ann.partner, bob.partner) == ("bob", "ann")
    assert await bob.chat("hello") == []
    assert ann.hear() == ["chat_message: hello"]
    assert (ann.link, bob.link) == (LinkState.UP, LinkState.NONE)


async def test_one_whose_answer_is_refused_stays_in_the_room() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await bob.offer()
    await bob.come_up()
    await ann.find()
    await bob.find()
    ann.hear(), bob.hear()
    assert await ann.answer("bad") == ["error: bad_sdp"]
    assert bob.hear() == [CHATS_ONLY]
    await party.pass_time(20)
    party.plane.lose("ann", "failed")  # what the relay offered is given up
    await party.pass_time(20)
    assert (ann.hear(), bob.hear(), ann.partner) == ([], [], "bob")
    await ann.chat("hello")
    assert bob.hear() == ["chat_message: hello"]


async def test_two_who_have_nothing_but_chat_meet() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    for user in (ann, bob):
        assert await user.offer("bad") == ["error: bad_sdp"]
        await user.find()
    assert ann.hear() == ["partner_found, not initiator", CHATS_ONLY]
    assert party.plane.asked("offer") == [], (
        "nobody gets a proposal who has shown that it is in vain"
    )
    await party.pass_time(60)
    assert (ann.state, bob.state) == (State.MATCHED, State.MATCHED)
    await ann.chat("hello")
    assert "chat_message: hello" in bob.hear()


async def test_one_who_chats_only_gets_no_proposal_for_the_next_partner_either() -> None:
    party = Party()
    ann, bob, cid = party.come("ann"), party.come("bob"), party.come("cid")
    await ann.find()
    await bob.find()
    await ann.answer("bad")
    await bob.stop()
    ann.hear()
    await ann.find()
    await cid.find()
    assert ann.hear() == ["partner_found, not initiator"]
    await cid.offer()
    await cid.come_up()
    await party.pass_time(60)
    assert ann.partner == "cid"


async def test_a_good_offer_makes_one_who_chats_only_whole_again() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    await bob.find()
    await bob.offer("bad")
    ann.hear(), bob.hear()
    assert await bob.offer("good") == ["webrtc_answer: answer to good"]
    assert ann.hear() == [], "nothing may ever come of it"
    await bob.come_up()
    assert ann.hear() == ["media_state: audio on, video on"]
    party.plane.flow("ann")
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)


async def test_a_link_that_fails_costs_one_who_chats_nothing() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    await bob.find()
    await bob.offer("bad")
    await bob.offer("good")
    ann.hear(), bob.hear()
    await party.pass_time(10)
    assert bob.hear() == ["error: media_failed"]
    assert ann.hear() == []
    assert (bob.link, bob.partner) == (LinkState.NONE, "ann")
    await bob.offer("better")
    assert await bob.lose_link("failed") == ["error: media_failed"]
    assert bob.partner == "ann"


async def test_an_operator_sees_why_a_link_failed_until_one_is_up() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    assert await ann.lose_link("failed") == ["error: media_failed"]
    [seen] = party.lobby.users(party.now)
    assert seen.link_cause == "server_unreachable"
    await ann.offer()
    await ann.come_up()
    [seen] = party.lobby.users(party.now)
    assert seen.link_cause is None


async def test_a_good_answer_after_a_refused_one_has_its_time() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await bob.offer()
    await bob.come_up()
    await ann.find()
    await bob.find()
    await ann.answer("bad")
    await ann.answer("good")
    ann.hear(), bob.hear()
    await party.pass_time(10)
    assert ann.hear() == ["error: media_failed"]
    assert ann.partner == "bob"


async def test_a_link_that_comes_up_after_a_refused_offer_is_a_link() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.offer("bad")
    await ann.find()
    await bob.find()
    bob.hear()
    assert ann.partner == "bob"
    await ann.come_up()
    assert bob.hear() == ["media_state: audio on, video on"]
    assert await ann.lose_link("silent") == ["error: media_failed"]


async def test_one_who_does_without_media_meets_without_a_link_and_nobody_waits_for_media() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()  # it comes up for nobody
    assert await ann.say(WITHOUT) == ["waiting_for_partner"]
    assert ann.link is LinkState.NONE
    await bob.offer()
    await bob.come_up()
    assert await bob.find() == ["partner_found, initiator", CHATS_ONLY]
    await party.pass_time(60)
    assert ann.hear() == ["partner_found, not initiator"], "and no offer of the relay's"
    await bob.chat("hello")
    assert ann.hear() == ["chat_message: hello"]


async def test_the_picture_of_one_who_chats_appears_when_its_link_comes_up() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.say(WITHOUT)
    await ann.offer()
    await ann.say(NextPartner(without_media=True))  # which ends nothing that is tried meanwhile
    await bob.offer()
    await bob.come_up()
    await bob.find()
    ann.hear(), bob.hear()
    await ann.come_up()
    assert bob.hear() == ["media_state: audio on, video on"]
    party.plane.flow("ann")
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)


async def test_one_who_waits_without_media_keeps_its_place_when_its_link_fails() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.say(WITHOUT)
    await ann.offer()
    assert await ann.lose_link("failed") == ["error: media_failed"]
    assert (ann.state, await party.waiting()) == (State.WAITING, 1)


async def test_a_call_goes_on_without_media_with_the_next_partner() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.say(NextPartner(without_media=True)) == ["waiting_for_partner"]
    assert bob.hear() == ["partner_left"], "and nothing about media of one who has gone"
    assert ann.link is LinkState.NONE


async def test_it_is_without_media_for_as_long_as_nobody_stops() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.say(WITHOUT)
    await ann.stop()
    await ann.find()
    await bob.find()
    assert "webrtc_offer: offer to ann" in ann.hear()


async def test_no_media_in_mode_direct_is_told_to_the_partner_until_there_is_an_offer() -> None:
    party = Party(media_mode="direct")
    ann, bob = party.come("ann"), party.come("bob")
    await ann.say(WITHOUT)
    assert await bob.find() == ["partner_found, initiator", CHATS_ONLY]
    await ann.offer()
    assert bob.hear() == ["media_state: audio on, video on", "webrtc_offer: my offer"]


async def test_stopping_forgets_that_an_offer_was_of_no_use() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer("bad")
    await ann.stop()
    await ann.find()
    await bob.find()
    assert "webrtc_offer: offer to ann" in ann.hear()


async def test_stopping_forgets_what_a_description_did_not_send() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer("only sound")
    await ann.come_up()
    await ann.stop()
    await bob.find()
    await ann.find()
    assert "media_state" not in " ".join(bob.hear())


@pytest.mark.parametrize("sdp", ["bad", "boom"])
async def test_a_partner_is_not_lost_by_renegotiations_that_fail(sdp: str) -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.flow("ann")
    for _ in range(5):
        await ann.offer(sdp)
        await party.pass_time(12)
    assert (ann.state, ann.partner, ann.link) == (State.IN_CALL, "bob", LinkState.UP)
    assert bob.hear() == []


async def test_the_partner_is_told_what_will_not_come() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    for user, sdp in ((ann, "only sound"), (bob, "only a picture")):
        await user.offer(sdp)
        await user.come_up()
    await ann.find()
    assert await bob.find() == ["partner_found, initiator", "media_state: audio on, video off"]
    assert ann.hear() == ["partner_found, not initiator", "media_state: audio off, video on"]
    await party.pass_time(60)
    assert (ann.state, bob.state) == (State.MATCHED, State.MATCHED), "nothing to be waited for"
    await ann.chat("hello")
    assert bob.hear() == ["chat_message: hello"]


async def test_what_is_not_sent_is_off_whatever_its_user_says() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.turn(audio=True, video=True)
    assert bob.hear() == ["media_state: audio on, video on"]
    await ann.offer("only sound")
    assert bob.hear() == ["media_state: audio on, video off"]
    await ann.turn(audio=False, video=True)
    assert bob.hear() == ["media_state: audio off, video off"]
    await ann.offer("both again")
    assert bob.hear() == ["media_state: audio off, video on"]


async def test_whoever_never_said_what_is_on_is_taken_to_have_it_on_again() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.offer("only sound")
    assert bob.hear() == ["media_state: audio on, video off"]
    await ann.offer("both again")
    assert bob.hear() == ["media_state: audio on, video on"]
    await ann.offer("and again")
    assert bob.hear() == []
