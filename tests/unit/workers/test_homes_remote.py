"""Who has a partner at another node is paired as with one of another worker."""

from __future__ import annotations

from relay.workers import messages
from relay.workers.homes import Command, Homes, Remote
from relay.workers.told import Told
from tests.support.cards import card

NUMBER = 0xABCDEF012345


def told(worker: int = 1, link_id: str = "0123456789ab") -> Told:
    return Told(card(link_id=link_id), worker)


def pair_far(known: Told, node: str = "berlin") -> messages.PairFar:
    return messages.PairFar("ann", known.card, NUMBER, known.worker, node)


def homes(worker: int | None = 0) -> Homes:
    """Ann is here, and her partner Bob is at another node."""
    made = Homes()
    if worker is not None:
        describe(made, worker)
    made.pair_across("ann", Remote("bob", "berlin", NUMBER))
    return made


def describe(made: Homes, worker: int) -> list[Command]:
    made.worker_of["ann"], made.link_of["ann"] = worker, "link"
    made.describe("ann", card(user_id="ann"))
    return made.join("ann")


def test_a_worker_hears_of_the_partner_when_its_node_has_told() -> None:
    made = homes()
    assert made.join("ann") == []
    assert made.follow("bob", told()) == [Command(0, pair_far(told()))]
    assert made.join("ann") == [], "it is told already"
    assert made.follow("bob", told(2)) == [Command(0, pair_far(told(2)))]


def test_the_partner_may_be_told_of_first() -> None:
    made = homes(None)
    assert made.follow("bob", told()) == []
    assert describe(made, 3) == [Command(3, pair_far(told()))]


def test_the_own_worker_dies_and_the_link_is_on_another() -> None:
    made = homes()
    made.follow("bob", told())
    made.forget(0)
    assert made.join("ann") == []
    assert describe(made, 1) == [Command(1, pair_far(told()))]


def test_the_own_link_moves_while_its_worker_lives() -> None:
    made = homes()
    made.follow("bob", told())
    made.leave("ann")
    assert describe(made, 1) == [
        Command(0, messages.Unpair("ann")),
        Command(1, pair_far(told())),
    ]


def test_they_part() -> None:
    made = homes()
    made.follow("bob", told())
    assert made.part("ann") == ("bob", [Command(0, messages.Unpair("ann"))])
    assert made.part("ann") == (None, [])
    assert made.near_of("bob") is None
    assert made.join("ann") == []
    assert not any((made.remotes, made._near_of, made.partner_of, made.joined_at))


def test_they_part_before_anybody_was_told() -> None:
    made = homes()
    assert made.part("ann") == ("bob", [])
    assert not any((made.remotes, made._near_of, made.partner_of))


def test_a_node_is_lost_and_its_users_links_with_it() -> None:
    made = homes()
    made.follow("bob", told())
    made.lose("paris")
    assert describe(made, 1) != []
    made.lose("berlin")
    assert describe(made, 0) == []
    assert made.follow("bob", told(0)) == [
        Command(1, messages.Unpair("ann")),
        Command(0, pair_far(told(0))),
    ]
