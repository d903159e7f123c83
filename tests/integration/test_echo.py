"""A bot's own picture and tone come back to it, and then a partner's."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from relay.bots.client import Client
from relay.bots.peer import Peer
from relay.bots.report import Report
from relay.bots.tone import frequency_of
from relay.bots.tracks import Gate, PictureTrack, ToneTrack
from relay.protocol.messages import (
    Connected,
    Echo,
    EchoState,
    FindPartner,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)
from tests.support.bots import relay

NUMBER = 7


@pytest.mark.parametrize("workers", [0, 2])
async def test_a_bots_picture_and_tone_come_back_to_it(workers: int) -> None:
    gate, report, changed = Gate(), Report(NUMBER), asyncio.Event()
    tracks = [ToneTrack(NUMBER, gate), PictureTrack(NUMBER, itertools.count(), gate)]
    async with relay(workers=workers) as url, Client(url) as client:
        await client.expect(Connected)
        peer = Peer(tracks, report, changed.set, ice_servers=[], on_loopback=True)
        try:
            await client.send(WebrtcOffer(sdp=await peer.offer()))
            await peer.take_answer((await client.expect(WebrtcAnswer)).sdp)
            await client.send(Echo(on=True))
            told = await client.expect(EchoState)
            assert (told.on, told.seconds) == (True, 10)
            gate.open()
            async with asyncio.timeout(30):
                while len(report.seen) < 10 or report.audio_frames < 50:
                    changed.clear()
                    await changed.wait()
            assert {frame.source for frame in report.seen} == {NUMBER}
            assert report.sound.frequency_hz == pytest.approx(frequency_of(NUMBER), rel=0.05)
            await client.send(FindPartner())
            assert not (await client.expect(EchoState)).on
            await client.expect(WaitingForPartner)
        finally:
            await peer.close()
