"""Whatever is lost, repeated and asked for: no number goes out twice, or with another's packet."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.media.packets.gaps import MAX_OPEN
from relay.media.translation import translate
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import KEYFRAME, Rtp, nack, read_rtp, rtp, rtx
from tests.support.sides import REPAIR, VIDEO, Side, pair

steady = settings(derandomize=True, deadline=None, max_examples=200)

A_VIDEO, A_RTX = 2001, 2002

events = st.lists(
    st.tuples(
        st.sampled_from(["media", "media", "media", "repeat", "ask"]),
        st.integers(-40, 40) | st.integers(-2000, 2000),
        st.floats(0, 0.2),
    ),
    max_size=60,
)


@given(
    first=st.integers(0, 0xFFFF),
    story=events,
    receives=st.sampled_from([FIREFOX, without(FIREFOX, "a=fmtp:124")]),
)
@steady
def test_every_number_goes_out_once_and_with_its_own_packet(
    first: int, story: list[tuple[str, int, float]], receives: str
) -> None:
    a, b = Side(CHROMIUM), Side(receives)
    there, back = pair(a, b)
    now, last, repair = 100.0, first, 0
    came: set[int] = set()
    out: dict[tuple[int, int], bytes] = {}
    begun = a.sent(rtp(A_VIDEO, first, payload=_payload(first)), now)
    out[begun.ssrc, begun.number] = begun.payload
    came.add(first & 0xFFFF)
    for what, step, pause_s in story:
        now += pause_s
        number = last + step
        if what == "media":
            if number & 0xFFFF in came:  # SRTP takes nothing twice
                continue
            came.add(number & 0xFFFF)
            last = max(last, number)
            sent = a.send(rtp(A_VIDEO, number, payload=_payload(number)), now)
        elif what == "repeat":
            repair += 1
            sent = a.send(rtx(A_RTX, repair, number, payload=_payload(number)), now)
        else:
            request = nack(1, b.outlet(VIDEO).ssrc, (begun.number + step & 0xFFFF, 0xFFFF))
            asked = translate(request, back, there, now)
            for packet in map(read_rtp, asked.retransmissions):
                _check(packet, out, b)
            continue
        if isinstance(sent, Rtp):
            _check(sent, out, b)
    route = there.video
    assert route is not None
    assert route.gaps is not None
    assert len(route.gaps) <= MAX_OPEN


def _payload(number: int) -> bytes:
    """A picture's, which says what number it has."""
    return KEYFRAME + struct.pack("!H", number & 0xFFFF)


def _check(packet: Rtp, out: dict[tuple[int, int], bytes], receiver: Side) -> None:
    """Under each number one packet, and in a retransmission the one of which it has the number."""
    assert (packet.ssrc, packet.number) not in out
    out[packet.ssrc, packet.number] = packet.payload
    if packet.ssrc == receiver.outlet(REPAIR).ssrc:
        (number,) = struct.unpack_from("!H", packet.payload)
        former = out.get((receiver.outlet(VIDEO).ssrc, number))
        assert former is None or former == packet.payload[2:]
