"""``relay bot``: bots from the command line."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from relay.bots.fleet import Fleet
from relay.errors import BotError


def bot(
    *,
    url: Annotated[str, typer.Option(help="The relay's WebSocket address.")] = (
        "ws://127.0.0.1:8080/ws"
    ),
    count: Annotated[int, typer.Option(min=1, max=200, help="How many bots join.")] = 2,
    duration: Annotated[float, typer.Option(min=0.1, help="How long they stay, in seconds.")] = 20,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Send this media file, over and over."),
    ] = None,
    rotate: Annotated[
        float | None,
        typer.Option(min=0.1, help="Each bot presses Next every so many seconds."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Join as bots, and tell what each of them saw and heard.

    Each bot sends a picture that says which frame it is and when it was made, and a tone. The
    exit status is 1 when the server cannot be reached or is lost, or a bot saw no media. Ctrl-C
    ends the run with the report so far.
    """
    try:
        fleet = asyncio.run(_run(url, count, duration, file, rotate))
    except BotError as error:
        typer.echo(f"relay bot: {error}", err=True)
        raise typer.Exit(1) from None
    for each in fleet.bots:
        typer.echo(json.dumps(each.report.as_dict()) if as_json else each.report.line())
    if not all(each.report.saw_media and each.failure is None for each in fleet.bots):
        raise typer.Exit(1)


async def _run(
    url: str, count: int, duration_s: float, file: Path | None, rotate_s: float | None
) -> Fleet:
    fleet = Fleet(url, count, file=None if file is None else str(file), rotate_s=rotate_s)
    try:
        await fleet.run(duration_s)
    except asyncio.CancelledError:  # Ctrl-C; asyncio.run only cancels us for that
        return fleet
    return fleet
