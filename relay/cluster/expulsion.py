"""That a server is to be no node of its cluster any more, and why."""

from __future__ import annotations

import asyncio


class Expulsion:
    """Of one server; it happens once, or never."""

    def __init__(self) -> None:
        self.why = ""
        """``name_taken`` or ``wrong_secret``; empty while it has not happened."""
        self._happened = asyncio.Event()

    def happen(self, why: str) -> None:
        """Have it happen; what has happened before is left as it is."""
        self.why = self.why or why
        self._happened.set()

    async def wait(self) -> None:
        """Wait until it has happened."""
        await self._happened.wait()
