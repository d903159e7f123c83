"""Users change partners again and again on links that were negotiated once; nobody notices.

Each receives one audio and one video stream for ever, from browsers that number everything
differently, over a network that reorders.
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from relay.media.verdict import Verdict
from tests.support.offers import CHROMIUM, FIREFOX, bundle_only
from tests.support.packets import CONTINUATION, KEYFRAME, Rtp, rtp
from tests.support.sides import AUDIO, VIDEO, Side, pair, part

CLOCK_RATES = {AUDIO: 48000, VIDEO: 90000}
STEPS = {AUDIO: 960, VIDEO: 3000}


class Browser:
    """A user who speaks from time to time, and writes down what it hears."""

    def __init__(self, name: int, offer: str, rng: random.Random) -> None:
        self.name = name
        self.side = Side(offer)
        terms = self.side.uplink.terms
        self.types = {AUDIO: terms.audio.payload_type, VIDEO: terms.video.payload_type}
        self.transport_id = terms.video.extensions[
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
        ]
        self.numbers = {key: rng.randrange(0x10000) for key in (AUDIO, VIDEO)}
        self.stamps = {key: rng.randrange(1 << 32) for key in (AUDIO, VIDEO)}
        self.transport_number = rng.randrange(0x10000)
        self.heard: dict[tuple[str, bool], list[tuple[float, Rtp]]] = {AUDIO: [], VIDEO: []}

    def packet(self, key: tuple[str, bool], payload: bytes) -> bytes:
        self.numbers[key] = (self.numbers[key] + 1) & 0xFFFF
        self.stamps[key] = (self.stamps[key] + STEPS[key]) & 0xFFFFFFFF
        self.transport_number = (self.transport_number + 1) & 0xFFFF
        transport = (self.transport_id, self.transport_number.to_bytes(2, "big"))
        return rtp(
            self.name * 10 + (key is VIDEO),
            self.numbers[key],
            payload_type=self.types[key],
            rtp_ts=self.stamps[key],
            payload=payload + b"from %d" % self.name,
            elements=(transport,) if key is VIDEO else None,
        )


@pytest.mark.parametrize("seed", range(5))
def test_six_browsers_rotate(seed: int) -> None:
    rng = random.Random(seed)
    offers = [CHROMIUM, FIREFOX, bundle_only(FIREFOX)] * 2
    browsers = [Browser(index + 1, offer, rng) for index, offer in enumerate(offers)]
    now = 1000.0
    for _ in range(40):
        rng.shuffle(browsers)
        for one, other in zip(browsers[::2], browsers[1::2], strict=True):
            part(one.side)
            part(other.side)
            pair(one.side, other.side)
            now += rng.uniform(0.05, 2)
            now = converse(one, other, rng, now)
            now = converse(other, one, rng, now)
    for browser in browsers:
        for key, heard in browser.heard.items():
            check_continuity(browser, key, heard)
        transports = [
            int.from_bytes(elements[0][1], "big")
            for _, packet in browser.heard[VIDEO]
            if (elements := packet.elements)
        ]
        assert len(set(transports)) == len(transports), "each number once"


def converse(speaker: Browser, listener: Browser, rng: random.Random, now: float) -> float:
    """Some packets of both kinds, the last ones reordered, the first picture without key frame."""
    sent = [(VIDEO, CONTINUATION), (VIDEO, KEYFRAME), (AUDIO, b"opus")]
    sent += [(rng.choice([AUDIO, VIDEO]), CONTINUATION) for _ in range(rng.randrange(12))]
    packets = [(key, speaker.packet(key, payload)) for key, payload in sent]
    tail = packets[5:]
    rng.shuffle(tail)
    for place, (key, packet) in enumerate(packets[:5] + tail):
        now += 0.005
        out = speaker.side.send(packet, now)
        if place == 0:
            assert out is Verdict.HELD
            continue
        assert isinstance(out, Rtp)
        assert out.payload.endswith(b"from %d" % speaker.name)
        listener.heard[key].append((now, out))
    return now


def check_continuity(
    browser: Browser, key: tuple[str, bool], heard: list[tuple[float, Rtp]]
) -> None:
    packets = [packet for _, packet in heard]
    outlet = browser.side.outlet(key)
    assert {packet.ssrc for packet in packets} == {outlet.ssrc}
    assert {packet.payload_type for packet in packets} == {browser.types[key]}
    first = packets[0].number
    numbers = sorted((packet.number - first) & 0xFFFF for packet in packets)
    assert numbers == list(range(len(packets))), "no gap, no number twice"
    for (before, one), (now, other) in pairwise(heard):
        sources = one.payload[-1:], other.payload[-1:]
        if sources[0] == sources[1]:
            continue  # within one conversation the sender's own clock counts
        moved = (other.rtp_ts - one.rtp_ts + 2**31) % 2**32 - 2**31
        elapsed = (now - before) * CLOCK_RATES[key]
        assert abs(moved - elapsed) < 12 * STEPS[key], "the picture goes on with the wall clock"
