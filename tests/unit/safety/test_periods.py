"""The keys of a cluster: the same on all nodes, and replaced as one server's are."""

from pydantic import SecretStr

from relay.cluster.secret import Secret
from relay.safety import cookie
from relay.safety.keys import ROTATE_S
from relay.safety.periods import SharedKeyring

NOW = 700 * ROTATE_S
SECRET = SecretStr("one that all the nodes share")


def ring() -> SharedKeyring:
    return SharedKeyring(Secret(SECRET).key)


def test_every_node_has_the_same() -> None:
    assert ring().at(NOW) == ring().at(NOW + ROTATE_S - 1)


def test_a_visitor_of_one_node_is_known_at_another() -> None:
    issued = cookie.issue("a" * 22, ring().at(NOW), NOW)
    assert cookie.read(issued, ring().at(NOW + 60), NOW + 60) == ("a" * 22, False)


def test_a_node_whose_clock_is_behind_knows_the_next_key() -> None:
    ahead = NOW + ROTATE_S + 1
    issued = cookie.issue("a" * 22, ring().at(ahead), ahead)
    assert cookie.read(issued, ring().at(ahead - 2), ahead - 2) == ("a" * 22, False)
    assert ring().at(ahead - 2).cookies[0] != ring().at(ahead).cookies[0]


def test_a_cookie_is_good_as_long_as_on_one_server() -> None:
    issued = cookie.issue("a" * 22, ring().at(NOW), NOW)
    late = NOW + 6 * ROTATE_S
    assert cookie.read(issued, ring().at(late), late) == ("a" * 22, True)
    assert cookie.read(issued, ring().at(late + ROTATE_S), late + ROTATE_S) == "unknown_key"


def test_addresses_are_known_by_the_present_key_and_the_former() -> None:
    former, present = ring().at(NOW), ring().at(NOW + ROTATE_S)
    assert len(present.addresses) == 2
    assert present.addresses[1] == former.addresses[0]


def test_cookies_and_addresses_have_different_keys() -> None:
    keys = ring().at(NOW)
    secrets = {key.secret for key in (*keys.cookies, *keys.addresses)}
    assert len(secrets) == len(keys.cookies) + len(keys.addresses)


def test_another_secret_makes_other_keys() -> None:
    other = SharedKeyring(Secret(SecretStr("another that nobody shares")).key).at(NOW)
    issued = cookie.issue("a" * 22, other, NOW)
    assert cookie.read(issued, ring().at(NOW), NOW) == "unknown_key"


def test_a_clock_that_begins_in_1970_is_no_harm() -> None:
    keys = ring().at(0.0)
    assert [key.made_at for key in keys.cookies] == [0, ROTATE_S]
    assert keys == ring().at(-1.0)
