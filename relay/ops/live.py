"""Views that follow the event stream until Ctrl-C, and come back when the relay does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from relay.errors import Refused, Unreachable
from relay.ops import tables
from relay.ops.client import Client, Wanted
from relay.ops.history import History
from relay.ops.models import Snapshot, Thresholds, Track
from relay.ops.page import page

RETRY_S = (1.0, 2.0, 4.0, 8.0)
"""After these the last one stays; the next snapshot begins anew."""

_HEADER_LINES = 7
_ONE_USERS = 50
"""More tracks than one user has."""
_PAGE_COLUMNS = 134


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream broke off, and is tried again."""

    reason: str


async def follow(
    relay: Client, wanted: Wanted, limit: int, retry_s: tuple[float, ...] = RETRY_S
) -> AsyncGenerator[Snapshot | Lost]:
    """Snapshots for ever; what is lost after the first one is tried again.

    :raises Unreachable: when the relay is not there at the beginning.
    :raises Refused: when it does not want us, then or later; but not when it has too many readers.
    """
    came = False
    failures = 0
    while True:
        reason = "the relay ended the stream"
        try:
            async with aclosing(relay.events(wanted, limit)) as snapshots:
                async for snapshot in snapshots:
                    came, failures = True, 0
                    yield snapshot
        except Unreachable as error:
            reason = str(error)
            if not came:
                raise
        except Refused as error:
            reason = str(error)
            if not came or error.status != 503:
                raise
        yield Lost(reason)
        await asyncio.sleep(retry_s[min(failures, len(retry_s) - 1)])
        failures += 1


async def watch_tracks(relay: Client, wanted: Wanted, console: Console) -> None:
    """Show tracks until cancelled."""
    history, thresholds = History(), await relay.thresholds()

    def shown(snapshot: Snapshot) -> RenderableType:
        history.add(snapshot.tracks)
        room = max(console.height - _HEADER_LINES, 1)
        some = snapshot.tracks[:room]
        return Group(
            tables.totals(snapshot.totals, thresholds),
            "",
            tables.tracks(some, console.width, thresholds, history) if some else _none(wanted),
            _more(len(snapshot.tracks) - len(some)),
        )

    await show(follow(relay, wanted, limit=console.height), shown, console)


async def watch_workers(relay: Client, wanted: Wanted, console: Console) -> None:
    """Show the media processes until cancelled."""
    thresholds = await relay.thresholds()

    def shown(snapshot: Snapshot) -> RenderableType:
        return Group(
            tables.totals(snapshot.totals, thresholds),
            "",
            tables.workers(snapshot.workers, console.width, thresholds)
            if snapshot.workers
            else Text("there are none", "bright_black"),
        )

    await show(follow(relay, wanted, limit=1), shown, console)


async def watch_nodes(relay: Client, console: Console) -> None:
    """Show the nodes of the cluster until cancelled."""
    thresholds = await relay.thresholds()

    def shown(snapshot: Snapshot) -> RenderableType:
        return Group(
            tables.totals(snapshot.totals, thresholds),
            "",
            tables.nodes(snapshot.nodes, console.width, thresholds)
            if snapshot.nodes
            else Text("there are none", "bright_black"),
            Text("the store that they share cannot be reached", "bold red")
            if snapshot.store_away
            else "",
        )

    await show(follow(relay, Wanted(), limit=1), shown, console)


async def watch_track(
    relay: Client, track_id: str, seconds: float | None, console: Console
) -> None:
    """Show one track until cancelled, for a while, or until it ends; its page stays.

    Where there is no terminal, it is only looked at, and without ``seconds`` only once.
    """
    view = Followed(await relay.track(track_id), await relay.thresholds(), console.width)
    if seconds is None and not console.is_terminal:
        console.print(page(view.track, None, console.width, view.thresholds))
        return
    stream = view.of(follow(relay, Wanted(user=view.track.user_id), limit=_ONE_USERS))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                if console.is_terminal:
                    await show(stream, lambda _: view.page(), console)
                else:
                    async for _ in stream:
                        pass
    finally:
        console.print(view.page())


class Followed:
    """One track and its past."""

    def __init__(self, track: Track, thresholds: Thresholds, width: int) -> None:
        self.track, self.thresholds = track, thresholds
        self.has_ended = False
        self._width = min(width, _PAGE_COLUMNS)
        self._history = History()

    async def of(self, stream: AsyncIterator[Snapshot | Lost]) -> AsyncIterator[Snapshot | Lost]:
        """The stream, looked at on its way, until the track has ended."""
        async for item in stream:
            if isinstance(item, Snapshot):
                self._see(item)
            yield item
            if self.has_ended:
                return

    def page(self) -> RenderableType:
        """What to show."""
        shown = page(self.track, self._history.of(self.track.id), self._width, self.thresholds)
        return Group(shown, Text("it has ended", "yellow")) if self.has_ended else shown

    def _see(self, snapshot: Snapshot) -> None:
        mine = [track for track in snapshot.tracks if track.id == self.track.id]
        self._history.add(mine)
        self.has_ended = not mine
        for track in mine:
            self.track = track


async def show(
    stream: AsyncIterator[Snapshot | Lost],
    shown: Callable[[Snapshot], RenderableType],
    console: Console,
) -> None:
    """Fill the screen with what ``shown`` makes of each snapshot, until the stream ends."""
    last: RenderableType = ""
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        async for item in stream:
            if isinstance(item, Lost):
                live.update(Group(_banner(item), last), refresh=True)
            else:
                last = shown(item)
                live.update(last, refresh=True)


def _banner(lost: Lost) -> Text:
    return Text(f"{lost.reason}; trying again ", "bold white on red", no_wrap=True)


def _none(wanted: Wanted) -> Text:
    return Text("no track has a problem" if wanted.bad else "there are no tracks", "bright_black")


def _more(count: int) -> Text:
    return Text(f"{count} more" if count > 0 else "", "bright_black")
