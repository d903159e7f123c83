"""A load test from its options to its result and its exit status."""

import asyncio
import json
from collections.abc import Callable

import typer
import uvloop
from rich.console import Console

from relay.bots.address import Server
from relay.bots.load import clip, display, limits
from relay.bots.load.crowd import Crowd
from relay.bots.load.tally import Outcome
from relay.bots.load.user import look
from relay.errors import ConfigError

FOUND_BAD = 3


def run(
    server: Server,
    *,
    pairs: int,
    duration_s: float,
    rotate_s: float,
    allowed: dict[str, str | None],
    as_json: bool,
) -> None:
    """Run the load and tell its result.

    :param rotate_s: 0 for never.
    :param allowed: the options that limit something, as they were written; by ``loss`` and the
        names of ``tally.TIMES``.
    :raises ConfigError: when one of them is wrong.
    :raises BotError: when a user cannot join.
    :raises typer.Exit: with 3 when a limit was exceeded, or something broke.
    """
    most = read_limits(allowed)
    with display.Progress(duration_s) as progress:
        outcome = uvloop.run(_run(server, pairs, duration_s, rotate_s or None, progress))
    wrong = [*limits.broken(outcome.tally), *most.exceeded(outcome.tally)]
    if as_json:
        typer.echo(json.dumps(outcome.as_dict() | {"wrong": wrong}))
    else:
        Console(highlight=False).print(display.result(outcome, wrong))
    if wrong:
        raise typer.Exit(FOUND_BAD)


async def _run(
    server: Server,
    pairs: int,
    duration_s: float,
    rotate_s: float | None,
    progress: display.Progress,
) -> Outcome:
    await look(server.url, server.ssl)
    progress.say("encoding the clip")
    made = await asyncio.to_thread(clip.encode)
    crowd = Crowd(server.url, made, pairs, rotate_s, server.ssl)
    return await crowd.run(duration_s, lambda: progress.show(crowd))


def read_limits(allowed: dict[str, str | None]) -> limits.Limits:
    """The limits as values.

    :raises ConfigError: names the option that is wrong.
    """
    loss = allowed.get("loss")
    return limits.Limits(
        loss_ratio=None if loss is None else _read("loss", loss, limits.ratio),
        times_s={
            name: _read(name, written, limits.seconds)
            for name, written in allowed.items()
            if name != "loss" and written is not None
        },
    )


OPTIONS = {
    "loss": "--max-loss",
    "latency": "--max-latency-p99",
    "jitter": "--max-jitter-p99",
    "match": "--max-time-to-match",
    "media": "--max-time-to-media",
    "next": "--max-next-to-media",
}


def _read(name: str, written: str, read: Callable[[str], float]) -> float:
    try:
        return read(written)
    except ValueError as error:
        raise ConfigError(f"{OPTIONS[name]}: {error}") from None
