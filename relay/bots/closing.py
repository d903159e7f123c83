"""What is closed to its end, even if whoever waits for that is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Closing:
    """Connections that a bot has left behind, as long as they are being closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Close one."""
        task = asyncio.create_task(work, name="closing")
        self._tasks.add(task)

    async def wait(self) -> None:
        """Wait until all are closed; raises what came of it."""
        while self._tasks:
            done, _ = await asyncio.wait(set(self._tasks))
            self._tasks -= done
            for task in done:
                task.result()
