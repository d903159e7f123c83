"""The rings of keys, rotated by a clock that only tests move."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.safety.keys import (
    ADDRESSES_S,
    COOKIES_S,
    DAY_S,
    ROTATE_S,
    Key,
    Keys,
    decode,
    encode,
)

NOW = 1_764_547_200.0


def test_keys_that_are_new_stay_as_they_are() -> None:
    keys = Keys.new(NOW)
    assert keys.rotated(NOW + ROTATE_S - 1) is keys


def test_a_clock_that_was_set_back_changes_nothing() -> None:
    keys = Keys.new(NOW)
    assert keys.rotated(NOW - 400 * DAY_S) is keys


def test_a_key_is_followed_by_another_after_a_month() -> None:
    keys = Keys.new(NOW)
    later = keys.rotated(NOW + ROTATE_S)
    assert later.cookies[1:] == keys.cookies
    assert later.addresses[1:] == keys.addresses
    assert len({key.secret for key in (*later.cookies, *later.addresses)}) == 4


def test_a_cookies_key_is_good_for_seven_months_and_an_addresss_for_two() -> None:
    keys = Keys.new(NOW)
    first_cookies, first_addresses = keys.cookies[0], keys.addresses[0]
    for day in range(1, 211):
        keys = keys.rotated(NOW + day * DAY_S)
        assert (first_addresses in keys.addresses) is (day * DAY_S < ADDRESSES_S)
        assert (first_cookies in keys.cookies) is (day * DAY_S < COOKIES_S)
    assert len(keys.cookies) == 7
    assert len(keys.addresses) == 2


def test_a_server_that_was_off_for_years_has_new_keys_alone() -> None:
    keys = Keys.new(NOW)
    later = keys.rotated(NOW + 2000 * DAY_S)
    assert len(later.cookies) == len(later.addresses) == 1
    assert later.cookies[0] != keys.cookies[0]


@given(st.lists(st.floats(0, 500 * DAY_S), max_size=60))
def test_whatever_the_clock_does_there_are_few_keys_and_one_is_present(moves: list[float]) -> None:
    keys, now = Keys.new(NOW), NOW
    for move in moves:
        now += move
        keys = keys.rotated(now)
        assert 1 <= len(keys.cookies) <= 8
        assert 1 <= len(keys.addresses) <= 3
        assert now - keys.cookies[0].made_at < ROTATE_S


def test_what_is_written_is_read_again() -> None:
    keys = Keys.new(NOW).rotated(NOW + ROTATE_S)
    assert decode(encode(keys)) == keys


def test_a_key_is_found_by_its_name() -> None:
    keys = Keys.new(NOW)
    assert keys.cookie_key(keys.cookies[0].key_id) == keys.cookies[0]
    assert keys.cookie_key("00000000") is None or keys.cookies[0].key_id == "00000000"


SECRET = Key("01234567", NOW, b"s" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"version": 1, "cookies": [], "addresses": []}',
        encode(Keys((SECRET,), (SECRET,))).replace('"version": 1', '"version": 2'),
        encode(Keys((SECRET,), (SECRET,)))[:-20],
        encode(Keys((SECRET,), (SECRET,))).replace("c3Nz", "c3N", 1),
    ],
)
def test_anything_else_is_no_keys_and_the_error_tells_no_secret(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        decode(text)
    assert "c3Nz" not in str(error.value)
