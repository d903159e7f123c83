"""Somebody reports or blocks a partner, and never meets it again."""

import pytest

from relay.protocol.messages import Block, FindPartner, Report, Shown
from relay.records import Party as Who
from relay.records import Reason
from relay.safety import BanOrder, Decisions, Identity
from relay.signaling.session import FORMER_S
from tests.support.party import Party, User


async def test_a_report_leaves_the_partner_at_once_and_it_learns_nothing() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    assert await ann.say(Report(reason="nudity", words=" he undressed ")) == ["report_received"]
    assert bob.hear() == ["partner_left"]
    (report,) = party.records.all_reports.values()
    assert (report.reason, report.words) == (Reason.NUDITY, "he undressed")
    assert (report.reporter, report.reported) == (Who("ann"), Who("bob"))
    assert report.room_id
    assert party.safety.tally.reports["nudity"] == 1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("message", [Report(reason="spam"), Block()])
async def test_the_two_never_meet_again(known: bool, message: Report | Block) -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=known)
    await ann.say(message)
    await bob.find()
    await ann.find()
    await party.pass_time(120)
    assert (ann.partner, bob.partner) == (None, None)
    cid = party.come("cid")
    await cid.offer()
    await cid.come_up()
    await cid.find()
    assert cid.partner == "bob", "who has waited longest"


async def test_who_comes_back_is_still_kept_from_whom_it_has_blocked() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob", known=True)
    await ann.say(Block())
    again = party.come("ann, next day", identity=Identity("ann"))
    known = await party.guard.learn(again.session)
    assert again.session.avoids == {"visitor:bob"}
    assert not known.has_reported


async def test_the_last_partner_can_be_reported_for_a_minute() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    await ann.stop()
    await party.pass_time(FORMER_S - 1)
    assert "report_received" in await ann.say(Report(reason="hate"))
    assert await ann.say(Report(reason="hate")) == ["error: nobody_to_report"], "only once"
    await party.pass_time(2)
    bob.hear()
    assert await bob.say(Report(reason="hate")) == ["error: nobody_to_report"]
    assert len(party.records.all_reports) == 1
    assert party.safety.tally.refused["nobody"] == 2


async def test_a_room_is_named_so_that_nobody_reports_the_wrong_person() -> None:
    party = Party()
    ann, _ = await party.pair("ann", "bob", known=True)
    call = ann.session.call
    assert call is not None
    former = call.room.room_id
    cid = party.come("cid", identity=Identity("cid"))
    await cid.offer()
    await cid.come_up()
    await cid.find()
    await ann.next()
    assert ann.partner == "cid"
    ann.hear()
    await ann.say(Report(reason="threat", room_id=former))
    assert ann.partner == "cid", "it is not about this one"
    (report,) = party.records.all_reports.values()
    assert report.reported == Who("bob")
    assert await ann.say(Report(reason="threat", room_id="none")) == ["error: nobody_to_report"]
    assert ann.partner == "cid"


async def test_nobody_reports_itself() -> None:
    party = Party()
    same = Identity("ann")
    tabs = party.come("first tab", identity=same), party.come("second tab", identity=same)
    for tab in tabs:
        await tab.offer()
        await tab.come_up()
        await tab.find()
    assert tabs[0].partner == "second tab"
    tabs[0].hear()
    assert await tabs[0].say(Report(reason="other")) == ["error: cannot_report_yourself"]
    assert tabs[0].partner == "second tab"
    assert party.safety.tally.refused["yourself"] == 1


async def test_who_reports_without_end_is_slowed_and_nobody_else_is() -> None:
    party = Party()
    pest = Identity("pest")
    for number in range(12):
        user = party.come(f"pest {number}", identity=pest)
        victim = party.come(f"victim {number}", identity=Identity(f"victim {number}"))
        await meet(user, victim)
        heard = await user.say(Report(reason="other"))
        assert heard == (["report_received"] if number < 10 else ["error: rate_limited"])
        await user.vanish()
        await victim.vanish()
    ann, _ = await party.pair("ann", "bob", known=True)
    assert await ann.say(Report(reason="other")) == ["report_received"]


async def test_a_report_is_taken_while_the_database_is_away() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    party.records.away = True
    assert await ann.say(Report(reason="other")) == ["report_received"]
    assert bob.hear() == ["partner_left"]
    await ann.find()
    await bob.find()
    await party.pass_time(60)
    assert ann.partner is None, "it is kept from it all the same"


async def test_what_came_of_it_is_told_at_once_or_when_the_reporter_is_back() -> None:
    party = Party()
    decisions = Decisions(party.safety)
    ann, bob = await party.pair("ann", "bob", known=True)
    await ann.say(Report(reason="hate"))
    bob.hear()
    (report,) = party.records.all_reports.values()
    await decisions.decide(report.id, "warned", by="op", why="rude")
    assert ann.hear() == ["report_outcome: warned"]
    assert bob.hear() == ["warning: hate"]

    cid, _ = await party.pair("cid", "dan", known=True)
    await cid.say(Report(reason="spam"))
    await cid.vanish()
    report = next(each for each in party.records.all_reports.values() if each.reason == "spam")
    await decisions.decide(report.id, "dismissed", by="op", why="it was a dog")
    again = party.come("cid again", identity=Identity("cid"))
    party.guard.tell(again.session, await party.guard.learn(again.session))
    assert again.hear() == ["report_outcome: dismissed"]
    await party.background()
    assert party.records.all_reports[report.id].told_at is not None
    assert not (await party.guard.learn(again.session)).outcomes


async def test_who_is_banned_goes_and_only_that_one() -> None:
    party = Party()
    decisions = Decisions(party.safety)
    ann, bob = await party.pair("ann", "bob", known=True)
    order = BanOrder(Who("bob"), Reason.NUDITY, 600.0, "not here")
    ban = await decisions.ban(order, by="op", why="seen it")
    assert bob.session.outbox.closing is not None
    assert bob.session.outbox.closing.code == 4004
    assert ann.session.outbox.closing is None
    assert party.safety.find_ban(Identity("bob")) == ban
    await party.pass_time(601)
    assert party.safety.find_ban(Identity("bob")) is None


async def test_three_different_reporters_ban_for_half_an_hour_and_one_never_does() -> None:
    party = Party()
    for _ in range(3):
        await reported_by(party, "pest")
    assert party.safety.find_ban(Identity("bob")) is None
    for name in ("ann", "cid"):
        await reported_by(party, name)
    ban = party.safety.find_ban(Identity("bob"))
    assert ban is not None
    assert ban.until == pytest.approx(ban.since + 1800)
    assert party.safety.tally.bans["rules"] == 1


async def reported_by(party: Party, name: str) -> None:
    """Somebody meets Bob and reports him."""
    number = len(party.records.all_reports)
    bob = party.come(f"bob {number}", identity=Identity("bob"))
    other = party.come(f"{name} {number}", identity=Identity(name, (f"{name}'s home",)))
    await meet(bob, other)
    await other.say(Report(reason="nudity"))
    await party.background()
    for user in (bob, other):
        await user.vanish()
    await party.pass_time(60)


async def meet(first: User, second: User) -> None:
    for user in (first, second):
        await user.offer()
        await user.come_up()
        await user.find()
    assert first.partner == second.name
    for user in (first, second):
        user.hear()


async def test_whoever_blurs_is_told_of_and_ready_is_passed_on() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    for user in (ann, bob):
        await user.offer()
        await user.come_up()
    await ann.say(FindPartner(blurred=True))
    await bob.find()
    assert ann.session.blurs
    assert not bob.session.blurs
    assert await bob.say(Shown()) == []
    assert "shown" in ann.hear()
    await ann.stop()
    assert await ann.say(Shown()) == [], "there is nobody any more"
