"""What every database must do: one suite over SQLite and over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from relay.records import (
    Backlog,
    Decision,
    Evidence,
    Operator,
    Party,
    Reason,
    Records,
    Report,
    Role,
)
from relay.records.chain import broken_at, sealed_digest
from relay.records.database import Database
from tests.support.records import (
    ANN,
    BOB,
    CID,
    NOW,
    appeal,
    ban,
    block,
    decision,
    evidence,
    report,
)


async def reported(records: Records, *reports: Report) -> None:
    for each in reports:
        await records.add_report(each)


async def test_an_empty_one(records: Database) -> None:
    assert await records.report("none") is None
    assert await records.reports(10, 0) == await records.open_reports(10) == []
    assert [
        *await records.bans(10),
        *await records.appeals(10),
        *await records.operators(),
        *await records.chain(0, 10),
        *await records.decisions("none"),
    ] == []
    assert await records.evidence("none") is None
    assert await records.appeal_of("none") is None
    assert await records.expire(NOW, NOW, NOW) == 0
    assert await records.forget(ANN) == 0


# reports


async def test_a_report_comes_back_as_it_was(any_records: Records) -> None:
    whole = Report(
        "id",
        NOW + 0.1234567,
        Reason.MINOR,
        Party("ann"),
        Party("bob", "hash"),
        "room",
        words="« Ça va? » 😀\n'; DROP TABLE reports; --",
        source="classifier",
        score=0.1,
        outcome="warned",
        decided_at=NOW + 1,
        taken_by="olga",
        taken_at=NOW,
        told_at=NOW + 2,
        heard_at=NOW + 3,
    )
    plain = report(score=None)
    await reported(any_records, whole, plain)
    assert await any_records.report("id") == whole
    assert await any_records.report(plain.id) == plain


async def test_text_that_no_database_has_is_kept_as_far_as_it_can_be(records: Database) -> None:
    odd = report(words="a\0b \ud83d c")
    await records.add_report(odd)
    found = await records.report(odd.id)
    assert found
    assert found.words == "ab ? c"


async def test_a_report_is_added_once(any_records: Records) -> None:
    first = report()
    await reported(any_records, first, replace(first, words="other words"))
    assert await any_records.reports(10, 0) == [first]


async def test_reports_come_newest_first_and_page_by_page(any_records: Records) -> None:
    old, older, new = (report(NOW + at) for at in (1, 0, 2))
    await reported(any_records, old, older, new)
    assert await any_records.reports(2, 0) == [new, old]
    assert await any_records.reports(2, 2) == [older]
    await any_records.decide_report(new.id, "dismissed", decision(new, "dismissed"))
    assert await any_records.open_reports(10) == [older, old]
    assert await any_records.open_reports(1) == [older]


async def test_how_much_waits_for_operators(any_records: Records) -> None:
    assert await any_records.backlog() == Backlog(0, None, 0)
    old, new, banned = report(NOW + 1), report(NOW + 2), ban()
    await reported(any_records, old, new)
    await any_records.add_ban(banned, decision(banned))
    await any_records.add_appeal(asked := appeal(banned))
    assert await any_records.backlog() == Backlog(2, NOW + 1, 1)
    await any_records.decide_report(old.id, "dismissed", decision(old, "dismissed"))
    await any_records.answer_appeal(asked.id, "refused", "No.", decision(asked, "refused"))
    assert await any_records.backlog() == Backlog(1, NOW + 2, 0)


async def test_what_is_urgent_is_not_hidden_by_what_comes_later(any_records: Records) -> None:
    minor = report(NOW, reason=Reason.MINOR)
    await reported(any_records, minor, *(report(NOW + at) for at in range(1, 5)))
    await reported(any_records, threat := report(NOW + 9, reason=Reason.THREAT))
    assert await any_records.open_reports(2) == [minor, threat]


async def test_somebody_is_a_visitor_or_without_a_cookie_an_address(any_records: Records) -> None:
    elsewhere = report(NOW, about=Party(BOB.visitor, "elsewhere"))
    without = report(NOW + 1, about=Party("", BOB.address))
    before = report(NOW - 1, about=BOB)
    await reported(any_records, elsewhere, without, before, report(about=CID), report(about=ANN))
    await reported(any_records, report(about=Party()), report(about=Party("other", BOB.address)))
    assert await any_records.reports_about(BOB, NOW) == [elsewhere]
    assert await any_records.reports_about(BOB, 0) == [elsewhere, before]
    assert await any_records.reports_about(Party("", BOB.address), 0) == [without]
    assert await any_records.reports_about(Party(), 0) == []


async def test_reports_are_found_by_their_reporter(any_records: Records) -> None:
    with_cookie = report(NOW, by=ANN)
    without = report(NOW + 1, by=Party("", ANN.address))
    elsewhere = report(NOW + 2, by=Party(ANN.visitor, "elsewhere"))
    await reported(any_records, with_cookie, without, elsewhere, report(by=CID))
    assert await any_records.reports_by(ANN, 0) == [elsewhere, with_cookie]
    assert await any_records.reports_by(ANN, NOW + 1) == [elsewhere]
    assert await any_records.reports_by(Party("", ANN.address), 0) == [without]
    assert await any_records.reports_by(Party(), 0) == []


async def test_a_report_is_taken_given_back_and_taken_over(any_records: Records) -> None:
    one = report()
    await any_records.add_report(one)

    async def taken(by: str, now: float, until: float) -> tuple[str, float | None]:
        found = await any_records.take_report(one.id, by, now, until)
        assert found
        return found.taken_by, found.taken_at

    assert await taken("olga", NOW, NOW - 60) == ("olga", NOW)
    assert await taken("otto", NOW + 30, NOW - 30) == ("olga", NOW)
    assert await taken("olga", NOW + 40, NOW - 20) == ("olga", NOW + 40)
    assert await taken("", NOW + 50, NOW - 10) == ("", None)
    assert await taken("otto", NOW + 60, NOW) == ("otto", NOW + 60)
    assert await taken("olga", NOW + 121, NOW + 61) == ("olga", NOW + 121)
    assert await any_records.take_report("none", "olga", NOW, NOW) is None
    await any_records.decide_report(one.id, "warned", decision(one, "warned"))
    assert await taken("otto", NOW + 999, NOW + 900) == ("olga", NOW + 121)


async def test_of_two_who_take_a_report_at_once_one_has_it(
    records: Database, others: Database
) -> None:
    for _ in range(20):
        one = report()
        await records.add_report(one)
        found = await asyncio.gather(
            records.take_report(one.id, "olga", NOW, NOW - 60),
            others.take_report(one.id, "otto", NOW, NOW - 60),
        )
        has_it = {each.taken_by for each in found if each}
        assert has_it in ({"olga"}, {"otto"})


async def test_a_report_is_decided_once(records: Database, others: Database) -> None:
    one = report()
    await records.add_report(one)
    first, second = decision(one, "warned", NOW + 5), decision(one, "dismissed", NOW + 6)
    assert await records.decide_report(one.id, "warned", first)
    assert not await others.decide_report(one.id, "dismissed", second)
    assert not await records.decide_report("none", "warned", decision("none"))
    assert await others.report(one.id) == replace(one, outcome="warned", decided_at=NOW + 5)
    assert await records.decisions(one.id) == [first]
    assert await records.decisions("none") == []


async def test_both_sides_are_told_once(any_records: Records) -> None:
    one, two = report(), report()
    await reported(any_records, one, two)
    await any_records.told([one.id, "none"], NOW + 1)
    await any_records.told([one.id], NOW + 2)
    await any_records.told([], NOW + 3)
    await any_records.heard([one.id, "none"], NOW + 4)
    await any_records.heard([one.id], NOW + 5)
    assert await any_records.report(one.id) == replace(one, told_at=NOW + 1, heard_at=NOW + 4)
    assert await any_records.report(two.id) == two


# blocks


async def test_everybody_has_the_blocks_that_they_have_made(any_records: Records) -> None:
    made, later = block(NOW, by=ANN), block(NOW + 1, by=ANN, blocked=CID)
    for each in (made, later, block(NOW + 2, by=CID, blocked=ANN)):
        await any_records.add_block(each)
    assert await any_records.blocks(ANN) == [later, made]
    assert await any_records.blocks(Party("", ANN.address)) == []
    assert await any_records.blocks(Party("nobody")) == await any_records.blocks(Party()) == []


async def test_the_same_two_have_one_block(any_records: Records) -> None:
    first = block()
    moved = replace(block(), blocked=Party(BOB.visitor, "elsewhere"))
    without_cookie = block(by=Party("", ANN.address))
    for each in (first, moved, block(), without_cookie, replace(without_cookie, id="again")):
        await any_records.add_block(each)
    assert await any_records.blocks(ANN) == [first]
    assert await any_records.blocks(Party("", ANN.address)) == [without_cookie]


async def test_a_block_is_undone_by_its_owner_only(any_records: Records) -> None:
    made = block()
    await any_records.add_block(made)
    assert not await any_records.remove_block(made.id, BOB)
    assert not await any_records.remove_block(made.id, Party())
    assert await any_records.remove_block(made.id, ANN)
    assert not await any_records.remove_block(made.id, ANN)


# bans and appeals


async def test_a_ban_with_its_decision(any_records: Records) -> None:
    for_ever, short = ban(BOB, NOW), ban(CID, NOW + 1, until=NOW + 61)
    decided = decision(for_ever)
    await any_records.add_ban(for_ever, decided)
    await any_records.add_ban(short, decision(short))
    assert await any_records.ban(for_ever.id) == for_ever
    assert await any_records.decisions(for_ever.id) == [decided]
    assert await any_records.bans(10) == [short, for_ever]
    assert await any_records.bans(1, 1) == [for_ever]
    assert await any_records.bans(10, holding_at=NOW + 60) == [short, for_ever]
    assert await any_records.bans(10, holding_at=NOW + 61) == [for_ever]
    assert await any_records.bans_of(Party(CID.visitor, "elsewhere")) == [short]
    assert await any_records.bans_of(ANN) == []


async def test_a_ban_is_lifted_while_it_holds(any_records: Records) -> None:
    long, short = ban(), ban(until=NOW + 60)
    for each in (long, short):
        await any_records.add_ban(each, decision(each))
    lifted = decision(long, "lifted", NOW + 70)
    assert await any_records.lift_ban(long.id, lifted)
    assert not await any_records.lift_ban(long.id, decision(long, "lifted", NOW + 71))
    assert not await any_records.lift_ban(short.id, decision(short, "lifted", NOW + 70))
    assert not await any_records.lift_ban("none", decision("none", "lifted"))
    assert await any_records.ban(long.id) == replace(long, lifted_at=NOW + 70)
    assert [each.what for each in await any_records.decisions(long.id)] == ["banned", "lifted"]


async def test_a_ban_has_one_appeal(any_records: Records) -> None:
    banned = ban()
    await any_records.add_ban(banned, decision(banned))
    first = appeal(banned)
    assert await any_records.add_appeal(first)
    assert not await any_records.add_appeal(appeal(banned))
    assert not await any_records.add_appeal(replace(appeal(banned), ban_id="none"))
    assert await any_records.appeal(first.id) == await any_records.appeal_of(banned.id) == first
    assert await any_records.appeal("none") is None


async def test_an_appeal_is_answered_once_and_lifts_its_ban_when_it_is_granted(
    records: Database,
) -> None:
    one, two = ban(BOB), ban(CID)
    for each in (one, two):
        await records.add_ban(each, decision(each))
    first, second = appeal(one, NOW + 2), appeal(two, NOW + 1)
    assert await records.add_appeal(first)
    assert await records.add_appeal(second)
    assert await records.appeals(10) == [first, second]
    assert await records.appeals(10, is_open=True) == [second, first]
    granted = decision(first, "granted", NOW + 5)
    assert await records.answer_appeal(first.id, "granted", "Welcome.", granted)
    refused = decision(second, "refused", NOW + 6)
    assert await records.answer_appeal(second.id, "refused", "No.", refused)
    assert not await records.answer_appeal(second.id, "granted", "Yes.", decision(second))
    assert await records.appeals(10, is_open=True) == []
    assert await records.appeals(1, 1) == [
        replace(second, outcome="refused", answer="No.", decided_at=NOW + 6)
    ]
    assert await records.ban(one.id) == replace(one, lifted_at=NOW + 5)
    assert await records.ban(two.id) == two
    assert await records.decisions(first.id) == [granted]


# operators


async def test_operators_have_names_of_their_own(records: Database) -> None:
    olga = Operator("olga", Role.ADMIN, "ab" * 32, NOW)
    anna = Operator("anna", Role.VIEWER, "cd" * 32, NOW)
    assert await records.add_operator(olga)
    assert await records.add_operator(anna)
    assert not await records.add_operator(replace(anna, name="olga"))
    assert await records.operators() == [anna, olga]
    assert await records.remove_operator("olga")
    assert not await records.remove_operator("olga")
    assert await records.operators() == [anna]


# evidence


async def kept(records: Database, *sealed: bytes) -> list[Evidence]:
    one = report()
    await records.add_report(one)
    return [await records.add_evidence(evidence(one, each)) for each in sealed]


async def test_evidence_is_a_chain(records: Database, others: Database) -> None:
    bytes_of = [bytes([number]) * 100_000 for number in range(3)]
    added = await kept(records, *bytes_of[:2])
    added += await kept(others, bytes_of[2])
    chain = await records.chain(0, 10)
    assert chain == added
    assert [each.number for each in chain] == [1, 2, 3]
    assert [each.sealed for each in chain] == bytes_of
    assert broken_at(chain) is None
    assert await records.chain(1, 1) == chain[1:2]
    assert broken_at(chain[1:], chain[0]) is None
    assert await records.evidence(chain[0].id) == chain[0]
    assert await records.evidence_of(chain[2].report_id) == [replace(chain[2], sealed=None)]


async def test_evidence_that_is_added_again_is_the_same(records: Database) -> None:
    (first,) = await kept(records, b"sealed")
    again = await records.add_evidence(replace(first, number=0, digest="", sealed=b"other"))
    assert again == first
    assert await records.chain(0, 10) == [first]


async def test_two_servers_add_to_one_chain(records: Database, others: Database) -> None:
    one = report()
    await asyncio.gather(
        *(each.add_evidence(evidence(one)) for _ in range(20) for each in (records, others))
    )
    chain = await records.chain(0, 100)
    assert len(chain) == 40
    assert broken_at(chain) is None


async def test_what_is_sealed_goes_in_its_time_and_the_chain_stays(records: Database) -> None:
    one = report()
    due, held, later = evidence(one), evidence(one), evidence(one, keep_until=NOW + 101)
    for each in (due, held, later):
        await records.add_evidence(each)
    assert await records.hold_evidence(held.id, "olga", decision(held, "held"))
    assert await records.expire(NOW + 100, NOW + 100, NOW - 1000) == 1
    chain = await records.chain(0, 10)
    assert [each.sealed for each in chain] == [None, b"sealed", b"sealed"]
    assert chain[0].sealed_digest == sealed_digest(b"sealed")
    assert broken_at(chain) is None
    assert not await records.hold_evidence(due.id, "olga", decision(due, "held"))
    assert await records.hold_evidence(held.id, "", decision(held, "released"))
    assert await records.expire(NOW + 100, NOW + 100, NOW - 1000) == 1
    assert [each.what for each in await records.decisions(held.id)] == ["held", "released"]


# time and privacy


async def test_what_is_over_goes_and_what_is_not_stays(records: Database) -> None:
    decided, late, undecided = report(NOW - 9), report(NOW - 9), report(NOW - 9)
    await reported(records, decided, late, undecided)
    await records.decide_report(decided.id, "warned", decision(decided, "warned", NOW + 1))
    await records.decide_report(late.id, "warned", decision(late, "warned", NOW + 2))
    ended, running, for_ever, lifted = ban(until=NOW + 1), ban(until=NOW + 2), ban(), ban()
    for each in (ended, running, for_ever, lifted):
        await records.add_ban(each, decision(each))
    await records.lift_ban(lifted.id, decision(lifted, "lifted", NOW + 1))
    appealed = appeal(ended)
    await records.add_appeal(appealed)
    plain = Party("", "somewhere")
    old, new, of_visitors = block(NOW + 1, by=plain), block(NOW + 2, by=CID), block(NOW + 1)
    for each_block in (old, new, of_visitors):
        await records.add_block(each_block)
    # a report, a block, two bans, an appeal, and what was decided about them
    assert await records.expire(NOW + 50, 0, NOW + 2) == 1 + 1 + 2 + 1 + (1 + 1 + 2)
    assert {each.id for each in await records.reports(10, 0)} == {late.id, undecided.id}
    assert {each.id for each in await records.bans(10)} == {running.id, for_ever.id}
    assert await records.blocks(plain) == []
    assert [await records.blocks(by) for by in (CID, ANN)] == [[new], [of_visitors]], (
        "whose cookies may still be there"
    )
    assert await records.appeals(10) == []
    assert await records.decisions(decided.id) == await records.decisions(lifted.id) == []
    assert len(await records.decisions(late.id)) == 1
    assert await records.expire(NOW + 50, 0, NOW + 2) == 0


async def test_no_ban_goes_before_it_is_over(records: Database) -> None:
    held = ban(until=NOW + 10)
    await records.add_ban(held, decision(held))
    assert await records.expire(NOW, NOW, NOW + 1000) == 0


async def test_a_report_stays_with_what_is_sealed_about_it(records: Database) -> None:
    one = report()
    await records.add_report(one)
    await records.add_evidence(held := evidence(one))
    await records.hold_evidence(held.id, "olga", decision(held, "held"))
    await records.decide_report(one.id, "banned", decision(one, "banned"))
    assert await records.expire(NOW + 500, NOW + 500, NOW + 400) == 0
    await records.hold_evidence(held.id, "", decision(held, "released"))
    assert await records.expire(NOW + 500, NOW + 500, NOW + 400) == 3
    assert await records.report(one.id) is None


async def test_everything_about_somebody(records: Database) -> None:
    made, about, foreign = report(by=BOB, about=CID), report(about=BOB), report(by=ANN, about=CID)
    await reported(records, made, about, foreign)
    decided = decision(about, "banned", NOW + 1)
    await records.decide_report(about.id, "banned", decided)
    banned = ban(BOB)
    why = decision(banned, "banned", NOW + 2)
    await records.add_ban(banned, why)
    await records.add_appeal(appealed := appeal(banned))
    await records.add_block(blocked := block(by=BOB, blocked=ANN))
    await records.add_block(block(by=CID, blocked=BOB))
    found = await records.everything(BOB)
    assert found.reports_made == [made]
    assert [each.id for each in found.reports_about] == [about.id]
    assert (found.blocks, found.bans, found.appeals) == ([blocked], [banned], [appealed])
    assert found.decisions == [decided, why]
    nothing = await records.everything(Party("nobody"))
    assert not any((nothing.reports_made, nothing.blocks, nothing.bans, nothing.decisions))


async def test_who_is_forgotten_is_nowhere_but_where_it_is_needed(records: Database) -> None:
    made, about = report(by=BOB, about=ANN), report(about=BOB)
    made_open, about_open = report(by=BOB, about=CID), report(by=CID, about=BOB)
    await reported(records, made, about, made_open, about_open)
    for each in (made, about):
        await records.decide_report(each.id, "warned", decision(each, "warned"))
        await records.add_evidence(evidence(each))
    await records.add_evidence(evidence(about_open))
    over, holding = ban(BOB, until=NOW), ban(BOB)
    for banned in (over, holding):
        await records.add_ban(banned, decision(banned))
    await records.add_block(block(by=BOB, blocked=ANN))
    await records.add_block(others := block(by=ANN, blocked=BOB))
    await records.add_block(kept := block(by=ANN, blocked=CID))
    # two reports' evidence; a report with its decision, two changed; its block; a ban with its own
    assert await records.forget(BOB) == 2 + 2 + 2 + 1 + 2
    assert await records.report(made.id) is None
    assert await records.decisions(made.id) == await records.decisions(over.id) == []
    assert await records.report(made_open.id) == replace(made_open, reporter=Party())
    assert await records.report(about_open.id) == about_open
    left = await records.report(about.id)
    assert left
    assert (left.reporter, left.reported) == (ANN, Party())
    assert {each.id for each in await records.blocks(ANN)} == {kept.id, others.id}
    assert await records.bans(10) == [holding]
    assert len(await records.decisions(holding.id)) == 1
    chain = await records.chain(0, 10)
    assert [each.sealed for each in chain] == [None, None, b"sealed"]
    assert broken_at(chain) is None
    assert await records.forget(BOB) == 0


async def test_others_at_an_address_are_not_forgotten(records: Database) -> None:
    neighbour = Party("visitor-neighbour", BOB.address)
    one, unknown = report(by=neighbour), report(by=Party("", BOB.address))
    await reported(records, one, unknown)
    await records.add_block(kept := block(by=neighbour, blocked=ANN))
    assert await records.forget(BOB) == 0
    assert await records.forget(Party("", BOB.address)) == 1
    assert await records.report(one.id) == one
    assert await records.report(unknown.id) == replace(unknown, reporter=Party())
    assert await records.blocks(neighbour) == [kept]
    assert await records.forget(Party()) == 0


async def test_many_at_once_are_all_kept(any_records: Records) -> None:
    many = [report(NOW + number) for number in range(200)]
    await asyncio.gather(*map(any_records.add_report, many))
    assert await any_records.reports(1000, 0) == many[::-1]


@pytest.mark.parametrize("what", ["warned", "held"])
async def test_a_decision_comes_back_as_it_was(any_records: Records, what: str) -> None:
    one = report()
    await any_records.add_report(one)
    made = Decision("id", NOW + 0.5, "olga", what, one.id, "Why? « »")  # type: ignore[arg-type]
    await any_records.decide_report(one.id, "warned", made)
    assert await any_records.decisions(one.id) == [made]
