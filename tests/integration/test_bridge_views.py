"""What operators see of a pair is the same whether its links are on one plane or on two."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Protocol

import pytest

from relay.media.meter import SAMPLE_S
from relay.plane import MediaView, PlaneStats
from tests.support.bridged import Bridged, Trunked
from tests.support.exchange import CHROMIUM, FIREFOX, Exchange, audio, hear, until, video
from tests.support.packets import DELTA, block, fir, nack, pli, rr, rtp, rtx
from tests.support.thin import ThinPeer


class Place(Protocol):
    """One plane, or two."""

    def look(self) -> MediaView: ...

    def pass_time(self, seconds: float) -> None: ...

    def tick(self) -> None: ...


class One(Exchange):
    """One plane, with what two have."""

    def pass_time(self, seconds: float) -> None:
        self.skew_s += seconds

    def tick(self) -> None:
        self.plane.tick()


class Two(Bridged):
    """Two planes."""

    def tick(self) -> None:
        for exchange in self.planes:
            exchange.plane.tick()


class TwoNodes(Trunked):
    """Two planes of two nodes."""

    def tick(self) -> None:
        for exchange in self.planes:
            exchange.plane.tick()


PICTURE = bytes.fromhex("10 000000 9d012a 8002 6801") + bytes(20)


async def story(place: Place, a: ThinPeer, b: ThinPeer) -> list[MediaView]:
    """A picture with a gap, sound both ways, repeats and requests; what is seen after each part."""
    found = []

    async def later(expected: int) -> None:
        await until(lambda: seen_packets(place.look().stats) == expected)
        place.pass_time(SAMPLE_S)
        place.tick()
        await until(lambda: news_has_come(place))
        found.append(place.look())

    a.send_rtp(video(a, 1, DELTA))
    await until(lambda: seen_packets(place.look().stats) == 1)
    await until(lambda: place.look().stats.keyframe_requests["pli"] == 1)
    found.append(place.look())
    place.pass_time(0.1)
    a.send_rtp(video(a, 2, PICTURE, rtp_ts=4000))
    ssrc = (await hear(b)).ssrc
    for number in (3, 6):
        a.send_rtp(video(a, number, DELTA, rtp_ts=1000 + 3000 * number))
        last = (await hear(b)).number
    place.pass_time(0.02)
    place.tick()
    await until(lambda: place.look().stats.nacks == 1)
    for number in (4, 5):
        a.send_rtp(rtx(a.ssrcs.rtx, number, number))
        await hear(b)
    for number in range(3):
        a.send_rtp(audio(a, number, rtp_ts=960 * number))
        b.send_rtp(audio(b, number, rtp_ts=960 * number))
        await hear(a)
        await hear(b)
    b.send_rtcp(rr(b.ssrcs.video) + nack(b.ssrcs.video, ssrc, (last - 1, 0)))
    assert (await hear(b)).payload[:2] == (last - 1 & 0xFFFF).to_bytes(2), "the relay had it"
    place.pass_time(0.1)
    place.tick()
    await until(lambda: repaired(place) == 2)  # before it is looked at what is left
    await later(12)
    b.send_rtcp(rr(b.ssrcs.video, block(ssrc, last, lost=3)))
    b.send_rtcp(rr(b.ssrcs.video) + pli(b.ssrcs.video, ssrc))
    await until(lambda: place.look().stats.keyframe_requests["pli"] == 2)
    await later(12)
    b.send_rtcp(rr(b.ssrcs.video) + fir(b.ssrcs.video, (ssrc, 3)))
    await until(lambda: place.look().stats.keyframe_requests["fir"] == 1)
    a.send_rtp(video(a, 7, PICTURE, rtp_ts=80_000))
    await hear(b)
    a.send_rtp(rtp(77, 1, payload_type=111))
    a.send_rtp(rtp(78, 1, payload_type=55))
    await later(15)
    return found


def repaired(place: Place) -> int:
    """How many of the packets that a sends are known to have come when they were asked for."""
    return sum(t.repaired for t in place.look().tracks if (t.user_id, t.direction) == ("a", "up"))


def seen_packets(stats: PlaneStats) -> int:
    """What has been through, whatever became of it."""
    return stats.packets_forwarded + sum(stats.drops.values()) - stats.drops.get("stun", 0)


def news_has_come(place: Place) -> bool:
    """Whether what one plane knows of a stream is what its own says, too."""
    tracks = {track.id: track for track in place.look().tracks}
    return all(
        (track.keyframes, track.width, track.waits_for_keyframe, track.nacks)
        == (other.keyframes, other.width, other.waits_for_keyframe, other.nacks)
        for track in tracks.values()
        if track.direction == "up" and (other := tracks.get(track.counterpart_id or "")) is not None
    )


def told(view: MediaView) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A view without what is random: the ids of links, and SSRCs that the relay chose."""
    names = {track.id: f"{track.user_id} {track.direction} {track.kind}" for track in view.tracks}
    rows = [
        {
            **asdict(track),
            "id": names[track.id],
            "counterpart_id": names.get(track.counterpart_id or "", track.counterpart_id),
            "link_id": "",
            "ssrc": 0,
        }
        for track in view.tracks
    ]
    stats = view.stats
    kept = "packets_forwarded", "bytes_forwarded", "nacks", "keyframe_requests"
    counters = {name: getattr(stats, name) for name in kept}
    counters["drops"] = {r: n for r, n in stats.drops.items() if n}
    return sorted(rows, key=lambda row: (row["id"], row["packets"])), counters


@pytest.fixture
async def one() -> AsyncIterator[One]:
    found = One(stopped_at_s=1000)
    await found.plane.start()
    yield found
    await found.close()


@pytest.fixture(params=[Two, TwoNodes])
async def two(request: pytest.FixtureRequest) -> AsyncIterator[Two]:
    found: Two = request.param(stopped_at_s=1000)
    await found.start()
    yield found
    await found.close()


async def test_one_story_on_one_plane_and_on_two(one: One, two: Two) -> None:
    at_one = await one.join("a", CHROMIUM), await one.join("b", FIREFOX)
    one.plane.pair("a", "b")
    one.tick()
    at_two = await two.left.join("a", CHROMIUM), await two.right.join("b", FIREFOX)
    two.pair("a", "b")
    two.tick()
    expected = await story(one, *at_one)
    found = await story(two, *at_two)
    for view, other in zip(expected, found, strict=True):
        assert told(other) == told(view)
    picture = next(t for t in found[-1].tracks if (t.user_id, t.kind) == ("a", "video"))
    assert (picture.width, picture.keyframes, picture.lost) == (640, 2, 2)
    assert (picture.nacks, picture.plis, picture.firs) == (1, 2, 1)
    assert (picture.asked, picture.repaired, picture.left_up_ratio) == (2, 2, 0)


async def test_what_was_counted_stays_when_the_pair_has_parted(two: Two) -> None:
    a, b = await two.couple()
    a.send_rtp(video(a, 1, PICTURE))
    await hear(b)

    def keyframes() -> int:
        return next(t.keyframes for t in two.look().tracks if t.ssrc == a.ssrcs.video)

    await until(lambda: keyframes() == 1)
    two.pair("a", "b")
    a.send_rtp(video(a, 2, PICTURE))
    await hear(b)
    await until(lambda: keyframes() == 2)
    two.unpair("a", "b")
    assert keyframes() == 2
    (track,) = [t for t in two.look().tracks if t.ssrc == a.ssrcs.video]
    assert (track.counterpart_id, track.waits_for_keyframe) == (None, False)
