"""One worker as the front has it: what is asked of it, what it tells, and whether it is there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from relay.errors import SdpError, WorkerError, WorkerLost
from relay.logs import log_crash
from relay.plane import PlaneStats, TappedPacket
from relay.plane.sight import WorkerLoad
from relay.workers import messages
from relay.workers.channel import Channel

PATIENCE_S = 10.0
"""A worker that does not answer for this long hangs."""
_READING_S = 1.0
"""Unless it was this process that stood still: so long it then has for what has come meanwhile."""


class Colleague:
    """A worker that has introduced itself.

    :param channel: to it, on which its greeting has come.
    """

    def __init__(self, channel: Channel, hello: messages.Hello) -> None:
        self.index = hello.orders.index
        self.process_id = hello.process_id
        self.udp_port = hello.udp_port
        self.answers = True
        """Whether the last request was answered in time."""
        self.stats, self.load = PlaneStats(), WorkerLoad()
        """As it told of them last."""
        self._channel = channel
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._listener: asyncio.Task[None] | None = None

    def begin(
        self,
        told: Callable[[Colleague, Any, int], None],
        lost: Callable[[Colleague, str], None],
    ) -> None:
        """Listen to it.

        :param told: gets each event, and each tapped packet with the number of its tap.
        :param lost: called once, with the reason, when it has gone or talks nonsense.
        """
        self._listener = asyncio.create_task(
            self._listen(told, lost), name=f"worker {self.index}'s listener"
        )
        self._listener.add_done_callback(log_crash)

    async def ask(self, request: object) -> Any:
        """Its answer.

        :raises SdpError: when it refuses a description.
        :raises WorkerLost: when it has gone, or does not answer.
        :raises WorkerError: when it has made a mistake.
        """
        if not self._channel.is_open:
            raise WorkerLost(f"worker {self.index} has gone")
        number = next(self._numbers)
        answered = self._asked[number] = asyncio.get_running_loop().create_future()
        self._channel.send(request, number)
        try:
            await asyncio.wait({answered}, timeout=PATIENCE_S)
            if not answered.done():
                await asyncio.wait({answered}, timeout=_READING_S)
        finally:
            self._asked.pop(number, None)
        self.answers = answered.done()
        if not self.answers:
            raise WorkerLost(f"worker {self.index} does not answer")
        match answer := answered.result():
            case messages.Refused(reason):
                raise SdpError(reason)
            case messages.Failed():
                raise WorkerError(f"worker {self.index} has failed")
        return answer

    def tell(self, command: object) -> None:
        """Give a command; nothing happens when it has gone."""
        self._channel.send(command)

    async def ended(self, patience_s: float) -> bool:
        """Wait until it has gone; False when it has not in time."""
        if self._listener is None:
            return True
        gone, _ = await asyncio.wait({self._listener}, timeout=patience_s)
        if not gone:
            self._listener.cancel()
            await asyncio.wait({self._listener})
        return bool(gone)

    async def _listen(
        self,
        told: Callable[[Colleague, Any, int], None],
        lost: Callable[[Colleague, str], None],
    ) -> None:
        try:
            while True:
                message, number = await self._channel.receive()
                if isinstance(message, messages.Counted):
                    self.stats, self.load = message.stats, message.load
                elif isinstance(message, messages.Seen):
                    self.stats, self.load = message.view.stats, message.load
                if number and not isinstance(message, TappedPacket):
                    self._answered(number, message)
                else:
                    told(self, message, number)
        except (EOFError, WorkerError) as error:
            self._refuse_all()
            lost(self, str(error) or "gone")
        finally:
            self._refuse_all()  # those, too, who have asked since
            await self._channel.close()

    def _answered(self, number: int, answer: object) -> None:
        asked = self._asked.get(number)
        if asked is not None and not asked.done():
            asked.set_result(answer)

    def _refuse_all(self) -> None:
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(WorkerLost(f"worker {self.index} has gone"))
