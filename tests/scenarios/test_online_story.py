"""Those who wait are told how many are online, when that changes."""

from relay.protocol.messages import WaitingForPartner
from relay.signaling.news import MAX_PER_TICK
from tests.support.house import House, User, taken


def told(user: User) -> list[int | None]:
    """The numbers that the user was told since the last time."""
    heard = taken(user.session.outbox)
    assert all(isinstance(message, WaitingForPartner) for message in heard)
    return [message.online for message in heard if isinstance(message, WaitingForPartner)]


async def test_a_change_is_told_five_seconds_after_the_last_time_at_the_earliest() -> None:
    house = House()
    ann = house.come("ann")
    ann.put_find()
    await house.settle()
    assert told(ann) == [1]
    await house.pass_time(1)
    house.come("bob")
    house.come("cid")
    await house.pass_time(3)
    assert told(ann) == []
    await house.pass_time(1)
    assert told(ann) == [3]
    await house.users["bob"].vanish()
    await house.pass_time(4)
    assert told(ann) == []
    await house.pass_time(1)
    assert told(ann) == [2]


async def test_nothing_is_told_while_nothing_changes() -> None:
    house = House()
    ann = house.come("ann")
    ann.put_find()
    await house.pass_time(60)
    assert told(ann) == [1]
    house.come("bob")
    await house.users["bob"].vanish()
    await house.pass_time(60)
    assert told(ann) == []


async def test_who_waits_no_longer_is_not_told() -> None:
    house = House()
    ann = house.come("ann")
    ann.put_find()
    await house.settle()
    await ann.stop()
    house.come("bob")
    await house.pass_time(10)
    assert ann.hear() == []


async def test_very_many_are_told_in_turns_and_nobody_is_left_out() -> None:
    house = House()
    crowd = [house.come(f"user {number}") for number in range(3 * MAX_PER_TICK)]
    for user in crowd:  # each has just parted from all others: nobody meets
        user.session.recent = dict.fromkeys(house.users, house.now + 1000)
        user.put_find()
    await house.settle()
    for user in crowd:
        user.hear()
    await house.pass_time(4)
    house.come("late")
    for second in (1, 2, 3):
        await house.pass_time(1)
        assert sum(len(told(user)) for user in crowd) == MAX_PER_TICK, second
    await house.pass_time(1)
    assert sum(len(told(user)) for user in crowd) == 0
