"""What somebody reports is frozen: the last pictures and the chat of both."""

import asyncio

from relay.evidence.webp import to_webp
from relay.protocol.messages import Block, Report, StopChat
from tests.support.keyframe import key_frame
from tests.support.party import EPOCH_S, Party, until


async def frozen(party: Party) -> None:
    """Wait until nothing is being frozen."""
    await until(lambda: not party.freezer._tasks)


async def test_a_report_freezes_what_the_two_showed_and_wrote() -> None:
    party = Party(keeps_evidence=True)
    ann, bob = await party.pair("ann", "bob", known=True)
    assert ann.session.call is not None
    room_id = ann.session.call.room.room_id
    party.plane.show("ann", key_frame(1))
    party.plane.show("bob", key_frame(2))
    await bob.chat("look at me")
    await ann.chat("no")
    assert "report_received" in await ann.say(Report(reason="nudity", words=" he undressed "))
    await frozen(party)
    package = party.evidence.opened
    (report,) = party.records.all_reports.values()
    assert (package.report_id, package.room_id) == (report.id, room_id)
    assert (package.reason, package.words) == ("nudity", "he undressed")
    assert (package.reporter.visitor, package.reported.visitor) == ("ann", "bob")
    assert [shot.webp for shot in package.reporter.pictures] == [to_webp(key_frame(1))]
    assert [shot.webp for shot in package.reported.pictures] == [to_webp(key_frame(2))]
    assert [(said.by, said.text) for said in package.chat] == [
        ("reported", "look at me"),
        ("reporter", "no"),
    ]
    assert party.lobby.tally.evidence["stored"] == 1
    assert {at for user, at in party.plane.asked("request_keyframe")} == {"up"}


async def test_it_does_so_after_the_room_has_ended_about_that_room() -> None:
    party = Party(keeps_evidence=True)
    ann, bob = await party.pair("ann", "bob", known=True)
    cid = party.come("cid")
    await cid.offer()
    await cid.come_up()
    party.plane.show("bob", key_frame(1))
    await bob.chat("look at me")
    await bob.next()
    await cid.find()
    assert bob.partner == "cid"
    party.plane.show("bob", key_frame(2))
    await bob.chat("hello cid")
    await ann.say(Report(reason="nudity"))
    await frozen(party)
    package = party.evidence.opened
    assert [(shot.webp, shot.in_room) for shot in package.reported.pictures] == [
        (to_webp(key_frame(1)), True),
        (to_webp(key_frame(2)), False),
    ]
    assert [said.text for said in package.chat] == ["look at me"]


async def test_one_who_leaves_while_its_picture_is_waited_for_is_reported_all_the_same() -> None:
    party = Party(keeps_evidence=True)
    party.freezer._glances_s = (60.0,)
    ann, bob = await party.pair("ann", "bob", known=True)
    party.plane.show("bob", key_frame(2))
    ann.put(Report(reason="nudity"))
    reporting = asyncio.create_task(party.settle())
    await until(lambda: party.freezer._glancing > 0)
    await party.lobby.handle(bob.session, StopChat(), party.now)
    party.freezer._closing.set()
    await reporting
    await frozen(party)
    assert ann.hear() == ["partner_left", "report_received"]
    assert len(party.evidence.opened.reported.pictures) == 1


async def test_a_block_freezes_nothing() -> None:
    party = Party(keeps_evidence=True)
    ann, _ = await party.pair("ann", "bob", known=True)
    await ann.chat("no")
    await ann.say(Block())
    await frozen(party)
    assert party.evidence.rows == []


async def test_without_evidence_nothing_is_kept_or_asked_for() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", known=True)
    party.plane.show("bob", key_frame(2))
    await bob.chat("look at me")
    assert ann.session.call is not None
    assert ann.session.call.chat is None
    await ann.say(Report(reason="nudity"))
    assert party.evidence.rows == []
    assert party.plane.asked("request_keyframe") == []


async def test_chat_that_the_partner_did_not_get_is_none() -> None:
    party = Party(keeps_evidence=True)
    ann, bob = await party.pair("ann", "bob", known=True)
    for number in range(30):
        await bob.chat(f"again {number}")
    await ann.say(Report(reason="spam"))
    await frozen(party)
    chat = party.evidence.opened.chat
    assert len(chat) == len([heard for heard in chat if heard.text.startswith("again")]) < 30
    assert all(said.at > EPOCH_S for said in chat)


async def test_a_flood_of_rooms_does_not_keep_their_chats() -> None:
    party = Party(keeps_evidence=True)
    ann, _ = await party.pair("ann", "bob", known=True)
    await ann.stop()
    await party.pass_time(70)
    for name in ("cid", "dan"):
        other = party.come(name)
        await other.offer()
        await other.come_up()
        await other.find()
        await ann.find()
        await ann.stop()
        await party.pass_time(10)
    assert [former.user_id for former in ann.session.former] == ["cid", "dan"]
