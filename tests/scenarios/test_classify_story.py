"""A program looks at pictures: the partner is told, operators are asked, and nobody is banned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from relay.classify.watch import Watch
from relay.evidence.webp import to_webp
from relay.protocol.messages import PartnerBlurred, Report
from relay.records import Party as Who
from relay.records import Reason
from relay.safety import Identity
from relay.signaling import UserView
from tests.support.keyframe import key_frame
from tests.support.party import Party, User, taken
from tests.support.scoring import Scorer

ANNS, BOBS = key_frame(1), key_frame(2)


class People:
    """The gateway, as far as it is needed."""

    def __init__(self, party: Party) -> None:
        self._party = party

    def users(self) -> Sequence[UserView]:
        return self._party.lobby.users(self._party.now)

    def suspect(self, user_id: str, room_id: str, score: float) -> Identity | None:
        return self._party.guard.suspect(user_id, room_id, score)


@asynccontextmanager
async def watched(party: Party) -> AsyncIterator[Watch]:
    """Bob's picture is what nobody wants to see."""
    scorer = Scorer(lambda webp: 0.99 if webp == to_webp(BOBS) else 0.03)
    people = People(party)
    watch = Watch(
        party.plane, people, party.safety, scorer, every_s=0.1, threshold=0.8, waits_s=(0.01,)
    )
    watch.start()
    yield watch
    await watch.close()


async def so(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def heard(user: User) -> list[PartnerBlurred]:
    return [each for each in taken(user.session.outbox) if isinstance(each, PartnerBlurred)]


async def test_the_partner_is_told_and_operators_decide() -> None:
    party = Party()
    async with watched(party) as watch:
        ann, bob = await party.pair("ann", "bob", known=True)
        party.plane.show("ann", ANNS)
        party.plane.show("bob", BOBS)
        await so(lambda: watch.looks.verdicts["clear"] >= 2)
        await so(lambda: bool(party.records.all_reports))
    assert heard(ann) == [PartnerBlurred(why="nudity", score=0.99)]
    assert bob.hear() == [], "who is suspect is told nothing"
    assert (ann.partner, bob.partner) == ("bob", "ann"), "and the call goes on"
    (case,) = party.records.all_reports.values()
    assert (case.source, case.score, case.reason) == ("classifier", 0.99, Reason.NUDITY)
    assert (case.reporter, case.reported) == (Who(), Who("bob"))
    assert case.room_id
    assert party.safety.tally.open_reports == 1
    assert party.records.all_bans == {}


async def test_a_classifier_is_no_reporter() -> None:
    party = Party()
    bob = Identity("bob", ("address of bob",))
    for number in range(10):
        await party.safety.suspect(bob, f"room {number}", 1.0)
    for number in range(2):
        reporter = Identity(f"visitor {number}", (f"address {number}",))
        await party.safety.report(reporter, bob, Reason.NUDITY, "", f"room {number}")
    await party.background()
    assert party.safety.find_ban(bob) is None, "two have reported, and three are needed"
    await party.safety.report(Identity("third", ("third",)), bob, Reason.SPAM, "", "room")
    await party.background()
    assert party.safety.find_ban(bob) is not None


async def test_who_has_parted_by_then_is_still_a_case_and_blurs_nobody() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    assert ann.session.call is not None
    room_id = ann.session.call.room.room_id
    await ann.say(Report(reason="nudity"))
    ann.hear()
    assert party.guard.suspect("bob", room_id, 0.9) == Identity("bob")
    assert (ann.hear(), heard(bob)) == ([], [])
    await bob.vanish()
    assert party.guard.suspect("bob", room_id, 0.9) is None
