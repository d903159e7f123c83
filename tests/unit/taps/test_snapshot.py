"""A key frame becomes a PNG; what cannot be decoded does not."""

import asyncio
import io
from functools import partial
from pathlib import Path

import av
import pytest

from relay.bots.picture import luma, read
from relay.errors import NoPicture
from relay.plane import Direction, TappedPacket
from relay.taps.frames import Frame
from relay.taps.snapshot import MAX_PIXELS, Eye, Snapshots, to_png
from relay.taps.uses import Use
from relay.taps.workshop import packed
from tests.support.fake_plane import FakePlane
from tests.support.near import NearWorkshop
from tests.support.slow import GO, comes, slowly
from tests.support.vp8 import packets, pictures, sound

THREE = pictures(3)
_SIDE = (int(MAX_PIXELS**0.5) + 1).to_bytes(2, "little")
MONSTER = THREE[0][:6] + _SIDE * 2 + THREE[0][10:]


def shown(png: bytes) -> tuple[int, int, int]:
    with av.open(io.BytesIO(png), "r") as file:
        picture = next(file.decode(video=0))
    stamp = read(luma(picture.reformat(format="gray")))
    assert stamp is not None
    return picture.width, picture.height, stamp.number


def key_frame(data: bytes, size: tuple[int, int] = (320, 240)) -> Frame:
    return Frame(0, 1, 0.0, data, is_key=True, size=size)


def test_a_key_frame_becomes_a_png() -> None:
    png = to_png(key_frame(THREE[0]))
    assert png is not None
    assert png.startswith(b"\x89PNG\r\n")
    assert shown(png) == (320, 240, 0)


@pytest.mark.parametrize("data", [b"", b"\x10", b"\x50\x01\x00\x9d\x01\x2a\x40\x01\xf0\x00"])
def test_what_is_no_picture_gives_none(data: bytes) -> None:
    assert to_png(key_frame(data)) is None


def feed(plane: FakePlane, stream: list[TappedPacket]) -> None:
    for packet in stream:
        for _, _, tap in plane.taps:
            tap.take(packet)


async def tapping(plane: FakePlane) -> None:
    async with asyncio.timeout(10):
        while not plane.taps:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_the_next_key_frame_is_asked_for_and_shown() -> None:
    plane, use = FakePlane(), Use()
    taking = asyncio.create_task(
        Snapshots(plane, NearWorkshop(), timeout_s=60).take("ann", Direction.UP, use)
    )
    await tapping(plane)
    feed(plane, [*sound(3), *packets(THREE)])
    png = await taking
    assert shown(png) == (320, 240, 0)
    assert ("ann", "up") in plane.asked("request_keyframe")
    assert (use.why, use.bytes, use.packets_dropped) == ("done", len(png), 0)
    assert plane.taps == []


async def test_without_a_picture_there_is_none() -> None:
    plane, use = FakePlane(), Use()
    with pytest.raises(NoPicture, match=r"within 0\.2 s"):
        await Snapshots(plane, NearWorkshop(), timeout_s=0.2).take("ann", Direction.UP, use)
    assert use.why == "no_picture"
    assert plane.taps == []


async def test_a_track_that_ends_shows_nothing_more() -> None:
    plane, use = FakePlane(), Use()
    taking = asyncio.create_task(
        Snapshots(plane, NearWorkshop(), timeout_s=60).take("ann", Direction.UP, use)
    )
    await tapping(plane)
    plane.taps[0][2].link_closed()
    with pytest.raises(NoPicture, match="ended"):
        await taking


async def test_a_picture_of_the_wrong_partner_is_not_shown() -> None:
    plane = FakePlane()
    plane.pair("ann", "eve")
    snapshots = Snapshots(plane, NearWorkshop(), timeout_s=60)
    with pytest.raises(NoPicture, match="ended"):
        await snapshots.take("ann", Direction.DOWN, Use(), partner="bob")


def test_a_monstrous_picture_is_not_decoded() -> None:
    decoded: list[Frame] = []
    monster = packed(list(packets([MONSTER])))
    eye = Eye(decoded.append)
    assert eye.look(monster, 0.0).data == eye.look([], 60.0).data == b""
    assert decoded == []


async def test_a_monstrous_picture_is_none() -> None:
    plane = FakePlane()
    snapshots = Snapshots(plane, NearWorkshop(), timeout_s=0.3)
    taking = asyncio.create_task(snapshots.take("ann", Direction.UP, Use()))
    await tapping(plane)
    feed(plane, list(packets([MONSTER])))
    with pytest.raises(NoPicture):
        await taking


async def test_what_comes_while_the_decoder_is_busy_is_dropped_and_counted(tmp_path: Path) -> None:
    plane, use = FakePlane(), Use()
    slow = partial(slowly, tmp_path)
    snapshots = Snapshots(plane, NearWorkshop(), timeout_s=60, max_packets=20, decode=slow)
    taking = asyncio.create_task(snapshots.take("ann", Direction.UP, use))
    await tapping(plane)
    feed(plane, list(packets(THREE[:1])))
    await comes(tmp_path)
    feed(plane, list(sound(100)))
    (tmp_path / GO).touch()
    await taking
    assert use.packets_dropped == 80
