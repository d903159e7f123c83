"""The server with an operator who decides at once.

What somebody writes into a report is what becomes of it: ``warn``, ``dismiss``, ``ban`` (for ever)
or ``ban 5`` (for so many seconds). Every appeal is answered: with ``lift`` in it, it is granted.
"""

import argparse
import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import uvloop

from relay import logs
from relay.app import running
from relay.config import Settings
from relay.records import Appeal, Records, Report
from relay.safety import BanOrder, BanRules, Decisions, Identity, Safety

BY = "strict"
WORDS = "No <b>such</b> thing\u202e here."


class Strict(Safety):
    """Decides as it is told."""

    def __init__(self, records: Records, rules: BanRules) -> None:
        super().__init__(records, rules)
        self._deciding: set[asyncio.Task[None]] = set()
        self.on_report(lambda report: self._soon(self._decide(report)))

    async def appeal(self, identity: Identity, words: str) -> tuple[Appeal | None, bool]:
        appeal, is_new = await super().appeal(identity, words)
        if appeal is not None and is_new:
            self._soon(self._answer(appeal))
        return appeal, is_new

    async def _decide(self, report: Report) -> None:
        what, _, seconds = report.words.partition(" ")
        decide = Decisions(self).decide
        if what == "ban":
            duration_s = float(seconds) if seconds else None
            ban = BanOrder(report.reported, report.reason, duration_s, WORDS)
            await decide(report.id, "banned", by=BY, why="", ban=ban)
        elif what == "warn":
            await decide(report.id, "warned", by=BY, why="")
        elif what == "dismiss":
            await decide(report.id, "dismissed", by=BY, why="")

    async def _answer(self, appeal: Appeal) -> None:
        is_granted = "lift" in appeal.words
        outcome: Literal["granted", "refused"] = "granted" if is_granted else "refused"
        await Decisions(self).answer(appeal.id, outcome, by=BY, answer="We have looked.", why="")

    def _soon(self, deciding: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(deciding)
        self._deciding.add(task)
        task.add_done_callback(self._deciding.discard)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--udp-port", type=int, required=True)
    options = vars(parser.parse_args())
    settings = Settings.model_validate({**options, "data_dir": Path("data"), "rematch_after_s": 0})
    logs.configure(settings.log_level)
    with patch("relay.application.Safety", Strict):
        async with running(settings) as relay:
            print("page", relay.url, flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
