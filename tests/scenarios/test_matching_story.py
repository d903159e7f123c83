"""Users search, meet, talk, leave and vanish."""

from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import ChatMessage
from tests.support.party import Party, taken


async def test_the_seeds_journey_of_two_plain_clients() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")

    assert await ann.find() == ["waiting_for_partner"]
    assert await bob.find() == ["partner_found, initiator"]
    assert ann.hear() == ["partner_found, not initiator", "webrtc_offer: offer to ann"]

    assert await bob.offer("of bob") == ["webrtc_answer: answer to of bob"]
    assert await ann.answer("of ann") == []
    assert await bob.candidate() == []
    assert party.plane.asked("accept") == [("ann", "of ann")]
    assert party.plane.pairs == {"ann": "bob", "bob": "ann"}

    await ann.come_up()
    await bob.come_up()
    assert ann.state is State.MATCHED
    party.plane.flow("bob")
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)

    assert await ann.chat("hello") == []
    assert bob.hear() == ["chat_message: hello"]

    assert await ann.next() == ["waiting_for_partner"]
    assert bob.hear() == ["partner_left"]
    assert (ann.state, bob.state) == (State.WAITING, State.CONNECTED)
    assert party.plane.pairs == {}
    await party.pass_time(60)
    assert ann.hear() == []
    assert bob.hear() == []


async def test_a_plain_client_with_a_new_peer_connection_for_each_partner() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await ann.answer()
    await bob.offer()
    await ann.come_up()
    await bob.come_up()
    await bob.stop()
    assert ann.hear()[-1] == "partner_left"

    # ann closes its peer connection and searches: either may arrive first
    assert await ann.find() == ["waiting_for_partner"]
    assert await ann.lose_link("closed") == []
    cid = party.come("cid")
    assert await cid.find() == ["partner_found, initiator"]
    assert ann.hear() == ["partner_found, not initiator", "webrtc_offer: offer to ann"]


async def test_a_plain_clients_goodbye_to_its_old_link_may_come_when_it_is_paired_already() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await ann.answer()
    await ann.come_up()
    await bob.stop()
    await ann.find()
    cid = party.come("cid")
    await cid.find()
    assert ann.hear()[-1] == "partner_found, not initiator"
    assert await ann.lose_link("closed") == ["webrtc_offer: offer to ann"]
    await ann.answer()
    await ann.come_up()
    await cid.offer()
    await cid.come_up()
    await party.pass_time(60)
    assert ann.partner == "cid"


async def test_a_plain_client_left_while_it_negotiates_is_free_for_the_next() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await ann.answer()
    assert ann.link is LinkState.CONNECTING
    await bob.next()
    ann.hear()
    await ann.find()
    cid = party.come("cid")
    await cid.find()  # meets the one who waits longer, who is bob
    assert (bob.partner, ann.state) == ("cid", State.WAITING)
    dan = party.come("dan")
    await dan.find()
    assert ann.hear() == ["partner_found, not initiator", "webrtc_offer: offer to ann"]


async def test_three_warm_links_and_next_without_any_sdp() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    cid = party.come("cid")
    await cid.offer()
    await cid.come_up()
    await cid.find()
    offers = len(party.plane.asked("answer"))

    assert await ann.next() == ["partner_found, initiator"]
    assert cid.hear()[-1] == "partner_found, not initiator"
    assert bob.hear() == ["partner_left"]
    assert party.plane.pairs == {"ann": "cid", "cid": "ann"}
    assert party.plane.asked("offer") == []
    assert len(party.plane.asked("answer")) == offers
    assert bob.link is LinkState.UP


async def test_the_last_two_meet_again_after_a_while_by_themselves() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.next() == ["waiting_for_partner"]
    assert await bob.find() == ["partner_left", "waiting_for_partner"]
    await party.pass_time(party.limits.rematch_after_s - 1)
    assert ann.hear() == []
    await party.pass_time(1)
    assert ann.hear()[-1] == "partner_found, not initiator"
    assert bob.hear()[-1] == "partner_found, initiator"


async def test_a_third_comes_before_the_same_two_meet_again() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.next()
    await bob.find()
    cid = party.come("cid")
    await cid.find()
    assert cid.partner == "ann"
    await party.pass_time(5)
    assert bob.state is State.WAITING


async def test_who_has_left_a_room_is_told_when_left_in_the_next() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    await ann.next()
    cid = party.come("cid")
    await cid.find()
    assert ann.partner == "cid"
    ann.hear()
    await cid.stop()
    assert ann.hear() == ["partner_left"]


async def test_next_arrives_when_the_partner_has_just_left() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.stop()
    assert await bob.next() == ["partner_left", "waiting_for_partner"]


async def test_next_while_waiting_keeps_ones_place() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    ann.session.remember("bob", party.now)
    await ann.find()
    await bob.find()
    assert await ann.next() == ["waiting_for_partner"]
    await cid.find()
    assert cid.partner == "ann"


async def test_finding_twice_is_harmless() -> None:
    party = Party()
    ann = party.come("ann")
    assert await ann.find() == ["waiting_for_partner"]
    assert await ann.find() == ["waiting_for_partner"]
    bob = party.come("bob")
    assert await bob.find() == ["partner_found, initiator"]
    assert await bob.find() == ["error: wrong_state"]
    assert bob.partner == "ann"


async def test_interests_bring_together() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    ann.session.remember("bob", party.now)
    await ann.find("Chess")
    await bob.find("go", "Tennis")
    await cid.find("tennis")
    assert cid.partner == "bob"
    assert ann.state is State.WAITING


async def test_stop_ends_everything_but_the_connection() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.stop() == []
    assert bob.hear() == ["partner_left"]
    assert (ann.state, ann.link) == (State.CONNECTED, LinkState.NONE)
    assert await ann.stop() == []
    await ann.find()
    await ann.stop()
    await bob.find()
    assert bob.state is State.WAITING
    assert await party.waiting() == 1


async def test_a_user_who_vanishes_leaves_nothing_behind() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.vanish()
    assert bob.hear() == ["partner_disconnected"]
    await bob.find()
    await bob.vanish()
    assert (await party.waiting(), await party.rooms()) == (0, 0)
    assert party.plane.link_states == {}
    assert party.lobby.counts().connected == 0


async def test_a_chat_without_an_id_gets_one() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.chat("one")
    await ann.say(ChatMessage(text="two", id="mine"))
    one, two = taken(bob.session.outbox)
    assert one.model_dump()["id"]
    assert two.model_dump()["id"] == "mine"


async def test_a_chat_needs_a_partner() -> None:
    party = Party()
    ann = party.come("ann")
    assert await ann.chat("anyone?") == ["error: wrong_state"]
    await ann.find()
    assert await ann.chat("anyone?") == ["error: wrong_state"]
    assert ann.state is State.WAITING


async def test_the_operator_sees_rooms_and_counts() -> None:
    party = Party()
    await party.pair("ann", "bob")
    party.plane.flow("ann")
    await party.come("cid").find()
    party.now += 7
    (room,) = party.lobby.rooms(party.now)
    assert (room.users, room.state, room.age_s) == (("ann", "bob"), State.IN_CALL, 7)
    counts = party.lobby.counts()
    assert (counts.connected, counts.waiting, counts.rooms, counts.in_call) == (3, 1, 1, 2)
