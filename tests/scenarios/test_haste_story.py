"""Users who leave partner after partner at once, and those whom they leave."""

from __future__ import annotations

import random

import pytest

from relay.matching import State
from relay.protocol.messages import FindPartner
from relay.safety import Identity
from relay.safety.haste import ALLOWED, PAUSES_S, STAY_S
from relay.signaling.limits import Limits
from tests.support.party import Party, User

NO_REMATCH = Limits(rematch_after_s=0)


async def comes(party: Party, name: str, **known: object) -> User:
    """Somebody whose link is up, and who searches."""
    user = party.come(name, **known)  # type: ignore[arg-type]
    await user.offer()
    await user.come_up()
    await user.find()
    return user


async def hurry(party: Party, user: User, times: int = ALLOWED + 1) -> None:
    """Leave so many partners at once, who are new each time."""
    for number in range(times):
        partner = await comes(party, f"{user.name}'s {number} at {party.now}")
        assert user.partner == partner.name
        await user.next()
        await partner.vanish()


def slowed_for(user: User) -> float | None:
    """For how long a user meets only others like it."""
    return user.party.lobby._meetings.slowed_for_s(user.session, user.party.now)


async def test_whoever_hurries_is_told_so_and_meets_others_when_the_pause_is_over() -> None:
    party = Party(limits=NO_REMATCH)
    eve = await comes(party, "eve")
    await hurry(party, eve, ALLOWED)
    assert slowed_for(eve) is None
    await hurry(party, eve, 1)
    ben = await comes(party, "ben")
    assert (eve.state, ben.state) == (State.WAITING, State.WAITING)
    await party.pass_time(PAUSES_S[0])  # and nothing else happens
    assert eve.partner == "ben"
    eve.hear()
    assert await eve.next() == ["waiting_for_partner, slowed for 2"]
    await ben.vanish()
    ann = await comes(party, "ann")
    assert (eve.state, ann.state) == (State.WAITING, State.WAITING)
    await party.pass_time(PAUSES_S[1])  # and nothing else happens
    assert eve.partner == "ann"


async def test_two_who_hurry_meet_each_other() -> None:
    party = Party(limits=NO_REMATCH)
    eve, mallory = await comes(party, "eve"), None
    await hurry(party, eve)
    await eve.stop()
    mallory = await comes(party, "mallory")
    await hurry(party, mallory)
    ann = await comes(party, "ann")
    await eve.offer()
    await eve.come_up()
    await eve.find()
    assert eve.partner == "mallory"
    assert ann.state is State.WAITING


async def test_whoever_stays_is_as_anybody_again() -> None:
    party = Party(limits=NO_REMATCH)
    eve = await comes(party, "eve")
    await hurry(party, eve, ALLOWED)
    await comes(party, "ann")
    await party.pass_time(STAY_S)
    await eve.next()
    await hurry(party, eve, ALLOWED)
    assert slowed_for(eve) is None


async def test_whoever_is_left_or_reports_is_not_slowed() -> None:
    party = Party(limits=NO_REMATCH)
    ann = await comes(party, "ann")
    for number in range(3 * ALLOWED):
        eve = await comes(party, f"eve {number}")
        assert ann.partner == eve.name
        await eve.next()
        await eve.vanish()
        await party.settle()
        if ann.state is not State.WAITING:
            await ann.find()
    assert slowed_for(ann) is None


async def test_stop_and_find_is_no_way_around() -> None:
    party = Party(limits=NO_REMATCH)
    eve = party.come("eve")
    for number in range(ALLOWED + 1):
        await eve.say(FindPartner(without_media=True))
        await comes(party, f"new {number}")
        assert eve.partner == f"new {number}"
        await eve.stop()
        await party.users[f"new {number}"].vanish()
    await eve.say(FindPartner(without_media=True))
    assert party.lobby.apart(party.now) == 1


@pytest.mark.parametrize("known", [Identity("eve"), Identity("", ("eve's home",))])
async def test_closing_the_socket_is_no_way_around(known: Identity) -> None:
    party = Party(limits=NO_REMATCH)
    for number in range(ALLOWED + 1):
        partner = await comes(party, f"partner {number}")
        eve = await comes(party, f"eve {number}", identity=known)
        assert eve.partner == partner.name
        await eve.vanish()
        await partner.vanish()
    eve = await comes(party, "eve again", identity=known)
    assert slowed_for(eve) == PAUSES_S[0]


async def test_a_socket_that_is_lost_after_a_while_is_no_haste() -> None:
    party = Party(limits=NO_REMATCH)
    for number in range(ALLOWED + 2):
        partner = await comes(party, f"partner {number}")
        ann = await comes(party, f"ann {number}", identity=Identity("ann"))
        assert ann.partner == partner.name
        await party.pass_time(3)
        await ann.vanish()
        await partner.vanish()
    assert slowed_for(await comes(party, "ann again", identity=Identity("ann"))) is None


async def test_another_socket_of_the_same_browser_is_no_way_around() -> None:
    party = Party(limits=NO_REMATCH)
    eve = await comes(party, "eve", identity=Identity("eve's browser"))
    await hurry(party, eve)
    await eve.vanish()
    again = await comes(party, "again", identity=Identity("eve's browser"))
    ann = await comes(party, "ann")
    assert (again.state, ann.state) == (State.WAITING, State.WAITING)
    await party.pass_time(PAUSES_S[0])
    assert again.partner == "ann"


async def test_more_nexts_than_a_minute_allows_slow_whoever_makes_them() -> None:
    party = Party(limits=Limits(rematch_after_s=0, nexts_per_minute=6))
    eve = await comes(party, "eve")
    for number in range(7):
        assert slowed_for(eve) is None
        partner = await comes(party, f"new {number}")
        await party.pass_time(3)
        await eve.next()
        await partner.vanish()
    assert slowed_for(eve) == pytest.approx(60 - 6 * 3)


async def test_a_crowd_of_those_who_hurry_keeps_nobody_from_being_met() -> None:
    """More of them wait, and for longer, than are looked at at once."""
    party = Party(limits=Limits(interest_wait_s=1000))
    for number in range(150):
        eve = party.come(f"eve {number}")
        for _ in range(ALLOWED + 7):
            party.lobby._meetings._haste.left(eve.session.counts_as, 0.1, party.now + 1000)
        await eve.say(FindPartner(mode="text", interests=[f"my own {number}"]))
    ann, ben = party.come("ann"), party.come("ben")
    await ann.say(FindPartner(mode="text", interests=["chess"]))
    party.now += 1000
    await ben.say(FindPartner(mode="text"))
    assert ann.partner == "ben"
    assert await party.waiting() == 150


# The attack: hostile users who press Next as soon as they meet somebody, among honest ones.

HONEST = HOSTILE = 20
SECONDS = 180
STEP_S = 0.25
STAYS_S = (15.0, 60.0)


class Crowd:
    """Honest users, who stay, and hostile ones, who do not."""

    def __init__(self, hostile: int, identity: bool) -> None:
        self.random = random.Random(4)
        self.party = Party()
        self.hostile_names = {f"hostile {number}" for number in range(hostile)}
        self.honest_names = {f"honest {number}" for number in range(HONEST)}
        self.meetings = 0
        self.short = 0
        self._identity = identity
        self._met: dict[str, tuple[str, float, float]] = {}  # the room, since when, for how long

    async def run(self) -> None:
        names = sorted(self.hostile_names | self.honest_names)
        self.random.shuffle(names)
        for name in names:
            identity = Identity(name) if self._identity else Identity("", (name[:7],))
            await comes(self.party, name, identity=identity)
        until = self.party.now + SECONDS
        while self.party.now < until:
            self.party.now += STEP_S
            if self.party.now % 1 == 0:
                self.party.tick()
            await self.party.settle()
            await self._look()
        self._end_all()

    async def _look(self) -> None:
        for name in sorted(self.hostile_names | self.honest_names):
            user = self.party.users[name]
            call = user.session.call
            met = self._met.get(name)
            if met is not None and (call is None or call.room.room_id != met[0]):
                self._end(name)
            if call is None:
                if user.state is State.CONNECTED:
                    await user.find()
                continue
            if name not in self._met:
                stay_s = self.random.uniform(*STAYS_S)
                self._met[name] = call.room.room_id, self.party.now, stay_s
            _, since, stay_s = self._met[name]
            if name in self.hostile_names or self.party.now - since > stay_s:
                await user.next()
            user.hear()

    @property
    def short_share(self) -> float:
        """Of all meetings of honest users."""
        return self.short / self.meetings

    def _end(self, name: str) -> None:
        _, since, _ = self._met.pop(name)
        if name in self.honest_names:
            self.meetings += 1
            self.short += self.party.now - since <= 1

    def _end_all(self) -> None:
        for name in list(self._met):
            since = self._met[name][1]
            if self.party.now - since > 1:
                self._end(name)


@pytest.fixture
async def calm() -> Crowd:
    """Without anybody hostile."""
    crowd = Crowd(0, identity=True)
    await crowd.run()
    assert crowd.meetings > HONEST
    return crowd


@pytest.mark.parametrize("identity", [True, False])
async def test_of_twenty_hostile_sockets_honest_users_notice_little(
    calm: Crowd, identity: bool
) -> None:
    attacked = Crowd(HOSTILE, identity)
    await attacked.run()
    assert attacked.short_share <= calm.short_share + 0.1
    assert attacked.meetings - attacked.short > 0.75 * calm.meetings


async def test_without_the_pauses_they_would(calm: Crowd) -> None:
    attacked = Crowd(HOSTILE, identity=True)
    attacked.party = Party(limits=Limits(nexts_per_minute=10_000, hasty_nexts=0))
    await attacked.run()
    assert attacked.short_share > calm.short_share + 0.3
