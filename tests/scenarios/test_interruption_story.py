"""Nothing comes from a user any more, or for a while: its partner is told, and nobody is cut."""

from relay.matching import State
from relay.plane import LinkInterrupted, LinkResumed
from tests.support.party import Party

AWAY, BACK = "partner_connection: interrupted", "partner_connection: back"


async def test_the_partner_is_told_once_each_way() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.flow("ann")
    for _ in range(2):
        party.plane.interrupt("ann")
        assert (ann.hear(), bob.hear()) == ([], [AWAY])
        await party.pass_time(5)
        party.plane.resume("ann")
        assert (ann.hear(), bob.hear()) == ([], [BACK])
    assert (ann.state, bob.state, ann.partner) == (State.IN_CALL, State.IN_CALL, "bob")


async def test_both_may_be_interrupted() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.interrupt("ann")
    party.plane.interrupt("bob")
    party.plane.resume("ann")
    assert (ann.hear(), bob.hear()) == ([AWAY], [AWAY, BACK])


async def test_who_meets_somebody_already_interrupted_is_told() -> None:
    party = Party()
    ann, bob, cid = party.come("ann"), party.come("bob"), party.come("cid")
    for user in (ann, bob, cid):
        await user.offer()
        await user.come_up()
    party.plane.interrupt("ann")
    await ann.find()
    assert ann.hear() == []
    assert await bob.find() == ["partner_found, initiator", AWAY]
    assert ann.hear() == ["partner_found, not initiator"]
    await bob.next()
    await cid.find()
    assert bob.hear() == ["partner_found, not initiator"], "cid is not"


async def test_nobody_is_told_after_parting() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.interrupt("ann")
    await bob.next()
    bob.hear()
    party.plane.resume("ann")
    party.plane.interrupt("ann")
    assert (ann.hear(), bob.hear()) == (["partner_left"], [])
    party.plane.resume("ann")
    cid = party.come("cid")
    await ann.find()
    await cid.find()
    assert AWAY not in bob.hear() + cid.hear()


async def test_what_is_told_of_another_link_is_old_news() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.emit(LinkInterrupted("ann", "another link"))
    party.plane.interrupt("ann")
    party.plane.emit(LinkResumed("ann", "another link"))
    party.plane.emit(LinkInterrupted("nobody", "no link"))
    assert bob.hear() == [AWAY]
    assert ann.hear() == []


async def test_who_comes_back_with_another_link_is_back_when_that_is_up() -> None:
    """A restart, or a peer connection that its user has replaced."""
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    for reason in ("restarted", "closed"):
        party.plane.interrupt("ann")
        await ann.lose_link(reason)
        await ann.offer()
        assert bob.hear() == [AWAY]
        await ann.come_up()
        assert bob.hear() == [BACK]


async def test_who_comes_back_to_chat_only_is_back() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.interrupt("ann")
    await ann.lose_link("closed")
    bob.hear()
    await ann.offer("bad")
    assert bob.hear() == ["media_state: audio off, video off", BACK]


async def test_who_is_lost_in_the_end_leaves_nothing_of_it_behind() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    party.plane.interrupt("ann")
    await ann.lose_link("silent")
    assert bob.hear() == [AWAY, "partner_disconnected"]
    cid = party.come("cid")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    await cid.find()
    assert AWAY not in cid.hear()


async def test_a_plain_client_that_parts_without_a_link_begins_anew() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await bob.offer()
    await bob.come_up()
    party.plane.interrupt("bob")
    await bob.lose_link("closed")
    await ann.stop()
    ann.hear()
    cid = party.come("cid")
    await bob.find()
    await cid.find()
    assert AWAY not in cid.hear()


async def test_an_interrupted_link_without_a_partner_may_still_be_lost() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await bob.find()
    await bob.offer()
    await bob.come_up()
    party.plane.interrupt("bob")
    await ann.stop()
    await bob.lose_link("silent")
    cid = party.come("cid")
    await bob.find()
    await cid.find()
    assert AWAY not in cid.hear()
