"""A partner on another node."""

import pytest

from relay.cluster.messages import Flowing, Person
from relay.protocol.messages import ChatDelivery, PartnerLeft, Shown, Typing
from relay.signaling.guest import Guest, is_room_id, is_sound, read
from relay.signaling.limits import Limits

BOB = Person("bob", "bob's cookie", ["under the present key", "under the former"], {"tea": "Tea"})


def bob(told: list[tuple[str, object]]) -> Guest:
    return Guest("room", "b", BOB, lambda node, message: told.append((node, message)), Limits())


def test_it_is_known_as_a_user_of_this_node_is() -> None:
    guest = bob([])
    assert guest.identity.tokens >= {"visitor:bob's cookie", "address:under the present key"}
    assert [share.name for share in guest.counts_as] == [
        "visitor:bob's cookie",
        "address:under the present key",
    ]


def test_its_node_hears_once_that_media_flows() -> None:
    told: list[tuple[str, object]] = []
    guest = bob(told)
    guest.flow()
    guest.flow()
    assert told == [("b", Flowing("room"))]


def test_it_does_not_if_it_has_said_so_itself() -> None:
    told: list[tuple[str, object]] = []
    guest = bob(told)
    guest.flowed()
    guest.flow()
    assert told == []


@pytest.mark.parametrize("room_id", ["0123456789abcdef01234567", "f" * 24])
def test_a_name_of_a_room(room_id: str) -> None:
    assert is_room_id(room_id)


@pytest.mark.parametrize("room_id", ["", "f" * 23, "f" * 25, "F" * 24, "f" * 24 + "\n", "٣" * 24])
def test_no_name_of_a_room(room_id: str) -> None:
    assert not is_room_id(room_id)


def test_whoever_fits_is_sound() -> None:
    most = Person("b" * 64, "v" * 64, ["a" * 128] * 4, {"k" * 95 + str(n): "x" for n in range(10)})
    assert is_sound(BOB)
    assert is_sound(most)
    assert not is_sound(Person(""))


def test_what_a_partner_may_say_is_read_as_it_was_written() -> None:
    for message in (Shown(), Typing(active=True), ChatDelivery(text="🙂\x00", id="1", sent_at=1)):
        assert read(message.encode()) == message


def test_the_longest_text_fits() -> None:
    longest = ChatDelivery(text="\x01" * 2000, id="\x01" * 64, sent_at=2**60)
    assert read(longest.encode()) == longest


def test_what_it_may_not_is_not() -> None:
    assert read(PartnerLeft().encode()) is None
