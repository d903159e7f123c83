"""What the looking commands do: ask, and print."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from relay.errors import ConfigError, OperatorError
from relay.ops import live, tables
from relay.ops.client import Client, Wanted
from relay.ops.connection import Connection, console
from relay.ops.models import Model, Room, Thresholds, Track

# lists


async def tracks(relay: Client, wanted: Wanted, limit: int, *, as_json: bool) -> Sequence[Track]:
    """Print tracks, and return them."""
    found = await relay.tracks(wanted, limit)
    await _print(relay, found, lambda *how: tables.tracks(found, *how), as_json=as_json)
    return found


async def rooms(
    relay: Client, limit: int, *, bad: bool, node: str | None, as_json: bool
) -> Sequence[Room]:
    """Print rooms, and return them."""
    found = await relay.rooms(limit, bad=bad, node=node)
    await _print(relay, found, lambda *how: tables.rooms(found, *how), as_json=as_json)
    return found


async def users(relay: Client, limit: int, *, node: str | None, as_json: bool) -> None:
    """Print users."""
    found = await relay.users(limit, node)
    await _print(relay, found, lambda width, _: tables.users(found, width), as_json=as_json)


async def nodes(relay: Client, *, as_json: bool) -> None:
    """Print the nodes of the cluster."""
    found = await relay.nodes()
    await _print(relay, found.nodes, lambda *how: tables.nodes(found.nodes, *how), as_json=as_json)
    if found.store_away:
        typer.echo("the store that the nodes share cannot be reached", err=True)


async def workers(relay: Client, *, node: str | None, as_json: bool) -> None:
    """Print the media processes."""
    found = await relay.workers(node)
    await _print(relay, found, lambda *how: tables.workers(found, *how), as_json=as_json)


async def audit(relay: Client, limit: int, *, as_json: bool) -> None:
    """Print the audit log's newest entries."""
    entries = await relay.audit(limit)
    if as_json:
        for entry in entries:
            typer.echo(entry.model_dump_json(exclude_none=True))
    elif entries:
        screen = console()
        screen.print(tables.audit(entries, screen.width))
    else:
        typer.echo("nobody has looked into calls")


async def _print(
    relay: Client,
    found: Sequence[Model],
    table: Callable[[int, Thresholds], RenderableType],
    *,
    as_json: bool,
) -> None:
    """A JSON object for each, or a table: on a terminal with the totals above."""
    if as_json:
        for each in found:
            typer.echo(each.model_dump_json())
        _tell_silent(relay)
        return
    screen, thresholds = console(), await relay.thresholds()
    if screen.is_terminal:
        screen.print(tables.totals(await relay.totals(), thresholds))
        screen.print()
    screen.print(
        table(screen.width, thresholds) if found else Text("there are none", "bright_black")
    )
    _tell_silent(relay)


def _tell_silent(relay: Client) -> None:
    """Say whose part lacks, beside what is printed."""
    for node in relay.silent_nodes:
        typer.echo(f"node {node} did not answer: what it has is not shown", err=True)


# live


def watch(connection: Connection, wanted: Wanted, *, as_json: bool) -> None:
    """Follow tracks until Ctrl-C, on the screen or as JSON."""
    screen = _screen(as_json=as_json)
    if screen is None:
        _until_ctrl_c(connection, lambda relay: _snapshots_as_json(relay, wanted))
    else:
        _until_ctrl_c(connection, lambda relay: live.watch_tracks(relay, wanted, screen))


def watch_workers(connection: Connection, node: str | None, *, as_json: bool) -> None:
    """The same of the media processes."""
    screen, wanted = _screen(as_json=as_json), Wanted(node=node)
    if screen is None:
        only = {"totals", "workers"}
        _until_ctrl_c(connection, lambda relay: _snapshots_as_json(relay, wanted, only))
    else:
        _until_ctrl_c(connection, lambda relay: live.watch_workers(relay, wanted, screen))


def watch_nodes(connection: Connection, *, as_json: bool) -> None:
    """The same of the nodes of a cluster."""
    screen = _screen(as_json=as_json)
    if screen is None:
        only = {"totals", "nodes", "silent_nodes", "store_away"}
        _until_ctrl_c(connection, lambda relay: _snapshots_as_json(relay, Wanted(), only))
    else:
        _until_ctrl_c(connection, lambda relay: live.watch_nodes(relay, screen))


def _screen(*, as_json: bool) -> Console | None:
    """Where a live view is shown; None for JSON."""
    screen = console()
    if as_json:
        return None
    if not screen.is_terminal:
        raise ConfigError("--watch: needs a terminal; --watch --json prints a snapshot a second")
    return screen


async def _snapshots_as_json(relay: Client, wanted: Wanted, only: set[str] | None = None) -> None:
    """:param only: the parts of snapshots that are printed; None for all."""
    async with aclosing(relay.events(wanted)) as snapshots:
        async for snapshot in snapshots:
            typer.echo(snapshot.model_dump_json(include=only))
    raise OperatorError("the relay ended the stream")


def _until_ctrl_c(connection: Connection, question: Callable[[Client], Awaitable[None]]) -> None:
    with suppress(KeyboardInterrupt):
        connection.ask(question)


# one track


async def track_as_json(relay: Client, track_id: str) -> None:
    """Print one track."""
    typer.echo((await relay.track(track_id)).model_dump_json())


def follow_track(connection: Connection, track_id: str, seconds: float | None) -> None:
    """Show a track's page: live on a terminal, else once."""
    screen = console()
    _until_ctrl_c(connection, lambda relay: live.watch_track(relay, track_id, seconds, screen))
