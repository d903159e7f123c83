"""Whatever an authenticated user sends: forwarded well-formed, or dropped for a reason."""

from __future__ import annotations

import struct

from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.errors import MalformedPacket
from relay.media.feedback.rtcp import MAX_BYTES
from relay.media.flow import Flow
from relay.media.packets import vp8
from relay.media.packets.clocks import SenderClock
from relay.media.packets.numbering import TransportNumbers
from relay.media.packets.rtp import ExtensionMap
from relay.media.translation import translate
from relay.media.verdict import Verdict
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import KEYFRAME, beginning, block, read_rtcp, rtp, rtx
from tests.support.sides import AUDIO, REPAIR, VIDEO, Side, pair

A_AUDIO, A_VIDEO, A_RTX = 1001, 2001, 2002

steady = settings(derandomize=True, deadline=None, max_examples=400)


def talking() -> tuple[Side, Side]:
    """Two users whose every stream has begun."""
    a, b = Side(CHROMIUM), Side(FIREFOX)
    pair(a, b)
    for one, (sound, picture, repair) in ((a, (111, 96, 97)), (b, (109, 120, 124))):
        one.sent(rtp(A_AUDIO, 100, payload_type=sound))
        one.sent(rtp(A_VIDEO, 200, payload_type=picture, payload=KEYFRAME))
        one.sent(rtx(A_RTX, 300, 200, payload_type=repair))
    return a, b


# RTP

bodies = st.binary(max_size=60)
headers = st.builds(
    struct.Struct("!BBHII").pack,
    st.integers(0x80, 0xBF),
    st.sampled_from([111, 96, 97, 0x80 | 111, 0x80 | 96, 0x80 | 97]) | st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.sampled_from([A_AUDIO, A_VIDEO, A_RTX]) | st.integers(0, 0xFFFFFFFF),
)
extensions = st.builds(
    lambda profile, words, body: struct.pack("!HH", profile, words) + body,
    st.sampled_from([0xBEDE, 0x1000]) | st.integers(0, 0xFFFF),
    st.integers(0, 5) | st.integers(0, 0xFFFF),
    bodies,
)
packets = st.builds(bytes.__add__, headers, bodies | extensions)
PLACES = {A_AUDIO: AUDIO, A_VIDEO: VIDEO, A_RTX: REPAIR}


@steady
@given(st.lists(packets, min_size=1, max_size=5))
def test_rtp_is_rewritten_in_its_place_or_dropped(sent: list[bytes]) -> None:
    a, b = talking()
    for packet in sent:
        ssrc = int.from_bytes(packet[8:12], "big")
        key = PLACES.get(ssrc, VIDEO)
        flow = a.uplink.flow
        route = flow.routes[key] if isinstance(flow, Flow) else None
        assert route is not None
        assert route.source is not None
        buffer = bytearray(b"\xee" * 16 + packet + b"\xee" * 16)
        header, before = beginning(packet), b.outlet(key).progress
        extended = route.source.arrived(header[2], header[3], len(packet), 100.0)
        verdict = route.rewrite(memoryview(buffer), 16, 16 + len(packet), header, extended, 100.0)
        assert verdict in Verdict
        if verdict:
            route.dropped(len(packet))
        passed = b.outlet(key).progress.packets - before.packets
        assert passed == (verdict is Verdict.FORWARD)
        assert buffer[:16] == buffer[-16:] == b"\xee" * 16, "nothing outside is touched"
        if verdict is Verdict.FORWARD:
            out = bytes(buffer[16:-16])
            assert out[8:12] == b.outlet(key).ssrc.to_bytes(4, "big")
            assert out[1] & 0x7F in {109, 120, 124}
            assert (out[0], out[1] & 0x80) == (packet[0], packet[1] & 0x80)
            assert_extensions_are_the_receivers(out, key)


def assert_extensions_are_the_receivers(packet: bytes, key: tuple[str, bool]) -> None:
    if not packet[0] & 0x10:
        return
    at = 12 + 4 * (packet[0] & 0x0F)
    profile, words = struct.unpack_from("!HH", packet, at)
    assert profile == 0xBEDE
    at, end = at + 4, at + 4 + 4 * words
    assert end <= len(packet)
    known = {4, 7} if key != AUDIO else {1}  # Firefox's, without MID
    while at < end:
        if packet[at] == 0:
            at += 1
            continue
        assert packet[at] >> 4 in known
        at += 2 + (packet[at] & 0x0F)
    assert at == end


def extension_map(
    sending: dict[str, int], receiving: dict[str, int], numbered: str = "t"
) -> ExtensionMap:
    return ExtensionMap(
        sending,
        receiving,
        blanked="m",
        transport_cc=(numbered, TransportNumbers(5)),
        send_time=("s", SenderClock()),
    )


@steady
@given(
    bodies,
    st.dictionaries(st.sampled_from("abcmst"), st.integers(1, 14)),
    st.dictionaries(st.sampled_from("abcmst"), st.integers(1, 14)),
)
def test_extension_blocks(body: bytes, sending: dict[str, int], receiving: dict[str, int]) -> None:
    extensions = extension_map(sending, receiving)
    buffer = bytearray(b"\xee" * 4 + body + b"\xee" * 20)
    good = extensions.apply(memoryview(buffer), 4, 4 + len(body), 100.0)
    assert buffer[:4] == b"\xee" * 4
    assert buffer[-20:] == b"\xee" * 20
    if good:
        again = bytearray(buffer)
        identity = {uri: number for uri, number in receiving.items() if uri != "m"}
        same = extension_map(identity, identity, numbered="?")
        numbers = list(identity.values())
        if len(set(numbers)) == len(numbers):
            assert same.apply(memoryview(again), 4, 4 + len(body), 100.0)
            assert again == buffer, "what came out is the receiver's, element by element"


@steady
@given(bodies, bodies)
def test_key_frames_are_told_by_the_packets_own_bytes(payload: bytes, behind: bytes) -> None:
    views = [memoryview(payload + more) for more in (b"", behind, bytes(8), b"\xff" * 8)]
    assert len({vp8.is_keyframe_start(view, 0, len(payload)) for view in views}) == 1


@steady
@given(st.integers(0, 0x7FFE), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=50))
def test_numbers_map_back(first: int, numbers: list[int]) -> None:
    renumbering = TransportNumbers(first)
    for number in numbers:
        out = renumbering.pass_on(number)
        if out >= 0:
            assert out <= 0xFFFF
            (back,) = renumbering.originals(renumbering.extended(out), 1)
            assert back is None or back & 0xFFFF == number
            assert back is None or renumbering.forward(back) == out


# RTCP

parts = st.builds(
    lambda first, kind, body, lie: (
        struct.pack("!BBH", first, kind, len(body) // 4 if lie is None else lie)
        + body[: len(body) // 4 * 4]
    ),
    st.integers(0x80, 0xBF) | st.integers(0, 255),
    st.sampled_from([200, 201, 202, 203, 204, 205, 206, 207]) | st.integers(0, 255),
    st.binary(max_size=120),
    st.none() | st.integers(0, 40) | st.just(0xFFFF),
)


@steady
@given(st.lists(parts, max_size=5).map(b"".join) | st.binary(max_size=200))
@example(b"")
@example(b"\x80")
def test_rtcp_is_translated_well_formed_or_refused(data: bytes) -> None:
    a, _ = talking()
    forward, backward = a.uplink.flow, a.downlink.flow
    assert forward is not None
    assert backward is not None
    try:
        result = translate(data, forward, backward, 100.0)
    except MalformedPacket:
        return
    result.note(backward, 1.0)
    assert len(result.data) <= MAX_BYTES
    assert result.keyframe_request in (0, 1, 4)
    for part in read_rtcp(result.data):
        assert part.kind in (200, 201, 202, 205, 206)


@steady
@given(
    st.sampled_from([AUDIO, VIDEO, REPAIR]),
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=31),
    st.integers(0, 31),
)
def test_reports_of_known_streams_name_only_the_partners(
    key: tuple[str, bool], highest: list[int], count: int
) -> None:
    a, _ = talking()
    forward, backward = a.uplink.flow, a.downlink.flow
    assert forward is not None
    assert backward is not None
    ssrc = a.outlet(key).ssrc
    blocks = b"".join(block(ssrc, number) for number in highest)
    data = struct.pack("!BBHI", 0x80 | count, 201, 1 + 6 * len(highest), 1) + blocks
    try:
        result = translate(data, forward, backward, 100.0)
    except MalformedPacket:
        assert count > len(highest)
        return
    for part in read_rtcp(result.data):
        assert {about for about, _ in part.blocks} == {
            {AUDIO: A_AUDIO, VIDEO: A_VIDEO, REPAIR: A_RTX}[key]
        }
