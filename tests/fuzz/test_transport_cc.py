"""Transport-wide feedback of any bytes: refused, or understood in the same way by all readers."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from relay.errors import MalformedPacket
from relay.transport_cc import Feedback, first_arrival, moved, read, survey, write

_HEAD = bytes.fromhex("8fcd0004 00000001 00000002")

_STEPS = st.one_of(st.none(), st.integers(-300, 32767))


def _arrivals(steps: list[int | None], start: int) -> tuple[int | None, ...]:
    ticks, arrivals = start, []
    for step in steps:
        ticks += step or 0
        arrivals.append(None if step is None else ticks & 0xFFFFFFFF)
    return tuple(arrivals)


@given(st.integers(0, 0xFFFF), st.lists(_STEPS, min_size=1), st.integers(0, 2**32 - 1))
def test_whatever_is_written_is_read_again(base: int, steps: list[int | None], start: int) -> None:
    feedback = Feedback(base, _arrivals(steps, start), base & 0xFF)
    assert read(write(feedback, 1, 2)) == feedback


@given(
    st.lists(_STEPS, min_size=1, max_size=80),
    st.integers(0, 2**32 - 1),
    st.integers(-(2**33), 2**33),
)
def test_moving_is_the_same_as_reading_and_adding(
    steps: list[int | None], start: int, ticks: int
) -> None:
    before = Feedback(9, _arrivals(steps, start))
    data = write(before, 1, 2)
    after = read(moved(data, survey(data), base=10, ticks=ticks, count=1, ssrcs=(3, 4)))
    assert after.arrivals == tuple(
        None if each is None else each + ticks & 0xFFFFFFFF for each in before.arrivals
    )


@given(st.binary(max_size=120))
def test_any_bytes_are_refused_or_understood(rest: bytes) -> None:
    data = _HEAD + rest
    with suppress(MalformedPacket):
        layout = survey(data)
        feedback = read(data)
        assert len(feedback.arrivals) == layout.statuses
        came = [each for each in feedback.arrivals if each is not None]
        if came:
            assert came[0] == first_arrival(data, layout)
