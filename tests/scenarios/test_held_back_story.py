"""Chat that does not reach a stranger: the same text again and again, and links too soon."""

from __future__ import annotations

from relay.protocol.messages import ChatMessage, Error
from relay.safety import Identity
from relay.signaling.limits import Limits
from tests.support.party import Party, User, taken

SPAM = "add me on snap, I am so lonely tonight"


async def meets(party: Party, user: User, name: str) -> User:
    """The user's next partner."""
    partner = party.come(name)
    await partner.offer()
    await partner.come_up()
    await partner.find()
    await user.next()
    user.hear()
    assert user.partner == name
    partner.hear()
    return partner


async def test_the_third_stranger_does_not_get_it_and_the_sender_is_told() -> None:
    party = Party(limits=Limits(rematch_after_s=1000))
    eve, first = await party.pair("eve", "first")
    assert await eve.chat(SPAM, "m1") == []
    second = await meets(party, eve, "second")
    assert await eve.chat(SPAM, "m2") == []
    third = await meets(party, eve, "third")
    assert await eve.chat(SPAM.upper(), "m3") == ["error: repeated_text, chat m3"]
    assert first.hear() == [f"chat_message: {SPAM}", "partner_left"]
    assert second.hear() == [f"chat_message: {SPAM}", "partner_left"]
    assert third.hear() == []
    assert await eve.chat("something else that is long enough, too", "m4") == []
    assert party.lobby.tally.errors["repeated_text"] == 1


async def test_another_socket_of_the_same_browser_is_no_way_around() -> None:
    party = Party(limits=Limits(rematch_after_s=1000))
    for number in range(3):
        eve = party.come(f"eve {number}", identity=Identity("eve's browser"))
        await eve.offer()
        await eve.come_up()
        await meets(party, eve, f"partner {number}")
        said = await eve.chat(SPAM, "m")
        await eve.vanish()
        await party.users[f"partner {number}"].vanish()
    assert said == ["error: repeated_text, chat m"]


async def test_links_wait_until_two_know_each_other_a_little() -> None:
    party = Party()
    eve, ann = await party.pair("eve", "ann")
    await party.pass_time(10)
    eve.hear()
    eve.put(ChatMessage(text="see example.com", id="m1"))
    await party.settle()
    (error,) = taken(eve.session.outbox)
    assert isinstance(error, Error)
    assert (error.code, error.id, error.retry_after) == ("link_held_back", "m1", 20)
    await party.pass_time(20)
    eve.hear()
    assert await eve.chat("see example.com", "m2") == []
    assert [said for said in ann.hear() if said.startswith("chat")] == [
        "chat_message: see example.com"
    ]


async def test_who_is_held_back_is_not_cut_off() -> None:
    party = Party()
    eve, _ = await party.pair("eve", "ann")
    for _ in range(3 * party.limits.max_faults):
        assert await eve.chat("see example.com", "m1") == ["error: link_held_back, chat m1"]
        party.now += 0.25
    assert eve.session.outbox.closing is None
    assert await eve.chat("hello") == []
