"""What two in a call tell each other: what is shown of each, who writes, what was seen."""

import pytest

from relay.matching import State
from relay.protocol.messages import Ping
from relay.signaling import Limits
from relay.signaling.talk import CHAT_BURST, CHAT_PER_S, MAX_UNSHOWN
from tests.support.party import Party


async def test_a_microphone_switched_off_is_shown_to_the_partner() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.turn(audio=False, video=True) == []
    assert bob.hear() == ["media_state: audio off, video on"]
    await ann.turn(audio=False, video=True)
    assert bob.hear() == []
    await ann.turn(audio=True, video=True)
    assert bob.hear() == ["media_state: audio on, video on"]


async def test_what_is_off_is_known_to_each_new_partner_right_after_partner_found() -> None:
    party = Party()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    assert await ann.turn(audio=True, video=False) == []
    assert ann.state is State.CONNECTED
    await ann.find()
    assert await bob.find() == ["partner_found, initiator", "media_state: audio on, video off"]
    assert "media_state" not in " ".join(ann.hear())  # bob has said nothing
    await ann.stop()
    await ann.turn(audio=False, video=False)
    assert "audio off" not in " ".join(bob.hear())
    await ann.find()
    await cid.find()
    assert cid.hear() == []
    assert ann.partner == "cid"


async def test_it_reaches_the_one_who_waited_as_well() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await bob.turn(audio=False, video=False)
    await ann.find()
    await bob.find()
    assert ann.hear()[:2] == ["partner_found, not initiator", "media_state: audio off, video off"]


async def test_typing_is_passed_on_both_ways() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.type() == []
    assert await bob.type() == ["typing: on"]
    assert await ann.type(active=False) == ["typing: on"]
    assert bob.hear() == ["typing: off"]


async def test_typing_all_the_time_is_thinned_and_its_end_always_told() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for _ in range(500):
        assert await ann.type() == []
    await ann.type(active=False)
    heard = bob.hear()
    assert heard[-1] == "typing: off"
    assert len(heard) <= 5
    for _ in range(500):
        assert await ann.type(active=False) == []
    assert bob.hear() == []
    party.now += 1
    await ann.type()
    assert bob.hear() == ["typing: on"]


async def test_turning_typing_on_and_off_is_thinned_too() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for _ in range(500):
        await ann.type()
        await ann.type(active=False)
    heard = bob.hear()
    assert heard[-1] == "typing: off"
    assert len(heard) <= 8


async def test_a_message_that_was_seen_is_marked_once() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.chat("hello", "7")
    bob.hear()
    assert await bob.show("7") == []
    assert ann.hear() == ["chat_received: 7"]
    await bob.show("7")
    await bob.show("8")
    assert ann.hear() == []
    # a mark for one's own message is none
    await ann.chat("hello?", "9")
    await ann.show("9")
    assert bob.hear() == ["chat_message: hello?"]


async def test_a_mark_never_reaches_another_partner() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.chat("hello", "7")
    await party.pass_time(1)
    cid = party.come("cid")
    await cid.find()
    await bob.next()
    assert bob.partner == "cid"
    await bob.show("7")
    for user in (ann, cid):
        assert not [heard for heard in user.hear() if heard.startswith("chat_received")]


async def test_a_new_partner_knows_nothing_of_what_the_former_one_was_told() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    await ann.turn(audio=False, video=True)
    await ann.chat("hello", "7")
    await ann.type()
    assert bob.hear() == ["media_state: audio off, video on", "chat_message: hello", "typing: on"]
    await ann.next()
    cid = party.come("cid")
    assert await cid.find() == ["partner_found, initiator", "media_state: audio off, video on"]
    ann.hear()
    await cid.show("7")
    assert ann.hear() == []
    await ann.type(active=False)
    assert cid.hear() == []


async def test_of_very_many_messages_only_the_last_can_be_marked() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for number in range(MAX_UNSHOWN + 1):
        await ann.chat("hello", str(number))
        bob.hear()
        party.now += 1
    await bob.show("0")
    await bob.show("1")
    await bob.show(str(MAX_UNSHOWN))
    assert ann.hear() == ["chat_received: 1", f"chat_received: {MAX_UNSHOWN}"]


async def test_who_chats_on_and_on_is_told_to_wait_and_it_is_no_mistake() -> None:
    party = Party(limits=Limits(max_faults=1))
    ann, bob = await party.pair("ann", "bob")
    for number in range(CHAT_BURST):
        assert await ann.chat(str(number)) == []
    for _ in range(50):
        assert await ann.chat("too much") == ["error: rate_limited"]
    assert len(bob.hear()) == CHAT_BURST
    party.now += 1 / CHAT_PER_S
    assert await ann.chat("one more") == []
    assert await ann.chat("and another") == ["error: rate_limited"]
    assert bob.hear() == ["chat_message: one more"]


async def test_a_message_that_was_not_passed_on_is_named() -> None:
    party = Party(limits=Limits(max_unsent_remarks_bytes=20_000))
    ann, bob = await party.pair("ann", "bob")
    for number in range(CHAT_BURST):
        assert await ann.chat("hello", str(number)) == []
    assert await ann.chat("too much", "20") == ["error: rate_limited, chat 20"]
    await bob.stop()
    assert ann.hear() == ["partner_left"]
    assert await ann.chat("are you there?", "21") == ["error: wrong_state, chat 21"]


async def test_a_partner_who_is_slow_is_no_reason_not_to_name_it() -> None:
    party = Party(limits=Limits(max_unsent_remarks_bytes=20_000))
    ann, _ = await party.pair("ann", "bob")
    said = [await ann.chat("🙂" * 2000, str(number)) for number in range(4)]
    assert said == [[], [], [], ["error: rate_limited, chat 3"]]


@pytest.mark.parametrize("where", ["alone", "searching", "in a room"])
async def test_whoever_asks_whether_the_server_is_there_is_answered(where: str) -> None:
    party = Party()
    ann, *_ = await party.pair("ann", "bob") if where == "in a room" else (party.come("ann"),)
    if where == "searching":
        await ann.find()
        ann.hear()
    assert await ann.say(Ping()) == ["pong"]


async def test_with_a_new_partner_one_has_not_more_to_say() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob")
    cid = party.come("cid")
    for number in range(CHAT_BURST):
        await ann.chat(str(number))
    await ann.stop()
    await ann.find()
    await cid.find()
    assert ann.partner == "cid"
    ann.hear()
    assert await ann.chat("hello") == ["error: rate_limited"]


async def test_a_partner_who_reads_slowly_is_not_cut_off_for_what_it_is_told() -> None:
    party = Party(limits=Limits(max_unsent_remarks_bytes=20_000, max_faults=1))
    ann, bob = await party.pair("ann", "bob")
    said = [await ann.chat("🙂" * 2000) for _ in range(6)]
    assert said == [[], [], [], *[["error: rate_limited"]] * 3]
    assert bob.session.outbox.closing is None
    assert len(bob.hear()) == 3
    assert await ann.chat("are you there?") == []
    assert bob.hear() == ["chat_message: are you there?"]


@pytest.mark.parametrize("state", ["connected", "waiting"])
async def test_without_a_partner_it_is_dropped_without_a_word(state: str) -> None:
    party = Party()
    ann = party.come("ann")
    if state == "waiting":
        await ann.find()
    assert await ann.type() == []
    assert await ann.type(active=False) == []
    assert await ann.show("7") == []
    assert await ann.turn(audio=False, video=False) == []
    assert ann.state == state
