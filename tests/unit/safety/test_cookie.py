"""A visitor's cookie: who made it, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.safety import cookie
from relay.safety.keys import DAY_S, Keys

NOW = 1_764_547_200.0
KEYS = Keys.new(NOW)


def test_a_cookie_tells_who_it_is() -> None:
    visitor = cookie.new_visitor()
    assert cookie.read(cookie.issue(visitor, KEYS, NOW), KEYS, NOW) == (visitor, False)


def test_no_two_visitors_are_one() -> None:
    assert len({cookie.new_visitor() for _ in range(100)}) == 100


@pytest.mark.parametrize(("days", "is_old"), [(0, False), (1, True), (180, True)])
def test_it_is_renewed_a_day_later(days: int, is_old: bool) -> None:
    value = cookie.issue("v" * 22, KEYS, NOW)
    assert cookie.read(value, KEYS, NOW + days * DAY_S) == ("v" * 22, is_old)


def test_after_half_a_year_it_is_not_believed() -> None:
    assert cookie.read(cookie.issue("v" * 22, KEYS, NOW), KEYS, NOW + 181 * DAY_S) == "expired"


def test_another_servers_is_not_believed() -> None:
    value = cookie.issue("v" * 22, KEYS, NOW)
    assert cookie.read(value, Keys.new(NOW), NOW) == "unknown_key"


def test_a_former_keys_is_believed_while_the_key_is_there() -> None:
    value = cookie.issue("v" * 22, KEYS, NOW)
    keys = KEYS
    for month in range(1, 6):
        keys = keys.rotated(NOW + month * 30 * DAY_S)
        assert cookie.read(value, keys, NOW + month * 30 * DAY_S) == ("v" * 22, True)


@given(st.data())
def test_with_any_character_changed_it_is_not_believed(data: st.DataObject) -> None:
    value = cookie.issue("v" * 22, KEYS, NOW)
    at = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters().filter(lambda char: char != value[at]))
    changed = f"{value[:at]}{other}{value[at + 1 :]}"
    assert cookie.read(changed, KEYS, NOW) in ("malformed", "forged", "unknown_key")


@given(st.text())
def test_anything_at_all_is_no_cookie(value: str) -> None:
    assert cookie.read(value, KEYS, NOW) == "malformed"


def test_the_day_cannot_be_moved() -> None:
    signed, _, mac = cookie.issue("v" * 22, KEYS, NOW).rpartition(".")
    visitor, day, key = signed.split(".")
    assert cookie.read(f"{visitor}.{int(day) + 1}.{key}.{mac}", KEYS, NOW) == "forged"
