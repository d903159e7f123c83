"""What is expected of a user's link: the table, and what the class makes of it."""

from collections.abc import Callable

import pytest

from relay.plane import Description, LinkLost, LinkState, LinkUp
from relay.signaling.expectation import (
    REMEDIES,
    TRANSITIONS,
    Event,
    Expectation,
    Expected,
    Owner,
    Remedy,
)

NONE, CONNECTING, UP = LinkState
NOW, TIMEOUT_S = 100.0, 10.0
LINK, OTHER = Description("first"), Description("second")


def expectation(state: LinkState = NONE) -> Expectation:
    """Of a user whose link is so far."""
    link = Expectation(TIMEOUT_S)
    link.state = state
    return link


def kept(state: LinkState = UP) -> Expectation:
    """Of a user who has opened its link by itself, and whose link was up."""
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    link.came_up()
    link.state = state
    return link


def refused() -> Expectation:
    link = expectation()
    link.refused()
    return link


def lose(link: Expectation, now: float, reason: str, whose: str) -> Remedy:
    """Of somebody who is ``alone``, or in a call, ``told`` to answer or ``asked`` to offer."""
    in_call, is_initiator = whose != "alone", whose == "asked"
    return link.lost(now, reason, in_call=in_call, is_initiator=is_initiator)


def deadline_s(link: Expectation) -> float | None:
    """The second at which it is late first."""
    seconds = range(int(NOW), int(NOW) + 100)
    return next((float(now) for now in seconds if link.is_late(now)), None)


IN_NEED = (
    (expectation, "told"),
    (expectation, "asked"),
    (kept, "alone"),
    (kept, "told"),
)


def test_the_table_has_every_event_in_every_state() -> None:
    assert set(TRANSITIONS) == set(Event)
    assert all(set(row) == set(Expected) for row in TRANSITIONS.values())


def test_nothing_is_expected_at_first() -> None:
    link = expectation()
    assert not link.is_awaited
    assert deadline_s(link) is None


def test_an_early_offer_is_of_one_who_keeps_its_link() -> None:
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    assert link.is_kept
    assert deadline_s(link) == NOW + TIMEOUT_S
    link.offered(NOW + 3, LINK, was_asked_for=True, in_call=False)
    assert link.is_kept, "until it stops"
    assert deadline_s(link) == NOW + 3 + TIMEOUT_S
    link.stopped()
    assert not link.is_kept


def test_an_offer_in_a_call_does_not_put_the_deadline_off() -> None:
    link = expectation()
    link.paired(NOW, is_initiator=True)
    link.offered(NOW + 3, LINK, was_asked_for=True, in_call=True)
    assert not link.is_kept
    assert deadline_s(link) == NOW + TIMEOUT_S


def test_an_initiator_who_offers_when_its_partner_has_gone_is_not_waited_for() -> None:
    link = expectation()
    link.paired(NOW, is_initiator=True)
    link.parted()
    assert link.is_told_to_offer
    link.offered(NOW, LINK, was_asked_for=True, in_call=False)
    assert not link.is_told_to_offer
    assert not link.is_awaited


@pytest.mark.parametrize("in_call", [False, True])
def test_an_offer_on_a_link_that_is_up_is_a_renegotiation(in_call: bool) -> None:
    link = kept()
    link.offered(NOW, LINK, was_asked_for=False, in_call=in_call)
    assert not link.is_awaited


@pytest.mark.parametrize(("state", "told"), [(NONE, True), (CONNECTING, False), (UP, False)])
def test_only_an_initiator_without_a_link_is_told_to_offer(state: LinkState, told: bool) -> None:
    link = expectation(state)
    link.paired(NOW, is_initiator=True)
    assert link.is_told_to_offer is told
    link.paired(NOW, is_initiator=False)
    assert link.is_told_to_offer is told, "nothing new is asked of the other one"


@pytest.mark.parametrize(("state", "awaited"), [(NONE, True), (CONNECTING, True), (UP, False)])
def test_whose_link_is_not_up_is_waited_for_when_paired(state: LinkState, awaited: bool) -> None:
    link = expectation(state)
    link.paired(NOW, is_initiator=False)
    assert link.is_awaited is awaited


def test_a_pairing_does_not_put_the_deadline_off() -> None:
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    link.paired(NOW + 3, is_initiator=False)
    assert deadline_s(link) == NOW + TIMEOUT_S


def test_a_new_partner_needs_a_new_proposal() -> None:
    link = expectation()
    link.paired(NOW, is_initiator=False)
    link.proposed(LINK)
    assert not link.needs_proposal
    link.parted()
    link.paired(NOW, is_initiator=False)
    assert not link.is_proposed
    assert link.needs_proposal


def test_an_offer_of_the_users_own_takes_the_place_of_an_answer() -> None:
    link = expectation()
    link.paired(NOW, is_initiator=False)
    link.proposed(LINK)
    link.offered(NOW, LINK, was_asked_for=False, in_call=True)
    assert not link.is_proposed


def test_who_keeps_its_link_gets_a_proposal_only_when_it_has_none() -> None:
    assert not kept(CONNECTING).needs_proposal
    assert not kept(UP).needs_proposal
    assert kept(NONE).needs_proposal
    assert expectation(CONNECTING).needs_proposal
    assert not expectation(UP).needs_proposal


def test_a_plain_client_is_waited_for_no_longer_than_its_partner_stays() -> None:
    link = expectation()
    link.paired(NOW, is_initiator=False)
    link.parted()
    assert not link.is_awaited


def test_who_keeps_its_link_is_waited_for_when_the_partner_has_gone() -> None:
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    link.parted()
    assert link.is_awaited


def test_an_answer_is_waited_for_while_there_is_a_partner() -> None:
    for in_call, is_up, awaited in (
        (True, False, True),
        (True, True, False),
        (False, False, False),
    ):
        link = expectation()
        link.proposed(LINK)
        if is_up:
            link.came_up()
        link.answered(NOW, LINK, in_call=in_call)
        assert not link.is_proposed
        assert link.is_awaited is awaited


def test_a_refused_answer_may_be_followed_by_a_better_one() -> None:
    link = expectation()
    link.paired(NOW, is_initiator=False)
    link.proposed(LINK)
    link.refused()
    assert link.is_proposed
    assert not link.is_awaited
    link.answered(NOW, LINK, in_call=True)
    assert not link.is_awaited
    assert deadline_s(link) == NOW + TIMEOUT_S


def test_who_chats_only_is_neither_waited_for_nor_proposed_to() -> None:
    link = refused()
    link.paired(NOW, is_initiator=False)
    assert not link.is_awaited
    assert not link.needs_proposal
    link.parted()
    for reason in REMEDIES:
        assert lose(link, NOW, reason, "told") is Remedy.NONE
        assert not link.is_awaited
    assert not link.needs_proposal


def test_an_optional_link_has_its_time_and_is_waited_for_by_nobody() -> None:
    link = kept(CONNECTING)
    link.forgone()
    link.offered(NOW, OTHER, was_asked_for=False, in_call=False)
    assert not link.is_awaited
    assert not link.needs_proposal
    link.paired(NOW + 3, is_initiator=False)
    link.offered(NOW + 4, OTHER, was_asked_for=False, in_call=True)
    assert deadline_s(link) == NOW + TIMEOUT_S
    link.parted()
    assert deadline_s(link) == NOW + TIMEOUT_S
    link.came_up()
    assert not link.is_without_media
    assert deadline_s(link) is None


@pytest.mark.parametrize("reason", REMEDIES)
def test_an_optional_link_ends_and_the_chat_goes_on(reason: str) -> None:
    link = kept(CONNECTING)
    link.forgone()
    link.offered(NOW, OTHER, was_asked_for=False, in_call=False)
    lose(link, NOW, reason, "told")
    assert link.is_without_media
    assert deadline_s(link) is None


@pytest.mark.parametrize(
    "turn",
    [
        lambda link: link.offered(NOW, LINK, was_asked_for=True, in_call=False),
        lambda link: link.answered(NOW, LINK, in_call=False),
        Expectation.came_up,
        Expectation.closed,
    ],
)
def test_who_chats_only_is_made_whole_again(turn: Callable[[Expectation], None]) -> None:
    link = refused()
    turn(link)
    assert not link.is_awaited
    link.state = NONE
    assert link.needs_proposal


@pytest.mark.parametrize("reason", ["silent", "failed"])
def test_a_link_that_has_failed_is_waited_for_no_longer(reason: str) -> None:
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    assert lose(link, NOW + 3, reason, "alone") is Remedy.FAIL
    assert not link.is_awaited


@pytest.mark.parametrize("reason", ["silent", "failed"])
def test_a_link_that_is_lost_is_a_failure_for_whom_needs_it(reason: str) -> None:
    assert lose(expectation(), NOW, reason, "alone") is Remedy.NONE
    for make, whose in IN_NEED:
        link = make()
        assert lose(link, NOW, reason, whose) is Remedy.FAIL
        assert not link.is_awaited


def test_a_link_that_its_user_has_closed_is_waited_for_by_whom_needs_it() -> None:
    link = expectation()
    assert lose(link, NOW, "closed", "alone") is Remedy.NONE
    assert not link.is_awaited
    for make, whose in IN_NEED:
        link = make()
        assert lose(link, NOW, "closed", whose) in (Remedy.NONE, Remedy.PROPOSE)
        assert deadline_s(link) == NOW + TIMEOUT_S
        lose(link, NOW + 3, "closed", whose)
        assert deadline_s(link) == NOW + TIMEOUT_S


def test_a_plain_client_that_has_closed_its_link_gets_a_proposal_unless_it_is_to_offer() -> None:
    assert lose(expectation(UP), NOW, "closed", "told") is Remedy.PROPOSE
    assert lose(expectation(UP), NOW, "closed", "asked") is Remedy.NONE
    assert lose(kept(), NOW, "closed", "told") is Remedy.NONE


@pytest.mark.parametrize("state", [CONNECTING, UP])
def test_after_a_restart_everybody_who_needs_it_has_ten_seconds_for_another_link(
    state: LinkState,
) -> None:
    for make, whose, remedy in (
        (kept, "alone", Remedy.OFFER_AGAIN),
        (kept, "told", Remedy.OFFER_AGAIN),
        (expectation, "asked", Remedy.OFFER_AGAIN),
        (expectation, "told", Remedy.PROPOSE),
    ):
        link = make(state)
        link.paired(NOW - 8, is_initiator=whose == "asked")
        assert lose(link, NOW, "restarted", whose) is remedy
        assert deadline_s(link) == NOW + TIMEOUT_S, "what was left of an earlier time is no matter"
        assert not link.is_proposed


def test_after_a_restart_nothing_is_asked_of_whom_nobody_needs() -> None:
    link = expectation(UP)
    assert lose(link, NOW, "restarted", "alone") is Remedy.NONE
    assert not link.is_awaited
    assert not link.is_told_to_offer


def test_what_a_restart_asks_for_makes_nobody_keep_its_link() -> None:
    """The partner may have gone when the offer comes."""
    link = expectation(UP)
    lose(link, NOW, "restarted", "asked")
    link.parted()
    link.offered(NOW, LINK, was_asked_for=link.is_told_to_offer, in_call=False)
    assert not link.is_kept


def test_who_keeps_its_link_keeps_the_one_after_a_restart_and_the_next_it_opens_by_itself() -> None:
    link = kept()
    lose(link, NOW, "restarted", "told")
    assert not link.is_told_to_offer
    link.closed()
    link.stopped()
    link.offered(NOW, OTHER, was_asked_for=link.is_told_to_offer, in_call=False)
    assert link.is_kept


def test_there_is_a_remedy_for_every_loss() -> None:
    assert set(REMEDIES) == {"closed", "silent", "failed", "restarted"}
    assert all(set(row) == set(Owner) for row in REMEDIES.values())


def test_a_proposal_ends_with_its_link() -> None:
    for turn in (Expectation.closed, lambda link: lose(link, NOW, "closed", "told")):
        link = expectation()
        link.proposed(LINK)
        turn(link)
        assert not link.is_proposed


def test_a_link_that_the_relay_closes_is_waited_for_no_longer() -> None:
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    link.closed()
    assert not link.is_awaited
    assert link.is_kept


def test_how_far_a_link_is_follows_what_is_told_of_it() -> None:
    link = expectation()
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    assert link.state is CONNECTING
    link.heard(LinkUp("ann", "first"))
    assert link.state is UP
    link.offered(NOW, LINK, was_asked_for=False, in_call=False)
    assert link.state is UP, "a renegotiation"
    link.heard(LinkLost("ann", "first", "closed"))
    assert link.state is NONE


def test_what_is_told_of_another_link_is_old_news() -> None:
    link = kept()
    link.offered(NOW, OTHER, was_asked_for=False, in_call=False)
    link.heard(LinkUp("ann", "first"))
    assert link.state is CONNECTING
    link.heard(LinkLost("ann", "first", "closed"))
    assert link.state is CONNECTING
    assert not link.is_present("first")
    link.closed()
    link.heard(LinkUp("ann", "second"))
    assert link.state is NONE
