"""What is frozen of a call is the picture of that moment, and nobody sees it without the key."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import av
import pytest

from relay.bots import picture
from relay.evidence import Package, Shot
from relay.evidence.freezer import Freezer
from tests.contract.planes import InWorkers, OverTheBridge, Real
from tests.support.evidence import KEY, Shelf, report
from tests.support.exchange import PATIENCE_S, video
from tests.support.keyframe import payloads
from tests.support.news import Flowing
from tests.support.thin import ThinPeer
from tests.support.vp8 import pictures

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
    found = []
    for shot in shots:
        with av.open(io.BytesIO(shot.webp), "r", format="webp_pipe") as opened:
            [frame] = opened.decode(video=0)
        stamp = picture.read(picture.luma(frame))
        assert stamp is not None
        assert stamp.source == source
        assert (shot.width, shot.height) == (frame.width, frame.height) == (320, 240)
        found.append(stamp.number)
    return found


async def test_the_picture_is_that_of_the_moment(staged: Real) -> None:
    staged.plane.keep(on=True)
    await staged.couple()
    ann, bob = Camera(staged, "ann", 1), Camera(staged, "bob", 2)
    for number in range(7):
        await ann.show(number)
    for number in range(3):
        await bob.show(number)
    await staged.hears(Flowing("bob"), Flowing("ann"))
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
