"""The API's numbers are what users really sent, received and lost."""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from relay.bots.bot import Bot
from relay.media.paths.transport import Address, Destination, PlainSocket
from relay.media.plane import RelayPlane
from tests.support.operating import (
    AUDIO,
    KEYFRAME,
    RTX,
    VIDEO,
    ThinUser,
    operating,
    outlet_of,
)
from tests.support.packets import block, fir, nack, pli, rr, sr

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def sending(user: ThinUser, *, lost_every: int = 0) -> AsyncIterator[None]:
    """30 pictures of two packets and 50 packets of sound a second.

    :param lost_every: so many pictures lose the last packet of one of them.
    """

    async def send() -> None:
        loop = asyncio.get_running_loop()
        begun_s, pictures, sounds = loop.time(), 0, 0
        while True:
            elapsed_s = loop.time() - begun_s
            while pictures < 30 * elapsed_s:
                lost = bool(lost_every) and pictures % lost_every == 1
                user.send_picture(key=pictures == 0, packets=2, lost=lost)
                pictures += 1
            while sounds < 50 * elapsed_s:
                user.send(AUDIO, bytes(100), rtp_ts=960 * sounds)
                sounds += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(send(), name="a user's camera")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_packets_and_bytes_are_exact() -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        ann.send_picture(key=True, packets=3)
        for _ in range(20):
            ann.send_picture()
        for _ in range(30):
            ann.send(AUDIO, b"sound" * 9)
        ann.send(RTX, struct.pack("!H", 201) + b"again")
        received = await bob.received(54)
        sizes: dict[int, list[int]] = {}
        for packet in received:
            sizes.setdefault(packet[1] & 0x7F, []).append(len(packet))
        for kind, payload_type in (("audio", AUDIO), ("video", VIDEO)):
            up = await server.operator.track(ann, "up", kind)
            down = await server.operator.track(bob, "down", kind)
            assert up["packets"] == len(ann.sent[payload_type])
            assert up["bytes"] == sum(ann.sent[payload_type])
            assert down["packets"] == len(sizes[payload_type])
            assert down["bytes"] == sum(sizes[payload_type])
            assert (up["lost"], down["lost"]) == (0, 0)
            assert up["roomId"] == down["roomId"] == room_id
            assert up["counterpartId"] == down["id"]
        assert (up["repairPackets"], down["repairPackets"]) == (1, 1)
        for track in (up, down):
            assert (track["width"], track["height"], track["keyframes"]) == (320, 240, 1)
        assert up["ssrc"] == ann.peer.ssrcs.video
        assert down["ssrc"] in {outlet_of(packet) for packet in received}
        totals = await server.operator.get("totals")
        assert totals["packetsForwarded"] == 54
        assert totals["bytesForwarded"] == sum(len(packet) for packet in received)


async def test_rates_are_within_five_percent() -> None:
    def agrees(expected: dict[str, int], found: dict[str, Any]) -> bool:
        return bool(found["tracks"]) and all(
            abs(found["tracks"][0][name] / value - 1) < 0.05 for name, value in expected.items()
        )

    video = {
        "fps": 30,
        "packetsPerS": 60,
        "bitrateBps": 30 * 8 * ((12 + 322) + (12 + 501)),
    }
    audio = {"packetsPerS": 50, "bitrateBps": 50 * 8 * (12 + 100)}
    async with operating() as server:
        ann, bob, _ = await server.pair()
        async with sending(ann):
            for kind, expected in (("video", video), ("audio", audio)):
                for user, direction in ((ann, "up"), (bob, "down")):
                    await server.operator.until(
                        f"tracks?user={user.user_id}&direction={direction}&kind={kind}",
                        partial(agrees, expected),
                    )
        await server.operator.until(
            f"tracks?user={ann.user_id}&kind=video",
            lambda found: found["tracks"][0]["bitrateBps"] == 0,
        )


async def test_a_bots_picture_and_pace() -> None:
    async with operating() as server, Bot(server.ws_url, 1) as one, Bot(server.ws_url, 2) as two:
        await one.find_partner()
        await two.find_partner()
        await two.until(lambda: two.report.frames > 30, 20, "picture")
        for user, direction in ((one, "up"), (two, "down")):
            found = await server.operator.until(
                f"tracks?user={user.user_id}&direction={direction}&kind=video",
                lambda found: abs(found["tracks"][0]["fps"] / 15 - 1) < 0.05,
            )
            [track] = found["tracks"]
            assert (track["width"], track["height"]) == (two.report.width, two.report.height)
            assert (track["codec"], track["path"]["remoteFamily"]) == ("vp8", "ipv4")
            assert track["srtpProfile"] == "SRTP_AEAD_AES_128_GCM"
            assert track["dtlsVersion"].startswith("DTLSv1.")
        await server.operator.until(  # two seconds or so after the first report
            "links",
            lambda found: all(link["roundTripMs"] is not None for link in found["links"]),
        )


async def test_loss_before_the_relay_is_seen_on_the_way_up() -> None:
    async with operating() as server:
        ann, bob, _ = await server.pair()
        async with sending(ann, lost_every=5):  # one packet in ten
            await server.operator.until(
                f"tracks?user={ann.user_id}&direction=up&kind=video",
                lambda found: (
                    bool(found["tracks"]) and abs(found["tracks"][0]["lossRatio"] - 0.1) < 0.01
                ),
            )
            down = await server.operator.track(bob, "down", "video")
            assert (down["lost"], down["lossRatio"]) == (0, 0)
            room = (await server.operator.get("rooms?bad=true"))["rooms"][0]
            # Nothing comes of bob, which shows after a while.
            assert set(room["problems"]) - {"silent"} == {"loss", "quality"}
            sides = {side["userId"]: side for side in room["sides"]}
            assert sides[bob.user_id]["leg"] == "up"
            assert sides[bob.user_id]["grade"] == "poor"
            assert 1 <= sides[bob.user_id]["quality"] < 2.5
            assert sides[ann.user_id]["quality"] is None, "nothing comes to her"
        sent = len(ann.sent[VIDEO])
        found = await server.operator.until(
            f"tracks?user={ann.user_id}&direction=up&kind=video",
            lambda found: found["tracks"][0]["packets"] == sent,
        )
        [up] = found["tracks"]
        numbers = ann._numbers[VIDEO] - 200
        assert up["lost"] in {numbers - sent, numbers - sent - 1}  # the last one shows later
        audio = await server.operator.track(ann, "up", "audio")
        assert audio["lost"] == 0


class LosingSocket(PlainSocket):
    """Loses one RTP packet in ten of each stream that goes to some of the users."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.losing_to: set[Address] = set()
        self.staged: Counter[int] = Counter()
        self.lost: Counter[int] = Counter()

    def stage(self, slot: int, size: int, destination: Destination) -> None:
        datagram = self.view[slot * 2048 : slot * 2048 + size]
        if destination in self.losing_to and not 192 <= datagram[1] <= 223:
            ssrc = outlet_of(bytes(datagram[:12]))
            self.staged[ssrc] += 1
            if self.staged[ssrc] % 10 == 0:
                self.lost[ssrc] += 1
                return
        super().stage(slot, size, destination)


async def test_loss_behind_the_relay_is_seen_on_the_way_down() -> None:
    sockets: list[LosingSocket] = []

    def bind(host: str, port: int) -> LosingSocket:
        sockets.append(LosingSocket(host, port))
        return sockets[0]

    plane = RelayPlane("127.0.0.1", 0, bind=bind)
    async with (
        operating(plane, operator_sees_addresses=True) as server,
        Bot(server.ws_url, 1) as one,
        Bot(server.ws_url, 2) as two,
    ):
        await one.find_partner()
        await two.find_partner()
        await two.until(lambda: two.report.frames > 3, 20, "picture")
        links = (await server.operator.get("links"))["links"]
        [address] = [
            link["path"]["remoteAddress"] for link in links if link["userId"] == two.user_id
        ]
        host, port = address.split(":")
        sockets[0].losing_to.add((host, int(port)))
        for kind in ("video", "audio"):
            found = await server.operator.until(
                f"tracks?user={two.user_id}&direction=down&kind={kind}",
                lambda found: 0.07 < found["tracks"][0]["lossRatio"] < 0.13,
            )
            track = found["tracks"][0]
            assert 0 < track["lost"] <= sockets[0].lost[track["ssrc"]]
        for user, direction in ((one, "up"), (two, "up"), (one, "down")):
            for kind in ("video", "audio"):
                good = await server.operator.track(user.user_id, direction, kind)
                assert (good["lost"], good["lossRatio"]) == (0, 0)
        down = await server.operator.track(two.user_id, "down", "video")
        up = await server.operator.track(one.user_id, "up", "video")
        assert down["nacks"] > 0, "it asked for what was lost"
        assert down["repairPackets"] > 0, "and got it from the relay"
        assert up["nacks"] == 0, "on the partner's own way nothing was lost"


async def test_requests_and_reports_of_a_thin_user() -> None:
    async with operating() as server:
        ann, bob, _ = await server.pair()
        ann.send(VIDEO, KEYFRAME)
        ann.send(VIDEO, KEYFRAME)
        bob.send(VIDEO, KEYFRAME)
        [first, last] = await bob.received(2)
        await ann.received(1)
        ssrc, number = outlet_of(last), struct.unpack_from("!H", last, 2)[0]
        ann.peer.send_rtcp(sr(ann.peer.ssrcs.video, 0))
        async with asyncio.timeout(10):
            while (report := await bob.peer.rtcp.get())[1] != 200:
                pass
        (lsr,) = struct.unpack_from("!I", report, 10)  # the middle of the NTP timestamp
        mine = bob.peer.ssrcs.video
        bob.peer.send_rtcp(
            rr(mine, block(ssrc, number, jitter=1800, lost=0, lsr=lsr))
            + nack(mine, ssrc, (struct.unpack_from("!H", first, 2)[0], 0))
            + pli(mine, ssrc)
        )
        bob.peer.send_rtcp(rr(mine) + fir(mine, (ssrc, 1)))
        found = await server.operator.until(
            f"tracks?user={bob.user_id}&direction=down&kind=video",
            lambda found: found["tracks"][0]["firs"] == 1,
        )
        [down] = found["tracks"]
        assert (down["nacks"], down["plis"], down["jitterMs"]) == (1, 1, 20)
        assert 0 <= down["roundTripMs"] < 5000
        up = await server.operator.track(ann, "up", "video")
        assert up["nacks"] == 0, "the relay has what was asked for"
        assert up["plis"] + up["firs"] >= 1, "which of them pass depends on when they come"


async def test_one_way_video_is_seen() -> None:
    async with operating() as server:
        ann, _, room_id = await server.pair()
        async with sending(ann):
            found = await server.operator.until("rooms?bad=true", lambda found: found["total"] == 1)
            assert found["rooms"][0]["id"] == room_id
            assert found["rooms"][0]["problems"] == ["silent"]
            bad = (await server.operator.get("tracks?bad=true"))["tracks"]
            assert {(t["userId"], t["direction"]) for t in bad} == {(ann.user_id, "down")}
            assert all(track["counterpartId"] is None for track in bad)
