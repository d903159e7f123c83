"""The taps' workshop without its process, which runs only when nothing else wants to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from relay.taps.workshop import Made, Maker, Workshop


class _NearMaker(Maker):
    """An object in this process."""

    def __init__(self, made: object) -> None:
        self._made = made

    async def make(self, method: str, *args: object) -> Made:
        call: Callable[..., Any] = getattr(self._made, method)
        answer: Made = await asyncio.to_thread(call, *args)
        return answer


class NearWorkshop(Workshop):
    """Makes in a thread of this process what the other one would."""

    @asynccontextmanager
    async def maker(self, make: Callable[..., object], *args: object) -> AsyncIterator[Maker]:
        yield _NearMaker(make(*args))
