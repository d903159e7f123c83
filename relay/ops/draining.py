"""Turn new users away, have the others move, and wait until they have gone."""

import asyncio
from contextlib import aclosing

from rich.console import Console

from relay.errors import OperatorError
from relay.ops.client import Client, Wanted
from relay.ops.live import Lost, follow


async def drain(
    relay: Client, node: str | None, *, undo: bool, deadline_s: float | None = None
) -> str | None:
    """Begin to drain, or end it; and say so.

    :returns: which node of a cluster it is, since the next request may come to another one.
    :param deadline_s: after so many seconds those who are left are moved, or disconnected.
    """
    told = await relay.drained(wanted=not undo, node=node, deadline_s=deadline_s)
    where = f" at node {told.node}" if told.node is not None else ""
    Console(highlight=False).print(
        f"new users are turned away{where}" if told.draining else f"new users may come{where}"
    )
    return told.node


async def wait(relay: Client, node: str | None, timeout_s: float | None) -> None:
    """Wait until no user is left.

    :raises OperatorError: when it takes longer than ``timeout_s``.
    """
    try:
        async with asyncio.timeout(timeout_s):
            await _until_empty(relay, node)
    except TimeoutError:
        left = (await relay.totals(node)).connected
        raise OperatorError(f"{_users(left)} after {timeout_s:g} s") from None


async def _until_empty(relay: Client, node: str | None) -> None:
    screen = Console(stderr=True, highlight=False)
    with screen.status("waiting for users to go") as status:
        async with aclosing(follow(relay, Wanted(node=node), limit=1)) as stream:
            async for item in stream:
                if isinstance(item, Lost):
                    status.update(f"{item.reason}; trying again")
                elif item.totals.connected == 0:
                    break
                else:
                    status.update(f"{_users(item.totals.connected)}; Ctrl-C leaves them alone")
    screen.print("no user is left")


def _users(count: int) -> str:
    return "one user is left" if count == 1 else f"{count} users are left"
