"""Operators who look into calls, and bots who are looked at."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from relay.taps.snapshot import Snapshots
from tests.support.bots import Bot
from tests.support.operating import OperatedServer, operating

PATIENCE_S = 25.0
"""For a picture: its process runs when nothing else wants to."""


def patient() -> AbstractContextManager[object]:
    """Servers that start in this context have the patience that a busy machine needs."""
    return patch.dict(Snapshots.__init__.__kwdefaults__ or {}, timeout_s=PATIENCE_S)


@asynccontextmanager
async def watched(tmp_path: Path, **changed: Any) -> AsyncIterator[OperatedServer]:
    """A server whose operators may look."""
    log = tmp_path / "audit.jsonl"
    with patient():
        async with operating(allow_taps=True, audit_log=log, **changed) as server:
            yield server


@asynccontextmanager
async def call(server: OperatedServer) -> AsyncIterator[tuple[Bot, Bot]]:
    """Two bots who see each other."""
    async with Bot(server.ws_url, 1) as ann, Bot(server.ws_url, 2) as bob:
        for bot in (ann, bob):
            await bot.find_partner()
        for bot, partner in ((ann, bob), (bob, ann)):
            await sees(bot, partner, 3)
        yield ann, bob


async def receives(bot: Bot, frames: int) -> None:
    """Wait until the bot has received so many frames in all."""
    await bot.until(lambda: bot.report.frames >= frames, 30)


async def sees(bot: Bot, partner: Bot, more: int) -> list[int]:
    """Wait until the bot has seen so many more frames of its partner; all of their numbers."""
    source = partner.report.number
    before = len(bot.report.numbers_from(source))
    await bot.until(lambda: len(bot.report.numbers_from(source)) >= before + more, 30, "picture")
    return bot.report.numbers_from(source)


async def uses(server: OperatedServer, count: int) -> list[dict[str, Any]]:
    """The audit log's ends of uses, when there are so many."""

    def ended(body: Any) -> list[dict[str, Any]]:
        return [entry for entry in body["entries"] if entry["event"] == "tap_ended"]

    return ended(await server.operator.until("audit", lambda body: len(ended(body)) >= count))
