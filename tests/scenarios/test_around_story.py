"""What others look for is told to whoever has not begun, and nobody is singled out."""

import pytest

from relay.protocol.messages import Around, FindPartner, LookAround
from relay.signaling import around
from relay.signaling.around import FLOOR, FOR_S, MAX_TOLD
from tests.support.party import Party, User, taken


async def look(user: User) -> Around:
    user.put(LookAround())
    await user.party.settle()
    (told,) = (m for m in taken(user.session.outbox) if isinstance(m, Around))
    return told


async def crowd(party: Party, many: int, *interests: str, name: str = "user") -> list[User]:
    users = [party.come(f"{name} {number}") for number in range(many)]
    for user in users:
        await user.find(*interests)
    return users


async def test_an_interest_of_too_few_is_not_told() -> None:
    party = Party()
    await crowd(party, FLOOR - 1, "Tea")
    ann = party.come("ann")
    assert (await look(ann)).interests == []
    await crowd(party, 1, "TEA", name="one more")
    assert (await look(ann)).interests == [], "what was seen holds for a while"
    await party.pass_time(FOR_S)
    assert (await look(ann)).interests == ["Tea"], "as most write it"


async def test_one_person_in_many_windows_is_one() -> None:
    party = Party()
    users = await crowd(party, 2 * FLOOR, "tea")
    for user in users:
        user.session.source = "192.0.2.1"
    assert (await look(party.come("ann"))).interests == []


async def test_who_only_looks_around_does_not_count() -> None:
    party = Party()
    users = await crowd(party, FLOOR, "tea")
    await users[0].stop()
    assert (await look(party.come("ann"))).interests == []


async def test_not_more_than_a_few_are_told_the_most_frequent_ones_first() -> None:
    party = Party()
    for number in range(10):
        many = FLOOR + 1 if number == 7 else FLOOR
        await crowd(party, many, f"a{number}", f"b{number}", name=f"of {number}")
    told = (await look(party.come("ann"))).interests
    assert told[:2] == ["a7", "b7"]
    assert len(told) == MAX_TOLD


async def test_what_is_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(around, "MAX_LOOKED_AT", 5)
    party = Party()
    await crowd(party, FLOOR, "old", name="old")
    await crowd(party, FLOOR - 1, "new", name="new")
    assert (await look(party.come("ann"))).interests == []


async def test_how_many_look_for_each_way_to_talk() -> None:
    party = Party()
    ann = party.come("ann")
    assert (await look(ann)).looking == {"video": 0, "voice": 0, "text": 0}
    await party.come("bob").say(FindPartner(mode="voice"))
    assert (await look(ann)).looking["voice"] == 0
    await party.pass_time(1)
    assert (await look(ann)).looking == {"video": 0, "voice": 1, "text": 0}


async def test_those_of_other_nodes_are_counted_too() -> None:
    there = {"text": 3, "video": -2, "smoke": 7}
    party = Party(looking_elsewhere=lambda: there)
    assert (await look(party.come("ann"))).looking == {"video": 0, "voice": 0, "text": 3}
