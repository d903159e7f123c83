"""Two bots' peer connections with each other: what one sends, the other sees and hears."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import av
import numpy as np
import pytest

from relay.bots.description import TRANSPORT_CC
from relay.bots.peer import Peer
from relay.bots.report import Report
from relay.bots.tone import frequency_of
from relay.bots.tracks import Gate, PictureTrack, ToneTrack, play
from relay.errors import BotError
from relay.protocol.messages import Candidate
from relay.transport_cc import RTPFB, read
from tests.support.packets import read_rtcp, rtp
from tests.support.thin import ThinPeer


class End:
    """One end of a call: its peer, its gate and its report."""

    def __init__(self, number: int, *, file: str | None = None, silent: bool = False) -> None:
        self.gate = Gate()
        self.report = Report(number)
        self._changed = asyncio.Event()
        tracks = [
            ToneTrack(number, self.gate),
            PictureTrack(number, itertools.count(), self.gate),
        ]
        self.peer = Peer(
            play(file, self.gate) if file else [] if silent else tracks,
            self.report,
            self._changed.set,
            ice_servers=[],
            on_loopback=True,
        )

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def receives(self, *, pictures: int, sounds: int) -> None:
        await self.until(lambda: len(self.report.seen) >= pictures)
        await self.until(lambda: self.report.audio_frames >= sounds)


@contextlib.asynccontextmanager
async def call(caller: End, callee: End) -> AsyncIterator[None]:
    try:
        await caller.peer.take_answer(await callee.peer.answer(await caller.peer.offer()))
        await caller.until(lambda: caller.peer.state == "connected")
        yield
    finally:
        await caller.peer.close()
        await callee.peer.close()


async def test_each_sees_the_others_numbered_frames_and_hears_its_tone() -> None:
    one, two = End(1), End(2)
    async with call(one, two):
        one.gate.open()
        two.gate.open()
        for end, other in ((one, 2), (two, 1)):
            await end.receives(pictures=20, sounds=50)
            numbers = end.report.numbers_from(other)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            assert len(numbers) == len(end.report.seen)
            assert end.report.sound.frequency_hz == pytest.approx(frequency_of(other), abs=3)
            assert end.report.sound.level_dbfs == pytest.approx(-20, abs=1.5)
            assert (end.report.width, end.report.height) == (320, 240)
            assert 0 <= (end.report.latency_ms(50) or -1) < 5000


async def test_a_bot_tells_a_browser_when_its_packets_came() -> None:
    """The browser is a thin peer here, which numbers its packets by hand."""
    for bot_offers in (True, False):
        end, browser = End(1), ThinPeer()
        try:
            if bot_offers:
                await end.peer.take_answer(browser.answer(await end.peer.offer()))
            else:
                browser.take_answer(await end.peer.answer(browser.offer()))
            await browser.connect()
            transport_id = browser.remote.numbering.extension_ids[TRANSPORT_CC]
            for number in range(3):
                element = (transport_id, number.to_bytes(2, "big"))
                browser.send_rtp(rtp(browser.ssrcs.audio, number, elements=(element,)))
            async with asyncio.timeout(20):
                while len(parts := read_rtcp(packet := await browser.rtcp.get())) != 2 or (
                    parts[1].kind != RTPFB
                ):
                    pass
            told = read(packet[8:])
            assert told.base == 0
            assert told.arrivals.count(None) == 0
        finally:
            await end.peer.close()
            await browser.close()


async def test_nothing_is_sent_while_the_gate_is_shut() -> None:
    one, two = End(1), End(2)
    async with call(one, two):
        one.gate.open()
        await two.until(lambda: two.report.frames and two.report.audio_frames)
        assert not one.report.saw_media


async def test_frames_go_on_after_a_pause_without_a_gap_in_their_numbers() -> None:
    one, two = End(1), End(2)
    async with call(one, two):
        one.gate.open()
        await two.until(lambda: two.report.frames >= 5 and two.report.audio_frames >= 10)
        one.gate.shut()
        two.gate.open()  # the other way takes its place, so the pause is as long as that
        await one.until(lambda: one.report.frames >= 10)
        before = two.report.frames
        heard = two.report.audio_frames
        one.gate.open()
        await two.until(lambda: two.report.frames >= before + 10)
        await two.until(lambda: two.report.audio_frames >= heard + 50)
        assert two.report.out_of_order == 0
        numbers = two.report.numbers_from(1)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert two.report.sound.frequency_hz == pytest.approx(frequency_of(1), abs=3)


async def test_a_bot_that_sends_nothing_still_receives() -> None:
    one, two = End(1), End(2, silent=True)
    async with call(one, two):
        one.gate.open()
        await two.until(lambda: two.report.frames and two.report.audio_frames)


async def test_a_media_file_is_played(tmp_path: Path) -> None:
    file = tmp_path / "film.webm"
    write_film(file, seconds=1)
    one, two = End(1, file=str(file)), End(2)
    async with call(one, two):
        one.gate.open()
        await two.until(lambda: two.report.frames >= 20 and two.report.audio_frames >= 75)
        assert (two.report.width, two.report.height) == (160, 120)
        assert two.report.unreadable == two.report.frames
        assert two.report.sound.frequency_hz == pytest.approx(1000, abs=20)


@pytest.mark.parametrize("content", [b"", b"not a film at all"])
def test_a_file_that_is_no_media(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(BotError, match="cannot play"):
        play(str(file), Gate())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BotError, match="No such file"):
        play(str(tmp_path / "nothing.webm"), Gate())


@pytest.mark.parametrize("sdp", ["", "garbage", "v=0\r\nm=audio 9 X 1\r\n"])
async def test_an_unusable_description_is_a_bot_error(sdp: str) -> None:
    end = End(1)
    await end.peer.offer()
    with pytest.raises(BotError, match="unusable answer"):
        await end.peer.take_answer(sdp)
    await end.peer.close()


@pytest.mark.parametrize("text", ["", "candidate:", "candidate:1 1 udp x 127.0.0.1 y typ host"])
async def test_an_unusable_candidate_is_ignored(text: str) -> None:
    end = End(1)
    await end.peer.offer()
    await end.peer.add_candidate(Candidate(candidate=text, sdp_mid="0"))
    await end.peer.add_candidate(None)
    await end.peer.close()


async def test_nothing_stays_behind() -> None:
    threads = set(threading.enumerate())
    one, two = End(1), End(2)
    async with call(one, two):
        one.gate.open()
        await two.until(lambda: two.report.frames)
    assert {task.get_name() for task in asyncio.all_tasks() if "bot" in task.get_name()} == set()
    left = {thread.name for thread in set(threading.enumerate()) - threads}
    assert not [name for name in left if "decoder" in name or "player" in name]


def write_film(file: Path, seconds: int) -> None:
    with av.open(str(file), "w") as container:
        video = container.add_stream("libvpx", rate=15)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = container.add_stream("libopus", rate=48000)
        for index in range(15 * seconds):
            gray = np.full((180, 160), 16 + index * 10 % 200, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(gray, format="yuv420p")))
        for index in range(50 * seconds):
            at = np.arange(index * 960, index * 960 + 960)
            sine = np.round(3000 * np.sin(2 * np.pi * 1000 / 48000 * at)).astype(np.int16)
            stereo = np.repeat(sine, 2).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(stereo, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = 48000, int(at[0])
            container.mux(audio.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
