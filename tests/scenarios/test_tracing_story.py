"""How two came to see each other, as it is told to whoever traces that."""

from relay.plane import PictureFlowing
from relay.protocol.messages import FindPartner
from relay.signaling.tracing import PATIENCE_S, Meeting, Step
from tests.support.parties import Parties
from tests.support.party import Party, User

NOW = 1000.0


def steps(meeting: Meeting) -> dict[tuple[str, str], tuple[float, float]]:
    """From when to when, since the beginning of the test, by name and side."""
    found = {
        (step.name, str(step.facts.get("side", ""))): (step.began_s - NOW, step.ended_s - NOW)
        for step in meeting.steps
    }
    assert len(found) == len(meeting.steps)
    return found


def step(meeting: Meeting, name: str) -> Step:
    return next(step for step in meeting.steps if step.name == name)


async def begun(party: Party) -> tuple[User, User]:
    """Ann opens a link at 0, which is up at 2, and searches at 3; Bob does at 4, 5 and 7."""
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    party.now += 2
    await ann.come_up()
    party.now += 1
    await ann.find()
    party.now += 1
    await bob.offer()
    party.now += 1
    await bob.come_up()
    party.now += 2
    await bob.find()
    assert ann.partner == "bob"
    return ann, bob


async def test_each_step_is_told_when_the_last_is_done() -> None:
    party = Party()
    ann, _ = await begun(party)
    party.now += 1
    party.plane.flow("ann")
    party.plane.flow("ann", "video")
    assert party.meetings == []
    party.now += 0.5
    party.plane.flow("bob", "video")
    (meeting,) = party.meetings
    assert ann.session.call is not None
    assert meeting.room_id == ann.session.call.room.room_id
    assert meeting.facts == {"mode": "video", "across_nodes": False, "outcome": "complete"}
    assert steps(meeting) == {
        ("find", "first"): (3, 7),
        ("find", "second"): (7, 7),
        ("match", ""): (7, 7),
        ("link", "first"): (0, 2),
        ("link", "second"): (4, 5),
        ("first_picture", "first"): (7, 8),
        ("first_picture", "second"): (7, 8.5),
    }
    assert (meeting.began_s - NOW, meeting.ended_s - NOW) == (0, 8.5)
    assert step(meeting, "link").facts == {"way": "udp", "side": "first"}
    assert "ann" not in str(meeting)
    assert "offer" not in str(meeting)


async def test_a_link_that_stays_is_told_once() -> None:
    party = Party()
    ann, bob = await begun(party)
    cid = party.come("cid")
    await cid.offer()
    await cid.come_up()
    await cid.find()
    await ann.next()
    assert [meeting.facts["outcome"] for meeting in party.meetings] == ["partner_left"]
    assert cid.partner == "ann"
    party.plane.flow("ann", "video")
    party.plane.flow("cid", "video")
    found = steps(party.meetings[1])
    assert sum(name == "link" for name, _ in found) == 1
    assert bob.partner is None


async def test_what_has_not_happened_when_the_room_ends_is_unfinished() -> None:
    party = Party()
    ann, _ = await begun(party)
    party.plane.flow("ann", "video")
    party.now += 3
    await ann.stop()
    (meeting,) = party.meetings
    assert meeting.facts["outcome"] == "partner_left"
    (late,) = [each for each in meeting.steps if each.facts.get("unfinished")]
    assert late == Step("first_picture", 1007, 1010, {"unfinished": True, "side": "second"})
    party.plane.flow("bob", "video")
    assert len(party.meetings) == 1


async def test_nobody_waits_for_ever_for_a_camera_that_is_off() -> None:
    party = Party()
    await begun(party)
    await party.pass_time(PATIENCE_S - 1)
    assert party.meetings == []
    await party.pass_time(1)
    (meeting,) = party.meetings
    assert meeting.facts["outcome"] == "late"
    party.plane.flow("ann", "video")
    assert len(party.meetings) == 1


async def test_who_writes_or_talks_waits_for_no_picture() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.say(FindPartner(mode="text"))
    await bob.say(FindPartner(mode="text"))
    (meeting,) = party.meetings
    assert (meeting.facts["mode"], meeting.facts["outcome"]) == ("text", "complete")
    assert [name for name, _ in steps(meeting)] == ["find", "find", "match"]
    assert ann.partner == "bob"


async def test_plain_clients_open_their_links_within_the_meeting() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    party.now += 1
    await bob.offer()
    party.now += 1
    await bob.come_up()
    await ann.answer()
    party.now += 1
    await ann.come_up()
    party.plane.flow("ann", "video")
    party.plane.flow("bob", "video")
    (meeting,) = party.meetings
    found = steps(meeting)
    assert found["link", "second"] == (1, 2)
    assert found["link", "first"] == (0, 3)
    assert meeting.facts["outcome"] == "complete"


async def test_a_link_that_fails_says_why() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await bob.offer()
    await party.pass_time(party.limits.link_timeout_s)
    (meeting,) = party.meetings
    assert meeting.facts["outcome"] == "partner_disconnected"
    causes = {each.cause for each in meeting.steps if each.name == "link"}
    assert causes - {""}
    assert ann.partner is None


async def test_direct_media_is_not_seen() -> None:
    party = Party(media_mode="direct")
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    (meeting,) = party.meetings
    assert meeting.facts["outcome"] == "complete"
    assert [name for name, _ in steps(meeting)] == ["find", "find", "match"]


async def test_nothing_is_kept_of_who_has_gone() -> None:
    party = Party()
    ann, bob = await begun(party)
    cid = party.come("cid")
    await cid.offer()
    dan = party.come("dan")
    await dan.offer()
    await dan.come_up()
    for user in (ann, bob, cid, dan):
        await user.vanish()
    tracing = party.lobby._tracing
    kept = tracing._began, tracing._links, tracing._rooms, tracing._of_users
    assert [len(each) for each in kept] == [0, 0, 0, 0]


async def test_each_node_tells_of_its_own_user() -> None:
    parties = Parties("berlin", "paris")
    ann, bob = await parties.pair()
    told = []
    for user in (ann, bob):
        user.party.plane.emit(PictureFlowing(user.name, user.partner or ""))
        told += user.party.meetings
    one, other = told
    assert one.room_id == other.room_id
    for meeting, side in ((one, "first"), (other, "second")):
        assert meeting.facts == {"mode": "video", "across_nodes": True, "outcome": "complete"}
        assert [(each.name, each.facts.get("side")) for each in meeting.steps] == [
            ("find", side),
            ("match", None),
            ("link", side),
            ("first_picture", side),
        ]


async def test_a_picture_of_a_former_partner_is_none_of_this_one() -> None:
    party = Party()
    await begun(party)
    party.plane.emit(PictureFlowing("ann", "cid"))
    party.plane.emit(PictureFlowing("bob", "ann"))
    assert party.meetings == []
