import asyncio
from dataclasses import dataclass, field, replace

import pytest

from relay.errors import AlreadyDecided, NotFound, RecordsAway
from relay.records import Ban, Party, Reason
from relay.safety import BanOrder, BanRules, Decisions, Identity, Safety
from relay.safety.rules import MAX_ADDRESS_S
from relay.safety.service import OUTCOMES_S
from tests.support.memory_records import MemoryRecords

ANN, BOB = Identity("ann", ("ann's home",)), Identity("bob", ("bob's home",))
NOW = 1_700_000_000.0


@dataclass
class House:
    """One server's, on a clock that only tests move."""

    records: MemoryRecords = field(default_factory=MemoryRecords)
    now: float = NOW

    def __post_init__(self) -> None:
        self.safety = Safety(self.records, BanRules(), lambda: self.now)
        self.decisions = Decisions(self.safety)

    async def report(self, reporter: Identity = ANN, reason: Reason = Reason.HATE) -> str:
        filed = await self.safety.report(reporter, BOB, reason, "", "room")
        await self.quiet()
        return filed.report.id

    async def ban(self, party: Party, duration_s: float | None = 600.0) -> Ban:
        return await self.decisions.ban(
            BanOrder(party, Reason.HATE, duration_s), by="op", why="seen"
        )

    async def quiet(self) -> None:
        while self.safety._tasks:
            await asyncio.wait(self.safety._tasks)


async def test_a_ban_by_address_lasts_as_long_as_its_hash_means_something() -> None:
    house = House()
    ban = await house.ban(Party("", "bob's home"), None)
    assert ban.until == NOW + MAX_ADDRESS_S
    assert (await house.ban(Party("bob", "bob's home"), None)).until is None
    assert (await house.ban(Party("", "bob's home"), 60)).until == NOW + 60


async def test_a_ban_holds_while_the_database_is_away_and_is_stored_when_it_is_back() -> None:
    house = House()
    house.records.away = True
    with pytest.raises(RecordsAway, match="holds"):
        await house.ban(Party("bob"))
    ban = house.safety.find_ban(BOB)
    assert ban is not None
    house.records.away = False
    await house.safety._load()
    assert [*house.records.all_bans] == [ban.id]
    assert house.safety.find_ban(BOB) == ban
    assert [each.why for each in house.records.all_decisions] == ["seen"]


async def test_bans_are_stored_at_the_end_of_the_server_at_last() -> None:
    house = House()
    house.records.away = True
    with pytest.raises(RecordsAway):
        await house.ban(Party("bob"))
    house.records.away = False
    await house.safety.close()
    assert len(house.records.all_bans) == 1


async def test_what_another_server_has_decided_is_followed() -> None:
    house = House()
    heard: list[Ban] = []
    house.safety.on_ban(heard.append)
    other = House(house.records)
    ban = await other.ban(Party("bob"))
    assert house.safety.find_ban(BOB) is None
    await house.safety._load()
    assert house.safety.find_ban(BOB) == ban
    assert heard == [ban], "who is connected here goes, too"
    await other.decisions.lift(ban.id, by="op", why="a mistake")
    await house.safety._load()
    assert house.safety.find_ban(BOB) is None


async def test_servers_of_one_database_tell_each_other_what_to_look_up() -> None:
    house = House()
    other = House(house.records)
    told: list[tuple[str, str]] = []
    other.safety.on_change(lambda what, about: told.append((what, about)))
    heard: list[str] = []
    house.safety.on_ban(lambda ban: heard.append(ban.id))
    house.safety.on_decision(lambda report: heard.append(f"{report.id} {report.outcome}"))
    await house.safety.start()
    report_id = await other.report()

    async def hears(what: str) -> None:
        async with asyncio.timeout(5):
            while what not in heard:  # noqa: ASYNC110 - whoever hears is told by nobody
                await asyncio.sleep(0)

    async def quiet() -> None:
        async with asyncio.timeout(5):
            while len(house.safety._tasks) > 1:  # noqa: ASYNC110 - one goes on for ever
                await asyncio.sleep(0)

    ban = await other.ban(Party("bob"))
    assert told == [("ban", ban.id)], "it is stored by then"
    house.safety.banned_elsewhere(ban.id)
    house.safety.banned_elsewhere("nothing")
    await hears(ban.id)
    assert house.safety.find_ban(BOB) == ban
    house.safety.banned_elsewhere(ban.id)
    await quiet()
    assert heard == [ban.id], "nobody is told twice"

    await other.decisions.decide(report_id, "warned", by="op", why="")
    assert told[-1] == ("report", report_id)
    house.safety.decided_elsewhere(report_id)
    house.safety.decided_elsewhere("nothing")
    await hears(f"{report_id} warned")

    await other.decisions.lift(ban.id, by="op", why="")
    assert told[-1] == ("ban", ban.id)
    house.safety.banned_elsewhere(ban.id)
    await quiet()
    assert house.safety.find_ban(BOB) is None
    assert house.safety.tally.open_reports == 0
    house.records.away = True
    house.safety.banned_elsewhere(ban.id)
    house.safety.decided_elsewhere(report_id)
    await quiet()
    await house.safety.close()


async def test_a_ban_is_told_to_other_servers_when_it_is_stored() -> None:
    house = House()
    told: list[str] = []
    house.safety.on_change(lambda what, _: told.append(what))
    house.records.away = True
    with pytest.raises(RecordsAway):
        await house.ban(Party("bob"))
    assert told == []
    house.records.away = False
    await house.safety._load()
    await house.safety._load()
    assert told == ["ban"]
    await house.safety.close()


async def test_it_begins_and_ends_with_the_database_away() -> None:
    house = House()
    house.records.away = True
    await house.safety.start()
    await asyncio.sleep(0)
    await house.safety.close()
    assert not house.safety._tasks


async def test_who_returns_after_a_ban_is_counted() -> None:
    house = House()
    await house.ban(Party("bob"), 60)
    house.now += 100
    assert house.safety.find_ban(BOB) is None
    await house.ban(Party("bob"), 60)
    assert house.safety.tally.returned == 1
    assert house.safety.tally.bans["operator"] == 2


async def test_a_report_is_decided_once() -> None:
    house = House()
    report_id = await house.report()
    house.now += 90
    order = BanOrder(Party("bob"), Reason.HATE, 600.0)
    decided = await house.decisions.decide(report_id, "banned", by="eve", why="x", ban=order)
    assert decided.outcome == "banned"
    assert house.safety.find_ban(BOB)
    assert house.safety.tally.decision_s.count == 1
    assert house.safety.tally.decision_s.sum_s == 90
    with pytest.raises(AlreadyDecided):
        await house.decisions.decide(report_id, "dismissed", by="dan", why="")
    with pytest.raises(NotFound):
        await house.decisions.decide("none", "dismissed", by="dan", why="")
    (decision, _) = house.records.all_decisions
    assert (decision.by, decision.what, decision.why) == ("eve", "banned", "x")


async def test_two_who_take_the_same_report_see_each_other() -> None:
    house = House()
    report_id = await house.report()
    assert (await house.decisions.take(report_id, "eve")).taken_by == "eve"
    assert (await house.decisions.take(report_id, "dan")).taken_by == "eve"
    assert (await house.decisions.give_back(report_id, "dan")).taken_by == "eve"
    assert (await house.decisions.give_back(report_id, "eve")).taken_by == ""
    assert (await house.decisions.take(report_id, "dan")).taken_by == "dan"
    house.now += 601
    assert (await house.decisions.take(report_id, "eve")).taken_by == "eve", "not for ever"
    with pytest.raises(NotFound):
        await house.decisions.take("none", "eve")


async def test_an_appeal_is_answered_once_and_lifts_the_ban_when_it_is_granted() -> None:
    house = House()
    ban = await house.ban(Party("bob"))
    appeal, is_new = await house.safety.appeal(BOB, " please ")
    assert appeal is not None
    assert is_new
    assert await house.safety.appeal(BOB, "again") == (appeal, False)
    assert await house.safety.appeal(ANN, "me too") == (None, False)
    answered = await house.decisions.answer(
        appeal.id, "refused", by="eve", answer="No.", why="seen"
    )
    assert answered.outcome == "refused"
    assert house.safety.find_ban(BOB) == ban
    assert (await house.safety.shown(ban))["appeal"]["answer"] == "No."
    with pytest.raises(AlreadyDecided):
        await house.decisions.answer(appeal.id, "granted", by="dan", answer="", why="")
    await house.decisions.lift(ban.id, by="dan", why="enough")
    assert house.safety.find_ban(BOB) is None
    with pytest.raises(AlreadyDecided):
        await house.decisions.lift(ban.id, by="dan", why="")


async def test_what_is_known_of_somebody_who_comes_back() -> None:
    house = House()
    report_id = await house.report()
    await house.decisions.decide(report_id, "warned", by="op", why="")
    ann, bob = await house.safety.known(ANN), await house.safety.known(BOB)
    assert ann.avoids == {"visitor:bob"}
    assert [each.id for each in ann.outcomes] == [report_id]
    assert ann.has_reported
    assert bob.avoids == set()
    assert [each.id for each in bob.warnings] == [report_id]
    assert not bob.has_reported
    house.safety.heard(bob.warnings)
    house.safety.told(ann.outcomes)
    await house.quiet()
    assert not (await house.safety.known(BOB)).warnings
    assert not (await house.safety.known(ANN)).outcomes
    house.now += OUTCOMES_S + 1
    assert not (await house.safety.known(ANN)).has_reported


async def test_of_a_classifiers_case_nobody_is_a_reporter() -> None:
    house = House()
    await house.report()
    (report,) = house.records.all_reports.values()
    for number in range(5):
        case = replace(report, id=f"case {number}", reporter=Party(), source="classifier")
        house.records.all_reports[case.id] = case
    await house.report(Identity("cid"))
    assert house.safety.find_ban(BOB) is None


async def test_listeners_hear_of_reports_and_bans() -> None:
    house = House()
    heard: list[object] = []
    house.safety.on_report(heard.append)
    house.safety.on_ban(heard.append)
    report_id = await house.report()
    ban = await house.ban(Party("bob"))
    assert heard == [house.records.all_reports[report_id], ban]
