"""Commands to Redis, one batch after the other, none of which is cancelled under way."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from relay.errors import StoreAway

if TYPE_CHECKING:
    from redis.asyncio import Redis

PATIENCE_S = 2.0
"""How long a batch may take, its connection included."""
PLACES = 16_384
"""As many commands may wait."""
AT_ONCE = 32

Command = tuple[str | int, ...]


class Runs(Protocol):
    """How commands get to Redis: see :meth:`Lane.run`."""

    async def __call__(self, *command: str | int) -> Any:
        """What Redis answers, in text.

        :raises StoreAway: when it does not, or answers with an error.
        """


def client(url: str, patience_s: float = PATIENCE_S) -> Redis:
    """A client of Redis for a lane, which has not connected yet.

    Redis' library is loaded only here: who has no cluster does without it.

    :param url: as of ``--cluster``: ``redis://``, ``rediss://`` or ``unix://``.
    :param patience_s: the lane's.
    :raises ValueError: when it is none.
    """
    from redis.asyncio import Redis  # noqa: PLC0415
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    return Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(NoBackoff(), 0),
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
    )


class Lane:
    """One task speaks with Redis; callers wait for it.

    A command whose caller is cancelled goes on, and its answer is dropped: a connection on which an
    answer is left unread gives it to the next command. Whatever waits while Redis does not answer
    is not sent any more.

    :param client: with one connection, and nobody else's; see :func:`client`.
    """

    def __init__(self, client: Redis, *, patience_s: float = PATIENCE_S) -> None:
        self._client = client
        self._patience_s = patience_s
        self._waiting: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self.sent = 0
        """Commands."""

    async def run(self, *command: str | int) -> Any:
        """Have a command carried out, after those that wait already.

        :raises StoreAway: when Redis does not answer in time, or answers with an error, which is
            the message then.
        """
        if self._is_closed:
            raise StoreAway("this node has left Redis")
        if len(self._waiting) >= PLACES:
            raise StoreAway("too much waits for Redis")
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="redis")
        return await answer

    async def close(self) -> None:
        """Take no more commands, and disconnect after those that wait."""
        self._is_closed = True
        if self._task is not None:
            await asyncio.wait({self._task})
        await self._disconnect()

    async def _work(self) -> None:
        try:
            while self._waiting:
                many = min(len(self._waiting), AT_ONCE)
                batch = [self._waiting.popleft() for _ in range(many)]
                await self._carry_out(batch)
        finally:
            self._task = None

    async def _carry_out(self, batch: list[tuple[Command, asyncio.Future[Any]]]) -> None:
        try:
            answers = await self._exchange([command for command, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            await self._disconnect()
            away = StoreAway(_reason_of(error))
            batch += self._waiting
            self._waiting.clear()
            answers = [away] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue  # its caller has been cancelled
            if isinstance(answer, Exception):
                future.set_exception(StoreAway(_reason_of(answer)))
            else:
                future.set_result(answer)

    async def _exchange(self, commands: list[Command]) -> list[Any]:
        self.sent += len(commands)
        async with (
            asyncio.timeout(self._patience_s),
            self._client.pipeline(transaction=False) as pipeline,
        ):
            for command in commands:
                pipeline.execute_command(*command)
            return await pipeline.execute(raise_on_error=False)

    async def _disconnect(self) -> None:
        """Leave the connection, with whatever comes of it: another one begins anew."""
        with suppress(Exception):  # closing it may fail, too; it is not used again in any case
            await self._client.connection_pool.disconnect(inuse_connections=True)


def _reason_of(error: Exception) -> str:
    """In one line of reasonable length; Redis' own words if it has said some."""
    if isinstance(error, TimeoutError):
        return "Redis does not answer"
    line = re.split(r"\.? script: ", " ".join(str(error).split()))[0]
    return line[:200] or type(error).__name__
