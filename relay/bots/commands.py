"""The commands ``relay bot``, ``relay load-test`` and ``relay check``.

What they need is imported when they run.
"""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from relay import target
from relay.errors import BotError

PANEL = "Bots"

_Ratio = typer.Option(metavar="RATIO", help="Packets that may be lost, such as 1%.")
_Limit = typer.Option(metavar="TIME", help="99 in 100 may take this long, such as 200ms or 2s.")
Ratio = Annotated[str | None, _Ratio]
Limit = Annotated[str | None, _Limit]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (bot, load_test, check):
        app.command(rich_help_panel=PANEL)(command)


def bot(
    *,
    url: target.URL = target.DEFAULT_URL,
    fingerprint: target.FINGERPRINT = None,
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
    mode: Annotated[
        Literal["video", "voice"],
        typer.Option(help="Meet those who want to talk like that; by voice without a picture."),
    ] = "video",
    code: Annotated[
        str | None,
        typer.Option(help="Meet only whoever sent this invitation: its link, or what ends it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Join as bots, and tell what each of them saw and heard.

    Each bot sends a picture that says which frame it is and when it was made, and a tone. The
    exit status is 1 when the server cannot be reached or is lost, or a bot saw no media. Ctrl-C
    ends the run with the report so far.
    """
    from relay.bots.address import read  # noqa: PLC0415
    from relay.bots.fleet import Fleet  # noqa: PLC0415

    server = read(url, fingerprint, "--url")
    sent = None if file is None else str(file)
    invited = None if code is None else code.rsplit("/", 1)[-1]
    fleet = Fleet(
        server.url, count, file=sent, rotate_s=rotate, mode=mode, code=invited, ssl=server.ssl
    )
    try:
        asyncio.run(fleet.run(duration))
    except BotError as error:
        typer.echo(f"relay bot: {error}", err=True)
        raise typer.Exit(1) from None
    for each in fleet.bots:
        typer.echo(json.dumps(each.report.as_dict()) if as_json else each.report.line())
    if not all(each.report.saw_media and each.failure is None for each in fleet.bots):
        raise typer.Exit(1)


def load_test(
    *,
    url: target.URL = target.DEFAULT_URL,
    fingerprint: target.FINGERPRINT = None,
    pairs: Annotated[
        int, typer.Option(min=1, max=500, metavar="N", help="How many pairs of users.")
    ] = 10,
    duration: Annotated[
        float, typer.Option(min=1, max=86_400, metavar="SECONDS", help="How long they stay.")
    ] = 60,
    rotate: Annotated[
        float,
        typer.Option(
            min=0, metavar="SECONDS", help="Each user presses Next about this often; 0 for never."
        ),
    ] = 15,
    max_loss: Ratio = None,
    max_latency_p99: Limit = None,
    max_jitter_p99: Limit = None,
    max_time_to_match: Limit = None,
    max_time_to_media: Limit = None,
    max_next_to_media: Limit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send video and sound between many pairs, and measure it.

    Each user sends an encoded clip of 1.2 Mbit/s at 30 frames a second, over and over, and decodes
    nothing. Run it on another machine than the server: it uses about as much CPU. The users meet
    whoever else is there, so use a server that has no others. The exit status is 3 when a limit is
    exceeded, a user is lost, or a picture does not come.
    """
    from relay.bots.address import read  # noqa: PLC0415
    from relay.bots.load.run import run  # noqa: PLC0415

    run(
        read(url, fingerprint, "--url"),
        pairs=pairs,
        duration_s=duration,
        rotate_s=rotate,
        allowed={
            "loss": max_loss,
            "latency": max_latency_p99,
            "jitter": max_jitter_p99,
            "match": max_time_to_match,
            "media": max_time_to_media,
            "next": max_next_to_media,
        },
        as_json=as_json,
    )


def check(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            envvar=target.VARIABLE,
            help="The page's address: https://chat.example.org.",
        ),
    ],
    *,
    fingerprint: target.FINGERPRINT = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try every way to a server from this machine, and measure each.

    Run it where the visitors are, not on the server. It opens the WebSocket, and then one link
    after the other: over UDP, TCP, and TURN to the server over TCP or TLS, by IPv4 and IPv6, as the
    server announces them and this machine has them. On each it sends 1 Mbit/s of media for 3 s,
    which the server sends back. It asks nobody but that server, and takes half a minute or less.
    The exit status is 0 when all that is announced works, 1 when something does not, and 2 when
    there is no server.
    """
    from relay.bots.check.run import run  # noqa: PLC0415

    run(url, fingerprint, as_json=as_json)
