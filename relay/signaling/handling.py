"""Works off what reaches each session, from its coming to its end, with a socket or without."""

import asyncio
from collections.abc import Callable

import structlog

from relay.signaling.lobby import Lobby
from relay.signaling.mailbox import SessionEnded
from relay.signaling.session import Session

log = structlog.get_logger(__name__)


class Handling:
    """Has one task for each session, which handles one thing after the other.

    :param clock: seconds on a clock that never goes back.
    :param left: called once for each session that has ended.
    """

    def __init__(
        self, lobby: Lobby, clock: Callable[[], float], left: Callable[[Session], None]
    ) -> None:
        self._lobby = lobby
        self._clock = clock
        self._left = left
        self._tasks: dict[asyncio.Task[None], Session] = {}

    def begin(self, session: Session) -> None:
        """Handle what reaches a session until it has ended."""
        task = asyncio.create_task(self._work(session), name=f"work {session.user_id}")
        self._tasks[task] = session
        task.add_done_callback(self._ended)

    async def close(self, patience_s: float) -> None:
        """Wait until all sessions, of which each is told to end, have done so.

        :param patience_s: after so many seconds they are ended, whatever they wait for.
        """
        if not self._tasks:
            return
        _, stuck = await asyncio.wait(set(self._tasks), timeout=patience_s)
        left = {task: self._tasks[task] for task in stuck}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(set(left))
        for session in left.values():
            await self._lobby.handle(session, SessionEnded(), self._clock())

    async def _work(self, session: Session) -> None:
        while True:
            item = await session.inbox.get()
            await self._lobby.handle(session, item, self._clock())
            if isinstance(item, SessionEnded):
                return

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._left(self._tasks.pop(task))
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("connection_task_crashed", task=task.get_name(), exc_info=error)
