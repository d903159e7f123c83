"""Whatever a sender puts into RED: no number goes out twice, or with another's sound."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media.packets.gaps import MAX_OPEN
from relay.media.packets.red import MAX_BLOCKS
from relay.media.route import MAX_AHEAD
from relay.media.verdict import Verdict
from tests.support.offers import FIREFOX, OUR_PAGE
from tests.support.packets import Rtp, red, rtp
from tests.support.sides import AUDIO, Side, flow

steady = settings(derandomize=True, deadline=None, max_examples=60)

SSRC, STEP = 1001, 960
RECEIVERS = st.sampled_from([FIREFOX, OUR_PAGE, OUR_PAGE.replace("111", "109")])


def sound(number: int) -> bytes:
    return b"sound %d" % (number & 0xFFFF)


def packet(number: int, back: int) -> bytes:
    """As a browser sends it; Opus alone when it repeats nothing."""
    earlier = [(STEP * ago, sound(number - ago)) for ago in range(back, 0, -1)]
    payload = red(sound(number), *earlier) if back else sound(number)
    options = {"payload_type": 63 if back else 111, "rtp_ts": STEP * number}
    return rtp(SSRC, number, payload=payload, **options)  # type: ignore[arg-type]


@given(
    first=st.integers(0, 0xFFFF),
    story=st.lists(
        st.tuples(
            st.integers(-20, 20) | st.integers(-2000, MAX_AHEAD - 1), st.integers(0, MAX_BLOCKS)
        ),
        max_size=40,
    ),
    receives=RECEIVERS,
)
@steady
def test_every_number_goes_out_once_and_with_its_own_sound(
    first: int, story: list[tuple[int, int]], receives: str
) -> None:
    a, b = Side(OUR_PAGE), Side(receives)
    there = flow(a, b)
    began = a.sent(packet(first, 0))
    out, came, last = {began.number}, {first & 0xFFFF}, first
    for at, (step, back) in enumerate(story):
        number = last + step
        if number & 0xFFFF in came:  # SRTP takes nothing twice
            continue
        came.add(number & 0xFFFF)
        sent = a.send(packet(number, back), 100.0 + STEP * (number - first) / 48_000)
        if isinstance(sent, Rtp):
            last = max(last, number)
        for each in (*a.filled, *([sent] if isinstance(sent, Rtp) else [])):
            assert each.number not in out, at
            out.add(each.number)
            assert each.payload.endswith(sound(each.number - began.number + first)), at
        a.filled.clear()
    gaps = there.routes[AUDIO].gaps
    assert gaps is not None
    assert len(gaps) <= MAX_OPEN


@given(
    payloads=st.lists(
        st.binary(max_size=80)
        | st.binary(max_size=80).map(lambda tail: b"\xef" + tail)
        | st.builds(
            lambda n, tail: b"\xef\0\0\x01" * n + b"o" + tail, st.integers(0, 400), st.binary()
        ),
        max_size=8,
    ),
    padding=st.integers(0, 9),
    receives=RECEIVERS,
)
@steady
def test_whatever_it_is_it_goes_on_or_is_dropped(
    payloads: list[bytes], padding: int, receives: str
) -> None:
    a, b = Side(OUR_PAGE), Side(receives)
    flow(a, b)
    for number, payload in enumerate(payloads):
        data = rtp(SSRC, 2 * number, payload_type=63, payload=payload, padding=padding)
        sent = a.send(data)
        assert isinstance(sent, Rtp) or sent in (Verdict.MALFORMED, Verdict.STALE)
        assert len(a.filled) < MAX_BLOCKS
        assert sum(len(each.payload) for each in a.filled) <= len(payload)
        a.filled.clear()
