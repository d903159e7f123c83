"""A server that is about to go, and its users, who move to another one."""

from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import FindPartner
from relay.signaling.moving import LAST_S, NOTICE_S
from tests.support.party import Party


def drain(party: Party, left_s: float | None = None) -> None:
    """Load balancers know of it already."""
    party.lobby.moving.begin(party.now - NOTICE_S, None if left_s is None else NOTICE_S + left_s)


async def test_who_waits_is_told_to_move_and_waits_no_more() -> None:
    party = Party()
    ann = party.come("ann", can_move=True)
    await ann.find()
    drain(party)
    await party.pass_time(1)
    assert ann.hear() == ["move"]
    assert (ann.state, await party.waiting()) == (State.CONNECTED, 0)
    assert party.lobby.tally.moves == 1


async def test_nobody_moves_before_load_balancers_can_know_of_it() -> None:
    party = Party()
    ann = party.come("ann", can_move=True)
    party.lobby.moving.begin(party.now)
    assert await ann.find() == ["waiting_for_partner"]
    await party.pass_time(NOTICE_S - 1)
    assert "move" not in str(ann.hear())
    await party.pass_time(1)
    assert ann.hear() == ["move"]


async def test_a_call_goes_on_and_who_presses_next_moves_while_the_partner_is_told() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", can_move=True)
    drain(party, 600)
    await party.pass_time(30)
    assert (ann.hear(), bob.hear()) == ([], [])
    assert await ann.chat("still here?") == []
    assert bob.hear() == ["chat_message: still here?"]
    assert await ann.next() == ["move, within 580 s"]
    assert bob.hear() == ["partner_left"]
    assert (ann.state, bob.state) == (State.CONNECTED, State.CONNECTED)
    assert await bob.find() == ["move, within 580 s"]
    assert (await party.waiting(), await party.rooms()) == (0, 0)


async def test_who_finds_no_other_server_searches_here_and_meets_others_like_it() -> None:
    party = Party()
    ann, bob = [party.come(name, can_move=True) for name in ("ann", "bob")]
    for user in (ann, bob):
        await user.offer()
        await user.come_up()
    drain(party, 600)
    for user in (ann, bob):
        assert await user.find() == ["move, within 610 s"]
    assert await ann.stay() == ["waiting_for_partner"]
    assert "partner_found, initiator" in await bob.stay()
    await party.pass_time(30)
    assert ann.partner == "bob"
    ann.hear()
    assert await ann.next() == ["move, within 580 s"], "it may try again"


async def test_who_stays_and_waits_is_left_alone_until_the_deadline() -> None:
    party = Party()
    ann = party.come("ann", can_move=True)
    drain(party, 60)
    await party.pass_time(1)
    assert ann.hear() == ["move, within 69 s"]
    await ann.stay()
    await party.pass_time(58)
    assert "move" not in str(ann.hear())
    assert ann.state is State.WAITING
    await party.pass_time(1)
    assert ann.hear() == ["move, within 10 s"]


async def test_at_the_deadline_calls_are_moved_and_the_last_ones_are_closed() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", can_move=True)
    drain(party, 60)
    await party.pass_time(60)
    assert (ann.hear(), bob.hear()) == (["move, within 10 s"], ["move, within 10 s"])
    assert ann.partner == "bob", "the call goes on until somebody leaves"
    await ann.vanish()  # it is at the other server
    assert bob.hear() == ["partner_disconnected"]
    await party.pass_time(LAST_S - 1)
    assert bob.session.outbox.closing is None
    await party.pass_time(1)
    assert bob.session.outbox.closing is not None
    assert bob.session.outbox.closing.code == 1012


async def test_a_client_that_cannot_move_is_served_as_ever_until_the_deadline() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    drain(party, 60)
    await party.pass_time(10)
    assert await ann.next() == ["waiting_for_partner"]
    assert "partner_left" in bob.hear()
    await party.pass_time(49)
    assert ann.session.outbox.closing is None
    await party.pass_time(1)
    for user in (ann, bob):
        assert "move" not in str(user.hear())
        assert user.session.outbox.closing is not None
        assert user.session.outbox.closing.code == 1012


async def test_who_is_away_at_the_deadline_hears_of_it_when_back_or_is_waited_for_no_longer() -> (
    None
):
    party = Party()
    ann, bob = await party.pair("ann", "bob", can_resume=True, can_move=True)
    drain(party, 60)
    await party.pass_time(58)
    for user in (ann, bob):
        await user.lose_socket()
    await party.pass_time(4)
    back = await ann.come_back()
    assert [said for said in back if said.startswith("move")] == ["move, within 10 s"]
    await party.pass_time(9)
    assert "bob" not in party.users


async def test_when_it_is_taken_back_everything_is_as_before() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob", can_move=True)
    drain(party, 60)
    await party.pass_time(61)
    party.lobby.moving.end()
    for user in (ann, bob):
        user.hear()
    await party.pass_time(20)
    assert ann.session.outbox.closing is None
    assert await ann.next() == ["waiting_for_partner"]


async def test_taking_it_back_at_the_same_moment_leaves_who_waits_in_the_queue() -> None:
    party = Party()
    ann = party.come("ann", can_move=True)
    await ann.find()
    drain(party)
    party.tick()  # which has something put into her inbox
    party.lobby.moving.end()
    await party.settle()
    assert (ann.hear(), ann.state) == ([], State.WAITING)


async def test_who_meets_somebody_just_before_it_is_told_stays_with_them() -> None:
    party = Party()
    ann, bob = party.come("ann", can_move=True), party.come("bob")
    await ann.find()
    drain(party)
    party.tick()  # which has something put into her inbox
    await party.lobby.handle(bob.session, FindPartner(), party.now)
    assert ann.partner == "bob"
    await party.settle()
    assert "move" not in str(ann.hear())
    assert await ann.next() == ["move"]


async def test_a_search_that_is_diverted_touches_no_link() -> None:
    party = Party()
    ann = party.come("ann", can_move=True)
    await ann.offer()
    await ann.come_up()
    drain(party)
    await party.pass_time(5)
    assert ann.hear() == [], "who has a link is about to search"
    assert await ann.find("cats") == ["move"]
    assert ann.link is LinkState.UP
    assert await ann.stay("cats") == ["waiting_for_partner"]
