"""Following the event stream: what is lost is tried again, what is refused is not."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from relay.errors import OperatorError, Refused, Unreachable
from relay.ops.client import Client, Wanted
from relay.ops.live import Followed, Lost, follow
from relay.ops.models import Snapshot
from tests.unit.ops.samples import THRESHOLDS, snapshot, track

Story = list[Snapshot | OperatorError | None]


class Scripted(Client):
    """A relay whose streams are told in advance; None ends one."""

    def __init__(self, *story: Snapshot | OperatorError | None) -> None:
        super().__init__("http://x", "token")
        self.story = list(story)
        self.streams = 0

    async def events(
        self, wanted: Wanted | None = None, limit: int = 200
    ) -> AsyncGenerator[Snapshot]:
        self.streams += 1
        while self.story:
            item = self.story.pop(0)
            if item is None:
                return
            if isinstance(item, OperatorError):
                raise item
            yield item


A, B = snapshot(track(id="a")), snapshot(track(id="b"))
GONE = Unreachable("gone")


async def followed(relay: Scripted, count: int) -> list[Snapshot | Lost]:
    async with aclosing(follow(relay, Wanted(), 1, retry_s=(0.0,))) as stream:
        return [await anext(stream) for _ in range(count)]


async def test_a_lost_stream_is_told_and_tried_again() -> None:
    relay = Scripted(A, GONE, GONE, B, None, A)
    assert await followed(relay, 6) == [
        A,
        Lost("gone"),
        Lost("gone"),
        B,
        Lost("the relay ended the stream"),
        A,
    ]
    assert relay.streams == 4


async def test_a_relay_that_never_was_there_is_an_error() -> None:
    with pytest.raises(Unreachable, match="gone"):
        await followed(Scripted(GONE), 1)


async def test_a_refusal_is_final() -> None:
    with pytest.raises(Refused, match="no"):
        await followed(Scripted(Refused(401, "no")), 1)
    with pytest.raises(Refused, match="no"):
        await followed(Scripted(A, GONE, Refused(401, "no")), 3)


async def test_too_many_readers_is_tried_again_once_it_worked() -> None:
    full = Refused(503, "full")
    assert await followed(Scripted(A, GONE, full, B), 4) == [A, Lost("gone"), Lost("full"), B]
    with pytest.raises(Refused, match="full"):
        await followed(Scripted(full), 1)


async def test_a_track_s_view_ends_with_the_track() -> None:
    view = Followed(track(id="a", bitrate_bps=1), THRESHOLDS, 80)
    again = snapshot(track(id="b"), track(id="a", bitrate_bps=2))
    stream = follow(Scripted(A, again, B, A), Wanted(), 1)
    seen = [item async for item in view.of(stream)]
    assert seen == [A, again, B]
    assert view.has_ended
    assert view.track.bitrate_bps == 2
