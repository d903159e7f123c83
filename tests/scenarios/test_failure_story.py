"""A user's link does not come up: what it is told, and what operators see."""

import pytest

from relay.plane import Trace
from relay.protocol.messages import Error, LinkReport
from relay.signaling.tally import NO_CAUSE
from tests.support.party import Party, User, taken

TOO_LATE_S = 10


async def fail(party: Party, user: User, trace: Trace, report: LinkReport | None = None) -> str:
    """Have a user's link not come up; returns the cause that it is told, if any."""
    party.plane.traces[user.name] = trace
    await user.offer()
    if report is not None:
        assert await user.say(report) == []
    await party.pass_time(TOO_LATE_S)
    return cause_told(user)


def cause_told(user: User) -> str:
    errors = [message for message in taken(user.session.outbox) if isinstance(message, Error)]
    assert [error.code for error in errors] == ["media_failed"]
    return errors[0].cause or ""


async def test_nothing_from_anybody_is_the_servers_network() -> None:
    party = Party()
    for name in ("ann", "bob"):
        user = party.come(name)
        assert await fail(party, user, Trace()) == "server_unreachable"
        assert await fail(party, user, Trace()) == "server_unreachable", "and counts once"
    assert party.lobby.tally.networks.unreached(party.now) == 2
    assert party.lobby.tally.link_failures["server_unreachable"] == 4
    assert party.lobby.tally.errors["media_failed"] == 4


async def test_nothing_while_others_come_by_udp_is_the_users_network() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await bob.offer()
    await bob.come_up()
    assert await fail(party, ann, Trace()) == "udp_blocked"
    assert party.lobby.tally.networks.unreached(party.now) == 0


async def test_two_users_of_one_source_are_one_network() -> None:
    party = Party()
    ann, bob = (party.come(name, source="192.0.2.7") for name in ("ann", "bob"))
    await bob.offer()
    await bob.come_up()
    assert await fail(party, ann, Trace()) == "server_unreachable"


async def test_what_the_client_reports_counts_for_its_present_link_alone() -> None:
    party = Party()
    ann = party.come("ann")
    report = LinkReport(state="failed", dtls_state="failed")
    assert await fail(party, ann, Trace(), report) == "dtls_failed"
    assert await fail(party, ann, Trace()) == "server_unreachable"
    await ann.offer()
    await ann.say(report)
    await ann.come_up()
    await ann.stop()
    assert await fail(party, ann, Trace()) == "server_unreachable"


async def test_a_link_that_the_plane_gives_up_before_it_is_up_has_a_cause() -> None:
    party = Party()
    ann = party.come("ann")
    party.plane.traces["ann"] = Trace(("udp",), ("udp",), "failed")
    await ann.offer()
    party.plane.lose("ann", "failed")
    await party.settle()
    assert cause_told(ann) == "dtls_failed"


async def test_a_link_that_was_up_has_none() -> None:
    party = Party()
    ann = party.come("ann")
    await ann.offer()
    await ann.come_up()
    party.plane.lose("ann", "silent")
    await party.settle()
    assert cause_told(ann) == ""
    assert party.lobby.tally.link_failures[NO_CAUSE] == 1


async def test_who_never_described_a_link_has_none() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.offer()
    await ann.come_up()
    await ann.find()
    await bob.find()
    await party.pass_time(TOO_LATE_S)
    assert cause_told(bob) == ""


@pytest.mark.parametrize("state", ["connecting", "connected", "disconnected"])
async def test_a_report_is_taken_at_any_time_and_changes_nothing(state: str) -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.say(LinkReport.model_validate({"state": state})) == []
    assert bob.hear() == []
    assert ann.partner == "bob"


@pytest.mark.parametrize("source", ["192.0.2.7", ""], ids=["known", "behind a proxy"])
async def test_one_network_that_loads_the_page_again_and_again_is_one(source: str) -> None:
    """The alert needs two."""
    party = Party()
    networks = party.lobby.tally.networks
    for number in range(20):
        user = party.come(f"ann {number}", source=source)
        assert await fail(party, user, Trace()) == "server_unreachable"
        assert networks.unreached(party.now) == 1
        await user.vanish()
    assert party.lobby.tally.failures(party.now)[0][:2] == ("server_unreachable", 20)
    user = party.come("ann", source=source)
    await fail(party, user, Trace())
    bob = party.come("bob", source=source and "192.0.2.8")
    assert await fail(party, bob, Trace()) == "server_unreachable"
    assert networks.unreached(party.now) == 2
