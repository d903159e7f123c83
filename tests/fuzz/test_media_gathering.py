"""Whatever comes of a picture, and in whatever order: what is kept is a picture as it was sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from relay.media.flow import Flow
from relay.media.gathering import GatheringWay
from relay.media.keeper import PATIENCE_S, Keeper
from tests.support.keyframe import RTX_SSRC, VIDEO_SSRC, key_frame, payloads
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import rtp, rtx
from tests.support.sides import Side


@dataclass(frozen=True)
class Fate:
    """Of a packet."""

    is_lost: bool
    is_repeated: bool
    moves_by: int
    """Places behind the one in which it was sent."""
    after_s: float


FATES = st.builds(
    Fate, st.booleans(), st.booleans(), st.integers(0, 3), st.sampled_from([0.0, 0.05, 0.3, 2.0])
)
FRAMES = st.lists(
    st.tuples(st.booleans(), st.integers(11, 3000), st.integers(12, 1200)), min_size=1, max_size=5
)


def _sent(frames: list[tuple[bool, int, int]], first: int) -> tuple[list[bytes], list[bytes]]:
    """The packets of pictures, and which of these are key frames."""
    packets: list[bytes] = []
    keys: list[bytes] = []
    for index, (is_key, size, cut) in enumerate(frames):
        frame = key_frame(index, size)
        if is_key:
            keys.append(frame)
        else:
            frame = b"\x51" + frame[1:]
        for payload, is_last in payloads(frame, cut):
            packets.append(
                rtp(
                    VIDEO_SSRC,
                    first + len(packets),
                    rtp_ts=9000 * index,
                    payload=payload,
                    marker=is_last,
                )
            )
    return packets, keys


@given(FRAMES, st.lists(FATES, max_size=40), st.sampled_from([5, 65_530]))
def test_what_is_kept_is_a_key_frame_that_was_sent(
    frames: list[tuple[bool, int, int]], fates: list[Fate], first: int
) -> None:
    ann, counts = Side(CHROMIUM), Counter[str]()
    keeper = ann.uplink.keeper = Keeper(ann.uplink.current, counts)
    Flow(ann.uplink, Side(FIREFOX).downlink)
    packets, keys = _sent(frames, first)
    order: list[tuple[float, bytes, float]] = []
    for index, packet in enumerate(packets):
        fate = fates[index] if index < len(fates) else Fate(False, False, 0, 0.01)
        if not fate.is_lost:
            order.append((index + fate.moves_by, packet, fate.after_s))
        if fate.is_repeated:
            number = int.from_bytes(packet[2:4], "big")
            rtp_ts = int.from_bytes(packet[4:8], "big")
            repeat = rtx(
                RTX_SSRC,
                index,
                number,
                rtp_ts=rtp_ts,
                payload=packet[12:],
                marker=bool(packet[1] & 0x80),
            )
            order.append((index + fate.moves_by + 2.5, repeat, fate.after_s))
    now = 100.0
    for _, packet, after_s in sorted(order, key=lambda each: each[0]):
        now += after_s
        ann.send(packet, now)
        assert keeper.picture is None or keeper.picture.frame in keys
    keeper.tick(now + PATIENCE_S + 0.1)
    assert not any(isinstance(s.route, GatheringWay) for s in ann.uplink.streams.values())
    if not fates and keys:
        assert counts["kept"] + counts["torn"] + counts["too_large"] > 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([VIDEO_SSRC, RTX_SSRC, 9]),
            st.integers(0, 0xFFFF),
            st.integers(0, 3),
            st.booleans(),
            st.one_of(
                st.binary(max_size=30),
                st.just(b"\x10" + key_frame(1, 40)),
                st.just(b"\x00\x01\x10" + key_frame(1, 40)),
            ),
            st.integers(0, 40),
            st.sampled_from([0.0, 0.1, 0.4]),
        ),
        max_size=30,
    )
)
def test_no_packet_does_harm(
    sent: list[tuple[int, int, int, bool, bytes, int, float]],
) -> None:
    ann = Side(CHROMIUM)
    ann.uplink.keeper = Keeper(ann.uplink.current, Counter())
    Flow(ann.uplink, Side(FIREFOX).downlink)
    now = 100.0
    for ssrc, number, rtp_ts, marker, payload, padding, after_s in sent:
        now += after_s
        payload_type = 97 if ssrc == RTX_SSRC else 96
        packet = rtp(
            ssrc,
            number,
            payload_type=payload_type,
            rtp_ts=rtp_ts,
            marker=marker,
            payload=payload,
            padding=padding,
        )
        ann.send(packet, now)
        ann.uplink.keeper.tick(now)
