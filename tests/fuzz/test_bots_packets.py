"""Packets of any bytes: a bot finds a transport-wide number in them, or none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from relay.bots.arrivals import Arrivals, transport_number
from relay.transport_cc import read
from tests.support.packets import rtp

_BODIES = st.one_of(
    st.binary(max_size=64),
    st.builds(lambda head, rest: head + rest, st.just(rtp(1, 2, extension=b"")), st.binary()),
)


@given(_BODIES, st.integers(1, 14))
def test_any_bytes_have_a_number_or_none(packet: bytes, extension_id: int) -> None:
    number = transport_number(packet, extension_id)
    assert number is None or 0 <= number <= 0xFFFF


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0, 30)), min_size=1, max_size=300))
def test_whatever_comes_can_be_told(came: list[tuple[int, float]]) -> None:
    arrivals, now_s = Arrivals(5), 1e6
    for number, pause_s in came:
        now_s += pause_s
        arrivals.note(rtp(9, 1, elements=((5, number.to_bytes(2, "big")),)), now_s)
    told = read(arrivals.feedback()[8:])
    newest = (told.base + len(told.arrivals) - 1) & 0xFFFF
    assert newest in {number for number, _ in came}
    assert told.arrivals[-1] is not None
