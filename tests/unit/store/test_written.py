"""Waiters and rooms as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import NotUnderstood
from relay.store import MODES, Room, Tryst, Waiter
from relay.store.times import Times
from relay.store.written import room_of, room_text, tags, waiter_fields, waiter_of

MOMENTS = st.integers(0, 10**12).map(lambda us: us / 1e6)
NAMES = st.frozensets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=4)


@pytest.fixture
def times() -> Times:
    return _times()


def _times() -> Times:
    times = Times()
    times.heard(1_700_000_000_000_000, 0.0, 0.0)
    return times


def put_together(waiter: Waiter, times: Times) -> str:
    """As the script does it."""
    apart, since, tagged, rest = waiter_fields(waiter, times)
    return f"{waiter.user_id}\n{apart}{since}\n{waiter.node}\n{tagged}\n{rest}"


@given(
    st.builds(
        Waiter,
        user_id=st.text("abc 0:", min_size=1),
        since_s=MOMENTS,
        interests=NAMES,
        recent=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), MOMENTS),
        place=st.sampled_from(["", "0", "1"]),
        names=NAMES,
        avoids=NAMES,
        apart_until_s=st.one_of(st.just(0.0), MOMENTS),
        node=st.sampled_from(["", "a", "node-2"]),
        mode=st.sampled_from(MODES),
        also=st.sampled_from(["", *MODES]),
        languages=st.frozensets(st.sampled_from(["en", "pt", "xx"])),
        tryst=st.sampled_from([None, Tryst("x-Y_1", 0), Tryst("z", 1, is_single=True)]),
    )
)
def test_a_waiter_is_read_as_it_was(waiter: Waiter) -> None:
    times = _times()
    assert waiter_of(put_together(waiter, times), times) == waiter


@given(NAMES)
def test_tags_have_no_control_characters(interests: frozenset[str]) -> None:
    written = tags(Waiter("ann", 1.0, interests))
    assert len(written) == max(len(interests), 1)
    assert all(character >= " " for tag in written for character in tag)


def test_fields_that_nobody_knows_are_left_out(times: Times) -> None:
    text = put_together(Waiter("ann", 1.0, node="a"), times)
    later = text.replace("{", '{"new":[1],', 1)
    assert waiter_of(later, times) == Waiter("ann", 1.0, node="a")


@pytest.mark.parametrize(
    "text",
    ["", "x", "\n\n\n", "0\n\n\n{}", "01\na\n\n[]", "01\na\n\n{", '01\na\n\n{"i":1}',
     '01\na\n\n{"i":[],"r":[]}', '01\na\n\n{"i":[],"u":"x"}', '0x\na\n\n{"i":[]}'],
)  # fmt: skip
def test_what_is_no_waiter(text: str, times: Times) -> None:
    with pytest.raises(NotUnderstood):
        waiter_of(f"ann\n{text}", times)


def test_a_room_is_read_as_it_was(times: Times) -> None:
    room = Room("r", "ann", "bob", 12.345678, ("a", "b"), "text")
    assert room_of(room_text(room, times), times) == room
    assert room_of(room_text(room, times).replace("]", ',"new"]'), times) == room


@pytest.mark.parametrize(
    "text",
    ["", "{}", "3", '["r","a","b",1,"n"]', '["r","a",2,1,"n","m"]', '["r","a","b","x","n","m"]'],
)
def test_what_is_no_room(text: str, times: Times) -> None:
    with pytest.raises(NotUnderstood):
        room_of(text, times)
