"""A socket is lost and the user comes back, or does not: what it, its partner and others hear."""

import pytest

from relay.matching import State
from relay.plane import LinkState
from relay.signaling.limits import Limits
from relay.signaling.outbox import CLOSE_BY_OPERATOR, CLOSE_RIGHT_BACK
from relay.signaling.sessions import LEFT_MISSED_S, MISSED_S, RIGHT_BACK_S
from tests.support.party import Party, User

AWAY, BACK = "partner_connection: interrupted", "partner_connection: back"
RESUME_S = Limits().resume_s


async def couple(party: Party) -> tuple[User, User]:
    """Two in a call who can resume."""
    ann, bob = await party.pair("ann", "bob", can_resume=True)
    party.plane.flow("ann")
    party.plane.flow("bob")
    return ann, bob


async def keeper(party: Party, name: str) -> User:
    """One whose link is up, and who can resume."""
    user = party.come(name, can_resume=True)
    await user.offer()
    await user.come_up()
    return user


async def test_within_three_seconds_nobody_hears_of_it_and_the_media_is_left_alone() -> None:
    party = Party()
    ann, bob = await couple(party)
    asked = len(party.plane.calls)
    await ann.lose_socket()
    await party.pass_time(MISSED_S - 1)
    assert await ann.come_back() == []
    assert bob.hear() == []
    assert (ann.partner, ann.state, bob.state) == ("bob", State.IN_CALL, State.IN_CALL)
    assert len(party.plane.calls) == asked
    await party.pass_time(100)
    assert (ann.partner, ann.hear(), bob.hear()) == ("bob", [], [])


async def test_after_three_seconds_the_partner_is_told_and_told_again() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    await party.pass_time(MISSED_S)
    assert bob.hear() == [AWAY]
    await party.pass_time(RESUME_S - MISSED_S - 1)
    assert bob.hear() == []
    await ann.come_back()
    assert bob.hear() == [BACK]
    assert ann.partner == "bob"


async def test_who_does_not_come_back_in_time_has_vanished() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    await party.pass_time(RESUME_S)
    assert bob.hear() == [AWAY, "partner_disconnected"]
    assert list(party.users) == ["bob"]
    assert party.sessions.away == 0
    assert ann.resume() is None
    assert party.lobby.tally.resumes_refused["ended"] == 1
    assert ann.link is LinkState.NONE


async def test_what_was_said_meanwhile_comes_in_order() -> None:
    party = Party()
    ann, bob = await couple(party)
    await bob.chat("one")
    await bob.chat("two")
    assert ann.hear() == ["chat_message: one", "chat_message: two"]
    await ann.lose_socket()
    await bob.chat("three")
    await bob.next()
    # the second one never arrived
    assert await ann.come_back(lost=1) == [
        "chat_message: two",
        "chat_message: three",
        "partner_left",
    ]
    assert ann.state is State.CONNECTED
    assert await ann.find() == ["waiting_for_partner"]


async def test_the_answer_says_how_things_are_after_what_was_missed() -> None:
    party = Party()
    ann, bob = await couple(party)
    room = ann.session.call
    assert room is not None
    await ann.lose_socket()
    former = ann.token
    resumed = ann.resume()
    assert resumed is not None
    assert (resumed.user_id, resumed.state, resumed.room_id) == (
        "ann",
        "in_call",
        room.room.room_id,
    )
    assert resumed.missed == 0
    assert resumed.resume_token != former
    await ann.lose_socket()
    await bob.next()
    resumed = ann.resume()
    assert resumed is not None
    assert (resumed.state, resumed.room_id, resumed.missed) == ("connected", None, 1)


async def test_a_token_serves_once_and_the_next_one_too() -> None:
    party = Party()
    ann, _ = await couple(party)
    tokens = [ann.token]
    for _ in range(3):
        await ann.lose_socket()
        assert ann.resume() is not None
        tokens.append(ann.token)
    assert len(set(tokens)) == 4
    for token in tokens[:-1]:
        assert ann.resume(token=token) is None
    assert ann.resume(token="somebody else's") is None
    refused = party.lobby.tally.resumes_refused
    assert (refused["used"], refused["unknown"], party.lobby.tally.resumes) == (3, 1, 3)
    assert ann.session.is_away is False


async def test_who_resumes_takes_over_from_a_socket_that_lives() -> None:
    party = Party()
    ann, bob = await couple(party)
    former = ann.session.outbox.line
    assert await ann.come_back() == []
    assert former.closing is not None
    assert former.closing.code == 4003
    assert await former.get() is None
    await bob.chat("hello")
    assert await former.get() is None
    assert ann.hear() == ["chat_message: hello"]


async def test_two_who_are_lost_at_once_both_come_back() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    await bob.lose_socket()
    await party.pass_time(10)
    assert await ann.come_back() == [AWAY]
    assert await bob.come_back() == [AWAY, BACK]
    assert ann.hear() == [BACK]
    assert ann.partner == "bob"
    await ann.chat("there you are")
    assert bob.hear() == ["chat_message: there you are"]


async def test_who_searches_keeps_its_place_and_meets_nobody_meanwhile() -> None:
    party = Party(limits=Limits(interest_wait_s=1000))
    ann = await keeper(party, "ann")
    await ann.find("tea")
    party.now += 1
    bob = await keeper(party, "bob")
    await bob.find("golf")
    await ann.lose_socket()
    assert await party.waiting() == 1
    party.now += 1
    cid = await keeper(party, "cid")
    await cid.find("tea")
    await party.pass_time(5)
    assert cid.partner is None
    await cid.stop()
    assert await ann.come_back() == []
    assert [waiter.user_id for waiter in await party.store.waiting(9)] == ["ann", "bob"]
    dan = await keeper(party, "dan")
    await dan.find("tea")
    assert ann.hear() == ["partner_found, not initiator, tea"]


async def test_who_searches_and_does_not_come_back_is_forgotten() -> None:
    party = Party()
    ann = await keeper(party, "ann")
    await ann.find()
    await ann.lose_socket()
    await party.pass_time(RESUME_S)
    assert await party.waiting() == 0
    assert party.users == {}
    assert party.plane.link_states == {}


async def test_who_has_nothing_to_come_back_to_is_not_waited_for() -> None:
    party = Party()
    ann = party.come("ann", can_resume=True)
    await ann.lose_socket()
    assert party.users == {}
    assert ann.resume() is None


async def test_a_link_alone_is_something_to_come_back_to() -> None:
    party = Party()
    ann = await keeper(party, "ann")
    await ann.lose_socket()
    await party.pass_time(5)
    assert await ann.come_back() == []
    assert ann.link is LinkState.UP


@pytest.mark.parametrize("goodbye", [0, 1000, 1001, 1007, 1011])
async def test_who_says_goodbye_is_not_waited_for(goodbye: int) -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket(goodbye)
    assert bob.hear() == ["partner_disconnected"]
    assert ann.resume() is None


async def test_who_is_right_back_is_waited_for_less_long() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket(CLOSE_RIGHT_BACK)
    await party.pass_time(RIGHT_BACK_S - 1)
    assert await ann.come_back() == []
    assert bob.hear() == [AWAY, BACK]
    await ann.lose_socket(CLOSE_RIGHT_BACK)
    await party.pass_time(RIGHT_BACK_S)
    assert bob.hear() == [AWAY, "partner_disconnected"]


async def test_who_has_left_the_page_is_missed_sooner_than_who_was_lost() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket(CLOSE_RIGHT_BACK)
    await party.pass_time(LEFT_MISSED_S / 2)
    assert await ann.come_back() == []
    assert bob.hear() == [], "a reload that is quick is nobody's business"
    await ann.lose_socket(CLOSE_RIGHT_BACK)
    await party.pass_time(LEFT_MISSED_S)
    assert bob.hear() == [AWAY]


async def test_a_plain_client_is_not_waited_for() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.lose_socket()
    assert bob.hear() == ["partner_disconnected"]


async def test_who_was_to_offer_again_is_told_when_it_is_back_and_has_all_its_time() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    await ann.lose_link("restarted")
    await party.pass_time(20)  # longer than a link may take
    assert bob.hear() == [AWAY]
    assert await ann.come_back() == ["offer_again: media_restarted"]
    await party.pass_time(9)
    await ann.offer("another one")
    await ann.come_up()
    await party.pass_time(20)
    assert (ann.partner, bob.hear()) == ("bob", [BACK])


async def test_who_was_told_to_offer_again_before_it_was_lost() -> None:
    party = Party()
    ann, bob = await couple(party)
    assert await ann.lose_link("restarted") == ["offer_again: media_restarted"]
    await ann.lose_socket()
    await party.pass_time(20)
    assert await ann.come_back(lost=1) == ["offer_again: media_restarted"]
    await party.pass_time(10)
    assert ann.hear() == ["error: media_failed"]
    assert bob.hear() == [AWAY, BACK, "partner_disconnected"]


@pytest.mark.parametrize("reason", ["silent", "failed"])
async def test_a_link_that_goes_while_the_user_is_away_is_made_anew(reason: str) -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    await ann.lose_link(reason)
    await party.pass_time(20)
    assert ann.partner == "bob"
    assert await ann.come_back() == ["offer_again: media_restarted"]
    await ann.offer()
    await ann.come_up()
    assert bob.hear() == [AWAY, BACK]


async def test_a_link_that_was_to_come_up_is_not_late_while_the_user_is_away() -> None:
    party = Party()
    ann = party.come("ann", can_resume=True)
    await ann.offer()
    await ann.find()
    await ann.lose_socket()
    await party.pass_time(15)
    assert await ann.come_back() == []
    await party.pass_time(9)
    assert await ann.come_up() == []
    assert await party.waiting() == 1


async def test_lost_socket_and_lost_media_are_one_interruption() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    party.plane.interrupt("ann")
    await party.pass_time(5)
    assert bob.hear() == [AWAY]
    await ann.come_back()
    assert bob.hear() == [], "nothing comes from it yet"
    party.plane.resume("ann")
    assert bob.hear() == [BACK]


async def test_the_operator_ends_whom_the_server_waits_for() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    ann.session.outbox.close(CLOSE_BY_OPERATOR, "away with it")
    assert ann.resume() is None
    party.tick()
    await party.settle()
    assert bob.hear() == ["partner_disconnected"]


async def test_a_partner_cannot_fill_what_waits() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    refused = 0
    for number in range(int(RESUME_S) * 4):
        party.now += 0.2
        for said in (
            await bob.chat("x", str(number)),
            await bob.type(number % 2 == 0),
            await bob.turn(audio=number % 2 == 0, video=True),
        ):
            refused += sum(line.startswith("error: rate_limited") for line in said)
    assert refused > 0
    heard = await ann.come_back()
    assert 100 < len(heard) <= party.limits.max_unsent_remarks + 2
    assert heard[0] == "chat_message: x"
    assert ann.partner == "bob"


async def test_long_messages_wait_up_to_a_bound() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    for _ in range(19):
        await bob.chat("🙂" * 2000)
    assert bob.hear()[-1:] == []
    most = party.limits.max_unsent_remarks_bytes
    assert most <= ann.session.outbox.unsent_bytes < most + 8200
    assert await ann.come_back() == ["chat_message: " + "🙂" * 2000] * 9


async def test_what_is_not_kept_any_more_ends_the_session() -> None:
    party = Party()
    ann, bob = await couple(party)
    for _ in range(10):
        await bob.chat("🙂" * 2000)
        ann.hear()
    await ann.lose_socket()
    ann.received -= 9
    assert ann.resume() is None
    await party.settle()
    assert party.lobby.tally.resumes_refused["missed"] == 1
    assert bob.hear()[-1] == "partner_disconnected"


async def test_who_says_to_have_got_more_than_was_sent_ends_the_session() -> None:
    party = Party()
    ann, bob = await couple(party)
    await ann.lose_socket()
    ann.received += 1
    assert ann.resume() is None
    await party.settle()
    assert bob.hear() == ["partner_disconnected"]


async def test_it_can_be_switched_off() -> None:
    party = Party(limits=Limits(resume_s=0))
    ann, bob = await couple(party)
    await ann.lose_socket()
    assert bob.hear() == ["partner_disconnected"]


async def test_direct_calls_go_on_too() -> None:
    party = Party(media_mode="direct")
    ann, bob = party.come("ann", can_resume=True), party.come("bob", can_resume=True)
    await ann.find()
    await bob.find()
    ann.hear()
    await ann.lose_socket()
    await bob.offer("bob's")
    assert await ann.come_back() == ["webrtc_offer: bob's"]
    await ann.answer("ann's")
    assert bob.hear()[-1] == "webrtc_answer: ann's"
    assert ann.state is State.IN_CALL
