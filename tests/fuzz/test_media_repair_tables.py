"""What is kept of what was sent, and of what did not come, against plain models of both."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media.packets.gaps import (
    MAX_ASKS,
    MAX_OPEN,
    MAX_RESTORED,
    MAX_ROUND_TRIP_S,
    MIN_ROUND_TRIP_S,
    USABLE_S,
    Gaps,
)
from relay.media.packets.history import KEPT_S, MAX_REPEATS, ON_TIME, History

steady = settings(derandomize=True, deadline=None, max_examples=200)

PACKETS = 32
ROUND_TRIPS_S = st.none() | st.floats(0, 3) | st.floats(0, 1e9)


@dataclass
class Kept:
    """A packet that was sent."""

    packet: bytes
    at: float
    ring: int
    """How large the ring was then, at the least."""
    last_at: float
    asked: int = 0
    later: list[int] = field(default_factory=list)
    """The sizes of those that were kept after it."""

    @property
    def has_room(self) -> bool:
        """Whether it must be there still: a packet's size may be left out before each end."""
        sizes = [len(self.packet), *self.later]
        return sum(sizes) + 2 * max(sizes) <= self.ring


@given(
    first=st.integers(0, 0xFFFF),
    story=st.lists(
        st.tuples(
            st.sampled_from(["keep"] * 5 + ["repeat", "repeat", "refuse", "fit"]),
            st.integers(0, 40) | st.just(1),
            st.integers(12, 600),
            st.floats(0, 0.1),
            ROUND_TRIPS_S,
        ),
        max_size=150,
    ),
)
@steady
def test_a_history_has_what_a_plain_one_has(
    first: int, story: list[tuple[str, int, int, float, float | None]]
) -> None:
    """Numbers wrap; what it gives is what was kept last under the number, or nothing."""
    history, model, number, now = History(1024, 4096, PACKETS), dict[int, Kept](), first, 100.0
    for index, (what, step, size, pause_s, round_trip_s) in enumerate(story):
        now += pause_s
        known = list(model) or [number & 0xFFFF]
        asked = known[-1 - step % len(known)] if step % 4 else number - step & 0xFFFF
        if what == "keep":
            number += 1 + step // 8
            packet = bytes([index]) * size
            history.keep(number & 0xFFFF, memoryview(b"x" + packet), 1, 1 + size, now)
            for kept in model.values():
                kept.later.append(size)
            model = {n: kept for n, kept in model.items() if (n - number) % PACKETS}
            model[number & 0xFFFF] = Kept(packet, now, len(history), now)
        elif what == "fit":
            history.fit()
        elif what == "refuse":
            history.refuse(asked, now)
            if asked in model:
                model[asked].asked += 1
        else:
            _ask(history, model, asked, now, round_trip_s)
        assert len(history) <= 4096
    for ahead in range(-PACKETS, 8 * PACKETS):
        assert number - ahead & 0xFFFF in model or not history.has(number - ahead & 0xFFFF, now)


def _ask(
    history: History, model: dict[int, Kept], number: int, now: float, round_trip_s: float | None
) -> None:
    """Have a packet again, of both."""
    kept, has = model.get(number), history.has(number, now)
    got = history.repeat(number, now, round_trip_s)
    assert has is (got is not None)
    if kept is None or now - kept.at > KEPT_S or kept.asked >= MAX_REPEATS:
        assert got is None
    elif got is None:
        assert not kept.has_room
    elif round_trip_s is not None and now - kept.last_at < ON_TIME * round_trip_s:
        assert got == b""
    else:
        assert got == kept.packet
        kept.asked, kept.last_at = kept.asked + 1, now


@dataclass
class Missing:
    """A number that did not come."""

    opened_at: float
    asked_at: list[float] = field(default_factory=list)


@given(
    first=st.integers(0, 0x1FFFF),
    story=st.lists(
        st.tuples(
            st.sampled_from(["open", "open", "came", "restored", "due", "due", "clear", "give up"]),
            st.integers(1, 30) | st.integers(1, 1200),
            st.floats(0, 0.05) | st.floats(0, 2),
            ROUND_TRIPS_S,
        ),
        max_size=60,
    ),
)
@steady
def test_each_number_that_did_not_come_has_one_end(
    first: int, story: list[tuple[str, int, float, float | None]]
) -> None:
    """It comes, is restored, is of no use any more, or is given up; until then it is asked for.

    A plain model: a dictionary without bounds, from which whatever ends is taken. What the table
    has no room for is given up, of which only the last :data:`MAX_OPEN` are said.
    """
    gaps, model, now, end = Gaps(), dict[int, Missing](), 100.0, first
    unsaid, restored = dict[int, None](), list[int]()
    for what, number, pause_s, round_trip_s in story:
        now += pause_s
        each = end - number
        if what == "open":
            gaps.open(end, end + number, now)
            model |= {opened: Missing(now) for opened in range(end, end + number)}
            for fallen in [n for n in model if n not in gaps]:
                del model[fallen]
                unsaid[fallen] = None
            end += number + 1
        elif what == "came":
            came = gaps.came(each, now)
            assert came is (each in model or each not in restored[-MAX_RESTORED:])
            model.pop(each, None)
        elif what == "restored":
            assert gaps.restored(each, now) is (each in model)
            if model.pop(each, None):
                restored.append(each)
        elif what == "clear":
            gaps.clear()
            model, unsaid = {}, {}
        elif what == "give up":
            assert gaps.give_up() is bool(model or unsaid)
            unsaid, model = {**unsaid, **dict.fromkeys(model)}, {}
        else:
            _look(gaps, model, unsaid, now, round_trip_s)
        assert all(n in gaps for n in model)
        assert len(gaps) == len(model) <= MAX_OPEN
        assert (gaps.due_at < float("inf")) is bool(model or unsaid)
    while model or unsaid:
        now += 1.0
        _look(gaps, model, unsaid, now, None)


def _look(
    gaps: Gaps,
    model: dict[int, Missing],
    unsaid: dict[int, None],
    now: float,
    round_trip_s: float | None,
) -> None:
    """Do what is due, and hold it to what may be."""
    was_due = gaps.due_at <= now
    asked, given_up = gaps.due(now, round_trip_s)
    assert was_due or not (asked or given_up)
    assert asked == sorted(set(asked) & model.keys())
    assert not set(asked) & set(given_up)
    assert not gaps.due(now, round_trip_s)[0], "once"
    for number in asked:
        missing = model[number]
        missing.asked_at.append(now)
        assert len(missing.asked_at) <= MAX_ASKS
        if len(missing.asked_at) > 1:
            assert now - missing.asked_at[-2] >= MIN_ROUND_TRIP_S
    said = [number for number in given_up if number in unsaid]
    assert said == list(unsaid)[-MAX_OPEN:] or not was_due
    for number in given_up:
        if number not in unsaid:
            missing = model.pop(number)
            age_s = now - missing.opened_at
            assert len(missing.asked_at) == MAX_ASKS or age_s >= USABLE_S
    if was_due:
        unsaid.clear()
        most_s = USABLE_S + MAX_ROUND_TRIP_S
        assert all(now - missing.opened_at < most_s for missing in model.values())
