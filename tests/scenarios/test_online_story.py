"""Those who wait are told how many are online, when that changes."""

from relay.protocol.messages import WaitingForPartner
from relay.signaling.news import MAX_PER_TICK
from tests.support.party import Party, User, taken


def told(user: User) -> list[int | None]:
    """The numbers that the user was told since the last time."""
    heard = taken(user.session.outbox)
    assert all(isinstance(message, WaitingForPartner) for message in heard)
    return [message.online for message in heard if isinstance(message, WaitingForPartner)]


async def test_a_change_is_told_five_seconds_after_the_last_time_at_the_earliest() -> None:
    party = Party()
    ann = party.come("ann")
    ann.put_find()
    await party.settle()
    assert told(ann) == [1]
    await party.pass_time(1)
    party.come("bob")
    party.come("cid")
    await party.pass_time(3)
    assert told(ann) == []
    await party.pass_time(1)
    assert told(ann) == [3]
    await party.users["bob"].vanish()
    await party.pass_time(4)
    assert told(ann) == []
    await party.pass_time(1)
    assert told(ann) == [2]


async def test_nothing_is_told_while_nothing_changes() -> None:
    party = Party()
    ann = party.come("ann")
    ann.put_find()
    await party.pass_time(60)
    assert told(ann) == [1]
    party.come("bob")
    await party.users["bob"].vanish()
    await party.pass_time(60)
    assert told(ann) == []


async def test_who_waits_no_longer_is_not_told() -> None:
    party = Party()
    ann = party.come("ann")
    ann.put_find()
    await party.settle()
    await ann.stop()
    party.come("bob")
    await party.pass_time(10)
    assert ann.hear() == []


async def test_very_many_are_told_in_turns_and_nobody_is_left_out() -> None:
    party = Party()
    crowd = [party.come(f"user {number}") for number in range(3 * MAX_PER_TICK)]
    for user in crowd:  # each has just parted from all others: nobody meets
        user.session.recent = dict.fromkeys(party.users, party.now + 1000)
        user.put_find()
    await party.settle()
    for user in crowd:
        user.hear()
    await party.pass_time(4)
    party.come("late")
    for second in (1, 2, 3):
        await party.pass_time(1)
        assert sum(len(told(user)) for user in crowd) == MAX_PER_TICK, second
    await party.pass_time(1)
    assert sum(len(told(user)) for user in crowd) == 0
