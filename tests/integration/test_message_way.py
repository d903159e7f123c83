"""The way of a message that pairs two users: from its frame's arrival to both being told."""

import pytest

from relay.matching import MediaMode
from relay.signaling import gateway
from tests.support.fake_plane import FakePlane
from tests.support.peer import serving
from tests.support.way import way

BEFORE_MEDIA = [
    "signaling/connection.py",
    "pace.py",
    "protocol/messages.py",
    "signaling/mailbox.py",
    "signaling/lobby.py",
    "matching/states.py",
    "signaling/session.py",
    "signaling/meetings.py",
    "signaling/expectation.py",
    "matching/matchmaker.py",
    "store/memory.py",
    "matching/policy.py",
    "histogram.py",
    "signaling/talk.py",
]
MEDIA: dict[MediaMode, str] = {"relay": "signaling/relayed.py", "direct": "signaling/direct.py"}


@pytest.mark.parametrize("mode", MEDIA)
async def test_find_partner_comes_through_these_files(
    mode: MediaMode, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert files == [*BEFORE_MEDIA, MEDIA[mode]]
