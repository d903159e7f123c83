"""What a user of a load counts."""

import asyncio
import contextlib
import random
import struct

import pytest

from relay.bots.load.clip import Clip
from relay.bots.load.tally import Tally
from relay.bots.load.user import LoadUser, Stream, asks_for_keyframe, own_address
from relay.errors import BotError


def counted(numbers: list[int]) -> tuple[int, int]:
    stream = Stream()
    for number in numbers:
        stream.take(number % 65536)
    return stream.expected, stream.received


@pytest.mark.parametrize(
    ("numbers", "expected", "received"),
    [
        ([], 0, 0),
        ([7], 1, 1),
        ([7, 8, 9], 3, 3),
        ([7, 9], 3, 2),
        ([9, 8, 7], 3, 3),
        ([65534, 65535, 65536, 65538], 5, 4),
        ([0, 65535], 2, 2),
    ],
)
def test_missing_numbers(numbers: list[int], expected: int, received: int) -> None:
    assert counted(numbers) == (expected, received)


def test_a_long_stream_with_loss_and_disorder() -> None:
    chance = random.Random(3)
    kept = [number for number in range(60_000, 260_000) if chance.random() > 0.02]
    for at in range(0, len(kept) - 5, 97):
        kept[at], kept[at + 4] = kept[at + 4], kept[at]
    expected, received = counted(kept)
    assert received == len(kept)
    assert abs(expected - 200_000) < 10


PLI = struct.pack("!BBHII", 0x81, 206, 2, 1, 2)
FIR = struct.pack("!BBHIIIB3x", 0x84, 206, 4, 1, 0, 2, 1)
REPORT = struct.pack("!BBHI", 0x80, 201, 1, 1)
NACK = struct.pack("!BBHIIHH", 0x81, 205, 3, 1, 2, 3, 0)


@pytest.mark.parametrize("packet", [PLI, FIR, REPORT + PLI, REPORT + NACK + FIR])
def test_requests_for_a_key_frame(packet: bytes) -> None:
    assert asks_for_keyframe(packet)


@pytest.mark.parametrize("packet", [b"", b"\x81", REPORT, NACK, REPORT + NACK, REPORT + PLI[:3]])
def test_everything_else_asks_for_none(packet: bytes) -> None:
    assert not asks_for_keyframe(packet)


def test_the_own_address_is_the_one_towards_the_server() -> None:
    assert own_address("ws://127.0.0.1:8080/ws") == "127.0.0.1"


def test_no_way_is_a_clear_error() -> None:
    with pytest.raises(BotError, match="no way to"):
        own_address("ws://[::1]:8080/ws")


async def test_who_leaves_is_not_kept_by_what_swallows_a_cancellation() -> None:
    """Python 3.11's ``asyncio.wait_for``, which handshakes use, does when its result comes too."""

    async def deaf() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    user = LoadUser("ws://127.0.0.1:1/ws", Clip(1, ()), Tally())
    user._follower = follower = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await user.leave()
    assert follower.cancelled()
