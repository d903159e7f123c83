"""What users send reaches taps, too: no bytes make them crash or keep more than they may."""

from hypothesis import given, settings
from hypothesis import strategies as st

from relay.plane import Direction, TappedPacket
from relay.taps import pcapng
from relay.taps.frames import MAX_JUMP, Depacketizer, payload_begins_at, payload_of
from relay.taps.recording import Recording
from tests.support.packets import rtp, rtx
from tests.support.pcapng import read_pcapng
from tests.support.webm import play

steady = settings(derandomize=True, deadline=None, max_examples=150)

times = st.floats(0, 100)
raw = st.binary(min_size=12, max_size=60).map(
    lambda data: bytes([data[0] & 0x3F | 0x80]) + data[1:]
)
likely = st.builds(
    rtp,
    st.integers(1, 2),
    st.integers(0, 40) | st.integers(0, 0xFFFF),
    rtp_ts=st.integers(0, 3) | st.integers(0, 0xFFFFFFFF),
    payload=st.sampled_from(
        [b"", b"\x10\x00\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00", b"\x10\x01", b"\x00abc", b"\x90\x80"]
    )
    | st.binary(max_size=20),
    marker=st.booleans(),
    padding=st.integers(0, 3),
)
repairs = st.builds(rtx, st.just(3), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
packets = st.builds(
    TappedPacket,
    st.sampled_from(Direction),
    st.sampled_from(["audio", "video"]),
    st.booleans(),
    times,
    raw | likely | repairs,
)


@steady
@given(packets)
def test_a_payload_lies_inside_of_its_packet(packet: TappedPacket) -> None:
    payload = payload_of(packet)
    if payload is not None:
        assert payload.data in packet.data


@steady
@given(st.lists(packets, max_size=40))
def test_frames_are_made_of_what_came(stream: list[TappedPacket]) -> None:
    depacketizer = Depacketizer("video")
    for packet in stream:
        for frame in depacketizer.add(packet):
            assert (frame.size is not None) is frame.is_key
        assert len(depacketizer._order._held) <= MAX_JUMP
    depacketizer.rest()
    assert not depacketizer._order._held


@steady
@given(st.lists(packets, max_size=30))
def test_a_recording_can_be_opened_whatever_came(stream: list[TappedPacket]) -> None:
    recording = Recording(["ann", "bob"], 0.0)
    begun, _ = recording.piece([stream, []], 50.0, last=False)
    rest, _ = recording.piece([[], []], 50.0, last=True)
    tracks = play(begun + rest, decode=False)
    assert len(tracks) == 4
    for track in tracks:
        assert track.times_ms == sorted(set(track.times_ms))


@steady
@given(packets)
def test_a_capture_can_be_read_whatever_came(packet: TappedPacket) -> None:
    kept = min(payload_begins_at(packet.data), len(packet.data))
    written = pcapng.header("l", "") + pcapng.packet(packet.direction, 1, packet.data, kept)
    [datagram] = read_pcapng(written).datagrams
    assert datagram.payload == packet.data[:kept]
