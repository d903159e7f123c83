"""What is frozen of a call is the picture of that moment, and nobody sees it without the key."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import av
import pytest

from relay.bots import picture
from relay.errors import ConfigError
from relay.evidence import Package, Shot
from relay.evidence.freezer import Freezer
from relay.evidence.keyfiles import init
from relay.evidence.seal import unseal
from relay.protocol.messages import Report
from relay.records import Evidence
from relay.records.chain import broken_at
from relay.records.database import Database
from relay.stored import DATABASE_FILE
from tests.contract.planes import InWorkers, OverTheBridge, Real
from tests.support.bots import Bot, relay
from tests.support.evidence import KEY, Shelf, report
from tests.support.exchange import PATIENCE_S, video
from tests.support.keyframe import payloads
from tests.support.news import Flowing, Showing
from tests.support.thin import ThinPeer
from tests.support.vp8 import pictures
from tests.support.watching import sees

KEYS = 0, 4, 8
"""Which pictures are key frames."""


@pytest.fixture(params=[Real, InWorkers, OverTheBridge])
async def staged(request: pytest.FixtureRequest) -> AsyncIterator[Real]:
    made: Real = request.param()
    await made.start()
    yield made
    await made.close()


class Camera:
    """Sends pictures that say which they are."""

    def __init__(self, staged: Real, user: str, source: int) -> None:
        self._staged, self._user = staged, user
        self._peer: ThinPeer = staged._peers[user]
        self._frames = pictures(10, KEYS, source)
        self._packet_number = 100

    async def show(self, number: int) -> None:
        """Have a picture pass, half a second after the last one."""
        self._staged._ahead_s += 0.5
        packets = []
        for payload, is_last in payloads(self._frames[number], 1000):
            self._packet_number += 1
            packets.append(
                video(
                    self._peer, self._packet_number, payload, rtp_ts=9000 * number, marker=is_last
                )
            )
        await self._staged._send(self._user, packets)


def numbers(shots: tuple[Shot, ...], source: int) -> list[int]:
    """Which pictures these are, as whoever opens them sees."""
    stamps = [stamp_of(shot) for shot in shots]
    assert all(stamp.source == source for stamp in stamps)
    return [stamp.number for stamp in stamps]


def stamp_of(shot: Shot) -> picture.Stamp:
    """What a picture says of itself."""
    with av.open(io.BytesIO(shot.webp), "r", format="webp_pipe") as opened:
        [frame] = opened.decode(video=0)
    assert (shot.width, shot.height) == (frame.width, frame.height) == (320, 240)
    stamp = picture.read(picture.luma(frame))
    assert stamp is not None
    return stamp


async def test_the_picture_is_that_of_the_moment(staged: Real) -> None:
    staged.plane.keep(on=True)
    await staged.couple()
    ann, bob = Camera(staged, "ann", 1), Camera(staged, "bob", 2)
    for number in range(7):
        await ann.show(number)
    for number in range(3):
        await bob.show(number)
    await staged.hears(Flowing("bob"), Showing("bob"), Flowing("ann"), Showing("ann"))
    shelf = Shelf()
    freezer = Freezer(staged.plane, shelf, KEY, 30, looks_s=(60.0,))
    freezer.freeze(report(), "bob", "ann")
    await staged.plane.stats()
    staged.plane.unpair("ann")
    await freezer.close()
    package: Package = shelf.opened
    assert numbers(package.reported.pictures, 1) == [4]
    assert numbers(package.reporter.pictures, 2) == [0]
    sealed = shelf.rows[0].sealed
    assert sealed is not None
    for frame in pictures(10, KEYS, 1):
        assert frame[10:40] not in sealed, "nothing of it shows to who has no key"


async def test_a_bots_report_freezes_what_the_other_one_showed(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    init(tmp_path / "data", key)
    async with (
        patience(),
        relay(evidence=True, data_dir=tmp_path / "data", workers=2) as url,
        Bot(url, 1) as one,
        Bot(url, 2) as two,
    ):
        await one.find_partner()
        await two.find_partner()
        await sees(one, two, 3)
        await sees(two, one, 3)
        await sees(one, two, 30)
        await two.say("look at me")
        await one.until(lambda: bool(one.chats), 20, "chat")
        before_ms = 1000 * time.time()
        await one._client.send(Report(reason="nudity", words="it is a bot"))
        await two.until(lambda: two.room_id is None, 20, "end")
    after_ms = 1000 * time.time()
    [evidence] = await stored(tmp_path / "data")
    assert evidence.sealed is not None
    package = Package.read(unseal(evidence.sealed, key.read_bytes()))
    assert package.words == "it is a bot"
    assert [(said.by, said.text) for said in package.chat] == [("reported", "look at me")]
    for side, source in ((package.reported, 2), (package.reporter, 1)):
        shot = side.pictures[-1]
        assert shot.in_room
        stamp = stamp_of(shot)
        assert stamp.source == source
        drawn_ms = after_ms - stamp.latency_ms(round(after_ms))
        is_of_then = before_ms - 100 < drawn_ms
        assert is_of_then or side is package.reporter, "it is the picture of that moment"
    shown = [shot.webp[20:60] for _, side in package.sides for shot in side.pictures]
    kept = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert any(evidence.sealed[:100] in data for data in kept)
    for secret in (*shown, b"look at me", b"WEBP"):
        assert not any(secret in data for data in kept), "nothing shows it without the key"


@asynccontextmanager
async def patience() -> AsyncIterator[None]:
    """Servers that start here wait for a picture as long as it takes on a busy machine."""
    often = [0.05 * number for number in range(1, 400)]
    with patch.dict(Freezer.__init__.__kwdefaults__ or {}, glances_s=often):
        yield


async def test_evidence_needs_a_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--evidence: .*run 'relay evidence init'"):
        async with relay(evidence=True, data_dir=tmp_path):
            pass


async def stored(data: Path) -> list[Evidence]:
    """What is in the database, after the server has ended."""
    records = Database(data / DATABASE_FILE)
    await records.open()
    found = await records.chain(0, 10)
    assert broken_at(found) is None
    await records.close()
    return found


async def test_one_more_key_frame_is_asked_for_and_taken(staged: Real) -> None:
    staged.plane.keep(on=True)
    await staged.couple()
    ann = Camera(staged, "ann", 1)
    for number in range(7):
        await ann.show(number)
    await staged.hears(Flowing("bob"))
    before = (await staged.plane.stats()).keyframe_requests["pli"]
    shelf = Shelf()
    freezer = Freezer(staged.plane, shelf, KEY, 30, looks_s=(60.0,))
    freezer.freeze(report(), "bob", "ann")
    async with asyncio.timeout(PATIENCE_S):
        while (await staged.plane.stats()).keyframe_requests["pli"] == before:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await ann.show(8)
    await freezer.close()
    assert numbers(shelf.opened.reported.pictures, 1) == [4, 8]
