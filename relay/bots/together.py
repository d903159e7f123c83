"""Several at once, of whom the first that fails ends all."""

import asyncio
from collections.abc import Coroutine, Iterable

from relay.errors import BotError


async def together(coroutines: Iterable[Coroutine[None, None, None]], name: str) -> None:
    """Run them at once, as tasks of this ``name``.

    :raises BotError: the first one; the others are cancelled.
    """
    failure: BotError | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            for coroutine in coroutines:
                tasks.create_task(coroutine, name=name)
    except* BotError as errors:
        failure = _first(errors)
    if failure is not None:  # raised here: in there, Python 3.11.2 would make a group of it again
        raise failure from None


def _first(errors: BaseExceptionGroup[BotError]) -> BotError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
