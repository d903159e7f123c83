"""Frames of a connection, over a transport that only writes down."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import pytest

from relay.cluster.wire import (
    MAX_FIRST_BYTES,
    MAX_FRAME_BYTES,
    MAX_UNREAD_BYTES,
    MAX_UNSENT_BYTES,
    Wire,
)


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.unsent = 0
        self.is_aborted = self.is_closed = self.is_paused = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.is_aborted or self.is_closed

    def abort(self) -> None:
        self.is_aborted = True

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class End:
    """A wire, and what it hands on."""

    def __init__(self) -> None:
        self.clock, self.transport = Clock(), Transport()
        self.wire = Wire(self.clock)
        self.wire.connection_made(self.transport)
        self.frames: list[bytes] = []
        self.ends: list[str] = []
        self.sets_off: dict[bytes, Callable[[], None]] = {}

    def take(self, frame: bytes) -> bool:
        self.frames.append(frame)
        if (set_off := self.sets_off.get(frame)) is None:
            return False
        set_off()
        return True

    def begin(self) -> None:
        self.wire.begin(self.take, self.ends.append)


def framed(*frames: bytes) -> bytes:
    return b"".join(struct.pack("!I", len(frame)) + frame for frame in frames)


async def begun() -> End:
    end = End()
    end.wire.data_received(framed(b"hello"))
    assert await end.wire.first() == b"hello"
    end.begin()
    await asyncio.sleep(0)
    return end


async def test_frames_come_in_order_however_they_are_cut() -> None:
    end = await begun()
    for byte in framed(b"one", b"", b"three"):
        end.wire.data_received(bytes([byte]))
    assert end.frames == [b"one", b"", b"three"]


async def test_what_follows_a_greeting_waits_until_somebody_takes_it() -> None:
    end = End()
    end.wire.data_received(framed(b"hello", b"one"))
    assert await end.wire.first() == b"hello"
    assert end.transport.is_paused
    end.wire.data_received(framed(b"two"))
    end.begin()
    await asyncio.sleep(0)
    assert end.frames == [b"one", b"two"]
    assert not end.transport.is_paused


async def test_what_a_frame_sets_off_runs_before_the_next_one_is_taken() -> None:
    end = await begun()
    asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    end.sets_off[b"answer"] = lambda: asked.set_result(None)
    order: list[str] = []

    async def asker() -> None:
        await asked
        order.append(f"asker after {len(end.frames)}")

    task = asyncio.create_task(asker())
    await asyncio.sleep(0)
    end.wire.data_received(framed(b"answer", b"more"))
    end.wire.data_received(framed(b"yet more"))
    await task
    assert order == ["asker after 1"]
    await asyncio.sleep(0)
    assert end.frames == [b"answer", b"more", b"yet more"]


async def test_an_end_is_told_once_and_nothing_is_taken_after_it() -> None:
    end = await begun()
    end.wire.end("silent")
    assert end.transport.is_aborted
    end.wire.data_received(framed(b"late"))
    end.wire.connection_lost(None)
    assert (end.frames, end.ends) == ([], ["silent"])


async def test_an_end_before_it_has_begun_is_told_then() -> None:
    end = End()
    end.wire.data_received(framed(b"hello"))
    await end.wire.first()
    end.wire.connection_lost(ConnectionResetError())
    end.begin()
    assert end.ends == []
    await asyncio.sleep(0)
    assert end.ends == ["has gone"]


async def test_who_waits_for_the_first_frame_hears_of_the_end() -> None:
    end = End()
    end.wire.connection_lost(None)
    with pytest.raises(EOFError, match="has closed the connection"):
        await end.wire.first()


async def test_a_frame_has_a_bound_and_a_greeting_a_smaller_one() -> None:
    end = End()
    end.wire.data_received(struct.pack("!I", MAX_FIRST_BYTES + 1))
    assert end.transport.is_aborted
    end = await begun()
    end.wire.data_received(struct.pack("!I", MAX_FRAME_BYTES + 1))
    assert end.transport.is_aborted


async def test_what_comes_sooner_than_it_is_handled_has_a_bound() -> None:
    end = await begun()
    end.sets_off[b"request"] = lambda: None  # the next one waits
    end.wire.data_received(framed(b"request"))
    end.wire.data_received(bytes(MAX_UNREAD_BYTES))
    assert not end.transport.is_aborted
    end.wire.data_received(b"!")
    assert end.transport.is_aborted


async def test_what_is_not_taken_has_a_bound() -> None:
    end = await begun()
    end.transport.unsent = MAX_UNSENT_BYTES
    end.wire.send(b"one")
    assert end.transport.written == framed(b"one")
    end.transport.unsent += 1
    end.wire.send(b"two")
    assert end.transport.is_aborted
    assert end.transport.written == framed(b"one")


async def test_nothing_is_sent_that_the_other_end_would_refuse() -> None:
    end = await begun()
    end.wire.send(bytes(MAX_FRAME_BYTES + 1))
    assert end.transport.is_aborted
    assert not end.transport.written


async def test_it_knows_when_it_was_heard_from_and_has_sent() -> None:
    end = await begun()
    end.clock.now = 5.0
    end.wire.data_received(framed(bytes(100))[:50])  # a part of a frame is a sign of life
    end.clock.now = 6.0
    end.wire.send(b"one")
    assert (end.wire.heard_at, end.wire.sent_at) == (5.0, 6.0)


async def test_sending_to_who_has_gone_does_nothing() -> None:
    end = await begun()
    end.transport.close()
    end.wire.send(b"one")
    assert not end.transport.written
