"""The store or the plane fails: one user hears of it, nobody is stuck, others go on."""

import pytest
from structlog.testing import capture_logs

from relay.matching import State
from relay.protocol.messages import FindPartner
from relay.store import MemoryStore
from tests.support.party import Party, SlowStore, taken


class Broken(Exception):
    """What a remote store's client might raise."""


class Trouble:
    """Fails at each of these places once."""

    def __init__(self) -> None:
        self.places: list[tuple[str, str]] = []

    async def __call__(self, when: str, name: str) -> None:
        if (when, name) in self.places:
            self.places.remove((when, name))
            raise Broken(f"{when} {name}")


def party_with_trouble() -> tuple[Party, Trouble]:
    trouble = Trouble()
    return Party(store=SlowStore(trouble)), trouble


FIND_STEPS = [(when, name) for name in ("enter", "waiting") for when in ("before", "after")]


@pytest.mark.parametrize("where", FIND_STEPS)
async def test_find_partner_fails_and_can_be_tried_again(where: tuple[str, str]) -> None:
    party, trouble = party_with_trouble()
    ann, bob = party.come("ann"), party.come("bob")
    trouble.places = [where]
    assert await ann.find() == ["error: find_failed"]
    assert ann.state is State.CONNECTED
    assert await party.waiting() == 0
    assert await bob.find() == ["waiting_for_partner"]
    assert await ann.find() == ["partner_found, initiator"]


async def test_a_failure_says_when_to_try_again() -> None:
    party, trouble = party_with_trouble()
    ann = party.come("ann")
    trouble.places = [("before", "enter")]
    ann.put(FindPartner())
    await party.settle()
    (error,) = taken(ann.session.outbox)
    assert error.model_dump()["retry_after"] == 3


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_claim_fails_and_nobody_is_stuck(when: str) -> None:
    party, trouble = party_with_trouble()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    trouble.places = [(when, "claim")]
    assert await bob.find() == ["error: find_failed"]
    await party.pass_time(1)
    assert await bob.find() == ["partner_found, initiator"]
    assert ann.partner == "bob"


async def test_a_claim_fails_after_it_was_carried_out_and_so_does_the_clearing_up() -> None:
    party, trouble = party_with_trouble()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    trouble.places = [("after", "claim"), ("before", "leave_queue")]
    await bob.find()
    assert await party.rooms() == 1  # of which nobody knows
    await party.pass_time(1)
    assert await party.rooms() == 0
    assert await bob.find() == ["partner_found, initiator"]


@pytest.mark.parametrize("where", [("before", "leave_queue"), ("after", "leave_room")])
async def test_leaving_fails_and_the_partner_is_told_all_the_same(where: tuple[str, str]) -> None:
    party, trouble = party_with_trouble()
    ann, bob = await party.pair("ann", "bob")
    trouble.places = [where]
    await ann.vanish()
    assert bob.hear() == ["partner_disconnected"]
    cid = party.come("cid")
    await bob.find()
    await cid.find()
    assert bob.partner == "cid"
    assert await party.rooms() == 1


async def test_a_ghost_in_the_queue_is_passed_over() -> None:
    party, trouble = party_with_trouble()
    ann, bob, cid = (party.come(name) for name in ("ann", "bob", "cid"))
    await ann.find()
    trouble.places = [("before", "leave_queue")]
    await ann.vanish()
    assert await party.waiting() == 1
    assert await bob.find() == ["waiting_for_partner"]
    assert await cid.find() == ["partner_found, initiator"]
    assert await party.waiting() == 0


async def test_the_plane_fails_at_an_offer() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    assert await ann.offer("boom") == ["error: internal"]
    assert ann.partner == "bob"
    assert await ann.chat("still here") == []
    assert bob.hear() == ["chat_message: still here"]


async def test_a_full_queue() -> None:
    party = Party(store=MemoryStore(max_waiting=1))
    ann, bob = party.come("ann"), party.come("bob")
    ann.session.remember("bob", party.now)
    await ann.find()
    with capture_logs() as logged:
        for _ in range(3):
            assert await bob.find() == ["error: find_failed"]
    assert [each["event"] for each in logged] == ["queue_full"], "however often he asks"
    assert bob.state is State.CONNECTED
