"""All users of a load: they join, meet, part and leave."""

import asyncio
import random
import time
from collections.abc import Callable

from relay.bots.address import Trusted
from relay.bots.load.clip import Clip
from relay.bots.load.tally import Outcome, Tally
from relay.bots.load.user import LoadUser
from relay.bots.together import together

AT_ONCE = 8
"""How many users join at the same time."""
TICK_S = 0.005
DRAINED_S = 0.3
"""What is under way when the last packet is sent has so long to come."""


class Crowd:
    """``2 * pairs`` users on one server.

    :param rotate_s: each user presses Next about every so many seconds; None for never. Two
        press at once, in two rooms, so that there is somebody new to meet.
    """

    def __init__(
        self, url: str, clip: Clip, pairs: int, rotate_s: float | None, ssl: Trusted = True
    ) -> None:
        self.tally = Tally()
        self.pairs = pairs
        self.users = [LoadUser(url, clip, self.tally, ssl) for _ in range(2 * pairs)]
        self._url = url
        self._rotate_s = rotate_s
        self._chance = random.Random(1)  # noqa: S311 - who parts next is no secret

    @property
    def in_call(self) -> int:
        """Users with a partner."""
        return sum(user.room_id is not None for user in self.users)

    async def run(self, duration_s: float, each_second: Callable[[], None]) -> Outcome:
        """Join, stay for ``duration_s`` and leave.

        :param each_second: called now and then, to show how far it is.
        :raises BotError: when a user cannot join.
        """
        pulse = asyncio.create_task(_repeat(each_second, 0.5), name="load-display")
        try:
            await self._join()
            return await self._stay(duration_s)
        finally:
            pulse.cancel()
            await asyncio.gather(*(user.leave() for user in self.users), return_exceptions=True)
            await asyncio.gather(pulse, return_exceptions=True)

    async def _join(self) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def join(user: LoadUser) -> None:
            async with places:
                await user.join()

        await together((join(user) for user in self.users), "load-join")

    async def _stay(self, duration_s: float) -> Outcome:
        began_at, cpu_began_at = time.monotonic(), time.process_time()
        work = [asyncio.create_task(self._play(), name="load-play")]
        if self._rotate_s is not None and self.pairs > 1:
            work.append(asyncio.create_task(self._rotate(self._rotate_s), name="load-rotate"))
        try:
            await asyncio.gather(*(user.search() for user in self.users))
            await self._until_done(work, duration_s)
        except asyncio.CancelledError:
            pass  # Ctrl-C: what was measured so far is told
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
        took_s = time.monotonic() - began_at
        cpu_ratio = (time.process_time() - cpu_began_at) / took_s
        for user in self.users:
            user.stop(time.monotonic())
        await asyncio.sleep(DRAINED_S)
        await asyncio.gather(*(user.leave() for user in self.users))
        return Outcome(self._url, self.pairs, took_s, cpu_ratio, self.tally)

    async def _until_done(self, work: list[asyncio.Task[None]], duration_s: float) -> None:
        """Wait; a crash of what runs meanwhile, or the last user's loss, ends it early."""
        done, _ = await asyncio.wait(work, timeout=duration_s, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _play(self) -> None:
        """Until no user is left."""
        while any(user.failure is None for user in self.users):
            now_s = time.monotonic()
            for user in self.users:
                user.play(now_s)
            await asyncio.sleep(max(TICK_S - (time.monotonic() - now_s), 0))

    async def _rotate(self, every_s: float) -> None:
        pause_s = 2 * every_s / len(self.users)  # two at a time
        while True:
            await asyncio.sleep(pause_s)
            await asyncio.gather(*(user.press_next() for user in self._two_from_two_rooms()))

    def _two_from_two_rooms(self) -> list[LoadUser]:
        rooms: dict[str, LoadUser] = {}
        for user in self._chance.sample(self.users, len(self.users)):
            if user.room_id is not None and user.failure is None:
                rooms.setdefault(user.room_id, user)
        return list(rooms.values())[:2] if len(rooms) > 1 else []


async def _repeat(each: Callable[[], None], every_s: float) -> None:
    while True:
        each()
        await asyncio.sleep(every_s)
