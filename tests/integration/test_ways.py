"""The three ways through the house are as ``docs/architecture.md`` tells them."""

import asyncio
import re
import select
from pathlib import Path

import pytest

from relay.matching import MediaMode
from relay.media.meter import SAMPLE_S
from relay.ops import tables
from relay.ops.client import Client
from relay.signaling import gateway
from tests.support.exchange import Exchange, hear, talk, video
from tests.support.fake_plane import FakePlane
from tests.support.operating import TOKEN, operating
from tests.support.packets import DELTA, KEYFRAME
from tests.support.peer import serving
from tests.support.way import way

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def told(title: str) -> list[str]:
    """The files of one of the page's ways, in its order."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n### {title}\n")[1].split("\n#")[0]
    return re.findall(r"^\d+\. `([\w/]+\.py)`", text, re.MULTILINE)


async def test_one_packet(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    a.send_rtp(video(a, 1, KEYFRAME))
    await hear(b)
    a.send_rtp(video(a, 2, DELTA))
    ready, _, _ = select.select([exchange.plane._bound.fileno()], [], [], 10)
    assert ready
    with way() as files:
        exchange.plane._running.on_readable()
    assert (await hear(b)).payload == DELTA
    assert files[1:] == told("One packet"), files
    assert files[0] == "media/plane.py", "which is where the test has the forwarder from"


@pytest.mark.parametrize("mode", ["relay", "direct"])
async def test_one_message(mode: MediaMode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_TICK_S", 1000)  # nothing else happens
    async with serving(FakePlane(connects=True), media_mode=mode) as door:
        first, second = await door.come(), await door.come()
        if mode == "relay":
            for peer in (first, second):
                await peer.send("webrtc_offer", sdp="mine")
                await peer.hear("webrtc_answer")
        await first.send("find_partner")
        await first.hear("waiting_for_partner")
        with way() as files:
            await second.send("find_partner")
            await second.hear("partner_found")
            await first.hear("partner_found")
    *common, relayed, traced = told("One message")
    assert relayed == "signaling/relayed.py"
    assert files == [*common, relayed if mode == "relay" else "signaling/direct.py", traced]


HANDS_ON = {
    "media/plane.py",
    "media/pairs.py",
    "media/bridgehead.py",
    "media/forwarder.py",
    "media/uplink.py",
    "media/keeping.py",
    "media/keyframes.py",
    "media/trunks.py",
    "media/checks.py",
    "media/paths/path.py",
    "media/budget.py",
    "media/handshakes.py",
    "media/link.py",
    "media/pulse.py",
    "media/flow.py",
    "media/feedback/transport_wide.py",
    "media/packets/numbering.py",
    "media/outlet.py",
    "media/stream.py",
    "media/route.py",
    "api/answers.py",
    "ops/reasons.py",
}
"""What takes no part in a figure's way but to be asked, or to wrap the answer."""


CLOCKS = {"history", "load watch"}
"""Tasks of the server that would do something meanwhile."""


async def test_one_figure(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    with way() as counted:
        a.send_rtp(video(a, 1, KEYFRAME))
        await hear(b)
    exchange.skew_s += SAMPLE_S
    with way() as sampled:
        exchange.plane.tick()
    async with operating() as server, Client(server.relay.url, TOKEN) as client:
        await server.pair()
        thresholds = await client.thresholds()
        clocks = [task for task in asyncio.all_tasks() if task.get_name() in CLOCKS]
        assert {task.get_name() for task in clocks} == CLOCKS
        for task in clocks:
            task.cancel()
        server.relay.gateway._ticking.stop()
        exchange.plane._ticking.stop()
        await asyncio.wait(clocks)
        with way() as asked:
            tables.tracks(await client.tracks(), 120, thresholds)
    begun, *rest = told("One figure")
    assert begun in counted
    asked = [file for file in asked if file.startswith(("api/", "ops/"))]
    assert [file for file in [*sampled, *asked] if file not in HANDS_ON] == rest
